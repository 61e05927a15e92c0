package schemas

import (
	"regexp"

	"github.com/stripelake/stripelake/internal/strictyaml"
)

var (
	objectName  = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$`)
	idPrefix    = regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	listPath    = regexp.MustCompile(`^/v1(/[a-z_]+)+$`)
	listVariant = regexp.MustCompile(`^$|^[a-z_]+(\[[a-z_]+\])?=[^&\s]+(&[a-z_]+(\[[a-z_]+\])?=[^&\s]+)*$`)
	memberPath  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\[\])?(\.[A-Za-z_][A-Za-z0-9_]*(\[\])?)*$`)
	filterName  = regexp.MustCompile(`^[a-z_]+(\[[a-z_]+\])?$`)
)

// parseResource reads one resource file.
func (l *loader) parseResource(n *strictyaml.Node) *Resource {
	o := l.Object(n, "a resource file")
	if o == nil {
		return nil
	}
	name := o.Required("resource", "R1", "write the name of the stream and of its table, for example charges")
	object := o.Required("object", "R1", `write the member "object" of its objects, for example charge`)
	r := &Resource{
		Name: name.Value, Object: object.Value, OldObject: o.Text("old_object").Value, Pos: n.Pos,
		Description: o.Required("description", "S1", "say in a sentence what its objects are").Value,
		Order:       o.Positive("order"), Deletable: o.Choice("deleted", "never", "stub") == "stub",
		MadeWhenNamed: o.Boolean("made_when_named", false), Transaction: o.Boolean("transaction", false),
	}
	r.places.object = object.Pos
	r.places.transaction = o.Text("transaction").Pos
	r.places.ids = o.Texts("ids")
	r.IDs = strictyaml.Values(r.places.ids)
	list := o.Get("list")
	r.Silent = o.Boolean("silent", false)
	due, changes := o.Get("due"), o.Get("changes")
	r.Mentions = l.references(o.Get("mentions"), "mentions", true)
	r.places.embeds = o.Texts("embeds")
	r.Embeds = strictyaml.Values(r.places.embeds)
	owner := o.Get("owner")
	r.Brings = l.references(o.Get("brings"), "brings", false)
	r.places.late = o.Texts("late_columns")
	r.LateColumns = strictyaml.Values(r.places.late)
	o.ReportUnasked()
	l.matches(name, snakeName, "resource %q must be lower case letters, digits and underscores")
	l.matches(object, objectName, "object %q must be lower case letters, digits and underscores")
	if name.Value == eventsName {
		l.Report(name.Pos, "R1", "%s is the stream of Stripe's events :: choose another name", eventsName)
	}
	for _, id := range r.places.ids {
		l.matches(id, idPrefix, `ids are the letters before the last "_" of an id, for example ch; %q is not`)
	}
	if list != nil {
		l.parseListing(r, list)
	}
	l.parseChanges(r, changes, due)
	l.parseOwner(r, o, owner)
	return r
}

// eventsName is the name of the stream of Stripe's events, which is no resource.
const eventsName = "events"

// matches reports a text that does not match a pattern.
func (l *loader) matches(t Text, pattern *regexp.Regexp, format string) {
	if t.Value != "" && !pattern.MatchString(t.Value) {
		l.Report(t.Pos, "R1", format, t.Value)
	}
}

// parseListing reads how a resource is listed.
func (l *loader) parseListing(r *Resource, n *strictyaml.Node) {
	o := l.Object(n, "list")
	if o == nil {
		return
	}
	path := o.Required("path", "R1", "write the endpoint of the list, for example /v1/charges")
	r.List = Listing{Path: path.Value, Hidden: o.Boolean("hides_some", false)}
	variants := o.Get("variants")
	r.places.expand = o.Texts("expand")
	r.List.Expand = strictyaml.Values(r.places.expand)
	o.ReportUnasked()
	l.matches(path, listPath, "path %q must be an endpoint such as /v1/charges")
	if r.List.Path == "" {
		r.List.Path = "/v1/?" // a list it has, though nobody knows which
	}
	if r.List.Variants = l.variants(variants); len(r.List.Variants) == 0 {
		r.List.Variants = []string{""}
	}
}

// variants reads query strings; the empty one is the list without a query.
func (l *loader) variants(n *strictyaml.Node) (variants []string) {
	if n == nil {
		return nil
	}
	if n.Kind != strictyaml.List {
		l.Report(n.Pos, "Y4", `variants must be a list of query strings, for example ["", active=false], is %s`, n.Kind)
		return nil
	}
	for _, item := range n.Items {
		if item.Kind != strictyaml.Scalar || !listVariant.MatchString(item.Text) {
			l.Report(item.Pos, "R1", `variant %q must be a query string such as status=all, or "" for none`, item.Text)
			continue
		}
		variants = append(variants, item.Text)
	}
	return variants
}

