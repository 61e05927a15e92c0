// Package workdir makes folders that one process works in and that the next one
// removes where it was killed: what a query spilled is rows of the warehouse as they
// are, personal ones too. It imports no package of ours but filelock beside it.
package workdir
