package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

// mark is in every value that the policies of this test hide, and nowhere else.
const mark = "Zyxmark"

// protections are the ways in which a lake's own set hides what is marked. Each
// is edits of the shipped set: file → old → new.
var protections = map[string][][3]string{
	"hash":  {{"privacy.yaml", "\npii: keep", "\npii: hash"}},
	"drop":  {{"privacy.yaml", "\npii: keep", "\npii: drop"}},
	"blank": {{"privacy.yaml", "\npii: keep", "\npii: keep\nraw_redact: [" + strings.Join(markedPaths, ", ") + "]"}},
	"own columns": {
		{"privacy.yaml", "\npii: keep", "\npii: hash"},
		{"stripe/customer.yaml", "\nfields:\n", "\nfields:\n  contact: {type: string, title: Contact, label: pii}\n"},
		{"mappings/stripe/customer.yaml", "\nfields:\n", "\nfields:\n  contact: lower(email)\n"},
	},
	"own tables": {
		{"privacy.yaml", "\npii: keep", "\npii: drop\nfields: {people.mail: hash}"},
		{"stripe/person.yaml", "", "schema: stripe.person\nversion: 1.0.0\ntitle: Person\ndescription: A customer, shortly.\ntable: people\nhistory: true\n" +
			"primary_key: [id]\ntimestamp: created\nfields:\n  id: {type: string, title: Id, required: true}\n" +
			"  created: {type: date-time, title: Created, required: true}\n  mail: {type: string, title: E-mail, label: pii}\n  called: {type: string, title: Name, label: pii}\n" +
			"  synced_at: {type: date-time, title: Read, required: true}\n"},
		{"mappings/stripe/person.yaml", "", "mapping: stripe.person\nversion: 1.0.0\nsource: {system: stripe, object: customer, api_version: 2023-10-16}\n" +
			"target: stripe.person@1\nsame: [id]\nfields:\n  created: unix(created)\n  mail: email\n  called: name\n  synced_at: $synced_at\n"},
	},
}

// markedPaths are where the marks stand in Stripe's objects.
var markedPaths = []string{
	"customer.email", "customer.name", "customer.phone", "customer.description", "customer.address.line1",
	"charge.billing_details.email", "charge.billing_details.name", "charge.receipt_email",
}

// A hiding lake is one whose set hides the marks.
type hiding struct {
	api  string
	work string // the lake is in it, and whatever commands write outside of it
}

func (g hiding) lake() string              { return filepath.Join(g.work, "lake") }
func (g hiding) file(name string) string   { return filepath.Join(g.work, name) }
func (g hiding) atStripe() []string        { return []string{"--api-base", g.api, "--max-rps", "1000"} }
func (g hiding) with(a ...string) []string { return append(a, "--lake", g.lake()) }

// A call is one way to call a command. Where lost is set, the state and all that
// is published are removed before.
type call struct {
	args []string
	lost bool
}

