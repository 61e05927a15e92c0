// Package fsprobe tries out whether a file system can do what a lake rests on, and
// measures how much room there is on it. It imports packages beside it only.
package fsprobe
