package stripelake_test

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// repair mends whatever the raw log lacks.
const repair = "verify --stripe --repair"

// older is what people were to do before there was that.
var older = regexp.MustCompile(`(?i)\brestor(e|es|ing)\b|from a backup|(remove|delete)[^.;]*[ /]\.state\b`)

// beyondRepair is advice on what cannot be read again from Stripe, nor derived.
var beyondRepair = []string{
	"restore lake.json from a backup",                             // sync makes it again
	"which makes it again from raw/",                              // the same
	"sync goes on with what the tables were made with",            // schemas in force
	"run stripelake rebuild --all for new hashes",                 // pii.key
	"restore it, or remove it and run `stripelake rebuild --all`", // pii.key
	"restore it from a backup",                                    // forgotten.json
	"restore the stream's folder in raw/ from a backup",           // a cursor that reads well and claims too much
	"restore it from your repository",                             // what a copy of the schemas was copied from
	"To restore, copy DIR", "to restore: cp -r",                   // what backup is for
}

// TestAdviceNamesTheRepair goes over all texts of the program: none offers a backup
// alone, or to remove the state, for what `verify --stripe --repair` mends.
func TestAdviceNamesTheRepair(t *testing.T) {
	used := map[string]bool{}
	for _, file := range programFiles(t) {
		ast.Inspect(file.syntax, func(n ast.Node) bool {
			expr, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			text, isText := wholeText(expr)
			if isText && older.MatchString(text) && !strings.Contains(text, repair) {
				i := slices.IndexFunc(beyondRepair, func(known string) bool { return strings.Contains(text, known) })
				if i < 0 {
					t.Errorf("%s: %q does not name %s", file.at(n), text, repair)
				} else {
					used[beyondRepair[i]] = true
				}
			}
			return !isText
		})
	}
	for _, known := range beyondRepair {
		if !used[known] {
			t.Errorf("nothing says %q any more: take it out of the list", known)
		}
	}
}

// wholeText is the text of a literal, or of several that are added up.
func wholeText(expr ast.Expr) (string, bool) {
	switch x := expr.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(x.Value)
		return text, err == nil && x.Kind == token.STRING
	case *ast.Ident:
		if x.Name == "runRepair" || x.Name == "FixLog" {
			return repair, true
		}
	case *ast.BinaryExpr:
		left, leftOK := wholeText(x.X)
		right, rightOK := wholeText(x.Y)
		return left + right, x.Op == token.ADD && (leftOK || rightOK)
	}
	return "", false
}

// TestDocumentedAdviceNamesTheRepair is the same of the table of damages in the
// documentation: a line for each.
func TestDocumentedAdviceNamesTheRepair(t *testing.T) {
	files, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, file := range append(files, "README.md", "ARCHITECTURE.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if !strings.HasPrefix(line, "|") || !older.MatchString(line) {
				continue
			}
			lines++
			if !strings.Contains(line, repair) && !regexp.MustCompile("`pii.key`|`schemas/`").MatchString(line) {
				t.Errorf("%s: %s", file, line)
			}
		}
	}
	if lines == 0 {
		t.Error("no table has advice")
	}
}
