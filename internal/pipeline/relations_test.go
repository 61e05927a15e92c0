package pipeline

import (
	"slices"
	"testing"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/schemas"
)

// Every stream is one that an erasure follows, or one whose objects are nobody's. A
// new one that nobody has decided on would keep what `forget` says is erased.
func TestEveryStreamIsClassified(t *testing.T) {
	t.Parallel()
	for _, s := range Streams(schemas.ShippedResources()) {
		resource, known := schemas.ShippedResources().Named(s.Name)
		followed, nobodys := slices.Contains(personalStreams(schemas.ShippedResources()), s.Name), resource.Owner.Nobody
		if followed == nobodys || !known && s.Name != extract.Events().Name {
			t.Errorf("%s: in the table %t, followed by forget %t, of nobody %t: say in the table of resources whose it is", s.Name, known, followed, nobodys)
		}
		if followed && !resource.Owner.Person && len(relationsOf(schemas.ShippedResources(), s.Name).owners) == 0 {
			t.Errorf("%s: no path says whose it is", s.Name)
		}
	}
}

// The order in which the log is gone through, whose claims are asked for where, and
// who waits for whom, follow from the table.
func TestRelationsFollowFromTheTable(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		what      string
		got, want []string
	}{
		{"personal", personalStreams(schemas.ShippedResources()), []string{"customers", "charges", "subscriptions", "refunds", "balance_transactions", "events"}},
		{"tellers of refunds", ownerStreams(schemas.ShippedResources(), "refunds"), []string{"charges"}},
		{"tellers of balance transactions", ownerStreams(schemas.ShippedResources(), "balance_transactions"), []string{"charges", "refunds"}},
		{"tellers of charges", ownerStreams(schemas.ShippedResources(), "charges"), nil},
		{"tellers of subscriptions", ownerStreams(schemas.ShippedResources(), "subscriptions"), nil},
		{"tellers of prices", ownerStreams(schemas.ShippedResources(), "prices"), nil},
		{"naming balance transactions", bringingStreams(schemas.ShippedResources(), "balance_transactions"), []string{"charges", "refunds"}},
		{"mentioning prices", schemas.ShippedResources().Mentioning("prices"), []string{"subscriptions"}},
		{"mentioning charges", schemas.ShippedResources().Mentioning("charges"), nil},
	} {
		if !slices.Equal(tc.got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.what, tc.got, tc.want)
		}
	}
}

func TestWhoseAnObjectIs(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		stream, object     string
		belongsTo, brought []string
	}{
		{"customers", `{"id":"cus_1","object":"customer","customer":"cus_9"}`, nil, nil},
		{
			"charges", `{"id":"ch_1","customer":{"id":"cus_1"},"balance_transaction":"txn_1","payment_intent":"pi_1","dispute":null,"refunds":{"data":[{"id":"re_1"},{"id":"re_2"}]}}`,
			[]string{"cus_1"},
			[]string{"txn_1", "pi_1", "re_1", "re_2"},
		},
		{
			"refunds", `{"id":"re_1","charge":"ch_1","payment_intent":"pi_1","failure_balance_transaction":"txn_2"}`,
			[]string{"ch_1", "pi_1"},
			[]string{"txn_2"},
		},
		{"balance_transactions", `{"id":"txn_1","source":"re_1"}`, []string{"re_1"}, nil},
		{"prices", `{"id":"price_1","customer":"cus_1"}`, nil, nil},
		{
			"events", `{"id":"evt_1","customer":"cus_9","data":{"object":{"object":"refund","id":"re_1","charge":"ch_1","dispute":"du_9"}}}`,
			[]string{"re_1", "ch_1"},
			nil,
		},
		{
			"events", `{"id":"evt_1","data":{"object":{"object":"dispute","id":"du_1","charge":"ch_1","payment_intent":"pi_1"}}}`,
			[]string{"du_1", "ch_1", "pi_1"},
			[]string{"du_1"},
		},
		{
			"events", `{"id":"evt_1","data":{"object":{"object":"charge","id":"ch_1","customer":"cus_1","dispute":"du_1"}}}`,
			[]string{"ch_1", "cus_1"},
			[]string{"ch_1", "du_1"},
		},
		{"events", `{"id":"evt_1","data":{"object":null}}`, nil, nil},
	} {
		s := relationsOf(schemas.ShippedResources(), tc.stream).read([]byte(tc.object))
		if got := s.belongsTo(); !slices.Equal(got, tc.belongsTo) {
			t.Errorf("%s belongs to %q, want %q", tc.object, got, tc.belongsTo)
		}
		if got := s.broughtIDs(); !slices.Equal(got, tc.brought) {
			t.Errorf("%s brings %q, want %q", tc.object, got, tc.brought)
		}
	}
}

func TestClaims(t *testing.T) {
	t.Parallel()
	disputed := map[string]string{"dp_1": "ch_1"}
	for _, tc := range []struct {
		stream, object string
		want           claim
	}{
		{"refunds", `{"charge":"ch_1","customer":"cus_1"}`, claim{clear: true, owner: objectID{"charges", "ch_1"}}},
		{"refunds", `{"charge":"ch_1"}`, claim{owner: objectID{"charges", "ch_1"}}},
		{"refunds", `{"payment_intent":"pi_1"}`, claim{owner: objectID{stream: "charges"}, filter: "payment_intent", value: "pi_1"}},
		{"refunds", `{}`, claim{}},
		{"balance_transactions", `{"source":"py_1"}`, claim{owner: objectID{"charges", "py_1"}}},
		{"balance_transactions", `{"source":"pyr_1"}`, claim{through: objectID{"refunds", "pyr_1"}}},
		{"balance_transactions", `{"source":"dp_1"}`, claim{owner: objectID{"charges", "ch_1"}}},
		{"balance_transactions", `{"source":"du_9"}`, claim{owner: objectID{stream: "charges"}}},
		{"balance_transactions", `{"source":"po_1"}`, claim{clear: true}},
		{"balance_transactions", `{"source":null}`, claim{clear: true}},
		{"events", `{"data":{"object":{"object":"charge","id":"ch_1","payment_intent":"pi_1"}}}`, claim{clear: true, owner: objectID{stream: "charges"}, filter: "payment_intent", value: "pi_1"}},
		{"events", `{"data":{"object":{"object":"dispute","charge":"ch_1"}}}`, claim{owner: objectID{"charges", "ch_1"}}},
		{"events", `{"data":{"object":{"object":"invoice","charge":"ch_1","customer":"cus_1"}}}`, claim{clear: true, owner: objectID{"charges", "ch_1"}}},
		{"events", `{"data":{"object":{"object":"card","source":"ch_1"}}}`, claim{clear: true}},
	} {
		s := relationsOf(schemas.ShippedResources(), tc.stream).read([]byte(tc.object))
		if got := claimOf(&s, disputed); got != tc.want {
			t.Errorf("%s of %s claims %+v, want %+v", tc.object, tc.stream, got, tc.want)
		}
	}
}
