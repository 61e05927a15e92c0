// Package workdir owns temporary folders that one process works in. The next process
// removes the folder of one that was killed: the data that a query spilled are
// unredacted rows of the warehouse, personal data included. Of our packages it may
// import only filelock.
package workdir
