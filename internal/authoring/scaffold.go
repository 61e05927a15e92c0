package authoring

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/stripelake/stripelake/schemas"
)

// Scaffold is a valid first version of a table's schema and mapping, for an author to
// continue.
type Scaffold struct {
	Schema, Mapping string // YAML
	Columns         int
	Keyless         bool // no member identifies an element: the author has to name the key
}

// Scaffold proposes a table from the newest objects of a type in the lake. It
// has a column for each value that occurs in the object itself or, with each,
// in the elements of a list inside it.
func (l *Lake) Scaffold(ctx context.Context, object, table, each string) (Scaffold, error) {
	catalog, err := schemas.LoadCatalog(object)
	if err != nil {
		return Scaffold{}, err
	}
	root, prefix, item := catalog.Root(), "", ""
	if each != "" {
		list := fieldAt(root, each)
		if list == nil || list.Type != schemas.SourceList {
			return Scaffold{}, fmt.Errorf("%s.%s is no list in the catalog; Stripe's lists keep their elements in data: write items.data", object, each)
		}
		root, prefix, item = list.Elem, each+"[].", "item."
	}
	found := map[string]any{} // path below the row's root → a value
	for objects, err := range l.Newest(ctx, l.streamOf(object), 2000) {
		if err != nil {
			return Scaffold{}, err
		}
		for _, o := range objects {
			var v any
			if json.Unmarshal(o.Raw, &v) == nil {
				collectValues(v, "", prefix, found)
			}
		}
	}
	if len(found) == 0 {
		return Scaffold{}, fmt.Errorf("nothing to begin from: no %s in the lake has a value at %s", object, cmp.Or(each, "any path"))
	}
	w := &scaffoldWriter{object: object, table: table, each: each, item: item, root: root, taken: map[string]bool{}}
	return w.write(found), nil
}

// collectValues keeps one value of each path that begins with prefix. It ignores lists
// other than the prefix's: the author decides about those.
func collectValues(v any, path, prefix string, found map[string]any) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			collectValues(member, strings.TrimPrefix(path+"."+name, "."), prefix, found)
		}
	case []any:
		if strings.HasPrefix(prefix, path+"[]") {
			for _, e := range v {
				collectValues(e, path+"[]", prefix, found)
			}
		}
	case nil:
	default:
		if rest, ok := strings.CutPrefix(path, prefix); ok && !strings.Contains(rest, "[]") {
			found[rest] = v
		}
	}
}

type scaffoldWriter struct {
	object, table, each, item string
	root                      *schemas.SourceField
	fields, mapping           strings.Builder
	taken                     map[string]bool // names of columns
}

func (w *scaffoldWriter) write(found map[string]any) Scaffold {
	name := "stripe." + strings.TrimSuffix(w.table, "s")
	key, note := "id", ""
	if w.each != "" {
		w.column(w.object+"_id", "string", "$id", "required: true, ", "The "+w.object+" that it is part of.")
		key = w.object + "_id, id"
	}
	if _, ok := found["id"]; ok || w.each == "" {
		w.column("id", "string", w.item+"id", "required: true, ", "Stripe's id.")
	} else {
		key = w.object + "_id"
		note = "# The elements have no id. Name here what else tells those of one " + w.object + " apart, as\n# a required field: rows that share a key are not published.\n"
	}
	timestamp := "created"
	if w.each != "" {
		timestamp = w.object + "_created"
	}
	w.column(timestamp, "date-time", "unix($root.created)", "required: true, ", "When Stripe created the "+w.object+" (UTC).")
	if _, ok := found["currency"]; ok {
		w.column("currency", "string", "upper("+w.item+"currency)", "", "ISO 4217 code, upper case.")
	}
	for _, path := range slices.Sorted(maps.Keys(found)) {
		if path != "id" && path != "created" && path != "object" && path != "currency" {
			w.proposeColumn(path, found[path], found["currency"] != nil)
		}
	}
	w.column("synced_at", "date-time", "$synced_at", "required: true, ", "When this state of the object was read (UTC).")
	schema := fmt.Sprintf("# yaml-language-server: $schema=../meta/schema-v1.json\nschema: %s\nversion: 1.0.0\ntitle: %s\ndescription: >-\n  One row for each %s. Say what a row is.\ntable: %s\nhistory: true\n%sprimary_key: [%s]\ntimestamp: %s\n\nfields:\n%s",
		name, titleOf(w.table), strings.TrimSuffix(strings.ReplaceAll(w.object+" "+w.each, "_", " "), " "), w.table, note, key, timestamp, w.fields.String())
	source := fmt.Sprintf("{system: stripe, object: %s, api_version: 2023-10-16}", w.object)
	if w.each != "" {
		source = strings.TrimSuffix(source, "}") + fmt.Sprintf(", each: %s, as: item}", w.each)
	}
	mapping := fmt.Sprintf("# yaml-language-server: $schema=../../meta/mapping-v1.json\nmapping: %s\nversion: 1.0.0\nsource: %s\ntarget: %s@1\n\nfields:\n%s",
		name, source, name, w.mapping.String())
	return Scaffold{schema, mapping, len(w.taken), note != ""}
}

