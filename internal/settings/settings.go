package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/strictyaml"
)

// FileName is the name of the settings file that is looked for in the current folder.
const FileName = "stripelake.yaml"

// Settings are what one file says. The zero Settings are those of no file.
type Settings struct {
	Path     string // as it was named; empty without a file
	Accounts []Account
	values   map[string]Value // by Key.Name
}

// Value is what the file says of a key.
type Value struct {
	Texts []Text         // one, or the elements of a list
	At    strictyaml.Pos // of the value
}

// Text is a value as a flag takes it, and its place in the file.
type Text = strictyaml.Text

// Value returns what the file says of the key with that name; false where it says
// nothing.
func (s Settings) Value(name string) (Value, bool) {
	v, ok := s.values[name]
	return v, ok
}

// Read reads a settings file. Its mistakes are strictyaml.Problems, all at once. A file
// that does not exist is fs.ErrNotExist.
func Read(path string) (Settings, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() { // a pipe would be waited for
		return Settings{}, fmt.Errorf("read the settings: %s is no file: name one with --config, or let stripelake init write one", path)
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(path)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Settings{}, fmt.Errorf("read the settings: %w: stripelake init writes a file to begin with", err)
	case err != nil:
		return Settings{}, fmt.Errorf("read the settings: %w", err)
	}
	return parse(path, bytes.TrimPrefix(data, []byte("\ufeff"))) // some editors begin a file with this mark
}

// Find reads the settings of the current folder, or none where it has no such file.
func Find() (Settings, error) {
	if _, err := os.Lstat(FileName); errors.Is(err, fs.ErrNotExist) {
		return Settings{}, nil
	}
	return Read(FileName) // a link that leads nowhere is a mistake
}

// parse reads the text of a settings file.
func parse(path string, data []byte) (Settings, error) {
	r := &reader{
		Reporter: &strictyaml.Reporter{},
		folder:   filepath.Dir(path),
		found:    Settings{Path: path, values: map[string]Value{}},
	}
	if len(strings.TrimSpace(withoutComments(string(data)))) == 0 {
		return r.found, nil // nothing is set
	}
	if n := strictyaml.Parse(r.Reporter, path, data); n != nil {
		r.file(n)
	}
	return r.found, r.Err()
}

func withoutComments(text string) string {
	var rest strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			rest.WriteString(line)
		}
	}
	return rest.String()
}

// reader reads one file.
type reader struct {
	*strictyaml.Reporter
	folder string // of the file, for relative paths
	found  Settings
}

// file reads the top of the file: single values, sections of them, and the accounts.
func (r *reader) file(n *strictyaml.Node) {
	top := r.Object(n, "the settings")
	if top == nil {
		return
	}
	if accounts := top.Get("accounts"); accounts != nil {
		r.accounts(accounts)
	}
	r.dropEmptySections(top)
	sections := map[string]*strictyaml.Object{}
	for _, key := range keys {
		section, name, nested := strings.Cut(key.Name, ".")
		if !nested {
			r.value(top, key, key.Name)
			continue
		}
		if _, read := sections[section]; !read {
			sections[section] = nil
			if n := top.Get(section); n != nil {
				sections[section] = r.Object(n, section)
			}
		}
		if o := sections[section]; o != nil {
			r.value(o, key, name)
		}
	}
	for _, o := range sections {
		if o != nil {
			o.ReportUnasked()
		}
	}
	top.ReportUnasked()
}

// dropEmptySections removes sections whose lines are all comments, as they are in the
// template.
func (r *reader) dropEmptySections(top *strictyaml.Object) {
	top.Node.Members = slices.DeleteFunc(top.Node.Members, func(m strictyaml.Member) bool {
		return m.Value.Kind == strictyaml.Null && (m.Key == "accounts" || slices.Contains(sectionNames(), m.Key))
	})
}

// sectionNames returns the names of the sections, in the order of the template.
func sectionNames() (names []string) {
	for _, key := range keys {
		if section, _, nested := strings.Cut(key.Name, "."); nested && !slices.Contains(names, section) {
			names = append(names, section)
		}
	}
	return names
}
