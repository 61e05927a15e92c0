// Package transform turns raw Stripe objects into rows.
//
// A mapping (package schemas) is a tree shaped like its table in which each
// leaf is one expression over paths of the source object. [Compile] checks
// every expression against the source catalog and the target's types, and
// reports all mistakes at once with their place and their fix. What comes out
// is a [Plan]: for each kind of Stripe object one key trie of all the paths
// that any of its mappings reads, and one typed closure a leaf.
//
// A [Mapper] runs it. It scans an object's bytes once, forward, writing down
// where each wanted path begins and ends and skipping the rest; evaluates the
// leaves of each table onto a tape; and appends the tape to Arrow columns. A
// row is evaluated completely before any of it is appended, so a rejected row
// leaves nothing behind.
//
//	Raw ──scan, guided by the trie──▶ slots ──closures──▶ tape ──writers──▶ Arrow columns
//
// Mapping is total: a missing key, a null and a value of the wrong type are
// all null; wrong types are counted as [Drift]; a row is rejected only when a
// required field is null, an amount of money cannot be read, a closed enum has
// an unknown value, or the object is not JSON or has no id. An amount in a
// currency whose exponent is not known is null beside its minor units.
//
// The kernel is one of four readings of an expression, and all stand side by
// side where it is compiled: Plan.SQL is the same rows as a DuckDB query over the
// raw objects, which shows a reader what a mapping does and tests the kernel;
// Plan.Lineage explains each column, also in the language of Adobe's Data Prep;
// Functions documents the language.
//
// The package is pure: no files, network, clock or logging.
package transform
