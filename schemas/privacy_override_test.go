package schemas

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// said is a text that line n of a settings file says.
func said(n int, text string) Text {
	return Text{Value: text, Pos: Pos{File: "stripelake.yaml", Line: n, Col: 3}}
}

// What is said outside the set replaces only what it names.
func TestPolicyIsLaidOver(t *testing.T) {
	t.Parallel()
	shipped, err := Load(Embedded())
	if err != nil {
		t.Fatal(err)
	}
	files := shipped.Files()
	files[privacyFile] = "pii: hash\nfields: {customers.email: drop, customers.name: keep}\nraw_redact: [customer.phone]\n"
	own, err := LoadFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	laid, err := own.WithPrivacy(PrivacyOverride{Fields: []Text{said(1, "customers.name=hash")}, RawRedact: []Text{said(2, "charge.shipping"), said(3, "customer.phone")}})
	if err != nil {
		t.Fatal(err)
	}
	var blanked []string
	for _, path := range laid.Privacy.RawRedact {
		blanked = append(blanked, path.String())
	}
	want := map[string]string{"customers.email": "drop", "customers.name": "hash"}
	if laid.Privacy.PII != "hash" || cmp.Diff(want, laid.Privacy.Fields) != "" || strings.Join(blanked, " ") != "customer.phone charge.shipping" {
		t.Errorf("the policy is %+v", laid.Privacy)
	}
	if same, err := shipped.WithPrivacy(PrivacyOverride{PII: said(1, "keep")}); err != nil || same != shipped {
		t.Errorf("a policy that is the same gives another set, error %v", err)
	}
	if !IsCopy(shipped.Files(), shipped.Sums()) || !IsCopy(own.Files(), shipped.Sums()) {
		t.Error("a copy with another policy is no copy")
	}
	files["marts/new.sql"] = "-- ---"
	if IsCopy(files, shipped.Sums()) || IsCopy(own.Files(), nil) {
		t.Error("a set of its own is a copy")
	}
}

// A mistake is where it was said, and no text gets into the file as anything else.
func TestMistakesOfAnOverride(t *testing.T) {
	t.Parallel()
	shipped, err := Load(Embedded())
	if err != nil {
		t.Fatal(err)
	}
	_, err = shipped.WithPrivacy(PrivacyOverride{
		PII: said(2, "hahs"), Fields: []Text{said(4, "customers.emial=hash"), said(5, "customers.email: drop\nx=drop")},
		RawRedact: []Text{said(7, "charge.fone"), {Value: "charge.it's", Pos: Pos{File: "--raw-redact"}}},
	})
	if err == nil {
		t.Fatal("no mistake was found")
	}
	want := []string{
		`stripelake.yaml:2:3: S12: pii must be keep, drop or hash, is "hahs"; did you mean hash?`,
		`stripelake.yaml:5:3: P1: no table has the field customers.email: drop x`,
		`stripelake.yaml:4:3: P1: no table has the field customers.emial; did you mean customers.email?`,
		`stripelake.yaml:7:3: P4: raw_redact: charge has no field "fone"`,
		`--raw-redact: P4: raw_redact: charge has no field "it's"`,
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
