// Package query owns the questions to the published warehouse: one SELECT of a user
// ([Ask]), the members of a segment of customers ([AskAudience]), and the sums that a
// mart declares to agree with ([Query.Sums]). It also checks whether the views of a
// schema set fit its tables, without running them ([CheckViews], [CheckSegments]).
//
// The package only reads. A question takes no lock and disturbs no sync. It reads the
// generation that was linked when it was asked (Invariant 7), in a DuckDB that reaches
// neither the network nor any other file. An audience contains no personal data that
// its declaration, the privacy policy or the list of the forgotten excludes.
//
// The package may import load, schemas, hint, sqltext and the packages of
// load/internal. load does not import it.
package query
