package stripelake_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// This file tests the repository itself: who imports whom, and the few rules
// that no compiler or linter holds.

const module = "github.com/stripelake/stripelake"

// everything is what programs may import: all but other programs, and what load keeps
// to its rooms.
const everything = "schemas extract transform load load/query load/verify internal/audiencefile internal/authoring internal/doctor internal/forecast " +
	"internal/hint internal/notify internal/pipeline internal/report internal/settings internal/spelling internal/sqltext internal/strictyaml internal/stripesim"

// mayImport is the architecture: for each layer of the program, the other
// layers it may import. It is policy: do not change this table to fix a build.
//
// The three stages do not know each other, so that each can be read, tested
// and replaced alone; the pipeline is the one place that knows all of them.
// The simulator knows nothing of the program, so that it can disagree with it.
// The rooms of load are layers of their own; what is in load/internal is one.
var mayImport = map[string]string{
	"schemas":               "internal/spelling internal/strictyaml",
	"extract":               "internal/hint",
	"transform":             "schemas internal/hint internal/spelling internal/sqltext internal/strictyaml",
	"load":                  "load/internal load/rawlog schemas internal/hint internal/sqltext",
	"load/internal":         "schemas internal/hint internal/sqltext",
	"load/rawlog":           "load/internal internal/hint internal/sqltext",
	"load/query":            "load load/internal schemas internal/hint internal/spelling internal/sqltext",
	"load/verify":           "load load/query load/rawlog load/internal schemas internal/hint internal/sqltext",
	"load/loadtest":         "load/rawlog load/internal schemas internal/sqltext",
	"internal/pipeline":     "extract transform load load/query load/verify schemas internal/hint internal/spelling internal/sqltext",
	"internal/forecast":     "extract load schemas internal/hint internal/pipeline",
	"internal/doctor":       "extract load load/verify schemas internal/hint internal/pipeline",
	"internal/audiencefile": "load/query schemas",
	"internal/authoring":    "transform load load/query schemas internal/sqltext",
	"internal/report":       "internal/sqltext",
	"internal/stripesim":    "",
	"internal/faultyfs":     "",
	"internal/sqltext":      "",
	"internal/hint":         "",
	"internal/spelling":     "",
	"internal/strictyaml":   "internal/spelling",
	"internal/settings":     "schemas internal/notify internal/spelling internal/strictyaml",
	"internal/notify":       "",
	"cmd":                   everything,
	"bench":                 everything,
}

// testsMayImport is what a layer's tests may import beyond that. Tests that
// need the mapping and DuckDB together live in internal/pipeline.
var testsMayImport = map[string]string{
	"extract":           "internal/stripesim",
	"load":              "load/loadtest",
	"load/verify":       "load/loadtest",
	"internal/pipeline": "internal/stripesim internal/report internal/doctor load/loadtest",
	"internal/doctor":   "internal/stripesim",
	"internal/forecast": "internal/stripesim",
	"internal/report":   "load",
	"cmd":               "internal/faultyfs load/loadtest",
}

// forTests are the packages that only tests import.
var forTests = []string{"internal/pipeline/laketest", "load/loadtest"}

// confined is what only some layers may import: a package and all below it.
// Tests of further layers may, where named.
var confined = []struct{ prefix, layers, tests, why string }{
	{"github.com/duckdb", "load/internal load/query bench", "internal/pipeline internal/report cmd", "only load/internal/duck knows DuckDB, and load/query what a statement is, and the benchmarks as a rival"},
	{"github.com/parquet-go", "load/internal load/rawlog", "internal/pipeline cmd bench", "only the raw log knows Parquet; partitions are DuckDB's"},
	{"github.com/apache/arrow-go/v18/parquet", "", "", "it pulls in gRPC; load/rawlog writes Parquet with parquet-go"},
	{"github.com/stripe", "extract", "", "only extract speaks to Stripe"},
	{"github.com/expr-lang", "transform", "", "only transform knows the expression language"},
	{"github.com/urfave/cli", "cmd", "", "a command line belongs to a program"},
	{"net/http", "extract internal/notify internal/stripesim bench", everything + " cmd", "Invariant 12: requests go to Stripe and to the addresses of the settings, from one place each"},
	{"log/slog", "cmd", "", "a log belongs to a program; libraries emit events and name stages"},
	{"github.com/vbauerster", "cmd", "", "what is drawn belongs to a program"},
	{"github.com/prometheus", "cmd", "", "metrics are made at the end of a run, from what the lake says"},
	{"flag", "cmd bench", everything, "a command line belongs to a program; tests have -update"},
}

