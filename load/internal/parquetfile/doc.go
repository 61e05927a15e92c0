// Package parquetfile guards against Parquet files that are not as they were
// written. It checks the footer and the page headers before a reader allocates what
// they ask for, and makes a panic of that reader an error. It imports no package of
// ours.
package parquetfile