// calls says how each command is called: every command of the program is here,
// or the test fails. None names schemas: the lake knows its own.
func (g hiding) calls() map[string][]call {
	online := func(args ...string) []string { return append(g.with(args...), g.atStripe()...) }
	both := func(args []string) []call { return []call{{args: args}, {args: args, lost: true}} }
	return map[string][]call{
		"demo":              {{args: g.with("demo", "--charges", "30")}},
		"sync":              slices.Concat(both(online("sync")), both(online("sync", "--rebuild"))),
		"plan":              {{args: online("plan")}},
		"status":            {{args: g.with("status")}, {args: g.with("status", "--json")}},
		"query":             {{args: g.with("query", "FROM customers")}, {args: g.with("query", "FROM charges", "--format", "parquet", "--out", g.file("q.parquet"))}, {args: g.with("query", "FROM meta.rejects")}, {args: g.with("query", "FROM meta.drift")}},
		"tables":            {{args: g.with("tables")}, {args: g.with("tables", "customers", "--json")}},
		"path":              {{args: g.with("path", "warehouse")}},
		"report bnpl":       {{args: g.with("report", "bnpl", "--out", g.file("bnpl.html"))}},
		"export segment":    {{args: g.with("export", "segment", "bnpl-offers", "--reveal", "email", "--out", g.file("offers.csv"))}},
		"rebuild":           slices.Concat(both(g.with("rebuild")), both(g.with("rebuild", "--all")), both(g.with("rebuild", "customers", "--rejects"))),
		"compact":           both(g.with("compact")),
		"backup":            {{args: g.with("backup", g.file("backup"))}},
		"verify":            {{args: g.with("verify", "--deep")}, {args: online("verify", "--stripe", "--full", "--json")}, {args: g.with("verify", "--repair"), lost: true}, {args: online("verify", "--stripe", "--repair")}},
		"init":              {{args: []string{"init", g.file("copy")}}, {args: g.with("init", "--from-lake", g.file("set"))}},
		"schema check":      {{args: g.with("schema", "check")}},
		"schema preview":    {{args: g.with("schema", "preview", "cus_2", "--nulls")}, {args: g.with("schema", "preview", "ch_2", "--nulls")}},
		"schema explain":    {{args: g.with("schema", "explain", "customers")}, {args: g.with("schema", "explain", "customers.id")}, {args: g.with("schema", "explain", "charges.billing.email")}},
		"schema coverage":   {{args: g.with("schema", "coverage", "customers")}, {args: g.with("schema", "coverage", "charges", "--json")}},
		"schema diff":       {{args: g.with("schema", "diff")}, {args: g.with("schema", "diff", "--schemas", g.file("copy"))}},
		"schema new":        {{args: g.with("schema", "new", "customer", "--table", "folk", "--schemas", g.file("set"))}},
		"schema docs":       {{args: g.with("schema", "docs", g.file("pages"))}},
		"schema export dbt": {{args: g.with("schema", "export", "dbt", "--out", g.file("sources.yml"))}},
		"forget":            {{args: g.with("forget", "cus_3", "--dry-run")}, {args: g.with("forget", "cus_3", "--yes")}, {args: g.with("forget", "cus_4", "--yes"), lost: true}},
		"doctor":            {{args: online("doctor")}},
		"config":            {{args: g.with("config")}, {args: g.with("config", "--json")}},
		"simulate":          {{args: []string{"simulate", "--objects", g.file("none")}}},
		"completion":        {{args: []string{"completion", "bash"}}},
		"man":               {{args: []string{"man"}}},
		"version":           {{args: []string{"version"}}},
		"help":              {{args: []string{"help", "sync"}}},
	}
}

// leaves are the commands that do something, by their words.
func leaves(commands []*cli.Command, words ...string) (names []string) {
	for _, c := range commands {
		path := append(slices.Clone(words), c.Name)
		if len(c.Subcommands) > 0 {
			names = append(names, leaves(c.Subcommands, path...)...)
		} else {
			names = append(names, strings.Join(path, " "))
		}
	}
	return names
}

// TestEveryCommandKeepsPrivacy runs every command of the program on lakes whose
// own sets hide what is marked, with no flag that says so, also after everything
// derived is lost. No mark is in what they print or leave, but for the raw log,
// and not there either if it is blanked before.
func TestEveryCommandKeepsPrivacy(t *testing.T) {
	t.Parallel()
	api := serveMarked(t)
	names := slices.Sorted(maps.Keys(protections))
	for _, name := range names[:laketest.Sample(1, len(names))] {
		edits := protections[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() {
				t.Skip("other processes: nothing for the race detector")
			}
			g := hiding{api: api, work: t.TempDir()}
			makeSet(t, g.file("own"), edits)
			if said := g.run(t, append(g.with("sync", "--schemas", g.file("own")), g.atStripe()...)); !strings.Contains(said, "the lake keeps these schemas from now on") {
				t.Fatal(said)
			}
			if err := os.RemoveAll(g.file("own")); err != nil { // nobody can go by it any more
				t.Fatal(err)
			}
			seen := newSearch(t, g, name == "blank")
			seen.look(t, g, "the first sync")
			calls := g.calls()
			commands := leaves(newApp(&environment{}).Commands)
			slices.SortStableFunc(commands, func(a, b string) int { return rank(a) - rank(b) })
			for _, command := range commands {
				if calls[command] == nil {
					t.Errorf("say in calls how stripelake %s is called", command)
				}
				for _, c := range ends(calls[command]) {
					if c.lost {
						for _, gone := range []string{".state", "current"} {
							if err := os.RemoveAll(filepath.Join(g.lake(), gone)); err != nil {
								t.Fatal(err)
							}
						}
					}
					printed := g.run(t, c.args)
					what := strings.Join(c.args, " ")
					if strings.Contains(printed, mark) || strings.Contains(printed, strings.ToLower(mark)) {
						t.Errorf("%s: printed a mark:\n%s", what, printed)
					}
					seen.look(t, g, what)
				}
			}
		})
	}
}

