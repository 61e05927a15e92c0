// Package verify owns the checks of a lake. A [Verification] compares raw log, state
// and published files with each other, under the state's lock. [Inspect] looks at the
// files without waiting for a lock, for doctor.
//
// The package changes nothing but the record of a verification. So it keeps no
// invariant, but it checks all that show in a lake: each segment is there, intact and
// in its place (Invariant 2); each object of the log has its rows or its rejects
// (Invariant 3); positions (Invariant 4) and newest versions (Invariant 6) are those of
// the log; the published generation is the one that the state linked (Invariant 7).
//
// The package may import load, query, rawlog, schemas, hint, sqltext and the packages
// of load/internal. load does not import it.
package verify
