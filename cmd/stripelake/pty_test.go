package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// patience is after how long a terminal on which nothing more appears is given up.
const patience = 2 * time.Minute

// terminal is a shell command that runs on a pseudo-terminal, with the program in its
// PATH.
type terminal struct {
	t    *testing.T
	cmd  *exec.Cmd
	file *os.File
	read chan string // what appears; closed at the end
	said strings.Builder
}

// onTerminal starts a command in a folder, on a terminal of so many cells and lines.
func onTerminal(t *testing.T, dir string, columns, lines uint16, command string, env ...string) *terminal {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "bin")); err != nil {
		linkBinary(t, dir)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), asProgram+"=1", "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"), "TERM=xterm", "PAGER=", "LESS=")
	cmd.Env = append(cmd.Env, env...)
	file, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: lines, Cols: columns})
	if err != nil {
		t.Fatal(err)
	}
	term := &terminal{t: t, cmd: cmd, file: file, read: make(chan string)}
	t.Cleanup(func() { // where the test has not waited for its end
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = file.Close()
	})
	go func() {
		defer close(term.read)
		for buffer := make([]byte, 4096); ; {
			n, err := file.Read(buffer)
			if n > 0 {
				term.read <- string(buffer[:n])
			}
			if err != nil {
				return // at the end Linux says EIO
			}
		}
	}()
	return term
}

// until waits until a text has appeared.
func (x *terminal) until(text string) {
	x.t.Helper()
	patience := time.After(patience)
	for !strings.Contains(x.said.String(), text) {
		ok := false
		select {
		case more, open := <-x.read:
			x.said.WriteString(more)
			ok = open
		case <-patience: // a program that waits for us would hang the tests
		}
		if !ok {
			x.t.Fatalf("%q does not appear:\n%s", text, x.said.String())
		}
	}
}

// untilAfter waits until a text has appeared after the last mark.
func (x *terminal) untilAfter(mark, text string) {
	x.t.Helper()
	x.until(mark)
	said := x.said.String()
	before, after := said[:strings.LastIndex(said, mark)], said[strings.LastIndex(said, mark):]
	x.said.Reset()
	x.said.WriteString(after)
	x.until(text)
	after = x.said.String()
	x.said.Reset()
	x.said.WriteString(before + after)
}

// send types a text.
func (x *terminal) send(text string) {
	x.t.Helper()
	if _, err := x.file.WriteString(text); err != nil {
		x.t.Fatal(err)
	}
}

// end waits for the command's end. It returns all that appeared, with plain line ends,
// and the exit status.
func (x *terminal) end() (said string, status int) {
	x.t.Helper()
	patience := time.After(patience)
	for open := true; open; {
		var more string
		select {
		case more, open = <-x.read:
			x.said.WriteString(more)
		case <-patience:
			x.t.Fatalf("it does not end:\n%s", x.said.String())
		}
	}
	err := x.cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		status = exit.ExitCode()
	} else if err != nil {
		x.t.Fatal(err)
	}
	return strings.ReplaceAll(x.said.String(), "\r\n", "\n"), status
}
