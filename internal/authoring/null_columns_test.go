package authoring

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/transform"
)

// TestNullColumns holds what is said of a new column that no row fills: which of its
// sources no object has, and which keys are there instead.
func TestNullColumns(t *testing.T) {
	t.Parallel()
	const schema, mapping = "stripe/charge.yaml", "mappings/stripe/charge.yaml"
	raws := []string{
		`{"id": "ch_1", "object": "charge", "created": 1700000000, "livemode": false, "description": "a", "metadata": {"channel": "web"}}`,
		`{"id": "ch_2", "object": "charge", "created": 1700000000, "livemode": false, "metadata": {"channel": "app", "x": null}}`,
	}
	before, _ := edited(t)
	for made, want := range map[string][]NullColumn{
		`metadata["channel"]`:             nil,
		`lower(description)`:              nil, // filled in one row
		`metadata["chanel"]`:              {{Column: "new", Read: []string{"metadata.chanel"}, Missing: []string{"metadata.chanel"}, Keys: []string{"metadata.channel", "metadata.x"}}},
		`metadata["x"]`:                   {{Column: "new", Read: []string{"metadata.x"}, Missing: []string{"metadata.x"}, Keys: []string{"metadata.channel", "metadata.x"}}},
		`lookup(card_brand, description)`: {{Column: "new", Read: []string{"description"}}},
		`failure_code ?? ref(review)`:     {{Column: "new", Read: []string{"failure_code", "review"}, Missing: []string{"failure_code", "review"}}},
		`nil`:                             {{Column: "new"}},
	} {
		after, mappings := edited(t, edit{schema, "\nfields:\n", "\nfields:\n  new: {type: string, title: New}\n"}, edit{mapping, "\nfields:\n", "\nfields:\n  new: " + made + "\n"})
		var objects []transform.Object
		for _, raw := range raws {
			o, err := Parse([]byte(raw))
			if err != nil {
				t.Fatal(err)
			}
			objects = append(objects, o)
		}
		nulls := newNullColumns(newRowComparison(before, after, "charges"), after, mappings, "charges")
		rows := rowsIn(mappings.Mapper("charge"), objects, "charges")
		nulls.look(rows, objects)
		rows.Release()
		if diff := cmp.Diff(want, nulls.list()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", made, diff)
		}
	}
}