// transform is pure: same objects, same rows, anywhere and at any time.
var impure = []string{"net", "net/http", "log", "log/slog", "os", "os/exec", "path/filepath", "math/rand", "math/rand/v2"}

// process is what reads or ends the process; a library leaves both to its
// caller.
var process = map[string][]string{
	"os":  {"Exit", "Getenv", "LookupEnv", "Environ", "ExpandEnv", "Setenv", "Unsetenv"},
	"log": {"Fatal", "Fatalf", "Fatalln"},
}

func TestImports(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.layer == "" {
			continue
		}
		allowed, known := mayImport[f.layer]
		if !known {
			t.Errorf("%s: the layer %q is not in mayImport: decide what it may know", f.path, f.layer)
			continue
		}
		if f.apart {
			allowed += " " + testsMayImport[f.layer]
		}
		for _, imported := range f.imports() {
			if to, ours := strings.CutPrefix(imported, module+"/"); ours {
				if to := layerOf(to); to != f.layer && !lists(allowed, to) {
					t.Errorf("%s: %s may not import %s", f.path, f.layer, to)
				}
			}
			if slices.Contains(forTests, strings.TrimPrefix(imported, module+"/")) && !f.apart {
				t.Errorf("%s: only tests may import %s", f.path, imported)
			}
			if f.layer == "transform" && !f.apart && slices.Contains(impure, imported) {
				t.Errorf("%s: transform is pure and may not import %s", f.path, imported)
			}
			for _, c := range confined {
				if imported != c.prefix && !strings.HasPrefix(imported, c.prefix+"/") {
					continue
				}
				if !lists(c.layers, f.layer) && !(f.apart && lists(c.tests, f.layer)) {
					t.Errorf("%s: may not import %s: %s", f.path, imported, c.why)
				}
			}
		}
	}
}

func TestProcessBelongsToPrograms(t *testing.T) {
	for _, f := range programFiles(t) {
		if f.layer == "cmd" || f.layer == "bench" {
			continue
		}
		for pkg, names := range process {
			for _, use := range f.uses(pkg, names) {
				t.Errorf("%s: %s belongs in cmd", f.at(use), pkg+"."+use.Sel.Name)
			}
		}
		if f.layer == "transform" {
			for _, use := range f.uses("time", []string{"Now", "Since", "Until", "Local"}) {
				t.Errorf("%s: transform has no clock", f.at(use))
			}
		}
	}
}

// Three interfaces in the whole program at most, declared by the caller, for
// where pages come from, what maps them and where they go; and each only with
// its second implementation (docs/adr/0006). Constraints and assertions to an
// unnamed interface do not count.
func TestInterfaces(t *testing.T) {
	var declared []string
	for _, f := range programFiles(t) {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if i, ok := spec.Type.(*ast.InterfaceType); ok && !isConstraint(i) {
				declared = append(declared, spec.Name.Name)
				if f.layer != "internal/pipeline" {
					t.Errorf("%s: interface %s: only internal/pipeline declares interfaces", f.at(spec), spec.Name)
				}
			}
			return true
		})
	}
	if len(declared) > 3 {
		t.Errorf("%d interfaces (%s), want three at most", len(declared), strings.Join(declared, ", "))
	}
}

// isConstraint reports whether an interface can only constrain type
// parameters: it lists types instead of methods.
func isConstraint(i *ast.InterfaceType) bool {
	for _, m := range i.Methods.List {
		switch e := m.Type.(type) {
		case *ast.UnaryExpr, *ast.BinaryExpr: // ~T, A | B
			return true
		case *ast.Ident:
			if e.Name == "comparable" {
				return true
			}
		}
	}
	return false
}

func TestFileLength(t *testing.T) {
	const most = 350
	for _, f := range programFiles(t) {
		if lines := f.fset.File(f.syntax.FileStart).LineCount(); lines > most {
			t.Errorf("%s: %d lines, want %d at most: split it by what it talks about", f.path, lines, most)
		}
	}
}

func TestPackageComments(t *testing.T) {
	comments := map[string]string{}
	for _, f := range programFiles(t) {
		comments[path.Dir(f.path)] += f.syntax.Doc.Text()
	}
	for dir, comment := range comments {
		if comment == "" {
			t.Errorf("%s: no package comment", dir)
		}
	}
}

// The words are cut so that this file does not hold them.
var (
	unfinished  = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)
	machinePath = regexp.MustCompile(`(?m)(?:^|[\s"'(=:,<>\x60\[])(/(?:work|root)/\S*)`)
)

