//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stripelake/stripelake/internal/faultyfs"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
)

// blames is what nobody may be told who has no more open files.
var blames = regexp.MustCompile(`(?i)damaged|restore|backup|missing|set aside|anew|another format|panic|goroutine|FATAL|INTERNAL`)

// saysShort checks that a command that could not open a file says that and nothing else.
func saysShort(t *testing.T, what, said string, code int) {
	t.Helper()
	if word := blames.FindString(said); code != 0 && (word != "" || !strings.Contains(said, "may not have more files open") || !strings.Contains(said, "ulimit -n")) || code != 0 && code != 1 && code != 3 {
		t.Errorf("%s: exit status %d, and it says: %s", what, code, said)
	}
}

// TestFewOpenFiles runs commands that may have few files open, from next to none to
// enough: they end at once and say what to do, or end well.
func TestFewOpenFiles(t *testing.T) {
	laketest.Slow(t)
	t.Parallel()
	p := newPlace(t)
	api := serve(t, newShop(t))
	p.asOwner(`stripelake sync --max-rps 1000 --lake "$LAKE" --api-base ` + api)
	ended := 0
	for _, limit := range []int{8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 112, 128, 136, 144, 160, 200} {
		for _, text := range []string{
			"sync --max-rps 1000 --api-base " + api, "verify --json", "doctor --json --api-base " + api, "query 'SELECT count(*) FROM charges'",
		} {
			said, ok := p.run(p.owner, p.dir, fmt.Sprintf(`ulimit -n %d; exec stripelake %s --lake "$LAKE"`, limit, text))
			if ok {
				ended++
				continue
			}
			saysShort(t, fmt.Sprintf("%s, %d files", text, limit), said, 1)
		}
	}
	if ended == 0 || ended == 17*4 {
		t.Errorf("%d commands ended well", ended)
	}
	p.asOwner(`stripelake doctor --lake "$LAKE" --api-base ` + api + ` && stripelake verify --lake "$LAKE"`)
	if said := p.files(); strings.Contains(said, "damaged") {
		t.Errorf("set aside: %s", said)
	}
}

// TestOpenFilesRunOut takes the right to open files from commands in their middle.
// Nothing is taken for damaged: the command says what to do, sets nothing aside, and
// the next one finds nothing amiss.
func TestOpenFilesRunOut(t *testing.T) {
	t.Parallel()
	server := newShop(t)
	api := serve(t, server)
	dir := emptyFolder(t)
	first := filepath.Join(dir, "first")
	if err := resync(first, api); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Change(stripesim.CreateCharge, 3); err != nil {
		t.Fatal(err)
	}
	server.Advance(time.Hour)
	commands := [][]string{
		{"sync", "--max-rps", "1000", "--api-base", api},
		{"verify", "--json"},
		{"doctor", "--json", "--api-base", api},
		{"rebuild", "charges"},
		{"verify", "--repair", "--stripe", "--max-rps", "1000", "--api-base", api},
	}
	for _, args := range commands[:laketest.Sample(1, len(commands))] {
		t.Run(strings.Join(args[:2], " "), func(t *testing.T) {
			t.Parallel()
			failed := 0
			run := func(at int) (done int) {
				lake := filepath.Join(emptyFolder(t), "lake")
				if err := os.CopyFS(lake, os.DirFS(first)); err != nil {
					t.Fatal(err)
				}
				stdout, stderr, code := watchedProcess(t, lake, func(pid int, op faultyfs.Op) faultyfs.Answer {
					if done = op.N; op.N == at {
						if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: 3}, nil); err != nil {
							t.Error(err)
						}
					}
					return faultyfs.Answer{Skip: op.Do == faultyfs.Sync}
				}, append(slices.Clone(args), "--lake", lake)...)
				if at == 0 && code != 0 {
					t.Fatalf("undisturbed: exit status %d: %s%s", code, stdout, stderr)
				}
				said := stderr
				if args[0] == "doctor" && code == 3 {
					said = stdout
				}
				if code != 0 {
					failed++
				}
				saysShort(t, fmt.Sprintf("from call %d", at), said, code)
				if aside, _ := filepath.Glob(filepath.Join(lake, "*", "*.damaged")); len(aside) > 0 {
					t.Errorf("from call %d: set aside: %v", at, aside)
				}
				if _, said, code := watched(t, lake, func(faultyfs.Op) faultyfs.Answer { return faultyfs.Answer{} }, "sync", "--json", "--max-rps", "1000", "--api-base", api, "--lake", lake); code != 0 || strings.Contains(said, "anew") {
					t.Errorf("from call %d: the next sync: exit status %d: %s", at, code, said)
				}
				return done
			}
			calls := run(0)
			for i := range moments {
				run(1 + calls*i/moments)
			}
			if args[0] == "verify" {
				run(whileStarting) // where DuckDB gives up
			}
			if failed < moments/2 {
				t.Errorf("%d of %d ended without enough files", failed, moments)
			}
		})
	}
}

// whileStarting is a call of verify's while it starts DuckDB.
const whileStarting = 7

// moments are how many of a command are tried.
var moments = laketest.Sample(4, 8)
