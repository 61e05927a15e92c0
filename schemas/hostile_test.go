package schemas

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
)

// hostileYAML are files that could overload a parser, with the expected messages.
var hostileYAML = map[string]struct{ text, want string }{
	"an alias bomb":            {aliasBomb(), "anchors and aliases are not read"},
	"an alias of itself":       {"a: &a [*a]", "anchors and aliases are not read"},
	"a merge key":              {"<<: {a: b}\nc: d", "anchors and aliases are not read"},
	"brackets 100,000 deep":    {strings.Repeat("[", 100_000), "nested more than 32 deep"},
	"braces 100,000 deep":      {strings.Repeat("{a: ", 30_000), "nested more than 32 deep"},
	"lists 60,000 deep":        {strings.Repeat("- ", 60_000), "nested more than 32 deep"},
	"keys 300 deep":            {indented(300), "nested more than 32 deep"},
	"over the size":            {strings.Repeat("# a comment\n", 20_000), "over 131072 bytes"},
	"a byte order mark":        {"\ufeffname: stripe.x\n", ""},
	"tabs":                     {"name:\n\tstripe.x\n", "Y1"},
	"Latin-1":                  {"schema: stripe.a\ntitle: caf\xe9\n", "stripe/a.yaml:2:11: Y6: byte 0xe9 is no UTF-8"},
	"NUL":                      {"name: a\x00b\n", ""},
	"a key twice":              {"name: a\nname: b\n", `"name" is given twice`},
	"a key twice, once quoted": {"name: a\n\"name\": b\n", `"name" is given twice`},
	"40,000 keys":              {strings.Repeat("a:\n", 40_000), "may have 8000"},
	"7,000 keys":               {strings.Repeat("a:\n", 7000), `"a" is given twice`},
	"a tag":                    {"name: !!python/object/apply:os.system [reboot]", "tags such as"},
	"two documents":            {"name: a\n---\nname: b\n", "one document a file"},
}

func aliasBomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n")
	for i := 1; i < 30; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), ", "))
	}
	return b.String()
}

func indented(depth int) string {
	var b strings.Builder
	for i := range depth {
		fmt.Fprintf(&b, "%sa:\n", strings.Repeat(" ", i))
	}
	return b.String()
}

// Each is refused with its place, and with little memory.
func TestHostileYAML(t *testing.T) {
	for name, tc := range hostileYAML {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Load(fstest.MapFS{"stripe/a.yaml": {Data: []byte(tc.text)}})
			runtime.ReadMemStats(&after)
			if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 400 {
				t.Errorf("%d bytes took %d MiB of memory", len(tc.text), took)
			}
			problems, ok := errors.AsType[Problems](err)
			if !ok || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("%.500v\nwant %q in it", err, tc.want)
			}
			if at := problems[0].Pos; at.File == "" || at.Line < 1 || at.Col < 1 {
				t.Errorf("no place: %+v", problems[0])
			}
		})
	}
}

// A file without an end is read up to the limit. Only regular files are read.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "stripe"), 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "stripe", "x.yaml")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, 1<<40); err != nil { // a sparse file on most file systems
		t.Skip(err)
	}
	if _, err := Load(os.DirFS(dir)); err == nil || !strings.Contains(err.Error(), "over 131072 bytes") {
		t.Errorf("a terabyte: %.300v", err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(os.DevNull, file); err != nil {
		t.Skip(err)
	}
	if _, err := Load(os.DirFS(dir)); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("a device: %.300v", err)
	}
}
