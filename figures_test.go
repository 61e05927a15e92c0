package stripelake_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/types"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
)

var showFigures = flag.Bool("figures", false, "print the figures of each package")

// figures are counts of a package, without its tests.
type figures struct {
	fileLines []int
	funcLines []int
	exported  int // names of the package, and methods and fields of its types
	uses      int // pairs of files of which one uses names of the other
	circular  int // of them, those that are part of a circle
}

// TestFigures prints, with -figures, the counts by which two commits can be compared:
// is a package easier to find one's way in, or harder?
func TestFigures(t *testing.T) {
	packages := map[string][]goFile{}
	for _, f := range programFiles(t) {
		dir := path.Dir(f.path)
		packages[dir] = append(packages[dir], f)
	}
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "package\tfiles\tlines\tmedian\tlargest\tfuncs\tmedian\tlargest\texported\tuses\tcircular\t")
	var all figures
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		f := figuresOf(packages[dir])
		f.write(w, dir)
		all.fileLines, all.funcLines = append(all.fileLines, f.fileLines...), append(all.funcLines, f.funcLines...)
		all.exported, all.uses, all.circular = all.exported+f.exported, all.uses+f.uses, all.circular+f.circular
	}
	all.write(w, "all")
	_ = w.Flush()
	if *showFigures {
		fmt.Print(out.String())
	}
	if len(all.fileLines) < 100 || all.exported < 1000 || all.uses < 1000 || all.circular > all.uses {
		t.Errorf("the counts cannot be right:\n%s", out.String())
	}
}

func (f figures) write(w *tabwriter.Writer, name string) {
	lines := 0
	for _, n := range f.fileLines {
		lines += n
	}
	fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", name, len(f.fileLines), lines, median(f.fileLines), most(f.fileLines),
		len(f.funcLines), median(f.funcLines), most(f.funcLines), f.exported, f.uses, f.circular)
}

func figuresOf(files []goFile) (f figures) {
	for _, file := range files {
		f.fileLines = append(f.fileLines, file.lines(file.syntax))
		for _, d := range file.syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				f.funcLines = append(f.funcLines, file.lines(fn))
			}
		}
		ast.Inspect(file.syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				f.exported += exportedNames(n.Name)
				return false
			case *ast.TypeSpec:
				f.exported += exportedNames(n.Name)
			case *ast.Field:
				f.exported += exportedNames(n.Names...)
			case *ast.ValueSpec:
				f.exported += exportedNames(n.Names...)
			}
			return true
		})
	}
	uses := usesBetween(files)
	for from, tos := range uses {
		f.uses += len(tos)
		for to := range tos {
			if reaches(uses, to, from, map[string]bool{}) {
				f.circular++
			}
		}
	}
	return f
}

// usesBetween tells which file uses names that another one of its package declares.
func usesBetween(files []goFile) map[string]map[string]bool {
	syntax := make([]*ast.File, len(files))
	for i, f := range files {
		syntax[i] = f.syntax
	}
	info := types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
	unresolved := types.Config{Error: func(error) {}, Importer: noImports{}} // only the package's own names are asked for
	_, _ = unresolved.Check("", files[0].fset, syntax, &info)
	defined := map[types.Object]string{}
	each := func(do func(file string, id *ast.Ident)) {
		for _, f := range files {
			ast.Inspect(f.syntax, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok {
					do(f.path, id)
				}
				return true
			})
		}
	}
	each(func(file string, id *ast.Ident) {
		if o := info.Defs[id]; o != nil {
			defined[o] = file
		}
	})
	uses := map[string]map[string]bool{}
	each(func(file string, id *ast.Ident) {
		if from, ok := defined[info.Uses[id]]; ok && from != file {
			if uses[file] == nil {
				uses[file] = map[string]bool{}
			}
			uses[file][from] = true
		}
	})
	return uses
}

type noImports struct{}

func (noImports) Import(name string) (*types.Package, error) {
	return nil, fmt.Errorf("%s is not needed here", name)
}

func reaches(uses map[string]map[string]bool, from, to string, seen map[string]bool) bool {
	if from == to {
		return true
	}
	if seen[from] {
		return false
	}
	seen[from] = true
	for next := range uses[from] {
		if reaches(uses, next, to, seen) {
			return true
		}
	}
	return false
}

func (f goFile) lines(n ast.Node) int {
	return f.fset.Position(n.End()).Line - f.fset.Position(n.Pos()).Line + 1
}

func exportedNames(names ...*ast.Ident) (n int) {
	for _, name := range names {
		if name.IsExported() {
			n++
		}
	}
	return n
}

func median(of []int) int {
	if len(of) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(of))[len(of)/2]
}

func most(of []int) int {
	if len(of) == 0 {
		return 0
	}
	return slices.Max(of)
}
