package transform

import "fmt"

// Reject is an object, or an item of one, that could not become a row of a
// table. It has the reason and the position of the rule, and never more of the
// object than the one value that broke the rule.
type Reject struct {
	Account, ID string
	Seq         uint64
	Table       string
	Field       string // target column, "" for the object as a whole
	Rule        string // "size", "json", "id", "required", "money" or "enum"
	Reason      string
	Mapping     string // file:line of the mapping's leaf
	Example     string // the value, or only its JSON type and length if the set's privacy hides personal data; "" for none
}

// refusal is the reason why the current row is rejected.
type refusal struct {
	field, rule, reason, mapping, example string
}

// badJSON is the refusal of an object that is not one JSON object.
func (c *evaluation) badJSON() refusal {
	if c.object.Raw == nil {
		return refusal{rule: "json", reason: "there are no bytes"}
	}
	return refusal{rule: "json", reason: fmt.Sprintf("not one JSON object: byte %d of %d", c.at, len(c.raw))}
}

// refuse records the reason why the current row is rejected, and returns false.
func (c *evaluation) refuse(f *field, rule, reason string, found sample) bool {
	c.refusal = refusal{field: f.name, rule: rule, reason: reason, mapping: f.mapping, example: c.example(found)}
	return false
}

func (r refusal) of(o *Object, table string) Reject {
	return Reject{
		Account: o.Account, ID: o.ID, Seq: o.Seq, Table: table,
		Field: r.field, Rule: r.rule, Reason: r.reason, Mapping: r.mapping, Example: r.example,
	}
}
