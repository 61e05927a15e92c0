package schemas

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/stripelake/stripelake/internal/strictyaml"
)

//go:embed catalog/*.json
var catalogs embed.FS

// Catalog describes what one Stripe object may contain: the fields of API version
// 2023-10-16, those that the newest version added or moved, and those that real
// responses have although no published specification lists them. catalog/generate.go
// writes the files.
type Catalog struct {
	Object   string         `json:"object"`
	Versions []string       `json:"versions"` // versions that were read, oldest first
	Fields   []*SourceField `json:"fields"`   // sorted by name
}

// SourceField is one field of a Stripe object, or one of its parts.
type SourceField struct {
	Name       string         `json:"name,omitempty"` // empty for an element
	Type       SourceType     `json:"type"`
	Nullable   bool           `json:"nullable,omitempty"`
	Enum       []string       `json:"enum,omitempty"`       // values known when the catalog was made; responses may have others
	Fields     []*SourceField `json:"fields,omitempty"`     // of an object, sorted by name; none if its members are not published
	Elem       *SourceField   `json:"elem,omitempty"`       // of a list or map
	Expandable bool           `json:"expandable,omitempty"` // an id, or the object with that id if a request expands it
	Since      string         `json:"since,omitempty"`      // set if API version 2023-10-16 lacks it
	Until      string         `json:"until,omitempty"`      // set if the newest API version lacks it
	Unlisted   bool           `json:"unlisted,omitempty"`   // occurs in responses only
}

// SourceType is the JSON type of a source field, refined where Stripe's specification
// defines the meaning of a value.
type SourceType string

// The source types.
const (
	SourceString   SourceType = "string"
	SourceBoolean  SourceType = "boolean"
	SourceInteger  SourceType = "integer"
	SourceUnixTime SourceType = "unixtime"       // integer, Unix seconds
	SourceNumber   SourceType = "number"         // JSON number with a fraction
	SourceDecimal  SourceType = "decimal-string" // exact decimal in a string, up to 12 places
	SourceObject   SourceType = "object"
	SourceList     SourceType = "list"
	SourceMap      SourceType = "map" // caller-chosen keys, for example metadata
	SourceAny      SourceType = "any"
)

// sourceObjects are the objects with a source catalog, in the order of their names.
var sourceObjects = func() (objects []string) {
	files, err := catalogs.ReadDir("catalog")
	if err != nil {
		panic(err) // the folder is in the program
	}
	for _, f := range files {
		if name := strings.TrimSuffix(f.Name(), ".json"); name != supplement {
			objects = append(objects, name)
		}
	}
	return objects
}()

// supplement is a file beside the catalogs: what their generator adds to Stripe's
// specifications.
const supplement = "supplement"

// LoadCatalog returns the catalog of one Stripe object, for example "charge". For an
// object without a catalog it returns an error that names those with one. All callers
// share the catalog.
func LoadCatalog(object string) (*Catalog, error) {
	read, ok := readCatalogs[object]
	if !ok {
		return nil, fmt.Errorf("no catalog of %q; there are %s", object, strictyaml.OrList(sourceObjects))
	}
	return read()
}

// readCatalogs reads each catalog once: every path of a set is looked up in one.
var readCatalogs = func() map[string]func() (*Catalog, error) {
	of := map[string]func() (*Catalog, error){}
	for _, object := range sourceObjects {
		of[object] = sync.OnceValues(func() (*Catalog, error) { return readCatalog(object) })
	}
	return of
}()

func readCatalog(object string) (*Catalog, error) {
	data, err := catalogs.ReadFile("catalog/" + object + ".json")
	if err != nil {
		return nil, fmt.Errorf("read catalog of %s: %w", object, err)
	}
	c := &Catalog{}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("read catalog of %s: %w", object, err)
	}
	return c, nil
}

// Objects returns the types of Stripe object that have a catalog.
func Objects() []string { return slices.Clone(sourceObjects) }

// Versions returns the API versions that a mapping's source can name.
func Versions() []string { return slices.Clone(sourceVersions) }

// Root returns the object itself.
func (c *Catalog) Root() *SourceField { return &SourceField{Type: SourceObject, Fields: c.Fields} }

// Member returns the member of that name, or nil. f may be nil.
func (f *SourceField) Member(name string) *SourceField {
	if f == nil {
		return nil
	}
	return find(f.Fields, func(m *SourceField) bool { return m.Name == name })
}

// Described reports whether the field is an object with known members. It returns false
// if Stripe publishes no members, and for another Stripe object of which only the id is
// included.
func (f *SourceField) Described() bool {
	return f != nil && f.Type == SourceObject && slices.ContainsFunc(f.Fields, func(m *SourceField) bool {
		return m.Name != "id" && m.Name != "object" && m.Name != "deleted"
	})
}
