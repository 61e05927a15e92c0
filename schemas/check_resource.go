package schemas

import (
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/spelling"
	"github.com/stripelake/stripelake/internal/strictyaml"
)

// resourceCheck checks what the resource files of a set say of each other and of
// Stripe's objects.
type resourceCheck struct {
	*loader
	all    []Resource
	names  []string
	byName map[string]*Resource
	whole  bool // every file could be read
}

// checkResources reports all that is wrong with resources, apart from the shape of
// their files.
func (l *loader) checkResources(all []Resource, whole bool) {
	c := &resourceCheck{loader: l, all: all, byName: map[string]*Resource{}, whole: whole}
	for i := range all {
		c.byName[all[i].Name] = &all[i]
		c.names = append(c.names, all[i].Name)
	}
	c.unique()
	for i := range all {
		c.references(&all[i])
		c.paths(&all[i])
		c.owner(&all[i])
	}
}

// unique reports what only one resource can have.
func (c *resourceCheck) unique() {
	first := map[string]Pos{}
	once := func(key string, at Pos, says string) {
		if before, ok := first[key]; ok {
			c.Report(at, "S11", "%s (also in %s)", says, before.File)
			return
		}
		first[key] = at
	}
	for _, r := range c.all {
		if r.Name != "" {
			once("name "+r.Name, r.Pos, "resource "+r.Name+" is declared twice")
		}
		for _, object := range []string{r.Object, r.OldObject} {
			if object != "" {
				once("object "+object, r.places.object, "two resources have objects "+object)
			}
		}
		for _, id := range r.places.ids {
			once("id "+id.Value, id.Pos, "ids of two resources begin with "+id.Value+"_")
		}
		if r.Transaction {
			once("transaction", r.places.transaction, "two resources are what Stripe allows read requests for")
		}
	}
}

// references reports names of resources that there are not, and references to several
// resources whose ids tell nobody which.
func (c *resourceCheck) references(r *Resource) {
	for _, name := range r.places.embeds {
		c.known(name)
	}
	for _, ref := range r.refs() {
		if ref.Filter != "" && len(ref.To) != 1 {
			c.Report(ref.at, "R3", "filter is of one list :: name one resource beside it")
		}
		for _, to := range ref.to {
			if target := c.known(to); target != nil && len(ref.to) > 1 && len(target.IDs) == 0 {
				c.Report(to.Pos, "R3", "ids at %s may be of several resources, and %s does not say how its ids begin :: write ids in %s", ref.Path, to.Value, target.Pos.File)
			}
		}
	}
}

func (c *resourceCheck) known(name Text) *Resource {
	r := c.byName[name.Value]
	if near := spelling.Suggestion(name.Value, c.names); r == nil && (c.whole || near != "") {
		c.Report(name.Pos, "R3", "there is no resource %s%s", name.Value, near)
	}
	return r
}

// paths reports paths that Stripe's objects do not have. An object without a catalog
// may have any; one whose list is read has a catalog.
func (c *resourceCheck) paths(r *Resource) {
	if r.Object != "" && r.List.Path != "" && !slices.Contains(sourceObjects, r.Object) {
		c.Report(r.places.object, "R2", "there is no catalog of %q%s", r.Object, suggestionOr(r.Object, sourceObjects, "; there are "+strictyaml.OrList(sourceObjects)))
	}
	for _, ref := range r.refs() {
		c.path(r.Object, Text{Value: ref.Path, Pos: ref.at})
	}
	for _, path := range r.places.expand {
		c.path(r.Object, path)
	}
	for _, path := range []string{r.Due.Path, r.Due.At} {
		c.path(r.Object, Text{Value: path, Pos: r.places.due})
	}
	for _, touch := range r.ChangedBy {
		if !touch.undocumented {
			c.path(touch.Object, Text{Value: touch.ID, Pos: touch.at})
		}
	}
}

