// Package load owns the lake on disk, except the raw log: the state made from it, the
// generations that people read, and the files next to the raw log. Only load and its
// rooms know DuckDB and Parquet.
//
// The raw log is the truth, and package rawlog owns it. [Log] appends every object as
// Stripe sent it to immutable Parquet segments. The extraction cursor is in the footer
// of the same file, so data and progress become durable in one rename. Other packages
// use rawlog's types through load.
//
// [State] is a private DuckDB file. It holds the merged tables and the position up to
// which the log was applied; rows and position change in one transaction. It can always
// be deleted: from an empty state at position zero the log makes the same tables again.
// That is the only recovery path.
//
// A [Generation] is what people read: Parquet partitions and a warehouse.duckdb.
// [State.Publish] builds it completely in its own folder and then links it as `current`
// by one rename.
//
//	Append ─▶ raw/<account>/<stream>/00000042-00000042.parquet
//	             │ Read
//	             ▼
//	          .state/work.duckdb ── Publish ─▶ .state/generations/000124 ◀─ current
//
// The files next to the raw log cannot be made again from it. [Declared] is the version
// of the schemas in force. [Forgotten] is the list of ids that must not come back. A
// [Receipt] is what remains of an erasure. [Lake.PIIKey] is the key of hashed personal
// data. lake.json names the accounts, the mode and the schemas in force. [Lake.Backup]
// copies all of these and the raw log.
//
// Invariants 3 to 7 live here, as ARCHITECTURE.md numbers them; Invariants 1 and 2 live
// in rawlog, and Invariant 10 in package duck for the warehouse. The rooms query and
// verify only read a lake; they import load, and load does not import them. load may
// import rawlog, the packages of load/internal, schemas, hint and sqltext.
package load
