// Package rawlog is the raw log: every object as Stripe sent it, in immutable
// Parquet segments, and the cursor up to which a stream was read.
//
//	raw/<account>/<stream>/00000042-00000042.parquet   a segment; its footer has the cursor
//	raw/<account>/<stream>/cursor.json                 a cursor that moved over nothing new
//	raw/<account>/<stream>/<range>.repair.json         a loss whose repair is not finished
//	raw/<account>/<stream>/<range>.lost.json           what a loss took for good
//	raw/<account>/<stream>/<name>.damaged              a file that was quarantined
//
// Invariants 1 and 2 live here: a cursor is durable only together with the objects
// that it follows, for both are in one file that appears by one rename; and the
// ranges of a stream's segments are contiguous, with no torn one under its final
// name. A segment is written again for an erasure, for retention and in the place of
// what was lost, each time with its numbers and its range of sequence numbers, and
// with a footer that counts what is missing.
//
// [Log] is the log of one account, open for appending under its lock. The functions
// that take the folder of a lake read without a lock: segments never change.
//
// The package knows neither the state nor what is published. It imports sqltext and
// what is in load/internal, and only load and its rooms import it: others reach it
// through load.
package rawlog
