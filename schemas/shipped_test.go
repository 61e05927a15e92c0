package schemas

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Readers' queries depend on column names, order and types.
func TestColumns(t *testing.T) {
	t.Parallel()
	for _, s := range embedded(t).Schemas {
		t.Run(s.Table, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			writeColumns(&b, "", s.Columns())
			golden(t, "columns/"+s.Table+".txt", b.String())
		})
	}
}

func writeColumns(b *strings.Builder, indent string, columns []Column) {
	for _, c := range columns {
		required := ""
		if c.Required {
			required = " required"
		}
		fmt.Fprintf(b, "%s%s %s%s\n", indent, c.Name, c.Type, required)
		inner := c.Type
		if inner.Kind == List {
			inner = *inner.Elem
		}
		if inner.Kind == Object {
			writeColumns(b, indent+"  ", Members(inner.Fields))
		}
	}
}

// visit calls f for every declared field of the shipped tables, at any depth.
func visit(fields []*Field, path string, f func(path string, field *Field)) {
	for _, field := range fields {
		f(path+"."+field.Name, field)
		visit(field.Type.Inner(), path+"."+field.Name, f)
	}
}

var personal = regexp.MustCompile(`(^|_)(email|phone|line1|line2|postal_code|last4|email_sent_to|vat_id|tax_id|city)$`)

func TestShippedFieldsAreDescribed(t *testing.T) {
	t.Parallel()
	for _, s := range embedded(t).Schemas {
		visit(s.Fields, s.Table, func(path string, f *Field) {
			if f.Description == "" || !strings.HasSuffix(f.Description, ".") {
				t.Errorf("%s: the description %q is not a sentence", path, f.Description)
			}
			if len(f.Title) > 60 {
				t.Errorf("%s: the title has %d characters and may have 60", path, len(f.Title))
			}
			if personal.MatchString(f.Name) && f.Type.Kind == String && f.Label == "" {
				t.Errorf("%s looks personal and has no label", path)
			}
			if strings.Contains(f.Name, "synced_at") != (f.Name == "synced_at") {
				t.Errorf("%s: an odd name for synced_at", path)
			}
		})
	}
}

// Old objects lack many fields, so only those without which a row has no place are
// required: the key, the partition's time, and the time it was read.
func TestShippedRequiredFields(t *testing.T) {
	t.Parallel()
	for _, s := range embedded(t).Schemas {
		var got []string
		visit(s.Fields, "", func(path string, f *Field) {
			if f.Required {
				got = append(got, strings.TrimPrefix(path, "."))
			}
			if f.Closed {
				t.Errorf("%s%s is closed: Stripe adds values at any time", s.Table, path)
			}
		})
		want := append(append([]string{}, s.PrimaryKey...), s.Timestamp, "synced_at")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: required fields (-want +got):\n%s", s.Table, diff)
		}
	}
}

// Stripe's exponents differ from ISO 4217's: MGA has none, ISK and UGX have two.
func TestCurrencyExponents(t *testing.T) {
	t.Parallel()
	l := embedded(t).Lookup(CurrencyExponents)
	got := map[string]string{}
	for _, r := range l.Rows {
		got[r.Value] += r.Key + " "
	}
	want := map[string]string{
		"0": "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf ",
		"3": "bhd jod kwd omr tnd ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("exponents other than 2 (-want +got):\n%s", diff)
	}
	for _, two := range []string{"isk", "ugx", "huf", "twd", "usd"} {
		if e, listed := l.Value(two); listed {
			t.Errorf("%s has exponent %s, want 2", two, e)
		}
	}
}

// A mart has no lookups: the one that computes with minor units repeats the exponents.
func TestExponentsOfRecurringRevenue(t *testing.T) {
	t.Parallel()
	set := embedded(t)
	l, got := set.Lookup(CurrencyExponents), map[string]string{}
	for _, m := range set.Marts {
		if m.Name != "recurring_revenue" {
			continue
		}
		for _, found := range regexp.MustCompile(`currency IN \(([^)]*)\) THEN (1|1000)\n`).FindAllStringSubmatch(m.SQL, -1) {
			for code := range strings.SplitSeq(found[1], ", ") {
				got[strings.ToLower(strings.Trim(code, "'"))] = map[string]string{"1": "0", "1000": "3"}[found[2]]
			}
		}
	}
	want := map[string]string{}
	for _, r := range l.Rows {
		want[r.Key] = r.Value
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("exponents (-lookup +mart):\n%s", diff)
	}
}

func TestLookups(t *testing.T) {
	t.Parallel()
	set := embedded(t)
	for _, row := range []struct{ lookup, key, want string }{
		{"bnpl_provider", "klarna", "klarna"},
		{"bnpl_provider", "afterpay_clearpay", "afterpay_clearpay"},
		{"bnpl_provider", "affirm", "affirm"},
		{"bnpl_provider", "zip", "zip"},
		{"bnpl_provider", "alma", "alma"},
		{"bnpl_provider", "billie", "billie"},
		{"bnpl_provider", "scalapay", "scalapay"},
		{"bnpl_provider", "sunbit", "sunbit"},
		{"bnpl_provider", "card", ""},
		{"bnpl_provider", "paypal", ""},
		{"xdm_payment_type", "credit", "credit_card"},
		{"xdm_payment_type", "sepa_debit", "wire_transfer"},
		{"charge_status", "paid", "succeeded"},
		{"charge_status", "failed", ""},
		{"card_brand", "American Express", "amex"},
	} {
		if got, _ := set.Lookup(row.lookup).Value(row.key); got != row.want {
			t.Errorf("lookup(%s, %q) = %q, want %q", row.lookup, row.key, got, row.want)
		}
	}
}

// The place of a mistake inside an expression is computed from the expression's place,
// so that must be where its text begins.
func TestExpressionPlaces(t *testing.T) {
	t.Parallel()
	for _, m := range embedded(t).Mappings {
		lines := linesOf(t, m.Pos.File)
		eachExpression(m, func(_ string, x Text) {
			head := x.Value[:min(len(x.Value), 6)]
			if line := lines[x.Pos.Line-1]; !strings.HasPrefix(line[x.Pos.Col-1:], head) {
				t.Errorf("%s:%d:%d holds %q, want the beginning of %q", x.Pos.File, x.Pos.Line, x.Pos.Col, line[x.Pos.Col-1:], x.Value)
			}
		})
	}
}

func linesOf(t *testing.T, name string) []string {
	t.Helper()
	data, err := fs.ReadFile(Embedded(), name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(data), "\n")
}
