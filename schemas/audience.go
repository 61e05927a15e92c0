package schemas

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// Segment is a list of customers to hand to another system. Its file is plain SQL like
// a mart's. A row is about one customer, named by its first two columns: account and
// customer_id. The SQL sees no labelled field. Each personal column is declared in a
// line of the comment instead, and the program adds it, so that the privacy policy
// applies whatever the SQL says.
type Segment struct {
	Name        string       // the file's name
	Title       string       // first paragraph of the comment
	Description string       // other paragraphs of the comment
	SQL         string       // as written
	Columns     []MartColumn // in the order written; a column without a comment is not handed out
	Personal    []Personal   // in the order declared
	Pos         Pos
}

// Personal is a column of a segment that the program adds from the customer's row.
type Personal struct {
	Name        string
	Description string
	SHA256      bool   // the value is trimmed, in lower case, and hashed; otherwise it is unchanged, and only for users who ask for it
	Field       *Field // of the table customers, before any policy; its Ref, Identity and XDM describe it
	Path        string // path of the field: "email", "address.city"
	Pos         Pos
}

// SegmentTable is the table with the customers of segments.
const SegmentTable = "customers"

// segmentKey are the columns that identify a segment's customer, in this order.
var segmentKey = []string{"account", "customer_id"}

var (
	segmentName  = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)
	personalLine = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?:sha256\(\s*([\w.]+)\s*\)|([\w.]+))\s*(?:--\s*(.*))?$`)
)

// Segment returns the segment of that name ("bnpl-offers"), or nil.
func (s *Set) Segment(name string) *Segment {
	return find(s.Segments, func(x *Segment) bool { return x.Name == name })
}

// Labelled returns the names of all labelled fields, sorted, including those that the
// policy drops.
func (s *Set) Labelled() []string {
	var names []string
	for _, path := range s.labelled {
		names = append(names, path[strings.LastIndexByte(path, '.')+1:])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// loadSegments reads segments/*.sql. It must run before the privacy policy is applied:
// a segment may declare a field that the policy drops.
func (l *loader) loadSegments(set *Set) error {
	_, set.labelled = fieldPaths(set)
	return l.read(segmentsDir, ".sql", func(name string, data []byte) {
		s := &Segment{Name: strings.TrimSuffix(path.Base(name), ".sql"), SQL: strings.TrimSpace(string(data)), Pos: Pos{File: name, Line: 1, Col: 1}}
		if !segmentName.MatchString(s.Name) {
			l.Report(s.Pos, "G1", "%q is no name for a segment :: use lower-case letters, digits, _ and -", s.Name)
			return
		}
		l.parseSegment(set, s)
		set.Segments = append(set.Segments, s)
	})
}

func (l *loader) parseSegment(set *Set, s *Segment) {
	said := []string{}
	for i, line := range headComment(s.SQL) {
		if declared, ok := strings.CutPrefix(line, "personal:"); ok {
			l.parsePersonal(set, s, strings.TrimSpace(declared), Pos{File: s.Pos.File, Line: i + 1, Col: 1})
		} else {
			said = append(said, line)
		}
	}
	s.Title, s.Description = paragraphs(said)
	s.Columns = lastColumns(s.SQL)
	if s.Title == "" {
		l.Report(s.Pos, "V2", "say in a comment at its top who is in the segment")
	}
	names := columnNames(s.Columns)
	if len(names) < 2 || !slices.Equal(names[:2], segmentKey) {
		l.Report(s.Pos, "G2", "the first columns of a segment are account and customer_id, each on a line of its own with a comment")
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			l.Report(s.Pos, "G2", "there are two columns %s", name)
		}
	}
	for _, p := range s.Personal {
		if slices.Contains(names, p.Name) {
			l.Report(p.Pos, "G2", "there are two columns %s", p.Name)
		}
	}
}

// parsePersonal reads "NAME = customers.FIELD -- meaning", with the field as it is or
// inside sha256().
func (l *loader) parsePersonal(set *Set, s *Segment, text string, at Pos) {
	parts := personalLine.FindStringSubmatch(text)
	if parts == nil {
		l.Report(at, "G3", "write personal: NAME = sha256(%s.FIELD) -- meaning, or NAME = %s.FIELD", SegmentTable, SegmentTable)
		return
	}
	full := parts[2] + parts[3]
	table, fieldPath, _ := strings.Cut(full, ".")
	p := Personal{Name: parts[1], Description: parts[4], SHA256: parts[2] != "", Path: fieldPath, Pos: at}
	if customers := set.Table(SegmentTable); customers != nil && table == SegmentTable {
		p.Field = FieldAt(customers.Fields, fieldPath)
	}
	all, personal := fieldPaths(set)
	switch {
	case p.Field == nil && !slices.Contains(all, full):
		l.reportUnknown(personal, full, at, "G3", "no table has the field %s%s", full)
	case p.Field == nil:
		l.Report(at, "G3", "%s is not a field of %s, the table whose rows a segment's customers are", full, SegmentTable)
	case !slices.Contains(personal, full):
		l.Report(at, "G3", "%s is not labelled :: select it in the SQL, or write label: pii beside its type", full)
	case p.Field.Type.Kind != String:
		l.Report(at, "G3", "%s is %s, and only strings can be handed out", full, p.Field.Type)
	case slices.ContainsFunc(s.Personal, func(o Personal) bool { return o.Name == p.Name }):
		l.Report(at, "G2", "there are two columns %s", p.Name)
	default:
		s.Personal = append(s.Personal, p)
	}
}

// FieldAt returns the field at a path of names with dots ("address.city"). It returns
// nil if there is none, or only one inside a list.
func FieldAt(fields []*Field, path string) *Field {
	name, rest, inside := strings.Cut(path, ".")
	f := find(fields, func(f *Field) bool { return f.Name == name })
	if f == nil || !inside {
		return f
	}
	return FieldAt(f.Type.Fields, rest)
}

func columnNames(columns []MartColumn) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return names
}
