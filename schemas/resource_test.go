package schemas

import (
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/internal/strictyaml"
)

// Every resource is classified completely: whose its objects are, which events show
// their changes, and where this is in them. For an unclassified one `forget` would keep
// objects that it reports as erased, or changes would be missed.
func TestEveryResourceIsClassified(t *testing.T) {
	t.Parallel()
	for _, r := range ShippedResources().all {
		if r.Name == "" || r.Object == "" {
			t.Errorf("%+v: it has no name or no object", r)
		}
		decided := 0
		for _, is := range []bool{r.Owner.Person, r.Owner.Nobody, len(r.Owner.BelongsTo) > 0} {
			if is {
				decided++
			}
		}
		if decided != 1 {
			t.Errorf("%s: owner is %+v, and just one of its fields says whose the objects are", r.Name, r.Owner)
		}
		for _, ref := range refsOf(r) {
			checkRef(t, r, ref)
		}
		for _, name := range r.Embeds {
			if _, known := ShippedResources().Named(name); !known {
				t.Errorf("%s embeds %s, which is no resource", r.Name, name)
			}
		}
		if path := ownerless(r, nil); path != "" {
			t.Errorf("%s: nothing leads from %s to a person", r.Name, path)
		}
	}
	transactions := 0
	for _, r := range ShippedResources().Listed() {
		if r.Transaction {
			transactions++
		}
		if r.List.Path == "" || len(r.List.Variants) == 0 {
			t.Errorf("%s: its list is %+v", r.Name, r.List)
		}
		if r.Silent == (len(r.ChangedBy) > 0) {
			t.Errorf("%s: silent %t, and %d kinds of event tell of it: say which do, or that none does", r.Name, r.Silent, len(r.ChangedBy))
		}
		if r.Silent != (r.Due != Due{}) {
			t.Errorf("%s: silent %t, and due %+v", r.Name, r.Silent, r.Due)
		}
	}
	if transactions != 1 {
		t.Errorf("%d resources are what Stripe allows read requests for, want one", transactions)
	}
	for _, r := range ShippedResources().Unlisted() {
		if r.List.Path != "" {
			t.Errorf("%s has a list, and is among those that have none", r.Name)
		}
	}
}

func refsOf(r Resource) []Ref { return slices.Concat(r.Owner.BelongsTo, r.Brings, r.Mentions) }

// checkRef checks that a reference leads to existing resources, and that an id shows
// which of several it belongs to.
func checkRef(t *testing.T, r Resource, ref Ref) {
	t.Helper()
	if ref.Filter != "" && len(ref.To) != 1 {
		t.Errorf("%s.%s: a filter of one list, and it leads to %v", r.Name, ref.Path, ref.To)
	}
	for _, name := range ref.To {
		if to, known := ShippedResources().Named(name); !known || len(ref.To) > 1 && len(to.IDs) == 0 {
			t.Errorf("%s.%s leads to %s, which is no resource, or does not say how its ids begin", r.Name, ref.Path, name)
		}
	}
}

// ownerless returns the resources on a path from r that ends at nobody's objects, or in
// a circle. It returns none if every path leads to a person.
func ownerless(r Resource, before []string) string {
	way := append(slices.Clone(before), r.Name)
	if slices.Contains(before, r.Name) || r.Owner.Nobody && len(before) > 0 {
		return strings.Join(way, " by ")
	}
	for _, ref := range r.Owner.BelongsTo {
		for _, name := range ref.To {
			to, _ := ShippedResources().Named(name)
			if path := ownerless(to, way); path != "" {
				return path
			}
		}
	}
	return ""
}

func TestNamesOfResourcesAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, r := range ShippedResources().all {
		for _, name := range slices.Concat([]string{"name " + r.Name, "object " + r.Object, "object " + r.OldObject}, r.IDs) {
			if other, taken := seen[name]; taken && name != "object " {
				t.Errorf("%s is of %s and of %s", name, other, r.Name)
			}
			seen[name] = r.Name
		}
	}
}

