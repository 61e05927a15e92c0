package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

// asProgram makes the test binary be the program itself, for tests that start
// it under a path of their own.
const asProgram = "STRIPELAKE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asWatched) != "" {
		becomeWatched()
	}
	if how := os.Getenv(asDying); how != "" {
		die(how)
	}
	if os.Getenv(asProgram) != "" {
		code := process()
		if file := os.Getenv(peakFile); file != "" {
			writePeak(file)
		}
		os.Exit(code)
	}
	testscript.Main(m, map[string]func(){"stripelake": main})
}

// TestScripts runs the command as a user would, one behaviour a file.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("..", "..", "testdata", "script"),
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("STRIPE_API_KEY", "sk_test_scripts")
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name == "thorough" { // [!thorough] stop: the rest is for make check, with the race detector too
				return laketest.Thorough() || testing.Short(), nil
			}
			return false, fmt.Errorf("unknown condition %q", name)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sim": sim, "keys": keys, "hook": hook, "objects": objects, "answer": answer, "giving": giving, "exits": exits, "sql": askSQL, "lock": lock, "files": files,
		},
	})
}

// sim starts a simulated Stripe and sets $API: `sim [charges=N] [forbid=R] [now=DATE]`.
func sim(ts *testscript.TestScript, _ bool, args []string) {
	config := stripesim.Config{Seed: 1, Charges: 300}
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "charges":
			n, err := strconv.Atoi(value)
			ts.Check(err)
			config.Charges = n
		case "forbid":
			config.Forbid = append(config.Forbid, value)
		case "now":
			now, err := time.Parse(time.DateOnly, value)
			ts.Check(err)
			config.Now = now
		default:
			ts.Fatalf("sim: unknown argument %q", arg)
		}
	}
	server, err := stripesim.New(config)
	ts.Check(err)
	start(ts, server)
}

// bounding answers so many requests.
type bounding struct {
	to   http.Handler
	left int64
}

// keys sets $API to an address behind which each key opens an account of its own, of 60
// charges: `keys KEY=SEED[/N]…`. After N requests the key is refused, as is any other.
func keys(ts *testscript.TestScript, _ bool, args []string) {
	behind := map[string]*bounding{}
	for _, arg := range args {
		key, rest, _ := strings.Cut(arg, "=")
		seed, most, bounded := strings.Cut(rest, "/")
		n, err := strconv.ParseInt(seed, 10, 64)
		ts.Check(err)
		server, err := stripesim.New(stripesim.Config{Seed: n, Charges: 60})
		ts.Check(err)
		start(ts, server)
		api, err := url.Parse(ts.Getenv("API"))
		ts.Check(err)
		left := int64(math.MaxInt64)
		if bounded {
			left, err = strconv.ParseInt(most, 10, 64)
			ts.Check(err)
		}
		behind["Bearer "+key] = &bounding{to: httputil.NewSingleHostReverseProxy(api), left: left}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if account := behind[r.Header.Get("Authorization")]; account != nil && atomic.AddInt64(&account.left, -1) >= 0 {
			account.to.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error": {"type": "invalid_request_error", "message": "Invalid API Key provided"}}`)
	}))
	ts.Defer(server.Close)
	ts.Setenv("API", server.URL)
}

// hook starts two servers and sets $HOOK and $OTHER. Each writes a line for every request to
// hook.log or other.log; the first answers /moved with a redirect to the second, /gone with 410,
// and others with 200.
func hook(ts *testscript.TestScript, _ bool, _ []string) {
	var mu sync.Mutex
	record := func(file string, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, err := io.ReadAll(r.Body)
		ts.Check(err)
		log, err := os.OpenFile(ts.MkAbs(file), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		ts.Check(err)
		fmt.Fprintf(log, "%s %s %s %v\n", r.Method, r.URL.Path, body, r.Header)
		ts.Check(log.Close())
	}
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { record("other.log", r) }))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		record("hook.log", r)
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case "/gone":
			w.WriteHeader(http.StatusGone)
		}
	}))
	ts.Defer(server.Close)
	ts.Defer(other.Close)
	ts.Check(os.WriteFile(ts.MkAbs("hook.log"), nil, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("other.log"), nil, 0o600))
	ts.Setenv("HOOK", server.URL)
	ts.Setenv("OTHER", other.URL)
}

