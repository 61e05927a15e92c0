// Package verify looks at a lake and changes nothing in it: a [Verification]
// compares raw log, state and published files with each other, under the state's
// lock; [Inspect] looks at the files from outside, without one, for doctor.
//
// No invariant is kept here, and all of them that can be seen in a lake are checked:
// that each segment is there, whole and in its place (2), that each object of the log
// has its rows or its rejects (3), that positions (4) and newest versions (6) are
// those of the log, that what is published is what the state linked (7).
//
// The package may import load, query and what is below them; load does not know it.
package verify