// proposeColumn proposes a column for a path: by the catalog's type, or by the
// value where the catalog has none.
func (w *scaffoldWriter) proposeColumn(path string, v any, hasCurrency bool) {
	f := fieldAt(w.root, path)
	at := w.item + path
	if strings.HasPrefix(path, "metadata.") || strings.ContainsAny(path, `["`) {
		return // the merchant's own keys: the author names the ones to keep
	}
	column := strings.ReplaceAll(path, ".", "_")
	if strings.Trim(column, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" || column == "account" || column == "deleted" {
		return
	}
	kind := schemas.SourceAny
	if f != nil {
		kind = f.Type
	}
	text := "As Stripe sends " + path + "."
	switch {
	case f != nil && f.Expandable:
		w.column(column+"_id", "string", "ref("+at+")", "", text)
	case kind == schemas.SourceUnixTime:
		w.column(column, "date-time", "unix("+at+")", "", text+" UTC.")
	case kind == schemas.SourceInteger && hasCurrency && strings.Contains(path, "amount"):
		w.column(column, "money", "money("+at+", "+w.item+"currency)", "unit: currency, ", text)
	case kind == schemas.SourceInteger:
		w.column(column, "long", at, "", text)
	case kind == schemas.SourceNumber:
		w.column(column, "number", at, "", text)
	case kind == schemas.SourceDecimal:
		w.column(column, "decimal", "decimal("+at+")", "", text)
	case kind == schemas.SourceBoolean:
		w.column(column, "boolean", at, "", text)
	case kind == schemas.SourceString:
		w.column(column, "string", at, w.label(path), text)
	case f == nil && !strings.Contains(path, "."):
		w.proposeUnknown(column, at, v, text)
	}
}

// proposeUnknown proposes a column for a value that no catalog describes.
func (w *scaffoldWriter) proposeUnknown(column, at string, v any, text string) {
	if _, known := v.(string); known && w.root == nil {
		w.column(column, "string", "text("+at+")", w.label(column), text)
	}
}

// label labels what looks like personal data. The author removes the label
// where it is none.
func (w *scaffoldWriter) label(path string) string {
	if schemas.LooksPersonal(w.object + "." + path) {
		return "label: pii, "
	}
	return ""
}

func (w *scaffoldWriter) column(name, kind, expression, more, description string) {
	name = w.freeName(name)
	fmt.Fprintf(&w.fields, "  %s: {type: %s, title: %s, %sdescription: %q}\n", name, kind, titleOf(name), more, description)
	fmt.Fprintf(&w.mapping, "  %s: %s\n", name, expression)
}

// maxName is the longest name of a column.
const maxName = 63

// freeName makes a name unique and short enough. Of a long name it keeps the
// words at the end, which are the most specific.
func (w *scaffoldWriter) freeName(name string) string {
	for len(name) > maxName {
		_, rest, found := strings.Cut(name, "_")
		if !found {
			rest = name[len(name)-maxName:]
		}
		name = rest
	}
	free := name
	for n := 2; w.taken[free]; n++ {
		end := "_" + strconv.Itoa(n)
		free = name[:min(len(name), maxName-len(end))] + end
	}
	w.taken[free] = true
	return free
}

func titleOf(name string) string {
	words := strings.ReplaceAll(name, "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}
