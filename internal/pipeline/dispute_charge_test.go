package pipeline

import (
	"testing"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
)

func TestDisputed(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ stream, object, dispute, charge string }{
		{"charges", `{"id":"ch_1","object":"charge","dispute":"du_1"}`, "du_1", "ch_1"},
		{"charges", `{"id":"ch_1","object":"charge","dispute":{"id":"dp_1","object":"dispute"}}`, "dp_1", "ch_1"},
		{"charges", `{"id":"ch_1","object":"charge","dispute":null}`, "", ""},
		{"charges", `{"id":"ch_1","object":"charge","metadata":{"dispute":"du_9"}}`, "", ""},
		{"charges", `{"id":"ch_1","object":"charge","dispute":17}`, "", ""},
		{"charges", `no JSON "dispute"`, "", ""},
		{"events", `{"id":"evt_1","object":"event","data":{"object":{"id":"du_1","object":"dispute","charge":"ch_1"}}}`, "du_1", "ch_1"},
		{"events", `{"id":"evt_1","object":"event","data":{"object":{"id":"du_1","object":"dispute","charge":{"id":"ch_1"}}}}`, "du_1", "ch_1"},
		{"events", `{"id":"evt_1","object":"event","data":{"object":{"id":"du_1","object":"dispute","charge":null}}}`, "", ""},
		{"events", `{"id":"evt_1","object":"event","data":{"object":{"id":"ch_1","object":"charge","dispute":"du_1"}}}`, "du_1", "ch_1"},
		{"events", `{"id":"evt_1","object":"event","data":{"object":{"id":"re_1","object":"refund","charge":"ch_1"}},"x":"dispute"}`, "", ""},
		{"events", `{"id":"evt_1","object":"event","data":{"object":"dispute"}}`, "", ""},
	} {
		if got := disputeIn(disputesOf(schemas.ShippedResources()), tc.stream, []byte(tc.object)); got != (load.Disputed{Dispute: tc.dispute, Charge: tc.charge}) {
			t.Errorf("%s names %+v, want dispute %q of charge %q", tc.object, got, tc.dispute, tc.charge)
		}
	}
}
