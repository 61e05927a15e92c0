package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/authoring"
)

// TestTwentyMistakes plants the mistakes that authors make into a copy of the
// shipped set, one at a time, and holds that `schema check` names each with its
// place and what to do.
func TestTwentyMistakes(t *testing.T) {
	// Not parallel: two apps of urfave/cli in one process share its help flag.
	golden := filepath.Join("testdata", "mistakes.txt")
	text, err := os.ReadFile(golden)
	if err != nil && os.Getenv("UPDATE_SCRIPTS") == "" {
		t.Fatal(err)
	}
	var all strings.Builder
	finding := problemMatcher(t)
	const charge, refund, price = "mappings/stripe/charge.yaml", "mappings/stripe/refund.yaml", "mappings/stripe/price.yaml"
	for _, tc := range []struct{ name, file, old, new string }{
		{"a misspelt path", charge, "upper(currency)", "upper(curency)"},
		{"a time as it is", charge, "created: unix(created)", "created: created"},
		{"an amount as it is", charge, "amount: money(amount, currency)", "amount: amount"},
		{"arguments the wrong way round", refund, "money(amount, currency)", "money(currency, amount)"},
		{"an expandable reference", charge, "customer_id: ref(customer)", "customer_id: customer"},
		{"a misspelt column", charge, "  invoice_id: ref", "  invoise_id: ref"},
		{"a bracket left open", charge, `metadata["order_id"]`, `metadata["order_id"`},
		{"a misspelt lookup", charge, "provider: lookup(bnpl_provider,", "provider: lookup(bnpl_providers,"},
		{"a misspelt function", charge, "status_as_sent: status", "status_as_sent: uper(status)"},
		{"a where that is no condition", refund, "fields:\n", "where: amount\nfields:\n"},
		{"a where that is always so", refund, "fields:\n", "where: true\nfields:\n"},
		{"a target that is not there", price, "target: stripe.price@1", "target: stripe.prize@1"},
		{"another major version", price, "target: stripe.price@1", "target: stripe.price@2"},
		{"a misspelt key", "stripe/refund.yaml", "table: refunds", "tabel: refunds"},
		{"an unknown type", "stripe/balance_transaction.yaml", "type: money", "type: mony"},
		{"money without a currency", "stripe/refund.yaml", "unit: currency, ", ""},
		{"a reference to no schema", "stripe/refund.yaml", "ref: stripe.charge", "ref: stripe.charges"},
		{"a required column without a source", refund, "  created: unix(created)\n", ""},
		{"a key given twice", "lookups/card_brand.yaml", "  JCB: jcb\n", "  JCB: jcb\n  JCB: other\n"},
		{"a text that is no YAML", "lookups/card_brand.yaml", "title: Card", "title: Card: "},
		{"a list without its data", "mappings/stripe/subscription_item.yaml", "each: items.data", "each: items"},
		{"personal data to hash that is no text", "privacy.yaml", "\npii: keep", "\npii: keep\nfields: {charges.livemode: hash}"},
	} {
		dir := filepath.Join(t.TempDir(), "set")
		if err := layOutShipped(dir); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, filepath.FromSlash(tc.file))
		before, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(before), tc.old) {
			t.Fatalf("%s: %s does not hold %q: %v", tc.name, tc.file, tc.old, err)
		}
		if err := os.WriteFile(file, []byte(strings.Replace(string(before), tc.old, tc.new, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		code := run(t.Context(), []string{"stripelake", "schema", "check", "--schemas", dir}, func(string) string { return "" }, &out, &errs)
		if code != 1 || errs.Len() > 0 {
			t.Errorf("%s: exit %d, %s", tc.name, code, errs.String())
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		for _, line := range lines[:len(lines)-1] { // the last one counts
			if found := finding.FindStringSubmatch(line); found == nil || !strings.HasSuffix(found[1], ".yaml") || (found[4] == "warning") != strings.Contains(line, ": warning: ") {
				t.Errorf("%s: the problem matcher reads %q of %s", tc.name, found, line)
			}
		}
		fmt.Fprintf(&all, "# %s\n%s\n", tc.name, strings.ReplaceAll(out.String(), dir+string(filepath.Separator), ""))
	}
	if os.Getenv("UPDATE_SCRIPTS") != "" {
		if err := os.WriteFile(golden, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if diff := cmp.Diff(string(text), all.String()); diff != "" {
		t.Errorf("(-%s +now):\n%s", golden, diff)
	}
}

// problemMatcher returns the pattern that init writes for CI, which VS Code's task has too.
func problemMatcher(t *testing.T) *regexp.Regexp {
	t.Helper()
	files, err := authoring.EditorSettings()
	if err != nil {
		t.Fatal(err)
	}
	var matcher struct {
		ProblemMatcher []struct {
			Pattern []struct{ Regexp string }
		}
	}
	var tasks struct {
		Tasks []struct {
			ProblemMatcher struct{ Pattern struct{ Regexp string } }
		}
	}
	err = errors.Join(json.Unmarshal([]byte(files["meta/problem-matcher.json"]), &matcher), json.Unmarshal([]byte(files[".vscode/tasks.json"]), &tasks))
	if err != nil {
		t.Fatal(err)
	}
	pattern := matcher.ProblemMatcher[0].Pattern[0].Regexp
	if in := tasks.Tasks[0].ProblemMatcher.Pattern.Regexp; in != pattern {
		t.Errorf("the task reads %q, CI %q", in, pattern)
	}
	found := regexp.MustCompile(pattern).FindStringSubmatch("a/b.yaml:3:4: warning: M17: fix: it")
	if want := []string{"a/b.yaml", "3", "4", "warning", "M17", "fix: it"}; len(found) == 0 || !slices.Equal(found[1:], want) {
		t.Errorf("of a warning it reads %q", found)
	}
	return regexp.MustCompile(pattern)
}

// layOutShipped writes a copy of the shipped schemas, as init does.
func layOutShipped(dir string) error {
	return newApp(&environment{getenv: func(string) string { return "" }, stdout: io.Discard}).Run([]string{"stripelake", "init", dir})
}
