package schemas

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"
)

func embedded(t *testing.T) *Set {
	t.Helper()
	set, err := Load(Embedded())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// Each archive has the files of a set with mistakes in them, and in "want" every
// message, with its place and its fix.
func TestMistakes(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/mistakes/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no archives", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			checkMistakes(t, path)
		})
	}
}

func checkMistakes(t *testing.T, path string) {
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{}
	var kept []txtar.File
	for _, f := range archive.Files {
		if f.Name != "want" {
			fsys[f.Name] = &fstest.MapFile{Data: f.Data}
			kept = append(kept, f)
		}
	}
	_, err = Load(fsys)
	if err == nil {
		t.Fatal("loaded in spite of its mistakes")
	}
	if _, ok := errors.AsType[Problems](err); !ok {
		t.Fatalf("error is %T, want Problems: %v", err, err)
	}
	archive.Files = append(kept, txtar.File{Name: "want", Data: []byte(err.Error() + "\n")})
	golden(t, filepath.Join("mistakes", filepath.Base(path)), string(txtar.Format(archive)))
}

func TestFingerprintFollowsContent(t *testing.T) {
	t.Parallel()
	before := embedded(t).Fingerprint
	if len(before) != 64 || before != embedded(t).Fingerprint {
		t.Fatalf("fingerprint %q is not a stable SHA-256", before)
	}
	fsys := copyOf(t)
	fsys["lookups/bnpl_provider.yaml"].Data = append(fsys["lookups/bnpl_provider.yaml"].Data, "  riverty: riverty\n"...)
	set, err := Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	if set.Fingerprint == before {
		t.Error("a changed lookup left the fingerprint as it was: stale tables would not be derived again")
	}
	fsys["README.md"] = &fstest.MapFile{Data: []byte("notes")}
	if again, err := Load(fsys); err != nil || again.Fingerprint != set.Fingerprint {
		t.Errorf("a file that is not read moved the fingerprint (%v)", err)
	}
}

// copyOf returns a copy of the shipped files that a test can change.
func copyOf(t *testing.T) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	for _, pattern := range []string{"types/*.yaml", "stripe/*.yaml", "lookups/*.yaml", "mappings/stripe/*.yaml"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			out[name] = &fstest.MapFile{Data: data}
		}
	}
	return out
}

func TestSetAccessors(t *testing.T) {
	t.Parallel()
	set := embedded(t)
	if s := set.Schema("stripe.charge"); s == nil || set.Table("charges") != s {
		t.Error("stripe.charge and charges are not one schema")
	}
	if set.Schema("stripe.chrage") != nil || set.Table("charge") != nil || set.Lookup("bnpl") != nil {
		t.Error("a name that does not exist was found")
	}
	var names []string
	for _, m := range set.MappingsOf("subscription") {
		names = append(names, m.Name+" → "+m.Schema.Table)
	}
	if got := strings.Join(names, ", "); got != "stripe.subscription → subscriptions, stripe.subscription_item → subscription_items" {
		t.Errorf("mappings of subscription: %s", got)
	}
}

// An unreadable file system is not a mistake in a file.
func TestLoadReportsUnreadableFiles(t *testing.T) {
	t.Parallel()
	_, err := Load(os.DirFS(filepath.Join(t.TempDir(), "absent")))
	if _, ok := errors.AsType[Problems](err); !ok {
		t.Errorf("an absent folder: %v, want Problems that say what to add", err)
	}
	fsys := fstest.MapFS{"stripe": &fstest.MapFile{Data: []byte("a file, not a folder")}}
	if _, err := Load(fsys); err == nil || strings.Contains(err.Error(), "Y6") {
		t.Errorf("a folder that is a file: %v, want a read error", err)
	}
}

func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"types/*.yaml", "stripe/*.yaml", "lookups/*.yaml", "mappings/stripe/*.yaml"} {
		names, _ := filepath.Glob(pattern)
		for _, name := range names {
			if data, err := os.ReadFile(name); err == nil {
				f.Add(data)
			}
		}
	}
	for _, seed := range []string{
		"", "a", "- a", "a: &x {b: *x}", "a: [*a]", "? {a: b}\n: c", "\x00", "<<: {a: b}", "a:\n\tb", "--- \n---\nb",
		"fields: {$each: x, a: {b: {c: [}}}}", strings.Repeat("[", 500), strings.Repeat("a:\n ", 500), "a: !!binary x", "a: |\n", "\"\\u{d800}\": 1", "*", "&a", "a: >-",
	} {
		f.Add([]byte(seed))
	}
	for _, hostile := range hostileYAML {
		f.Add([]byte(hostile.text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fsys := fstest.MapFS{}
		for _, name := range []string{"types/a.yaml", "stripe/a.yaml", "lookups/a.yaml", "mappings/stripe/a.yaml"} {
			fsys[name] = &fstest.MapFile{Data: data}
		}
		_, err := Load(fsys)
		problems, ok := errors.AsType[Problems](err)
		if err == nil || !ok {
			t.Fatalf("one file cannot be a type, a schema, a lookup and a mapping: %v", err)
		}
		for _, p := range problems {
			if p.Pos.File == "" || p.Pos.Line < 1 || p.Pos.Col < 1 || p.Message == "" || p.Code == "" {
				t.Errorf("a problem without a place: %+v", p)
			}
		}
	})
}
