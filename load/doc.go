// Package load is the lake on disk: the raw log, the state made from it, and
// the generations that people read. It and its rooms are all that knows DuckDB and
// Parquet.
//
// The raw log is the truth. [Log] appends every object as Stripe sent it to
// immutable Parquet segments, and the extraction cursor rides in the footer of
// the same file, so that data and progress become durable in one rename. That is
// package rawlog's; its types are this package's too, for callers from outside.
//
// [State] is a private DuckDB file that holds the merged tables and the
// position up to which the log was applied; rows and position move in one
// transaction. It can always be thrown away: an empty state at position zero
// and the log make the same tables again, and that is the one recovery path.
//
// A [Generation] is what people read: Parquet partitions and a
// warehouse.duckdb, built complete in a folder of its own and then linked in
// as `current` by one rename.
//
//	Append ─▶ raw/<account>/<stream>/00000042-00000042.parquet
//	             │ Read
//	             ▼
//	          .state/work.duckdb ── Publish ─▶ .state/generations/000124 ◀─ current
//
// Invariants 3 to 7 live here, and 10 with package duck; those cited in comments and
// tests by number are those of ARCHITECTURE.md. What only reads a lake is in the
// rooms query and verify, which import this package. It imports rawlog, what is in
// load/internal, schemas and sqltext.
package load
