// Package lakedir owns the names of a lake's files and folders. It reads and writes
// none of them. Of our packages it may import only folder.
package lakedir
