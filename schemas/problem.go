package schemas

import "github.com/stripelake/stripelake/internal/strictyaml"

// Text is a piece of a file of the set, with its place.
type Text = strictyaml.Text

// Pos is a place in a file of the set. Its File is the path inside the set,
// slash-separated.
type Pos = strictyaml.Pos

// Problem is one mistake in a file of the set.
type Problem = strictyaml.Problem

// Problems is every mistake found. Loading a set and compiling its mappings return it as
// their error, so that an author sees all mistakes at once.
type Problems = strictyaml.Problems
