// Package authoring answers what an author asks of schemas, mappings and a
// lake: what does this object become, where does this column come from, what
// does nobody map, what would an edit change, how do I begin.
//
// It reads a lake as people do, without a lock: the published warehouse and the
// segments of the raw log, through DuckDB.
package authoring
