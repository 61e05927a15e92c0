// Package settings reads stripelake.yaml: which accounts are copied into which lake, and
// what a run may use. A value of the file stands for a flag that was not given (docs/adr/0049),
// so [Keys] has the name of a flag for each, and a command takes the values of its flags.
//
// Every mistake in the file is reported at once with its place. The file holds no secret:
// a key is the name of an environment variable or of a file (Invariant 11).
package settings
