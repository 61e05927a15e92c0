package transform

import "github.com/stripelake/stripelake/schemas"

// program maps one type of Stripe object: one trie of all the paths that its
// mappings read, and the mappings themselves. It does not change once compiled;
// each Mapper has its own memory.
type program struct {
	scopes   []*scope // the object's own first
	slots    int
	lists    int
	nodes    int
	memos    int
	points   []string // names of the drift points: a source path, or a column of a table
	tables   []*schemas.Schema
	mappings []mapping
}

// mapping is one compiled mapping.
type mapping struct {
	table    int    // index in tables
	position string // file:line

	// For a mapping with each: the list, whether it is there, the scope that
	// its items are scanned into, and the drift point for items that are not
	// objects.
	list    *node
	present func(*evaluation) value
	each    *scope
	point   int

	forms *mappingForms // for the backends beside the kernel

	where  func(*evaluation) value // nil keeps every row
	fields []field                 // one for each of physicalFields
}

// physicalFields returns a table's fields with the system columns around them.
// A field is one physical column, or two for money with its minor units.
func physicalFields(s *schemas.Schema) []*schemas.Field {
	var fields []*schemas.Field
	for _, c := range s.Columns() {
		switch {
		case c.Field == nil:
			fields = append(fields, &schemas.Field{Name: c.Name, Type: c.Type})
		case c.Field.Name == c.Name:
			fields = append(fields, c.Field)
		}
	}
	return fields
}

// systemFields are the kernel's forms of the columns that every table has.
var systemFields = map[string]func(*evaluation) value{
	"account":         func(c *evaluation) value { return textValue(c.account) },
	"deleted":         func(*evaluation) value { return booleanValue(false) },
	"deleted_seen_at": func(*evaluation) value { return value{} },
	"_source_id":      func(c *evaluation) value { return textValue(c.id) },
	"_seq":            func(c *evaluation) value { return integerValue(int64(c.object.Seq)) },
}

// number gives every scope its slots, once all paths are known. Then it adds
// the fields of the catalog that no mapping reads.
func (p *program) number() {
	for _, s := range p.scopes {
		p.slots, p.lists = s.root.layOut(p.slots, p.lists)
		s.root.addCatalog(s.field)
		p.nodes = s.root.enumerate(p.nodes)
	}
}
