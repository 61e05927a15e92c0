package pipeline_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"
)

// The test binary runs itself as somebody who reads a lake with a DuckDB of
// their own. These say what they do, where the lake is, and where they may write.
const (
	readerRole = "STRIPELAKE_READER"
	readerLake = "STRIPELAKE_READER_LAKE"
	readerOwn  = "STRIPELAKE_READER_OWN"
)

// What a reader does until its standard input ends, and once more after that.
const (
	roleHolder  = "holder"  // has the warehouse attached all the time, and writes in a file of its own
	roleOpener  = "opener"  // opens and closes it, all the time
	roleScanner = "scanner" // reads the Parquet files of the folder that the link leads to
	roleWriter  = "writer"  // tries to write
	roleVandal  = "vandal"  // does write, and stays
)

// fewestOpens are made by an opener, however soon it is to end.
const fewestOpens = 20

// readings are what one reader saw.
type readings struct {
	Times   int      // of looking
	Seen    []string // what it saw, in order, repetitions left out
	Refused []string // to a writer, likewise
	Failed  []string
	Swept   int // scans whose generation was removed meanwhile, and that said so
}

func (r *readings) saw(what string) {
	if r.Times++; len(r.Seen) == 0 || r.Seen[len(r.Seen)-1] != what {
		r.Seen = append(r.Seen, what)
	}
}

// readLake is the reader's process. It says when it has looked for the first
// time, and what it saw when it ends.
func readLake(role, lake, own string) error {
	var ended atomic.Bool
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		ended.Store(true)
	}()
	r := &readings{}
	begin := map[string]func(lake, own string, r *readings) (look func() error, err error){
		roleHolder: holder, roleOpener: opener, roleScanner: scanner, roleWriter: writer, roleVandal: vandal,
	}[role]
	look, err := begin(lake, own, r)
	if err != nil {
		return err
	}
	pace := time.Second // eight readers share what the sync leaves
	if role == roleOpener {
		pace /= 2
	}
	ticks := time.NewTicker(pace)
	for told, last := false, false; !last; told = true {
		<-ticks.C
		last = ended.Load() && (role != roleOpener || r.Times >= fewestOpens)
		if err := look(); err != nil {
			r.Failed = append(r.Failed, err.Error())
			last = len(r.Failed) > 3
		}
		if !told {
			fmt.Println("looking")
		}
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

func dial(path, access string) (*sql.DB, error) {
	db, err := sql.Open("duckdb", path+"?threads=1&memory_limit=200MB"+access)
	if err == nil {
		db.SetMaxOpenConns(1)
		err = db.Ping()
	}
	return db, err
}

const readOnly = "&access_mode=READ_ONLY"

func opener(lake, _ string, r *readings) (func() error, error) {
	return func() (err error) {
		db, err := dial(filepath.Join(lake, "current", "warehouse.duckdb"), readOnly)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		print, err := fingerprint(db, ofKeys, func(table string) string { return table })
		if err == nil {
			err = asPublished(db)
		}
		if err == nil {
			r.saw(print)
		}
		return err
	}, nil
}

func holder(lake, own string, r *readings) (func() error, error) {
	db, err := dial(filepath.Join(own, "own.duckdb"), "")
	if err == nil {
		_, err = db.Exec("ATTACH '" + filepath.Join(lake, "current", "warehouse.duckdb") + "' AS stripe (READ_ONLY)")
	}
	return func() error {
		_, err := db.Exec("CREATE OR REPLACE TABLE mine AS SELECT currency, count(*) AS n, sum(amount) AS volume FROM stripe.charges GROUP BY ALL")
		if err != nil {
			return err
		}
		var mine, theirs int
		if err := db.QueryRow("SELECT (SELECT sum(n) FROM mine), (SELECT count(*) FROM stripe.charges)").Scan(&mine, &theirs); err != nil {
			return err
		}
		if mine != theirs {
			return fmt.Errorf("%d charges in my own table, %d in the lake", mine, theirs)
		}
		print, err := fingerprint(db, ofRows, func(table string) string { return "stripe." + table })
		if err == nil {
			r.saw(print)
		}
		return err
	}, err
}

// scanner resolves the link once and stays with the generation it leads to. One
// that is removed meanwhile is an error, never wrong rows.
func scanner(lake, _ string, r *readings) (func() error, error) {
	db, err := dial("", "")
	return func() error {
		generation, err := filepath.EvalSymlinks(filepath.Join(lake, "current"))
		if err != nil {
			return err
		}
		print, err := fingerprint(db, ofRows, func(table string) string {
			return "read_parquet('" + generation + "/" + table + "/*/*/*.parquet', hive_partitioning = false)"
		})
		if _, gone := os.Stat(generation); errors.Is(gone, fs.ErrNotExist) {
			r.Swept++
			return nil
		}
		if err == nil {
			r.saw(print)
		}
		return err
	}, err
}

// writer is refused by the system, or, if it is root, by the lock of whoever
// reads: then it tries the generation that it found first, which is held.
func writer(lake, _ string, r *readings) (func() error, error) {
	path := filepath.Join(lake, "current", "warehouse.duckdb")
	if os.Getuid() == 0 {
		var err error
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return nil, err
		}
	}
	return func() (err error) {
		r.Times++
		db, err := dial(path, "")
		if err == nil {
			return errors.Join(fmt.Errorf("%s can be written", path), db.Close())
		}
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil // root's is removed by now
		}
		for _, reason := range []string{"Permission denied", "Conflicting lock is held"} {
			if strings.Contains(err.Error(), reason) {
				if !slices.Contains(r.Refused, reason) {
					r.Refused = append(r.Refused, reason)
				}
				return nil
			}
		}
		return err
	}, nil
}

