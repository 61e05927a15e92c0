package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

// The marked key, and a webhook's secret as a server might return it. Tests
// search for the marks, not for the whole: a part of a key must not appear
// either.
const (
	markedKey = "sk_test_MARKEDkey0123456789abcdef"
	marked    = "MARKEDkey"
	whsec     = "whsec_MARKEDhook0123456789"
	markedToo = "MARKEDhook"
)

// tattler is a Stripe that says the key wherever it can: in headers, errors and
// redirects.
type tattler struct {
	status int    // of lists; 0 is a good page
	hold   string // the path whose answer never comes
	told   bool   // objects hold the key too
	asked  chan struct{}
	once   sync.Once
}

func (s *tattler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	h := w.Header()
	h.Set("Request-Id", "req_"+key)
	h.Set("Stripe-Version", "2023-10-16; "+key)
	h.Set("Location", "https://elsewhere.example/?key="+key+"&hook="+whsec)
	h.Set("Stripe-Should-Retry", "false")
	h.Set("Set-Cookie", "key="+key)
	kind, listed := map[string]string{
		"/v1/charges": "charge", "/v1/customers": "customer", "/v1/refunds": "refund", "/v1/prices": "price",
		"/v1/subscriptions": "subscription", "/v1/balance_transactions": "balance_transaction",
	}[r.URL.Path]
	switch {
	case r.URL.Path == s.hold:
		s.once.Do(func() { close(s.asked) })
		<-r.Context().Done()
	case s.status != 0 && (listed || s.status == http.StatusUnauthorized):
		w.WriteHeader(s.status)
		fmt.Fprintf(w, `{"error":{"type":%[1]q,"code":%[1]q,"param":%[1]q,"message":"bad key %[1]s, hook %[2]s, \u0073k_test_MARKEDkey0123456789abcdef"}}`, key, whsec)
	case r.URL.Path == "/v1/account":
		fmt.Fprint(w, `{"id":"acct_1","object":"account"}`)
	case listed:
		if !s.told {
			key = ""
		}
		fmt.Fprintf(w, `{"object":"list","has_more":false,"data":[{"id":"x_%s","object":%q,"created":%d,"livemode":false,"unheard_of":%q}]}`,
			kind, kind, time.Now().Add(-time.Hour).Unix(), key)
	default:
		fmt.Fprint(w, `{"object":"list","has_more":false,"data":[]}`)
	}
}

// Invariant 11: a secret is in no output, in no argument list, and in no file
// but the one that the user put it in.
func TestSecretsAreNowhere(t *testing.T) {
	t.Parallel()
	for name, tc := range laketest.Sampled(map[string]struct {
		status  int    // of lists
		hold    string // the path whose answer never comes
		told    bool   // objects hold the key
		gone    bool   // nobody listens
		killed  bool
		exit    int
		command string
	}{
		"sync":                 {command: "sync", exit: 0},
		"sync, key in objects": {command: "sync", told: true, exit: 0},
		"sync --json":          {command: "sync --json", exit: 0},
		"sync, 400":            {command: "sync", status: 400, exit: 3},
		"sync, 401":            {command: "sync", status: 401, exit: 1},
		"sync, 403":            {command: "sync", status: 403, exit: 3},
		"sync --json, 429":     {command: "sync --json", status: 429, exit: 3},
		"sync, 500":            {command: "sync --retry-for 0", status: 500, exit: 3},
		"sync, redirected":     {command: "sync", status: 302, exit: 3},
		"sync, nobody there":   {command: "sync --retry-for 1s", gone: true, exit: 1},
		"sync, killed":         {command: "sync", hold: "/v1/refunds", killed: true, exit: -1},
		"plan":                 {command: "plan", exit: 0},
		"plan, 500":            {command: "plan --retry-for 1s", status: 500, exit: 1},
		"doctor":               {command: "doctor", exit: 0},
		"doctor --json, 403":   {command: "doctor --json", status: 403, exit: 3},
		"doctor, nobody there": {command: "doctor", gone: true, exit: 3},
	}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, fromFile := range []bool{false, true} {
				if fromFile && (testing.Short() || tc.status != 0) {
					continue
				}
				stripe := &tattler{status: tc.status, hold: tc.hold, told: tc.told, asked: make(chan struct{})}
				server := httptest.NewServer(stripe)
				t.Cleanup(server.Close)
				if tc.gone {
					server.Close()
				}
				p := newProgram(t, fromFile)
				args := append(strings.Fields(tc.command), "--api-base", server.URL, "--max-rps", "100000")
				out := p.run(tc.exit, args, func(pid int) {
					if tc.killed {
						<-stripe.asked
						p.clean("/proc", processText(pid))
						_ = syscall.Kill(pid, syscall.SIGKILL)
					}
				})
				p.clean("what is printed", out)
				if _, err := os.Stat(p.lake); err == nil {
					p.clean("status", p.run(0, []string{"status"}, nil))
					p.clean("status --json", p.run(0, []string{"status", "--json"}, nil))
				}
				if name == "sync" {
					p.clean("verify", p.run(-2, []string{"verify"}, nil))
				}
				p.cleanFiles(tc.told)
				p.private()
			}
		})
	}
}

