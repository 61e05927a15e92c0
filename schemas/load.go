package schemas

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stripelake/stripelake/internal/strictyaml"
)

// The folders of a set, in reading order: a file comes before the files that name it.
const (
	typesDir    = "types"
	schemasDir  = "stripe"
	lookupsDir  = "lookups"
	mappingsDir = "mappings/stripe"
	martsDir    = "marts"
	segmentsDir = "segments"

	resourcesDir = "resources"
)

// loader is the state of one load.
type loader struct {
	*strictyaml.Reporter
	fsys      fs.FS
	digest    io.Writer // receives every file that is read, in order
	files     map[string]string
	types     map[string]*typeFile
	typeNames []string
	targets   []targetRef
	trusting  bool // the resources were checked before
	unknown   bool // some schema, or its name, could not be read
}

// targetRef is a mapping whose target is not resolved yet.
type targetRef struct {
	mapping *Mapping
	at      Pos
}

// Load reads a set of resources, schemas, types, lookups, mappings, marts and segments.
// It reads resources/*.yaml, types/*.yaml, stripe/*.yaml, lookups/*.yaml,
// mappings/stripe/*.yaml, marts/*.sql, segments/*.sql and privacy.yaml, and nothing else.
// Without resources/*.yaml the set has the shipped resources. It returns all mistakes at once as
// Problems, together with the valid part of the set, so that its mappings can be
// checked too. An error of another type means that a file could not be read at all.
func Load(fsys fs.FS) (*Set, error) {
	digest := sha256.New()
	set := &Set{files: map[string]string{}}
	l := &loader{Reporter: &strictyaml.Reporter{}, fsys: fsys, digest: digest, files: set.files, types: map[string]*typeFile{}}
	for _, step := range []func(*Set) error{l.loadResources, l.loadTypes, l.loadSchemas, l.loadLookups, l.loadMappings, l.loadMarts, l.loadSegments} {
		if err := step(set); err != nil {
			return nil, err
		}
	}
	l.checkSet(set)
	if err := l.loadPrivacy(set); err != nil {
		return nil, err
	}
	set.warnings = lint(set, l.Err() == nil)
	for _, s := range set.Schemas {
		s.Fields = withFormerNames(s.Fields)
	}
	if err := l.Err(); err != nil {
		return set.sound(l.Problems), err
	}
	set.Fingerprint = hex.EncodeToString(digest.Sum(nil))
	return set, nil
}

// loadResources reads the resources, or takes the shipped ones.
func (l *loader) loadResources(set *Set) error {
	docs, files, err := l.folder(resourcesDir)
	if err != nil {
		return err
	}
	if set.OwnResources = files > 0; !set.OwnResources {
		set.Resources = ShippedResources()
		return nil
	}
	var all []Resource
	for _, n := range docs {
		if r := l.parseResource(n); r != nil {
			all = append(all, *r)
		}
	}
	if !l.trusting {
		l.checkResources(all, len(all) == files)
	}
	set.Resources = arrange(all)
	return nil
}

// readResources reads only the resources of a set that was loaded before: they are not
// compared with Stripe's objects again.
func readResources(fsys fs.FS) (*Resources, error) {
	set := &Set{files: map[string]string{}}
	l := &loader{Reporter: &strictyaml.Reporter{}, fsys: fsys, digest: io.Discard, files: set.files, trusting: true}
	if err := l.loadResources(set); err != nil {
		return nil, err
	}
	return set.Resources, l.Err()
}

func (l *loader) loadTypes(set *Set) error {
	docs, _, err := l.folder(typesDir)
	if err != nil {
		return err
	}
	var files []*typeFile
	for _, n := range docs {
		if t := l.typeHead(n); t != nil {
			files = append(files, t)
			l.typeNames = append(l.typeNames, t.named.Name)
			set.Types = append(set.Types, t.named)
		}
	}
	for _, t := range files {
		l.readType(t)
	}
	return nil
}

func (l *loader) loadSchemas(set *Set) error {
	docs, files, err := l.folder(schemasDir)
	if err != nil {
		return err
	}
	for _, n := range docs {
		if s := l.parseSchema(n); s != nil {
			set.Schemas = append(set.Schemas, s)
		}
	}
	l.unknown = len(set.Schemas) < files || slices.ContainsFunc(set.Schemas, func(s *Schema) bool { return s.Name == "" || s.Table == "" || s.Fields == nil })
	return nil
}

func (l *loader) loadLookups(set *Set) error {
	docs, _, err := l.folder(lookupsDir)
	if err != nil {
		return err
	}
	for _, n := range docs {
		set.Lookups = append(set.Lookups, l.parseLookups(n)...)
	}
	return nil
}

func (l *loader) loadMappings(set *Set) error {
	docs, _, err := l.folder(mappingsDir)
	if err != nil {
		return err
	}
	for _, n := range docs {
		if m := l.parseMapping(n); m != nil {
			set.Mappings = append(set.Mappings, m)
		}
	}
	return nil
}

// folder parses the YAML files of one folder in name order. It returns fewer documents
// than files where some cannot be read.
func (l *loader) folder(dir string) (docs []*strictyaml.Node, files int, err error) {
	err = l.read(dir, ".yaml", func(name string, data []byte) {
		files++
		if n := strictyaml.Parse(l.Reporter, name, data); n != nil {
			docs = append(docs, n)
		}
	})
	return docs, files, err
}

// read calls f for the files of one folder that end in ext, in name order. A missing
// folder has none.
func (l *loader) read(dir, ext string, f func(name string, data []byte)) error {
	entries, err := fs.ReadDir(l.fsys, dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read schemas: %w", err)
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if path.Ext(name) == ".yml" {
			l.Report(Pos{File: name, Line: 1, Col: 1}, "Y6", "files of a set end in .yaml :: rename it, or it is not read")
		}
		if e.IsDir() || path.Ext(name) != ext {
			continue
		}
		data, err := readFile(l.fsys, name)
		if err != nil {
			return fmt.Errorf("read schemas: %w", err)
		}
		l.remember(name, data)
		f(name, data)
	}
	return nil
}

// readFile reads a file, but only as much as shows that it is too large. It refuses
// pipes and devices, which may have no end.
func readFile(fsys fs.FS, name string) ([]byte, error) {
	if set, ok := fsys.(memory); ok {
		return set.ReadFile(name)
	}
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("it is no regular file")}
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // opened for reading only
	data, err := io.ReadAll(io.LimitReader(f, strictyaml.MaxFileBytes+1))
	if err == nil && len(data) > strictyaml.MaxFileBytes && path.Ext(name) != ".yaml" { // for YAML the parser reports it, together with other mistakes
		err = &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("it has over %d bytes", strictyaml.MaxFileBytes)}
	}
	return data, err
}

// remember records a file as part of the set. It must be UTF-8, because the lake and
// its warehouse store UTF-8.
func (l *loader) remember(name string, data []byte) {
	if !utf8.Valid(data) {
		at := 0
		for r, size := utf8.DecodeRune(data); r != utf8.RuneError || size != 1; r, size = utf8.DecodeRune(data[at:]) {
			at += size
		}
		before := data[:at]
		l.Report(Pos{File: name, Line: bytes.Count(before, []byte("\n")) + 1, Col: at - bytes.LastIndexByte(before, '\n')},
			"Y6", "byte %#x is no UTF-8: save the file as UTF-8", data[at])
	}
	fmt.Fprintf(l.digest, "%s %d\n%s", name, len(data), data)
	l.files[name] = string(data)
}
