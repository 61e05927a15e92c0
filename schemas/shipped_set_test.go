package schemas

import (
	"os"
	"strings"
	"testing"
)

// Every set that a commit shipped is on the list, including the present one: a lake
// made with it follows the program.
func TestShippedSetIsListed(t *testing.T) {
	t.Parallel()
	files := embedded(t).Files()
	if !IsShipped(files) && *update {
		list := strings.TrimSpace(shippedSets) + "\n" + FilesFingerprint(files) + "\n"
		if err := os.WriteFile("shipped.txt", []byte(list), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if !IsShipped(files) {
		t.Error("shipped.txt does not list the present set: run go test ./schemas -update, once the files are as they are to be committed")
	}
	files["privacy.yaml"] = strings.Replace(files["privacy.yaml"], "pii: keep", "pii: hash", 1)
	if IsShipped(files) {
		t.Error("an edited set is taken for a shipped one")
	}
}

// ChangedSince names the files that changed in the program since a set was copied,
// unless the copy has them in their present form.
func TestChangedSince(t *testing.T) {
	t.Parallel()
	base, err := ShippedSums()
	if err != nil {
		t.Fatal(err)
	}
	files := embedded(t).Files()
	files["stripe/refund.yaml"] += "# ours\n"
	files["stripe/price.yaml"] += "# ours\n"
	set, err := LoadFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	if changed, err := set.ChangedSince(base); err != nil || len(changed) > 0 {
		t.Errorf("nothing changed, and %q is named: %v", changed, err)
	}
	base["stripe/refund.yaml"], base["stripe/charge.yaml"] = "another", "another"
	delete(base, "marts/ledger.sql")
	delete(files, "marts/ledger.sql")
	if set, err = LoadFiles(files); err != nil {
		t.Fatal(err)
	}
	changed, err := set.ChangedSince(base)
	if got := strings.Join(changed, " "); err != nil || got != "marts/ledger.sql stripe/refund.yaml" {
		t.Errorf("named: %q: %v", got, err)
	}
}

// A path is written in the form in which it is read.
func TestRedactedPathText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"customer.phone", "charge.refunds.data[].reason", "event.data.object.lines[][].x"} {
		path, err := ParseRedactedPath(text)
		if err != nil || path.String() != text {
			t.Errorf("%s became %s: %v", text, path, err)
		}
	}
	for _, text := range []string{"", "customer", ".phone"} {
		if _, err := ParseRedactedPath(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