// parseChanges reads which events show a change, or when objects change without one.
func (l *loader) parseChanges(r *Resource, changes, due *strictyaml.Node) {
	r.places.due = r.Pos
	if due != nil {
		l.parseDue(r, due)
	}
	for _, item := range l.items(changes, "changes", "{holds: charge, id: id}") {
		if touch, ok := l.touch(item); ok {
			r.ChangedBy = append(r.ChangedBy, touch)
		}
	}
	switch {
	case r.List.Path == "" && (r.Silent || due != nil || changes != nil):
		l.Report(r.Pos, "R5", "changes are read for a resource with a list only :: add list, or take silent, due and changes out")
	case r.List.Path == "":
	case r.Silent && changes != nil:
		l.Report(changes.Pos, "R5", "%s is silent, and events show its changes :: take one of the two out", r.Name)
	case r.Silent && due == nil:
		l.Report(r.Pos, "R5", "%s is silent :: say when an object changes, for example due: {path: status, is: pending, at: available_on}", r.Name)
	case !r.Silent && due != nil:
		l.Report(due.Pos, "R5", "due is for objects that change without an event :: write silent: true, or take due out")
	case !r.Silent && changes == nil:
		l.Report(r.Pos, "R5", "nothing says which events show a change of %s :: write changes: [{holds: %s, id: id}], or silent: true", r.Name, r.Object)
	}
}

func (l *loader) parseDue(r *Resource, n *strictyaml.Node) {
	r.places.due = n.Pos
	o := l.Object(n, "due")
	if o == nil {
		return
	}
	path := o.Required("path", "R5", "write the member that says whether an object changes, for example status")
	is := o.Required("is", "R5", "write its text in an object that changes, for example pending")
	at := o.Required("at", "R5", "write the member with the time of the change, for example available_on")
	o.ReportUnasked()
	l.matches(path, memberPath, "path %q must be names joined by dots")
	l.matches(at, memberPath, "at %q must be names joined by dots")
	r.Due = Due{Path: path.Value, Is: is.Value, At: at.Value}
}

// touch reads one kind of event.
func (l *loader) touch(n *strictyaml.Node) (Touch, bool) {
	o := l.Object(n, "an item of changes")
	if o == nil {
		return Touch{}, false
	}
	holds, not, id, filter := o.Text("holds"), o.Text("holds_not"), o.Required("id", "R5", "write the path to the ids in the object of the event, for example id"), o.Text("filter")
	t := Touch{Object: holds.Value, Not: not.Value, Types: o.Text("types").Value, ID: id.Value, Filter: filter.Value, at: id.Pos}
	t.undocumented = o.Text("undocumented").Value != ""
	o.ReportUnasked()
	l.matches(id, memberPath, "id %q must be names joined by dots, with [] behind a list")
	l.matches(filter, filterName, "filter %q must be a parameter of the list, such as charge")
	if t.Object != "" && t.Not != "" {
		l.Report(not.Pos, "R5", "holds says it all :: take holds_not out")
	}
	if t.Object == "" && t.Types == "" {
		l.Report(n.Pos, "R5", "this would be every event :: say what it holds, for example holds: charge, or how its types begin, for example types: customer.")
	}
	return t, true
}

// parseOwner reads whose the objects are.
func (l *loader) parseOwner(r *Resource, o *strictyaml.Object, n *strictyaml.Node) {
	r.places.owner = r.Pos
	const hint = "write person, nobody, or where an object names its owner, for example [{path: customer, resource: customers}]"
	switch {
	case n == nil:
		if o.IsMissing("owner") {
			l.Report(r.Pos, "R4", "owner is missing: "+hint)
		}
		return
	case n.Kind == strictyaml.List:
		r.Owner.BelongsTo = l.references(n, "owner", true)
	case n.Kind == strictyaml.Scalar && n.Text == "person":
		r.Owner.Person = true
	case n.Kind == strictyaml.Scalar && n.Text == "nobody":
		r.Owner.Nobody = true
	default:
		l.Report(n.Pos, "R4", "owner says whose the objects are: "+hint)
	}
	r.places.owner = n.Pos
}

// references reads a list of references. to says that each leads to a resource.
func (l *loader) references(n *strictyaml.Node, key string, to bool) (refs []Ref) {
	for _, item := range l.items(n, key, "{path: customer, resource: customers}") {
		o := l.Object(item, "an item of "+key)
		if o == nil {
			continue
		}
		path := o.Required("path", "R3", "write the path to the ids, for example customer")
		filter, targets := o.Text("filter"), o.Texts("resource")
		if to && o.IsMissing("resource") {
			l.Report(item.Pos, "R3", "resource is missing: write which objects have these ids, for example customers")
		}
		o.ReportUnasked()
		l.matches(path, memberPath, "path %q must be names joined by dots, with [] behind a list")
		l.matches(filter, filterName, "filter %q must be a parameter of the list, such as payment_intent")
		refs = append(refs, Ref{Path: path.Value, To: strictyaml.Values(targets), Filter: filter.Value, at: path.Pos, to: targets})
	}
	return refs
}

// items returns the items of a list, and reports a value that is none.
func (l *loader) items(n *strictyaml.Node, key, example string) []*strictyaml.Node {
	switch {
	case n == nil:
		return nil
	case n.Kind != strictyaml.List:
		l.Report(n.Pos, "Y4", "%s must be a list, for example [%s], is %s", key, example, n.Kind)
	case len(n.Items) == 0:
		l.Report(n.Pos, "Y4", "%s lists nothing :: name one, or leave it out", key)
	}
	return n.Items
}
