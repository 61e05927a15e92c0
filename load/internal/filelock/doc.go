// Package filelock is advisory locks on files, which the kernel drops when their
// process ends, however it ends. The file says who holds the lock, for people; it
// stays, for two processes would lock two files of one name.
//
// It imports no package of ours but atomicfile and oserr beside it.
package filelock