// program is the command, started as a user would, in a folder of its own.
type program struct {
	t                       *testing.T
	root, lake, key, secret string
}

func newProgram(t *testing.T, fromFile bool) *program {
	t.Helper()
	root := t.TempDir()
	p := &program{t: t, root: root, lake: filepath.Join(root, "lake")}
	if !fromFile {
		p.secret = markedKey
		return p
	}
	p.key = filepath.Join(root, "key")
	if err := os.WriteFile(p.key, []byte(markedKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// run runs the command to its end and returns all it says. An exit status of -2
// may be any.
func (p *program) run(exit int, args []string, meanwhile func(pid int)) string {
	p.t.Helper()
	if p.key != "" && (args[0] == "sync" || args[0] == "plan" || args[0] == "doctor") {
		args = append(args, "--api-key-file", p.key)
	}
	args = append(args, "--lake", p.lake)
	// The widest umask there is: what is private is so by the program's own doing.
	cmd := exec.CommandContext(p.t.Context(), "/bin/sh", append([]string{"-c", `umask 0; exec "$0" "$@"`, os.Args[0]}, args...)...)
	cmd.Dir = p.root
	cmd.Env = []string{asProgram + "=1", "STRIPE_API_KEY=" + p.secret, "TMPDIR=" + filepath.Join(p.root), "HOME=" + p.root, "PATH=" + os.Getenv("PATH")}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	if meanwhile != nil {
		meanwhile(cmd.Process.Pid)
	}
	err := cmd.Wait()
	ended, ok := errors.AsType[*exec.ExitError](err)
	if err != nil && !ok {
		p.t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); exit != -2 && got != exit {
		p.t.Errorf("%v: exit status %d (%v), want %d:\n%.2000s", args, got, ended, exit, out.String())
	}
	return out.String()
}

func (p *program) clean(where, text string) {
	p.t.Helper()
	for _, mark := range []string{marked, markedToo} {
		if i := strings.Index(text, mark); i >= 0 {
			p.t.Errorf("%s: a secret: …%q…", where, text[max(0, i-80):min(len(text), i+40)])
		}
	}
}

// cleanFiles looks into every file below the program's folder, its temporary
// ones among them. Parquet and DuckDB compress, but not so short a text: it
// stands in a dictionary or a page as it is. What objects hold is Stripe's data,
// and the raw log keeps it as it was sent.
func (p *program) cleanFiles(told bool) {
	p.t.Helper()
	segments := filepath.Join(p.lake, "raw", "acct_1")
	p.walk(func(path string, info fs.FileInfo) {
		if told && strings.HasPrefix(path, segments) && filepath.Ext(path) == ".parquet" {
			return
		}
		if path == p.key || !info.Mode().IsRegular() {
			return
		}
		content, err := os.ReadFile(path)
		if err != nil {
			p.t.Error(err)
		}
		p.clean(path, string(content))
	})
}

func (p *program) walk(visit func(path string, info fs.FileInfo)) {
	p.t.Helper()
	err := filepath.WalkDir(p.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == p.root {
			return err
		}
		info, err := d.Info()
		if err == nil {
			visit(path, info)
		}
		return err
	})
	if err != nil {
		p.t.Error(err)
	}
}

// private holds that nobody else may read the lake, whatever the umask: files
// are 0600 in folders of 0700, those of a generation 0440 in 0750.
func (p *program) private() {
	p.t.Helper()
	p.walk(func(path string, info fs.FileInfo) {
		name, _ := filepath.Rel(p.lake, path)
		want := fs.FileMode(0o600)
		switch published := strings.HasPrefix(name, filepath.Join(".state", "generations")+string(filepath.Separator)); {
		case path == p.key || info.Mode()&fs.ModeSymlink != 0:
			return
		case info.IsDir() && published:
			want = 0o750
		case info.IsDir():
			want = 0o700
		case published:
			want = 0o440
		}
		if got := info.Mode().Perm(); got != want {
			p.t.Errorf("%s: mode %o, want %o", name, got, want)
		}
	})
}

// processText is what everybody may read of a process.
func processText(pid int) string {
	if runtime.GOOS != "linux" {
		return ""
	}
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return string(text)
}

// A lake in a folder that others may look into is private from its own files on.
func TestFolderThatIsWiderStaysClosed(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(&tattler{asked: make(chan struct{})})
	t.Cleanup(server.Close)
	p := newProgram(t, false)
	if err := os.Mkdir(p.lake, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(p.lake, 0o777); err != nil {
		t.Fatal(err)
	}
	p.run(0, []string{"sync", "--api-base", server.URL, "--max-rps", "100000"}, nil)
	p.walk(func(path string, info fs.FileInfo) {
		if path != p.lake && info.Mode()&fs.ModeSymlink == 0 && info.Mode().Perm()&0o007 != 0 {
			t.Errorf("%s: mode %o", path, info.Mode().Perm())
		}
	})
	if info, err := os.Stat(p.lake); err != nil || info.Mode().Perm() != 0o777 {
		t.Errorf("the user's own folder: %v, %v; its mode is the user's", info.Mode(), err)
	}
}

// Invariant 12: TLS is verified, and HTTP goes to loopback addresses only.
func TestWhereTheKeyMayGo(t *testing.T) {
	t.Parallel()
	served := func(w http.ResponseWriter, r *http.Request) { t.Errorf("%s was served", r.URL) }
	secure := httptest.NewUnstartedServer(http.HandlerFunc(served))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	for base, want := range map[string]string{
		secure.URL:                          "certificate",
		"http://localhost.evil.com":         "the key would travel in the clear",
		"http://127.0.0.1.evil.com":         "the key would travel in the clear",
		"http://evil.com#@127.0.0.1":        "leave out user, query and fragment",
		"http://127.0.0.1@evil.com":         "leave out user",
		"https://user:pw@api.stripe.com":    "leave out user",
		"http://[::2]":                      "the key would travel in the clear",
		"http://[::ffff:10.0.0.1]:80":       "the key would travel in the clear",
		"http://[fe80::1%25lo]:80":          "the key would travel in the clear",
		"http://0.0.0.0:80":                 "the key would travel in the clear",
		"http://2130706433:80":              "the key would travel in the clear",
		"http://127.1:80":                   "the key would travel in the clear",
		"http://localhost.:80":              "the key would travel in the clear",
		"file:///etc/passwd":                "want one like https://",
		"http:127.0.0.1":                    "want one like https://",
		`http://127.0.0.1\@evil.com`:        "want one like https://",
		"HTTP://EVIL.com":                   "the key would travel in the clear",
		"https://sk_test_MARKEDkey@evil.co": "leave out user",
	} {
		t.Run(base, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, false)
			out := p.run(-2, []string{"sync", "--api-base", base}, nil)
			if !strings.Contains(out, want) {
				t.Errorf("says %s\nwant %q", out, want)
			}
			p.clean("what is printed", out)
		})
	}
}

// Bytes that no request asked for are counted and not shown, whatever they hold.
func TestStrayBytesAreNotShown(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for in := bufio.NewReader(conn); ; {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					body := `{"object":"list","has_more":false,"data":[]}`
					if r.URL.Path == "/v1/account" {
						body = `{"id":"acct_1","object":"account"}`
					}
					fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nDate: %s\r\nRequest-Id: req_1\r\nContent-Length: %d\r\n\r\n%s%s ann@example.com",
						time.Now().UTC().Format(http.TimeFormat), len(body), body, r.Header.Get("Authorization"))
				}
			}()
		}
	}()
	p := newProgram(t, false)
	out := p.run(0, []string{"sync", "--api-base", "http://" + listener.Addr().String(), "--max-rps", "100000"}, nil)
	p.clean("what is printed", out)
	if strings.Contains(out, "ann@") || strings.Count(out, "the server sent more than was asked for; it was dropped") != 1 {
		t.Errorf("it says:\n%s", out)
	}
}
