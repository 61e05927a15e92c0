package transform

import (
	"cmp"
	"slices"

	"github.com/stripelake/stripelake/internal/strictyaml"
	"github.com/stripelake/stripelake/schemas"
)

// Mappings are the compiled mappings of a set. They do not change, and any number of
// goroutines may make Mappers from it.
type Mappings struct {
	programs      map[string]*program
	warnings      schemas.Problems
	key           []byte // of the HMAC of hashed fields; nil without a key
	keepsPersonal bool   // the set's privacy keeps all personal data
}

// Compile checks and compiles every mapping of a set. Mistakes are returned
// together, as schemas.Problems in file order, each with its position and,
// where there is one, its fix. The mappings that are returned with them map
// nothing; they have only their Warnings.
func Compile(set *schemas.Set) (*Mappings, error) {
	c := &compiler{set: set, exponents: exponentsOf(set), functions: functionsByName(), lookups: map[string]map[string][]byte{}, usedLookups: map[string]bool{}}
	for _, l := range set.Lookups {
		valueOf := map[string][]byte{}
		for _, r := range l.Rows {
			valueOf[r.Key] = []byte(r.Value)
		}
		c.lookups[l.Name] = valueOf
		c.lookupNames = append(c.lookupNames, l.Name)
	}
	mappings := &Mappings{programs: map[string]*program{}, keepsPersonal: set.Privacy.KeepsAll()}
	for _, m := range set.Mappings {
		if object := m.Source.Object; mappings.programs[object] == nil {
			mappings.programs[object] = c.object(object, set.MappingsOf(object))
		}
	}
	c.unusedLookups()
	mappings.warnings = inFileOrder(c.warnings)
	if len(c.problems) > 0 {
		return &Mappings{warnings: mappings.warnings}, inFileOrder(c.problems)
	}
	return mappings, nil
}

// unusedLookups warns of lookups that no expression names. It warns of nothing
// while there are mistakes: which lookups the corrected expressions will use is
// not known.
func (c *compiler) unusedLookups() {
	if c.set.Partial || len(c.problems) > 0 {
		return
	}
	for _, l := range c.set.Lookups {
		if !c.usedLookups[l.Name] && l.Name != schemas.CurrencyExponents {
			c.warning(l.Pos, "M10", "nothing uses the lookup %s", l.Name)
		}
	}
}

// Mapper returns a new Mapper for one type of Stripe object ("charge"), or nil
// if no mapping reads it.
func (p *Mappings) Mapper(object string) *Mapper {
	if p.programs[object] == nil {
		return nil
	}
	m := newMapper(p.programs[object]).keyed(p.key)
	m.mayShow = p.keepsPersonal
	return m
}

// Only returns one mapping, without the others that read the same type of
// object. It returns nil for a mapping that is not among them.
func (p *Mappings) Only(m *schemas.Mapping) *Mappings {
	one := p.mapping(m)
	if one == nil {
		return nil
	}
	alone := *p.programs[m.Source.Object]
	alone.mappings = []mapping{*one}
	return &Mappings{programs: map[string]*program{m.Source.Object: &alone}, key: p.key, keepsPersonal: p.keepsPersonal}
}

// Tables returns the tables that one type of Stripe object feeds, in the order
// of the batches that Map returns.
func (p *Mappings) Tables(object string) []*schemas.Schema {
	if p.programs[object] == nil {
		return nil
	}
	return slices.Clone(p.programs[object].tables)
}

// Warnings returns what an author should look at although it is no mistake:
// optional columns without a mapping (M5), members that only expanded objects
// have (M7), documented values that a lookup does not have (M8), names under
// let and lookups that no expression uses (M10).
func (p *Mappings) Warnings() schemas.Problems { return slices.Clone(p.warnings) }

// inFileOrder sorts problems by position and drops repetitions. A mistake in a
// named type, for example, is found wherever the type is used.
func inFileOrder(problems schemas.Problems) schemas.Problems {
	slices.SortStableFunc(problems, func(a, b schemas.Problem) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col))
	})
	return slices.Compact(problems)
}

// compiler holds what all mappings of a set share while they are compiled.
type compiler struct {
	set         *schemas.Set
	exponents   exponents
	functions   map[string]*Function
	lookups     map[string]map[string][]byte
	lookupNames []string
	usedLookups map[string]bool
	problems    schemas.Problems
	warnings    schemas.Problems
}

