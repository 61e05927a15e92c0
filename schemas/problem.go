package schemas

import "github.com/stripelake/stripelake/internal/strictyaml"

// What a set says of the places in its files and of the mistakes there. Loading a set
// and compiling its mappings return all mistakes as one error of the type Problems.
type (
	Text     = strictyaml.Text     // of a file, with its place
	Pos      = strictyaml.Pos      // File is the path inside the set, slash-separated
	Problem  = strictyaml.Problem  // Code is "M1", "S3"
	Problems = strictyaml.Problems // in file order
)