// ends returns the first and the last call, or all if the tests are to be thorough.
func ends(calls []call) []call {
	if len(calls) <= 2 || laketest.Thorough() {
		return calls
	}
	return []call{calls[0], calls[len(calls)-1]}
}

// rank puts commands into an order in which each finds what it works on.
func rank(command string) int {
	switch command {
	case "init":
		return 0
	case "forget", "demo":
		return 2
	}
	return 1
}

// run runs the program as a process of its own, with its temporary files where
// they can be searched, and returns all that it prints. A command may fail.
func (g hiding) run(t *testing.T, args []string) string {
	t.Helper()
	tmp := g.file("tmp")
	if err := os.MkdirAll(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), self, args...)
	command.Dir = g.work
	command.Env = append(os.Environ(), asProgram+"=1", "STRIPE_API_KEY=sk_test_marked", "TMPDIR="+tmp)
	out, err := command.CombinedOutput()
	if command.ProcessState == nil || command.ProcessState.ExitCode() < 0 || bytes.Contains(out, []byte("panic:")) {
		t.Fatalf("%q: %v\n%s", args, err, out)
	}
	return string(out)
}

// search looks through files for marks. What did not change is not read again.
type search struct {
	raw  bool              // look into raw logs too
	done map[string]string // path → size and time
	door string            // a database from which Parquet files are read
}

