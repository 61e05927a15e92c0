package settings

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/strictyaml"
)

// read parses a file in the folder conf.
func read(text string) (Settings, error) { return parse("conf/stripelake.yaml", []byte(text)) }

func TestValues(t *testing.T) {
	t.Parallel()
	s, err := read(`
lake: ./lake
schemas: /etc/schemas
resources: [charges, refunds]
accounts:
  eu: {key: {env: EU_KEY}, label: shop}
  us: {key: {file: us.key}, connected: [acct_1, acct_2]}
limits: {max_share: 25%, max_rps: 40}
sync:
privacy:
  fields: {customers.email: hash, customers.name: drop}
  raw_redact: customer.phone
`)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"lake": "conf/lake", "schemas": "/etc/schemas", "resources": "charges refunds", "limits.max_share": "25%", "limits.max_rps": "40",
		"privacy.fields": "customers.email=hash customers.name=drop", "privacy.raw_redact": "customer.phone", "sync.from": "",
	} {
		v, _ := s.Value(name)
		if got := strings.Join(strictyaml.Values(v.Texts), " "); got != filepath.FromSlash(want) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	us, _ := s.Account("us")
	if us.Key.File != filepath.Join("conf", "us.key") || len(us.Connected) != 2 || len(s.AccountNames()) != 2 {
		t.Errorf("accounts: %+v", s.Accounts)
	}
	if at, _ := s.Value("limits.max_share"); at.At.Line != 8 {
		t.Errorf("max_share is at %+v", at.At)
	}
}

// Each line of a file that is wrong in every way is one mistake, at its place.
func TestMistakesAllAtOnce(t *testing.T) {
	t.Parallel()
	_, err := read(`lake: [a, b]
lakes: ./lake
resources: [charges, Charge]
accounts:
  all: {key: {env: A}}
  a: {}
  b: {key: sk_test_abc}
  c: {key: {env: A, file: b}}
  d: {key: {env: sk_test_abc}}
  e: {key: {env: A B}, connectd: [acct_1]}
  f: {key: {env: B}, connected: [shop]}
  g: {key: {env: B}}
  sk_test_x: {key: {env: C}}
limits:
  max_share: 50
  max_rps: none
  max_shar: 50%
privacy: {pii: hide, fields: {customers.email: hsah}}
sync: {from: yesterday, look_back: 2 days, look_back: 48h}
`)
	want := []string{
		`conf/stripelake.yaml:1:7: Y4: lake must be text, is a list`,
		`conf/stripelake.yaml:2:1: Y5: unknown key "lakes"; did you mean lake?`,
		`conf/stripelake.yaml:3:22: C1: resources must be a list of names of resources, such as charges, is "Charge"`,
		`conf/stripelake.yaml:5:3: C2: "all" is no name for an account: write lower case letters, digits, _ and -, and not "all"`,
		`conf/stripelake.yaml:6:3: C3: account a has no key: write key: {env: STRIPE_API_KEY} or key: {file: PATH}`,
		`conf/stripelake.yaml:7:12: C3: the key of b does not belong in this file: name the variable or the file that holds it, {env: NAME} or {file: PATH}`,
		`conf/stripelake.yaml:8:12: C3: the key of c is in one place: write {env: NAME} or {file: PATH}`,
		`conf/stripelake.yaml:9:12: C3: the key of d itself does not belong in this file: name the variable or the file that holds it`,
		`conf/stripelake.yaml:10:18: C3: env of the key of e is no name of an environment variable`,
		`conf/stripelake.yaml:10:24: Y5: unknown key "connectd"; did you mean connected?`,
		`conf/stripelake.yaml:11:34: C2: "shop" is no id of a connected account: those begin with acct_`,
		`conf/stripelake.yaml:12:12: C3: g has the key of f: each account has a key of its own; connected accounts of one key go under connected:`,
		`conf/stripelake.yaml:13:3: C2: a name that begins like a key is no name for an account`,
		`conf/stripelake.yaml:15:14: C1: limits.max_share must be a percentage like 50%, is "50"`,
		`conf/stripelake.yaml:16:12: C1: limits.max_rps must be a number above 0, is "none"`,
		`conf/stripelake.yaml:17:3: Y5: unknown key "max_shar"; did you mean max_share?`,
		`conf/stripelake.yaml:18:16: C1: privacy.pii must be keep, drop or hash, is "hide"`,
		`conf/stripelake.yaml:18:31: C1: privacy.fields of customers.email must be keep, drop or hash, is "hsah"; did you mean hash?`,
		`conf/stripelake.yaml:19:14: C1: sync.from must be a date like 2024-01-31 or a time like 2024-01-31T12:00:00Z, is "yesterday"`,
		`conf/stripelake.yaml:19:36: C1: sync.look_back must be a duration like 90s, 36h or 90d, is "2 days"`,
		`conf/stripelake.yaml:19:44: Y2: "look_back" is given twice (first on line 19): keep one`,
	}
	var problems strictyaml.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("the mistakes are %v", err)
	}
	if diff := cmp.Diff(want, strings.Split(problems.Error(), "\n")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if strings.Contains(problems.Error(), "sk_test") {
		t.Error("a message repeats the key")
	}
}

// The template is a file without mistakes; so it is with every comment taken out.
func TestTemplate(t *testing.T) {
	t.Parallel()
	s, err := read(Template())
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := s.Value("lake"); len(v.Texts) != 1 || len(s.Accounts) != 1 {
		t.Errorf("the template has %+v", s)
	}
	s, err = read(uncommented(Template()))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range Keys() {
		if _, given := s.Value(key.Name); !given {
			t.Errorf("the template lacks %s", key.Name)
		}
	}
}

// uncommented removes the comment marks before values.
func uncommented(template string) string {
	var out []string
	for line := range strings.SplitSeq(template, "\n") {
		name, rest, _ := strings.Cut(strings.TrimLeft(line, " "), ": ")
		if name, ok := strings.CutPrefix(name, "# "); ok && !strings.ContainsAny(name, " `(") && rest != "" && !strings.HasPrefix(name, "yaml-") {
			line = strings.Replace(line, "# ", "", 1)
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func TestFileThatIsMissing(t *testing.T) {
	t.Chdir(t.TempDir())
	if s, err := Find(); err != nil || s.Path != "" {
		t.Errorf("no file: %+v, %v", s, err)
	}
	if _, err := Read("other.yaml"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is named and missing: %v", err)
	}
	if err := os.WriteFile(FileName, []byte("# nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := Find(); err != nil || s.Path != FileName {
		t.Errorf("an empty file: %+v, %v", s, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(Template())
	f.Add("accounts: {a: {key: {env: A}}}\nlimits: {max_share: 5%}")
	f.Add("accounts: []\nprivacy: {fields: [a]}\nlimits: x")
	f.Fuzz(func(t *testing.T, text string) {
		_, err := read(text)
		var problems strictyaml.Problems
		if err != nil && !errors.As(err, &problems) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
