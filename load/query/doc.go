// Package query asks what is published: one SELECT of somebody's ([Ask]), the
// members of a segment of customers ([AskAudience]), the sums that a mart says it
// agrees with ([Query.Sums]); and whether the views of a schema set fit its tables,
// without running them ([CheckViews], [CheckSegments]).
//
// It only reads. A question takes no lock and disturbs no sync; it goes to the one
// generation that was linked when it was asked (Invariant 7), in a DuckDB that
// reaches neither the network nor any other file. What is personal never leaves
// through an audience that its declaration, the privacy policy or the list of the
// forgotten keeps it from.
//
// The package may import load and what is below it; load does not know it.
package query
