// Package transform turns raw Stripe objects into rows.
//
// A mapping (package schemas) is a tree with the shape of its table. Each leaf
// is one expression over paths of the source object. [Compile] checks every
// expression against the source catalog and the target's types, and reports all
// mistakes at once, each with its position and its fix. The result is [Mappings]:
// for each type of Stripe object one key trie of all the paths that its
// mappings read, and one typed closure a leaf.
//
// A [Mapper] runs them. It scans an object's bytes once, forward. It
// records where each wanted path begins and ends, and skips the rest. It
// evaluates the leaves of each table onto a tape and appends the tape to Arrow
// columns. A row is evaluated completely before any of it is appended, so a
// rejected row leaves nothing behind.
//
//	Raw ──scan, guided by the trie──▶ slots ──closures──▶ tape ──writers──▶ Arrow columns
//
// Mapping is total: a missing key, a null and a value of the wrong type are all
// null, and wrong types are counted as [Drift]. A row is rejected only when a
// required field is null, an amount of money cannot be read, a closed enum has
// an unknown value, or the object is not JSON or has no id. An amount in a
// currency whose exponent is not known is null beside its minor units.
//
// The kernel, which a Mapper runs, is one of four readings of an expression.
// All four stand side by side where the expression is compiled: Mappings.SQL gives
// the same rows as a DuckDB query over the raw objects, which explains a
// mapping to a reader and tests the kernel; Mappings.Lineage explains each column,
// also in the language of Adobe's Data Prep; Functions documents the language.
//
// The package is pure: no files, network, clock or logging.
package transform