// Every table is mapped from a resource, and each resource has its table.
func TestTablesAreOfResources(t *testing.T) {
	t.Parallel()
	set := embedded(t)
	mapped := map[string]bool{}
	for _, m := range set.Mappings {
		r, known := ShippedResources().Of(m.Source.Object)
		if !known || r.List.Path == "" {
			t.Errorf("%s is mapped from %q, of which no list is read", m.Name, m.Source.Object)
		}
		mapped[m.Schema.Table] = true
	}
	for _, r := range ShippedResources().Listed() {
		if !mapped[r.Name] {
			t.Errorf("no table %s is mapped", r.Name)
		}
		for _, column := range r.LateColumns {
			if FieldAt(set.Table(r.Name).Fields, column) == nil {
				t.Errorf("%s has no column %s that may be late", r.Name, column)
			}
		}
	}
}

// Each path leads to a field that Stripe documents, or that its answers have.
func TestPathsOfResourcesExist(t *testing.T) {
	t.Parallel()
	for _, r := range ShippedResources().Listed() {
		for _, ref := range refsOf(r) {
			checkPath(t, r.Object, ref.Path)
		}
		if r.Silent {
			checkPath(t, r.Object, r.Due.Path)
			checkPath(t, r.Object, r.Due.At)
		}
		for _, touch := range r.ChangedBy {
			if slices.Contains(sourceObjects, touch.Object) && touch.ID != "refunds[].id" { // no list before 2014-06-17
				checkPath(t, touch.Object, touch.ID)
			}
		}
	}
}

func checkPath(t *testing.T, object, path string) {
	t.Helper()
	c, err := LoadCatalog(object)
	if err != nil {
		t.Fatal(err)
	}
	at := c.Root()
	for step := range strings.SplitSeq(path, ".") {
		name, each := strings.CutSuffix(step, "[]")
		at = at.Member(name)
		if each && at != nil {
			at = at.Elem
		}
	}
	if at == nil {
		t.Errorf("%s has no %s", object, path)
	}
}

// If a member shows the owner of one resource's objects, every resource that has the
// member uses it. A new resource that names a customer is not accepted as nobody's.
func TestNoOwnerIsOverlooked(t *testing.T) {
	t.Parallel()
	var names []string
	for _, r := range ShippedResources().Listed() {
		for _, ref := range r.Owner.BelongsTo {
			if len(ref.To) == 1 {
				names = append(names, ref.Path)
			}
		}
	}
	for _, r := range ShippedResources().Listed() {
		c, err := LoadCatalog(r.Object)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
			said := slices.ContainsFunc(slices.Concat(r.Owner.BelongsTo, r.Brings), func(ref Ref) bool { return ref.Path == name })
			if c.Root().Member(name) != nil && !said {
				t.Errorf("%s.%s may say whose it is: put it into BelongsTo or Brings", r.Name, name)
			}
		}
	}
}

// What the shipped files declare, value by value: each key of each of them is in it, so
// no key can change unnoticed, or be read and not kept.
func TestShippedResources(t *testing.T) {
	t.Parallel()
	all := slices.Clone(ShippedResources().all)
	for i := range all {
		all[i].Pos = Pos{}
	}
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "resources.json", string(text)+"\n")
	files := embedded(t).Files()
	for _, r := range all {
		if _, there := files["resources/"+r.Name+".yaml"]; !there {
			t.Errorf("%s is in a file of another name", r.Name)
		}
	}
}

// Taking out any line of a shipped file is a mistake, or changes what it declares.
func TestEachKeyOfAResourceMatters(t *testing.T) {
	t.Parallel()
	files := embedded(t).Files()
	want := declaredIn(t, files)
	for name, text := range files {
		lines := strings.Split(text, "\n")
		for i, line := range lines {
			if content, _, _ := strings.Cut(line, "#"); !strings.HasPrefix(name, resourcesDir+"/") || strings.TrimSpace(content) == "" {
				continue
			}
			edited := maps.Clone(files)
			edited[name] = strings.Join(slices.Concat(lines[:i], lines[i+1:]), "\n")
			if declaredIn(t, edited) == want {
				t.Errorf("%s:%d: without %q nothing changes", name, i+1, line)
			}
		}
	}
}

// declaredIn returns what resource files declare, or their mistakes.
func declaredIn(t *testing.T, files map[string]string) string {
	t.Helper()
	l := &loader{Reporter: &strictyaml.Reporter{}, fsys: memory(files), digest: io.Discard, files: map[string]string{}}
	set := &Set{}
	if err := l.loadResources(set); err != nil {
		t.Fatal(err)
	}
	if err := l.Err(); err != nil {
		return err.Error()
	}
	for i := range set.Resources.all {
		set.Resources.all[i].Pos = Pos{}
	}
	text, err := json.Marshal(set.Resources.all)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
