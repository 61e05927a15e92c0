// Package fsprobe owns the tests of a file system: whether it can do what a lake needs,
// and how much room it has. Of our packages it may import only hint, atomicfile and
// workdir.
package fsprobe