// vandal writes to what is published, for it may, and stays until it is killed.
func vandal(lake, _ string, r *readings) (func() error, error) {
	db, err := dial(filepath.Join(lake, "current", "warehouse.duckdb"), "")
	return func() error {
		if _, err := db.Exec("CREATE TABLE vandalism AS SELECT 1 AS i; DELETE FROM charges"); err != nil {
			return err
		}
		fmt.Println("looking")
		select {}
	}, err
}

// everyTable is read by all readers.
var everyTable = []string{"balance_transactions", "charges", "customers", "prices", "refunds", "subscription_items", "subscriptions"}

// The columns that a fingerprint covers: all, or the ones that identify
// versions, which takes little time.
const (
	ofRows = "t"
	ofKeys = "(account, id, _seq, deleted)"
)

// fingerprint tells what is in the tables: how many rows, and a sum of their
// hashes, to which a torn, missing or double row adds up differently. A key that
// is there twice is an error.
func fingerprint(db *sql.DB, of string, from func(table string) string) (string, error) {
	var b strings.Builder
	for _, table := range everyTable {
		var rows, keys int
		var sum sql.NullString
		err := db.QueryRow(fmt.Sprintf("SELECT count(*), count(DISTINCT (account, id)), CAST(sum(CAST(hash(%s) AS HUGEINT)) AS VARCHAR) FROM %s t", of, from(table))).Scan(&rows, &keys, &sum)
		if err != nil {
			return "", fmt.Errorf("%s: %w", table, err)
		}
		if rows != keys {
			return "", fmt.Errorf("%s: %d rows have %d keys", table, rows, keys)
		}
		fmt.Fprintf(&b, "%s %d %s\n", table, rows, sum.String)
	}
	return b.String(), nil
}

// asPublished compares the rows with what the generation says of its files.
func asPublished(db *sql.DB) error {
	for _, table := range everyTable {
		var rows, published int
		err := db.QueryRow("SELECT (SELECT count(*) FROM "+table+"), (SELECT coalesce(sum(rows), 0) FROM meta.partitions WHERE \"table\" = ?)", table).Scan(&rows, &published)
		if err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
		if rows != published {
			return fmt.Errorf("%s: %d rows, %d in its files", table, rows, published)
		}
	}
	return nil
}

// reader is a process that reads.
type reader struct {
	name, role string
	cmd        *exec.Cmd
	stdin      io.Closer
	stdout     io.Reader
}

// startReader starts one, under another user if there is one, and waits until
// it has looked for the first time.
func startReader(t *testing.T, program, role, lake, own string, as *syscall.Credential) *reader {
	t.Helper()
	name := role
	if as != nil {
		name += " as another user"
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r := &reader{name: name, role: role, cmd: exec.CommandContext(ctx, program)}
	r.cmd.Dir = own
	r.cmd.Env = append(os.Environ(), readerRole+"="+role, readerLake+"="+lake, readerOwn+"="+own, "HOME="+own)
	r.cmd.Stderr = os.Stderr
	if as != nil {
		r.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	}
	stdin, err1 := r.cmd.StdinPipe()
	stdout, err2 := r.cmd.StdoutPipe()
	if err := errors.Join(err1, err2, r.cmd.Start()); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	r.stdin, r.stdout = stdin, stdout
	said := make([]byte, len("looking\n"))
	if _, err := io.ReadFull(stdout, said); err != nil || string(said) != "looking\n" {
		rest, _ := io.ReadAll(stdout)
		t.Fatalf("%s: %s%s, %v", name, said, rest, err)
	}
	return r
}

// end has the reader look a last time.
func (r *reader) end(t *testing.T) readings {
	t.Helper()
	_ = r.stdin.Close()
	var seen readings
	if err := errors.Join(json.NewDecoder(r.stdout).Decode(&seen), r.cmd.Wait()); err != nil {
		t.Fatalf("%s: %v", r.name, err)
	}
	return seen
}
