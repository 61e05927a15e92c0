package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

// hugeAnswers are what all six lists answer at the same time.
var hugeAnswers = map[string]func(w http.ResponseWriter, kind string){
	"a text of a gigabyte": func(w http.ResponseWriter, _ string) { gigabyte(w) },
	"a gigabyte, packed": func(w http.ResponseWriter, _ string) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packedGigabyte())
	},
	"an error of a gigabyte": func(w http.ResponseWriter, _ string) {
		w.WriteHeader(http.StatusBadRequest)
		gigabyte(w)
	},
	"millions of objects, packed": func(w http.ResponseWriter, _ string) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packedMillions())
	},
	"an object of 60 MB": func(w http.ResponseWriter, kind string) {
		fmt.Fprintf(w, `{"object":"list","has_more":false,"data":[{"id":"x_1","object":%q,"created":%d,"description":"%s"}]}`,
			kind, time.Now().Unix()-1000, strings.Repeat("x", 60<<20))
	},
}

// What is packed is packed once for all lists: it takes longer than to unpack it.
var (
	packedGigabyte = sync.OnceValue(func() []byte { return packed(gigabyte) })
	packedMillions = sync.OnceValue(func() []byte {
		return packed(func(w io.Writer) {
			_, _ = io.WriteString(w, `{"object":"list","has_more":false,"data":[{}`)
			many := strings.Repeat(",{}", 1<<20)
			for range 10 {
				_, _ = io.WriteString(w, many)
			}
			_, _ = io.WriteString(w, "]}")
		})
	})
)

func packed(write func(io.Writer)) []byte {
	var all bytes.Buffer
	w := gzip.NewWriter(&all)
	write(w)
	_ = w.Close() // a buffer takes everything
	return all.Bytes()
}

func gigabyte(w io.Writer) {
	text := strings.Repeat("x", 1<<20)
	_, _ = io.WriteString(w, `{"object":"list","has_more":false,"data":[{"id":"x`)
	for range 1 << 10 {
		if _, err := io.WriteString(w, text); err != nil {
			return // the other side has had enough
		}
	}
}

// What does not fit is cut off before it is held: one body at a time of 32 MiB at
// most, grown by copying, and not an object more in a page than was asked for.
func TestHugeAnswersTakeBoundedMemory(t *testing.T) {
	laketest.Slow(t)
	if testing.Short() {
		t.Skip("the race detector needs memory of its own")
	}
	for name, answer := range laketest.Sampled(hugeAnswers) {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Request-Id", "req_huge")
				switch path := strings.TrimPrefix(r.URL.Path, "/v1/"); path {
				case "account":
					fmt.Fprint(w, `{"id":"acct_1","object":"account"}`)
				case "events":
					fmt.Fprint(w, `{"object":"list","has_more":false,"data":[]}`)
				default:
					w.Header().Set("Stripe-Should-Retry", "false")
					answer(w, strings.TrimSuffix(path, "s"))
				}
			}))
			t.Cleanup(server.Close)
			cmd := exec.CommandContext(t.Context(), os.Args[0], "sync", "--lake", t.TempDir()+"/lake", "--api-base", server.URL, "--max-rps", "100000")
			most := t.TempDir() + "/most"
			cmd.Env = []string{asProgram + "=1", "STRIPE_API_KEY=sk_test_huge", peakFile + "=" + most}
			out, _ := cmd.CombinedOutput()
			code, told := cmd.ProcessState.ExitCode(), strings.Count(string(out), "(req_huge)") >= 6
			if name == "an object of 60 MB" { // which costs itself
				told = strings.Contains(string(out), "7 objects rejected")
			}
			if code != 3 || !told {
				t.Errorf("exit status %d, want 3 and six errors with their requests, or rejects:\n%.3000s", code, out)
			}
			text, err := os.ReadFile(most)
			if err != nil {
				t.Fatal(err)
			}
			peak, err := strconv.Atoi(string(text))
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d MiB at most", peak>>20)
			if peak < 1<<20 || peak > 300<<20 {
				t.Errorf("%d MiB of memory", peak>>20)
			}
		})
	}
}

// peakFile names the file to which a program writes how much memory it had.
const peakFile = "STRIPELAKE_TEST_PEAK_FILE"

// writePeak writes the most bytes of memory that this process has had. Linux
// counts in Maxrss also what the process had before it became this program, and
// it begins as a copy of the one that starts it: a test with much memory of its own.
func writePeak(file string) {
	var peak int64
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		for line := range strings.Lines(string(status)) {
			if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &peak); err == nil {
				peak <<= 10
				break
			}
		}
	} else {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			panic(err)
		}
		peak = usage.Maxrss // bytes where there is no /proc
	}
	if err := os.WriteFile(file, []byte(strconv.FormatInt(peak, 10)), 0o600); err != nil {
		panic(err)
	}
}

// A question that makes texts of gigabytes is stopped near its limit.
func TestGreedyQueryIsStopped(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it takes 2 GiB")
	}
	dir, temporary := t.TempDir(), t.TempDir()
	program := func(args ...string) (string, int) {
		cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
		cmd.Dir, cmd.Env = dir, []string{asProgram + "=1", "TMPDIR=" + temporary}
		out, _ := cmd.CombinedOutput()
		return string(out), cmd.ProcessState.ExitCode()
	}
	if out, code := program("demo", "--lake", "lake", "--charges", "10"); code != 0 {
		t.Fatal(out)
	}
	out, code := program("query", "--lake", "lake", "SELECT length(repeat('x', 2000000000 + n::INT)) FROM range(100) t(n)")
	took := regexp.MustCompile(`^stripelake: stopped: the query took ([0-9.]+) GiB of memory, and 2.0 GiB is the most: .*\n$`).FindStringSubmatch(out)
	if code != 1 || took == nil {
		t.Fatalf("exit status %d: %.500s", code, out)
	}
	if most, err := strconv.ParseFloat(took[1], 64); err != nil || most > 3 {
		t.Errorf("it took %s GiB, %v", took[1], err)
	}
	if out, code := program("query", "--lake", "lake", "SELECT 1"); code != 0 {
		t.Error(out)
	}
	if left, err := filepath.Glob(temporary + "/*"); err != nil || len(left) > 0 {
		t.Errorf("left in the temporary folder: %v, %v", left, err)
	}
}
