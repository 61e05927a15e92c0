// Package duck owns the access to DuckDB. It starts instances that never touch the
// network, runs statements, feeds Arrow batches in, and writes declared types, tables
// and comments as SQL. It turns DuckDB's errors about the disk or a damaged file into
// errors that other packages can distinguish.
//
// Invariant 10 lives here for the warehouse: money is an exact decimal, wide enough for
// every currency. The package knows schemas. It knows neither the log nor the state nor
// the generations. Of our packages it may import only schemas, sqltext and oserr.
package duck
