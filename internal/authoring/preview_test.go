package authoring

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPreviewOfItems checks that a row shows the text of its own element, and none if
// an earlier element made no row.
func TestPreviewOfItems(t *testing.T) {
	t.Parallel()
	set, mappings := edited(t)
	const object = `{"id": "sub_1", "object": "subscription", "created": 1700000000, "livemode": false, "status": "active",
		"items": {"data": [%s, {"id": "si_2", "created": 1700000002, "quantity": 2}]}}`
	for _, tc := range []struct {
		name, first string
		want        []string
	}{
		{"each makes a row", `{"id": "si_1", "created": 1700000001, "quantity": 1}`, []string{"1 of 1", "2 of 2"}},
		{"the first is refused", `{"created": 1700000001, "quantity": 1}`, []string{"2 of "}},
		{"the first is null", `null`, []string{"2 of "}},
	} {
		o, err := Parse(fmt.Appendf(nil, object, tc.first))
		if err != nil {
			t.Fatal(err)
		}
		preview, err := PreviewOf(set, mappings, o)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, table := range preview.Tables {
			for _, row := range table.Rows {
				for _, cell := range row {
					if table.Table == "subscription_items" && cell.Field == "quantity" {
						got = append(got, cell.Value+" of "+cell.Sources[0].Text)
					}
				}
			}
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}