func TestText(t *testing.T) {
	for _, name := range trackedFiles(t) {
		if path.Base(name) == "go.sum" || strings.Contains(name, "testdata/fuzz/") {
			continue // chance finds
		}
		content, err := os.ReadFile(filepath.FromSlash(name))
		if err != nil {
			t.Fatal(err)
		}
		if slices.Contains(content[:min(len(content), 8192)], 0) {
			continue // not text
		}
		for _, at := range unfinished.FindAllIndex(content, -1) {
			t.Errorf("%s:%d: %s: do it, or say in the documentation that it is not done", name, line(content, at[0]), content[at[0]:at[1]])
		}
		for _, at := range machinePath.FindAllSubmatchIndex(content, -1) {
			t.Errorf("%s:%d: %s is a path of one machine", name, line(content, at[2]), content[at[2]:at[3]])
		}
	}
}

func line(content []byte, offset int) int {
	return 1 + strings.Count(string(content[:offset]), "\n")
}

// goFile is a parsed file of this module.
type goFile struct {
	path   string // from the root, with slashes
	layer  string // empty in the root
	apart  bool   // compiled into no program: a test, what only tests import, or a generator that go build ignores
	fset   *token.FileSet
	syntax *ast.File
}

// layerOf names the part of the program that a folder or an import path below
// the module belongs to.
func layerOf(dir string) string {
	parts := strings.SplitN(dir, "/", 3)
	if (parts[0] == "internal" || parts[0] == "load") && len(parts) > 1 {
		return parts[0] + "/" + parts[1]
	}
	return parts[0]
}

func goFiles(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	fset := token.NewFileSet()
	for _, name := range trackedFiles(t) {
		if path.Ext(name) != ".go" || slices.Contains(strings.Split(name, "/"), "testdata") {
			continue // what testdata holds is no part of the program
		}
		f := goFile{path: name, fset: fset}
		if dir := path.Dir(name); dir != "." {
			f.layer = layerOf(dir)
		}
		var err error
		if f.syntax, err = parser.ParseFile(f.fset, filepath.FromSlash(name), nil, parser.ParseComments); err != nil {
			t.Fatal(err)
		}
		f.apart = strings.HasSuffix(name, "_test.go") || slices.Contains(forTests, path.Dir(name)) || slices.ContainsFunc(f.syntax.Comments, func(c *ast.CommentGroup) bool {
			return c.Pos() < f.syntax.Package && c.List[0].Text == "//go:build ignore"
		})
		files = append(files, f)
	}
	return files
}

// programFiles are the files that are compiled into the program.
func programFiles(t *testing.T) []goFile {
	t.Helper()
	return slices.DeleteFunc(goFiles(t), func(f goFile) bool { return f.apart })
}

func (f goFile) imports() []string {
	var paths []string
	for _, spec := range f.syntax.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

// uses finds the names of a standard package that the file mentions, under
// whatever name it imports the package.
func (f goFile) uses(pkg string, names []string) []*ast.SelectorExpr {
	local := ""
	for i, imported := range f.imports() {
		if imported == pkg {
			local = path.Base(pkg)
			if name := f.syntax.Imports[i].Name; name != nil {
				local = name.Name
			}
		}
	}
	var found []*ast.SelectorExpr
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && slices.Contains(names, s.Sel.Name) {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == local {
				found = append(found, s)
			}
		}
		return true
	})
	return found
}

func (f goFile) at(n ast.Node) string { return f.fset.Position(n.Pos()).String() }

func lists(words, word string) bool { return slices.Contains(strings.Fields(words), word) }

// trackedFiles lists the repository's files, from the root and with slashes:
// those git knows or would add, or all where git is not at hand. The tree is
// walked either way: go test remembers the folders a test has read, and so
// runs this one again when a file is new.
func trackedFiles(t *testing.T) []string {
	t.Helper()
	tracked := gitFiles()
	var files []string
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone since its folder was read
		}
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if entry.IsDir() && (name == ".git" || name == "bin") {
			return fs.SkipDir
		}
		if entry.Type().IsRegular() && (tracked == nil || tracked[name]) {
			files = append(files, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// gitFiles is nil where there is no git, or no repository it would describe.
func gitFiles() map[string]bool {
	list, err := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		return nil
	}
	tracked := map[string]bool{}
	for name := range strings.SplitSeq(string(list), "\x00") {
		tracked[name] = true
	}
	return tracked
}

// No program, no lake and no archive of somebody's data is in the repository by
// mistake: the largest file that belongs there is the report's chart library.
func TestNoLargeFiles(t *testing.T) {
	const most = 2 << 20 // bytes
	for _, name := range trackedFiles(t) {
		info, err := os.Stat(filepath.FromSlash(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > most {
			t.Errorf("%s has %d bytes, and %d are the most", name, info.Size(), most)
		}
	}
}
