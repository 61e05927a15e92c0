package stripelake_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// commands are scripts by the name they are called by; an empty one is missing.
type commands map[string]string

// debian is a machine that has what make needs.
var debian = commands{
	"bash":    "exit 1",
	"ldd":     "echo 'ldd (Debian GLIBC 2.36) 2.36'",
	"uname":   "echo Linux",
	"apt-get": "exit 1",
	"gcc":     "exit 0",
	"go": `case "$*" in
version) sed -n 's/^go /go version go/p' go.mod;; # the oldest that will do
"env CC") echo ${CC:-gcc};;
"env CGO_ENABLED") echo 1;;
"env GOOS") echo linux;;
"list "*) echo false;;
esac`,
}

// goSays is a debian's Go that answers one question otherwise.
func goSays(question, answer string) string {
	return `[ "$*" != "` + question + `" ] || { echo ` + answer + `; exit; }` + "\n" + debian["go"]
}

// Where something is missing, make says so in one line, with what installs it,
// before it does anything.
func TestWhatMakeNeeds(t *testing.T) {
	const noCXX = `case "$*" in *-lstdc++*|*-lc++*) exit 1;; esac`
	for _, test := range []struct {
		name   string
		differ commands // from debian
		args   []string
		want   string // in the one line; empty where make goes on
	}{
		{"all is there", nil, nil, ""},
		{"make of macOS", nil, []string{"MAKE_VERSION=3.81"}, "make 3.81 is too old, 3.82 or later is needed; on macOS: brew install make"},
		{"oldest make that works", nil, []string{"MAKE_VERSION=3.82"}, ""},
		{"Alpine", commands{"ldd": "echo 'musl libc (x86_64)' >&2; exit 1", "bash": "", "go": "", "gcc": ""}, nil, "musl (Alpine) is not supported"},
		{"no ldd", commands{"ldd": ""}, nil, ""},
		{"no bash", commands{"bash": ""}, nil, "bash is missing"},
		{"no Go", commands{"go": ""}, nil, "install it from https://go.dev/dl"},
		{"no Go, Homebrew", commands{"go": "", "brew": "exit 1"}, nil, "brew install go"},
		{"an old Go", commands{"go": goSays("version", "go version go1.21 linux/amd64")}, nil, "Go 1.21 is too old"},
		{"an unfinished Go", commands{"go": goSays("version", "go version go1.26rc1 linux/amd64")}, nil, "Go 1.26 is too old"},
		{"a Go that fails", commands{"go": "exit 1"}, nil, "Go of no known version is too old"},
		{"a later Go", commands{"go": goSays("version", "go version go1.100.2 linux/amd64")}, nil, ""},
		{"a Go under development", commands{"go": goSays("version", "go version devel go1.27-0f3a9c8 linux/amd64")}, nil, ""},
		{"no C compiler", commands{"gcc": ""}, nil, "the C compiler gcc is missing: apt-get install g++"},
		{"a C compiler that is none", nil, []string{"CC=nonsense"}, "the C compiler nonsense is missing"},
		{"a C compiler with flags", nil, []string{"CC=gcc -m64"}, ""},
		{"no cgo", commands{"go": goSays("env CGO_ENABLED", "0")}, nil, "CGO_ENABLED is 0"},
		{"no C++ on Debian", commands{"gcc": noCXX}, nil, "gcc cannot link C++ (-lstdc++), which DuckDB is written in: apt-get install g++"},
		{"no C++ on Fedora", commands{"gcc": noCXX, "apt-get": "", "dnf": "exit 1"}, nil, "(-lstdc++), which DuckDB is written in: dnf install gcc-c++"},
		{"no C++ on macOS", commands{"gcc": noCXX, "apt-get": "", "ldd": "", "uname": "echo Darwin", "go": goSays("env GOOS", "darwin")}, nil, "(-lc++), which DuckDB is written in: xcode-select --install"},
		{"no C++ elsewhere", commands{"gcc": noCXX, "apt-get": ""}, nil, "(-lstdc++), which DuckDB is written in: install g++"},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, err := runMake(t, install(t, test.differ), append([]string{"-n", "test"}, test.args...)...)
			if test.want == "" {
				if err != nil || !strings.HasPrefix(out, "go test ") {
					t.Errorf("make does not go on: %v\n%s", err, out)
				}
			} else if err == nil || !strings.Contains(out, test.want) || strings.Count(out, "\n") != 1 {
				t.Errorf("want one line with %q, make says (%v):\n%s", test.want, err, out)
			}
		})
	}
}

// These tests were built here, so that make must find here what it needs.
func TestWhatMakeNeedsIsHere(t *testing.T) {
	environ := append(os.Environ(), "MAKEFLAGS=", "MAKELEVEL=") // of the make that runs the tests
	if out, err := runMake(t, environ, "-n", "test"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestFirstBuildIsAnnounced(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	for answer, want := range map[string]string{"false": "", "true": "minutes", "no such module": "minutes"} {
		const question = "list -f {{.Stale}} github.com/duckdb/duckdb-go/v2"
		environ := install(t, commands{"bash": "exec " + bash + ` "$@"`, "go": goSays(question, answer)})
		out, err := runMake(t, environ, "build")
		if err != nil || !strings.Contains(out, want) || (want == "") != (out == "") {
			t.Errorf("where go list says %s: %v\n%s", answer, err, out)
		}
	}
}

// install makes a folder of debian's commands with those that differ, and of what
// any system has, and returns an environment where nothing else is to be found.
func install(t *testing.T, differ commands) (environ []string) {
	t.Helper()
	dir := t.TempDir()
	all := maps.Clone(debian)
	maps.Copy(all, differ)
	for name, script := range all {
		if script == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name := range strings.FieldsSeq("dirname grep head mktemp rm sed sort") {
		real, err := exec.LookPath(name)
		if err == nil {
			err = os.Symlink(real, filepath.Join(dir, name))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return []string{"PATH=" + dir, "TMPDIR=" + dir}
}

func runMake(t *testing.T, environ []string, args ...string) (out string, err error) {
	t.Helper()
	for _, name := range []string{"Makefile", ".ci/needs"} { // so that go test runs this again when one has changed
		if _, err := os.ReadFile(filepath.FromSlash(name)); err != nil {
			t.Fatal(err)
		}
	}
	program, err := exec.LookPath("gmake") // on macOS, make is too old
	if err != nil {
		program, err = exec.LookPath("make")
	}
	if err != nil {
		t.Skip(err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = environ
	text, err := cmd.CombinedOutput()
	return string(text), err
}
