package schemas

// Schema declares one table: its columns, their meaning, its key, its time and its
// partitions. It is the parsed form of one file under stripe/ (or a pack).
type Schema struct {
	Name        string // stable name, "system.object"; references use it
	Version     string // semantic version of the declaration
	Title       string
	Description string
	Table       string   // table and folder name, plural
	Behavior    string   // "record" or "time-series" (XDM's meta:behaviorType)
	PrimaryKey  []string // declared key within one account; kept unique by the merge, never by a constraint
	VersionBy   string   // always "$seq": the higher sequence number wins
	Timestamp   string   // the date-time field that holds the source object's created; partitions follow it
	Partition   string   // "day", "month" or "year"; month unless declared
	History     bool     // replaced rows stay in a second table
	Fields      []*Field
	Pos         Pos
}

// Field is one declared column, or one member of an object column.
type Field struct {
	Name        string
	Type        Type
	Title       string
	Description string
	Required    bool        // a row without a value is rejected
	Pattern     string      // values that do not match are drift, never rejects
	MaxLength   int         // in characters; 0 is unlimited
	Enum        []EnumValue // known values in declared order; open unless Closed
	Closed      bool        // an unknown enum value rejects the row
	Unit        string      // for money: the field in the same object or one around it that has the currency code
	Minor       bool        // for money: the table also has a BIGINT "<name>_minor"
	Ref         string      // schema whose key this field holds; declared, never enforced
	Identity    string      // identity namespace, if the field identifies a person
	Label       string      // "pii", "sensitive" or empty
	NotPersonal string      // why a field whose name looks personal is not; empty without a reason
	Hashed      bool        // a keyed hash replaces its values, by the set's Privacy
	XDM         []string    // standard XDM paths that this field also fills
	Status      string      // "stable", "experimental" or "deprecated"
	ReplacedBy  string      // for deprecated fields
	RenamedFrom []string    // former names; each has a second column
	FormerOf    string      // for such a column: the present name of the field
	Since       string
	Pos         Pos
}

// EnumValue is one known value of a field and the label people read.
type EnumValue struct{ Value, Label string }

// Kind names a type of the schema language. The names are XDM's
// (meta:xdmType) plus money, decimal, json, list and map.
type Kind string

// The kinds and the DuckDB and Arrow types that hold them.
const (
	String   Kind = "string"    // VARCHAR
	Boolean  Kind = "boolean"   // BOOLEAN
	Short    Kind = "short"     // SMALLINT
	Integer  Kind = "integer"   // INTEGER
	Long     Kind = "long"      // BIGINT
	Number   Kind = "number"    // DOUBLE; never for money (Invariant 10)
	Decimal  Kind = "decimal"   // DECIMAL(38,12), exact
	Money    Kind = "money"     // DECIMAL(18,3), exact major units of the row's own currency
	Date     Kind = "date"      // DATE
	DateTime Kind = "date-time" // TIMESTAMP, UTC, microseconds; in a Parquet file it has the zone UTC (docs/adr/0023)
	JSON     Kind = "json"      // JSON text as sent
	Object   Kind = "object"    // STRUCT
	List     Kind = "list"      // LIST of Elem
	Map      Kind = "map"       // MAP(VARCHAR, Elem)
)

// Type is a field's type. Elem is set for List and Map, Fields for Object.
// A type named after a file under types/ (for example address) is resolved to
// an Object when the set is loaded.
type Type struct {
	Kind   Kind
	Elem   *Type
	Fields []*Field
}

// Inner returns the fields inside an object, or inside the elements of a list.
func (t Type) Inner() []*Field {
	if t.Elem != nil {
		return t.Elem.Fields
	}
	return t.Fields
}

// String returns the type as an author writes it: "list<object>", "map<string>".
func (t Type) String() string {
	if t.Kind == List || t.Kind == Map {
		return string(t.Kind) + "<" + t.Elem.String() + ">"
	}
	return string(t.Kind)
}

// Lookup is a value table from text to text, such as the currency exponents.
type Lookup struct {
	Name        string
	Title       string
	Description string
	Rows        []LookupRow
	Pos         Pos
}

// LookupRow is one entry of a lookup, in declared order.
type LookupRow struct{ Key, Value string }
