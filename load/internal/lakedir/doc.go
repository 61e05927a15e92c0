// Package lakedir knows what the files and folders of a lake are called. It reads
// and writes none of them; of ours it imports folder beside it.
package lakedir
