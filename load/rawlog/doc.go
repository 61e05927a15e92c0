// Package rawlog owns the raw log: every object as Stripe sent it, in immutable Parquet
// segments, and the cursor up to which each stream was read.
//
//	raw/<account>/<stream>/00000042-00000042.parquet   a segment; its footer has the cursor
//	raw/<account>/<stream>/cursor.json                 a cursor that moved past nothing new
//	raw/<account>/<stream>/<range>.repair.json         a loss whose repair is pending
//	raw/<account>/<stream>/<range>.lost.json           a loss whose repair is finished
//	raw/<account>/<stream>/<name>.damaged              a file in quarantine
//
// Invariants 1 and 2 live here. A cursor becomes durable only together with the objects
// that it follows: both are in one file, which appears by one rename. The ranges of a
// stream's segments are contiguous, and no torn segment has a final name. A segment is
// rewritten for an erasure, for retention, and to replace a damaged one. A rewritten
// segment keeps its number and its range of sequence numbers; its footer counts the
// missing rows.
//
// [Log] is the log of one account, open for appending under its lock. The functions
// that take a lake's folder read without a lock: other processes only replace whole
// files, by renames.
//
// The package knows neither the state nor the generations. It may import hint, sqltext
// and the packages of load/internal. Only load and its rooms import it. Other packages
// use its types through load.
package rawlog