// newSearch copies what is published to have a door.
func newSearch(t *testing.T, g hiding, raw bool) *search {
	t.Helper()
	warehouse, err := os.ReadFile(filepath.Join(g.lake(), "current", "warehouse.duckdb"))
	door := filepath.Join(t.TempDir(), "door.duckdb")
	if err == nil {
		err = os.WriteFile(door, warehouse, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return &search{raw: raw, done: map[string]string{}, door: door}
}

// look reports every file that holds a mark.
func (s *search) look(t *testing.T, g hiding, after string) {
	t.Helper()
	for _, file := range s.changed(t, g.work) {
		if found := s.marksIn(t, file); found != "" {
			t.Errorf("after %s: %s holds marks: %s", after, strings.TrimPrefix(file, g.work), found)
		}
	}
}

func (s *search) changed(t *testing.T, root string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "raw" && !s.raw {
			return fs.SkipDir
		}
		info, err := d.Info()
		if err != nil || !info.Mode().IsRegular() {
			return err
		}
		if now := fmt.Sprint(info.Size(), info.ModTime().UnixNano()); s.done[path] != now {
			s.done[path] = now
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// marksIn looks for marks in the bytes of a file and, of Parquet and DuckDB, in
// its values. It says where it found one.
func (s *search) marksIn(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(bytes.ToLower(data), []byte(strings.ToLower(mark))) {
		return "as they are"
	}
	switch {
	case bytes.HasPrefix(data, []byte("PAR1")):
		return markedRows(t, s.door, map[string]string{"rows": "read_parquet('" + file + "')"})
	case len(data) > 12 && string(data[8:12]) == "DUCK":
		return markedRows(t, file, nil)
	}
	return ""
}

// markedRows looks for marks in the rows of relations, or of every table of a
// database.
func markedRows(t *testing.T, database string, relations map[string]string) string {
	t.Helper()
	db, err := load.OpenWarehouse(database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if relations == nil {
		relations = tablesOfAll(t, db)
	}
	for _, name := range slices.Sorted(maps.Keys(relations)) {
		var n int
		query := fmt.Sprintf("SELECT count(*) FROM %s AS row WHERE contains(lower(row::VARCHAR), '%s')", relations[name], strings.ToLower(mark))
		if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if n > 0 {
			return fmt.Sprintf("%d rows of %s", n, name)
		}
	}
	return ""
}

func tablesOfAll(t *testing.T, db *sql.DB) map[string]string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT schema_name || '.' || table_name, format('"{}"."{}"', schema_name, table_name) FROM duckdb_tables()`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	found := map[string]string{}
	for rows.Next() {
		var name, quoted string
		if err := rows.Scan(&name, &quoted); err != nil {
			t.Fatal(err)
		}
		found[name] = quoted
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

// makeSet writes the shipped set with edits.
func makeSet(t *testing.T, dir string, edits [][3]string) {
	t.Helper()
	if err := layOutShipped(dir); err != nil {
		t.Fatal(err)
	}
	for _, e := range edits {
		file := filepath.Join(dir, filepath.FromSlash(e[0]))
		text, err := os.ReadFile(file)
		if err != nil && e[1] != "" || !strings.Contains(string(text), e[1]) {
			t.Fatalf("%s does not hold %q: %v", e[0], e[1], err)
		}
		if err := os.WriteFile(file, []byte(strings.Replace(string(text), e[1], e[2], 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// serveMarked serves a small account in which every personal value that the
// tables have is marked.
func serveMarked(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var customers, charges strings.Builder
	for i := 1; i <= 6; i++ {
		fmt.Fprintf(&customers, `{"id":"cus_%[1]d","object":"customer","created":%[2]d,"livemode":false,"email":"%[3]s%[1]d@example.com","name":"%[3]s Name %[1]d",`+
			`"phone":"%[3]s-555-%[1]d","description":"%[3]s text","address":{"line1":"%[1]d %[3]s Street","city":null,"country":"IT"},"currency":"usd","balance":0,"metadata":{}}`+"\n", i, 1740000000+i, mark)
		fmt.Fprintf(&charges, `{"id":"ch_%[1]d","object":"charge","created":%[2]d,"livemode":false,"customer":"cus_%[1]d","amount":1000,"amount_captured":1000,"amount_refunded":0,`+
			`"currency":"usd","captured":true,"paid":true,"status":"succeeded","receipt_email":"%[3]s%[1]d@example.com","billing_details":{"email":"%[3]s%[1]d@example.com","name":"%[3]s Name %[1]d"},`+
			`"payment_method_details":{"type":"klarna","klarna":{}},"metadata":{}}`+"\n", i, 1740100000+i, mark)
	}
	// One that cannot be a row: it has no currency. A reject may show an object.
	fmt.Fprintf(&charges, `{"id":"ch_9","object":"charge","created":1740200000,"livemode":false,"amount":1000,"status":"succeeded","billing_details":{"email":"%s9@example.com"}}`+"\n", mark)
	for name, text := range map[string]string{"customer.jsonl": customers.String(), "charge.jsonl": charges.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server, err := stripesim.FromFiles(dir, stripesim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	url, stop, err := server.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return url
}

// TestSearchFindsMarks holds that the search of the test above finds marks where
// a lake that hides nothing has them.
func TestSearchFindsMarks(t *testing.T) {
	t.Parallel()
	g := hiding{api: serveMarked(t), work: t.TempDir()}
	g.run(t, append(g.with("sync"), g.atStripe()...))
	if !strings.Contains(g.run(t, g.with("query", "FROM customers")), mark) {
		t.Error("query printed no mark")
	}
	found := map[string]bool{}
	seen := newSearch(t, g, true)
	for _, file := range seen.changed(t, g.work) {
		if seen.marksIn(t, file) == "" {
			continue
		}
		name := strings.TrimPrefix(file, g.lake()+"/")
		for _, kind := range []string{"raw/", "customers/", "charges/", "warehouse.duckdb", "work.duckdb"} {
			found[kind] = found[kind] || strings.Contains(name, kind)
		}
	}
	for kind, there := range found {
		if !there {
			t.Errorf("no mark found in %s", kind)
		}
	}
}
