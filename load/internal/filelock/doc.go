// Package filelock owns advisory locks on files. The kernel drops a lock when its
// process ends, however it ends. The file names the holder, for people. It is never
// removed: otherwise two processes could lock two files of one name.
//
// Of our packages it may import only hint, atomicfile and oserr.
package filelock
