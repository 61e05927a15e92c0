package schemas

import (
	"io/fs"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCatalogs(t *testing.T) {
	t.Parallel()
	for _, object := range sourceObjects {
		c, err := LoadCatalog(object)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sourceVersions, c.Versions); diff != "" {
			t.Errorf("%s: versions (-want +got):\n%s", object, diff)
		}
		if id := c.Root().Member("id"); id == nil || id.Type != SourceString {
			t.Errorf("%s has no id", object)
		}
		if created := c.Root().Member("created"); created == nil || created.Type != SourceUnixTime {
			t.Errorf("%s: created is %+v", object, created)
		}
		checkSource(t, object, c.Root())
	}
}

var sourceTypes = []SourceType{
	SourceString, SourceBoolean, SourceInteger, SourceUnixTime, SourceNumber,
	SourceDecimal, SourceObject, SourceList, SourceMap, SourceAny,
}

func checkSource(t *testing.T, path string, f *SourceField) {
	t.Helper()
	if !slices.Contains(sourceTypes, f.Type) {
		t.Errorf("%s has the type %q", path, f.Type)
	}
	if holds := f.Type == SourceList || f.Type == SourceMap; holds != (f.Elem != nil) {
		t.Errorf("%s is %s with elem %v", path, f.Type, f.Elem)
	}
	if f.Expandable && (f.Type != SourceString || f.Member("id") == nil) {
		t.Errorf("%s is expandable and neither an id nor an object with one", path)
	}
	if len(f.Enum) > 0 && f.Type != SourceString || slices.Contains(f.Enum, "") {
		t.Errorf("%s: enum %v", path, f.Enum)
	}
	names := make([]string, len(f.Fields))
	for i, m := range f.Fields {
		names[i] = m.Name
		checkSource(t, path+"."+m.Name, m)
	}
	if sorted := slices.Compact(slices.Sorted(slices.Values(names))); !slices.Equal(sorted, names) {
		t.Errorf("%s: members are not in order or not unique: %v", path, names)
	}
	if f.Elem != nil {
		checkSource(t, path+"[]", f.Elem)
	}
}

// Examples of facts that mappings and messages depend on.
func TestCatalogKnows(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		object, path string
		typ          SourceType
		expandable   bool
		since        string
		unlisted     bool
	}{
		{"charge", "amount", SourceInteger, false, "", false},
		{"charge", "balance_transaction", SourceString, true, "", false},
		{"charge", "metadata", SourceMap, false, "", false},
		{"charge", "payment_method_details.alma.installments.count", SourceInteger, false, "", false},
		{"charge", "payment_method_details.alma", SourceObject, false, "2026-08-26.dahlia", false},
		{"charge", "payment_method_details.card.capture_before", SourceUnixTime, false, "", false},
		{"charge", "presentment_details", SourceObject, false, "2026-08-26.dahlia", false},
		{"charge", "dispute", SourceString, true, "", true},
		{"charge", "source.last4", SourceString, false, "", false},
		{"subscription", "items.data.price.unit_amount_decimal", SourceDecimal, false, "", false},
		{"subscription", "items.data.price.recurring.trial_period_days", SourceInteger, false, "", true},
		{"subscription", "items.data.plan", SourceObject, false, "", true},
		{"subscription", "items.data.created", SourceUnixTime, false, "", false},
		{"subscription", "discounts", SourceList, false, "2026-08-26.dahlia", false},
		{"subscription", "quantity", SourceInteger, false, "", true},
		{"balance_transaction", "exchange_rate", SourceNumber, false, "", false},
		{"price", "tiers.up_to", SourceInteger, false, "", false},
		{"event", "data.object", SourceObject, false, "", false},
	} {
		c, err := LoadCatalog(row.object)
		if err != nil {
			t.Fatal(err)
		}
		f := at(c.Root(), row.path)
		if f == nil {
			t.Errorf("%s has no %s", row.object, row.path)
			continue
		}
		if f.Type != row.typ || f.Expandable != row.expandable || f.Since != row.since || f.Unlisted != row.unlisted {
			t.Errorf("%s.%s is %s expandable=%t since=%q unlisted=%t, want %+v", row.object, row.path, f.Type, f.Expandable, f.Since, f.Unlisted, row)
		}
	}
	if f := at(mustCatalog(t, "charge"), "invoice"); f == nil || f.Until != "2023-10-16" {
		t.Errorf("charge.invoice is %+v, want it to end with 2023-10-16", f)
	}
}

func mustCatalog(t *testing.T, object string) *SourceField {
	t.Helper()
	c, err := LoadCatalog(object)
	if err != nil {
		t.Fatal(err)
	}
	return c.Root()
}

func TestCatalogIsSmall(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(catalogs, "catalog/*.json")
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, name := range names {
		data, err := fs.ReadFile(catalogs, name)
		if err != nil {
			t.Fatal(err)
		}
		total += len(data)
	}
	if total > 300<<10 {
		t.Errorf("the catalogs have %d bytes: cut an expansion in catalog/generate.go", total)
	}
}

func TestLoadCatalogOfUnknownObject(t *testing.T) {
	t.Parallel()
	for _, object := range []string{"", "invoice", "../stripe/charge", "supplement"} {
		if _, err := LoadCatalog(object); err == nil {
			t.Errorf("LoadCatalog(%q) found something", object)
		}
	}
}

// A payment method type in a lookup that Stripe does not have would never match.
func TestLookupKeysAreStripes(t *testing.T) {
	t.Parallel()
	set := embedded(t)
	details := mustCatalog(t, "charge").Member("payment_method_details")
	funding := []string{"credit", "debit"}
	for _, name := range []string{"bnpl_provider", "xdm_payment_type"} {
		for _, row := range set.Lookup(name).Rows {
			if details.Member(row.Key) == nil && !slices.Contains(funding, row.Key) {
				t.Errorf("%s: Stripe has no payment method %q", name, row.Key)
			}
		}
	}
}