// objects starts a simulated Stripe that serves a folder's files and sets $API.
func objects(ts *testscript.TestScript, _ bool, args []string) {
	server, err := stripesim.FromFiles(ts.MkAbs(args[0]), stripesim.Config{})
	ts.Check(err)
	start(ts, server)
}

func start(ts *testscript.TestScript, server *stripesim.Server) {
	url, stop, err := server.Start("127.0.0.1:0")
	ts.Check(err)
	ts.Defer(stop)
	ts.Setenv("API", url)
}

// answer starts a server that gives every list the content of a file, and an
// account to /v1/account, and sets $API: `answer STATUS FILE`.
func answer(ts *testscript.TestScript, _ bool, args []string) {
	status, err := strconv.Atoi(args[0])
	ts.Check(err)
	body := ts.ReadFile(args[1])
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/account" {
			fmt.Fprint(w, `{"id": "acct_script", "object": "account"}`)
			return
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	ts.Defer(server.Close)
	ts.Setenv("API", server.URL)
}

// giving puts a server in front of $API that gives one path the content of a file:
// `giving STATUS PATH FILE`.
func giving(ts *testscript.TestScript, _ bool, args []string) {
	status, err := strconv.Atoi(args[0])
	ts.Check(err)
	api, err := url.Parse(ts.Getenv("API"))
	ts.Check(err)
	body, behind := ts.ReadFile(args[2]), httputil.NewSingleHostReverseProxy(api)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != args[1] {
			behind.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Request-Id", "req_giving")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	ts.Defer(server.Close)
	ts.Setenv("API", server.URL)
}

// exits runs a command and checks its exit status: `exits 3 stripelake sync`.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// askSQL runs SQL on a lake's warehouse and prints the rows: `sql LAKE 'SELECT …'`.
func askSQL(ts *testscript.TestScript, _ bool, args []string) {
	db, err := load.OpenWarehouse(filepath.Join(ts.MkAbs(args[0]), "current", "warehouse.duckdb"))
	ts.Check(err)
	defer func() { ts.Check(db.Close()) }()
	rows, err := db.Query("SELECT COLUMNS(*)::VARCHAR FROM (" + args[1] + ")")
	ts.Check(err)
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	ts.Check(err)
	out := tabwriter.NewWriter(ts.Stdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, strings.Join(names, "\t"))
	for rows.Next() {
		cells, targets := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range cells {
			targets[i] = &cells[i]
		}
		ts.Check(rows.Scan(targets...))
		for i, cell := range cells {
			fmt.Fprint(out, strings.Repeat("\t", min(i, 1))+cell.String)
		}
		fmt.Fprintln(out)
	}
	ts.Check(rows.Err())
	ts.Check(out.Flush())
}

// lock holds a lake's account as another process would: `lock LAKE ACCOUNT`.
func lock(ts *testscript.TestScript, _ bool, args []string) {
	lake, err := load.Open(ts.MkAbs(args[0]), load.Options{Mode: "test"})
	ts.Check(err)
	log, err := lake.OpenLog(context.Background(), args[1])
	ts.Check(err)
	ts.Defer(func() { ts.Check(log.Close()) })
}

// files prints the Parquet files below a folder, sorted: `files DIR`.
func files(ts *testscript.TestScript, _ bool, args []string) {
	root, found := ts.MkAbs(args[0]), 0
	ts.Check(filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".parquet" {
			return err
		}
		found++
		name, err := filepath.Rel(root, path)
		fmt.Fprintln(ts.Stdout(), filepath.ToSlash(name))
		return err
	}))
	if found == 0 {
		fmt.Fprintln(ts.Stdout(), "no Parquet files")
	}
}
