// Package parquetfile guards against damaged Parquet files. It checks the footer and
// the page headers before a reader allocates the sizes in them. It turns a panic of
// that reader into an error. It imports no package of ours.
package parquetfile