// path reports a path that the catalog of an object lacks.
func (c *resourceCheck) path(object string, path Text) {
	if path.Value == "" || !memberPath.MatchString(path.Value) || !slices.Contains(sourceObjects, object) {
		return
	}
	catalog, err := LoadCatalog(object)
	if err != nil {
		c.Report(path.Pos, "R2", "%v", err)
		return
	}
	at, walked := catalog.Root(), object
	for step := range strings.SplitSeq(path.Value, ".") {
		name, each := strings.CutSuffix(step, "[]")
		field := at.Member(name)
		switch {
		case field == nil && open(at):
			return
		case field == nil:
			c.Report(path.Pos, "R2", "%s has no %s%s", walked, name, spelling.Suggestion(name, sourceNames(at)))
			return
		case each && field.Elem == nil:
			c.Report(path.Pos, "R2", "%s.%s is no list :: write %s", walked, name, name)
			return
		}
		at, walked = field, walked+"."+step
		if each {
			at = field.Elem
		} else if field.Type == SourceList && field.Elem != nil {
			at = field.Elem // expansion leads through a list without a mark
		}
	}
}

// open reports whether a field may have members that the catalog does not list.
func open(f *SourceField) bool {
	return f != nil && (f.Type == SourceAny || f.Type == SourceMap || f.Expandable || f.Type == SourceObject && len(f.Fields) == 0)
}

// owner reports objects that belong to nobody in the end, and members that show an
// owner and that nobody reads: `forget` would keep the objects as if they were erased.
func (c *resourceCheck) owner(r *Resource) {
	for _, ref := range r.Owner.BelongsTo {
		for _, to := range ref.to {
			target := c.byName[to.Value]
			switch {
			case target == nil:
			case target.Owner.Nobody:
				c.Report(to.Pos, "R4", "%s belong to nobody, so nothing leads from %s to a person :: write owner: nobody, or another path", to.Value, r.Name)
			case c.circle(r, target, nil):
				c.Report(to.Pos, "R4", "%s leads to %s, and that back to %s :: a person must be at the end", r.Name, to.Value, r.Name)
			}
		}
	}
	if r.List.Path == "" || !slices.Contains(sourceObjects, r.Object) || r.owners() == 0 {
		return
	}
	catalog, err := LoadCatalog(r.Object)
	if err != nil {
		return // paths reported it
	}
	for _, name := range c.ownerMembers() {
		said := slices.ContainsFunc(slices.Concat(r.Owner.BelongsTo, r.Brings), func(ref Ref) bool { return ref.Path == name })
		if catalog.Root().Member(name) != nil && !said {
			c.Report(r.places.owner, "R4", "%s.%s may say whose it is :: put it into owner or brings", r.Object, name)
		}
	}
}

// owners counts what the file says of the owner; what is missing is reported elsewhere.
func (r *Resource) owners() (n int) {
	for _, is := range []bool{r.Owner.Person, r.Owner.Nobody, len(r.Owner.BelongsTo) > 0} {
		if is {
			n++
		}
	}
	return n
}

// circle reports whether the owners of a resource lead back to another one.
func (c *resourceCheck) circle(to, from *Resource, before []string) bool {
	if from == to {
		return true
	}
	if slices.Contains(before, from.Name) {
		return false // a circle of others, reported there
	}
	for _, ref := range from.Owner.BelongsTo {
		for _, name := range ref.To {
			if next := c.byName[name]; next != nil && c.circle(to, next, append(before, from.Name)) {
				return true
			}
		}
	}
	return false
}

// ownerMembers are the members that show the owner of some resource's objects.
func (c *resourceCheck) ownerMembers() []string {
	names := []string{"customer"}
	for _, r := range c.all {
		for _, ref := range r.Owner.BelongsTo {
			if len(ref.To) == 1 && r.List.Path != "" {
				names = append(names, ref.Path)
			}
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(names)))
}
