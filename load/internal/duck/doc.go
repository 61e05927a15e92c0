// Package duck is the one door to DuckDB: it starts instances that never touch the
// network, runs statements, feeds Arrow batches in, and knows how declared types,
// tables and comments are spelled in SQL. What DuckDB says of a disk or a damaged
// file, it turns into errors that the rest of the program can tell apart.
//
// Invariant 10 lives here for the warehouse: money is an exact decimal, wide enough
// for every currency. The package knows schemas, and neither the log nor the state
// nor what is published; of ours it imports schemas, sqltext and oserr.
package duck
