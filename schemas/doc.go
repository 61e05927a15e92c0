// Package schemas holds what is declared rather than programmed: the tables,
// the mappings that turn Stripe's objects into their rows, the value tables that
// mappings look up, and the catalogs of what Stripe's objects contain.
//
// All of it is YAML, shipped inside the program ([Embedded]) and readable from
// any folder laid out alike ([Load]):
//
//	types/*.yaml            objects that many fields share, such as address
//	stripe/*.yaml           one table a file
//	lookups/*.yaml          value tables
//	mappings/stripe/*.yaml  how one Stripe object becomes rows of one table
//
// What is known of Stripe's resources beside their fields stands in Go, as data
// ([Resources]): how each is listed, what tells of its changes, and whose it is.
//
// Loading checks everything that can be checked without reading expressions and
// reports all mistakes at once, each with its place and its fix. Expressions
// stay text, with the place where they begin; package transform compiles them
// against a [Catalog]. A [Schema]'s physical columns are [Schema.Columns].
//
// Problem codes: Y is YAML and the shape of files, S schemas, M mappings, L
// lookups. M1 to M10 and M15 are package transform's.
package schemas
