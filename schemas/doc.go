// Package schemas owns the declarations: the tables, the mappings that turn Stripe's
// objects into their rows, the value tables that mappings look up, and the catalogs of
// Stripe's objects.
//
// All of it is YAML. The program contains the shipped set ([Embedded]), and [Load]
// reads any folder with the same layout:
//
//	resources/*.yaml        how Stripe lists a kind of object, and how it changes
//	types/*.yaml            objects that many fields share, such as address
//	stripe/*.yaml           one table a file
//	lookups/*.yaml          value tables
//	mappings/stripe/*.yaml  how one Stripe object becomes rows of one table
//
// A set without resources has the shipped ones ([ShippedResources]).
//
// Loading checks everything that can be checked without reading expressions. It reports
// all mistakes at once, each with its place and its fix. Expressions stay text, with
// the place where they begin; package transform compiles them against a [Catalog]. A
// [Schema]'s physical columns are [Schema.Columns].
//
// Problem codes: Y is YAML and the shape of files, R resources, S schemas, M mappings, L lookups. M1
// to M10 and M15 are package transform's.
package schemas