func (c *compiler) problem(at schemas.Pos, code, format string, args ...any) {
	c.problems = append(c.problems, strictyaml.NewProblem(at, code, format, args...))
}

func (c *compiler) warning(at schemas.Pos, code, format string, args ...any) {
	c.warnings = append(c.warnings, strictyaml.NewProblem(at, code, format, args...))
}

// objectCompiler builds the program of one type of object.
type objectCompiler struct {
	*compiler
	program     *program
	scopes      map[iteration]*scope
	sharedByKey map[string]func(*evaluation) value
	points      map[string]int
	interiors   map[*node]bool
}

// iteration identifies a list that is iterated inside a scope. The scope is
// part of the key, so that an iteration never overwrites the element that
// encloses it.
type iteration struct {
	inside *scope
	list   *node
	label  string // the name of its elements in expressions; each name has its own messages
}

func (c *compiler) object(name string, mappings []*schemas.Mapping) *program {
	catalog, err := schemas.LoadCatalog(name)
	if err != nil {
		for _, m := range mappings {
			c.problem(m.Pos, "M14", "%s", err)
		}
		return nil
	}
	o := &objectCompiler{
		compiler: c, program: &program{}, scopes: map[iteration]*scope{},
		sharedByKey: map[string]func(*evaluation) value{}, points: map[string]int{}, interiors: map[*node]bool{},
	}
	root := sourcePath{scope: o.newScope(nil, name), field: catalog.Root()}
	root.node, root.scope.field = root.scope.root, root.field
	for _, m := range mappings {
		if m.Schema == nil {
			c.problem(m.Pos, "M11", "%s has no target schema", m.Name)
			continue
		}
		o.mapping(m, root)
	}
	o.program.number()
	return o.program
}

// newScope returns a scope for the values at a path of the source.
func (o *objectCompiler) newScope(inside *scope, path string) *scope {
	s := &scope{id: len(o.program.scopes), path: path, root: newNode("")}
	if inside != nil {
		s.depth, s.nested = inside.depth+1, inside.nested
	}
	o.program.scopes = append(o.program.scopes, s)
	return s
}

// iterate returns the path of the elements of a list. label is the name that
// expressions have for an element; "" for none.
func (o *objectCompiler) iterate(inside *scope, l sourcePath, label string) sourcePath {
	markIterated(l.node)
	key := iteration{inside, l.node, label}
	if o.scopes[key] == nil {
		o.scopes[key] = o.newScope(inside, l.driftName()+"[]")
		o.scopes[key].label = label
		o.scopes[key].list = &l
		if label == "" {
			o.scopes[key].nested++
		}
	}
	p := sourcePath{scope: o.scopes[key], node: o.scopes[key].root}
	if l.field != nil {
		p.field = l.field.Elem
	}
	p.scope.field = p.field
	return p
}

// markIterated makes the scanner record the position of everything inside a
// list or an object.
func markIterated(n *node) *node {
	n.list = 0 // layOut gives it its number
	return n
}

// noteInterior records that paths lead through an object: a value of another
// type there is drift.
func (o *objectCompiler) noteInterior(p sourcePath) {
	if p.node == p.scope.root || p.field.Expandable || o.interiors[p.node] {
		return
	}
	o.interiors[p.node] = true
	p.scope.inside = append(p.scope.inside, interior{p.node, o.point(p)})
}

// point returns the number of a path's drift point.
func (o *objectCompiler) point(p sourcePath) int {
	return o.pointNamed(p.driftName())
}

func (o *objectCompiler) pointNamed(name string) int {
	if _, ok := o.points[name]; !ok {
		o.points[name] = len(o.program.points)
		o.program.points = append(o.program.points, name)
	}
	return o.points[name]
}

// pointOf returns the number of the drift point of an expression: the point of
// its path, or one of its own.
func (o *objectCompiler) pointOf(x expression) int {
	if x.path != nil {
		return o.point(*x.path)
	}
	return o.pointNamed(x.text)
}

// tableIndex returns the index of a schema among the program's tables.
func (o *objectCompiler) tableIndex(s *schemas.Schema) int {
	if i := slices.Index(o.program.tables, s); i >= 0 {
		return i
	}
	o.program.tables = append(o.program.tables, s)
	return len(o.program.tables) - 1
}
