// Package authoring answers an author's questions about schemas, mappings and a lake:
// what an object becomes, where a column comes from, which fields nobody maps, what an
// edit would change, how to begin a table.
//
// It reads a lake as any user does, without a lock: the published warehouse and the
// segments of the raw log, through DuckDB.
package authoring
