package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// startOnTerminal starts a command with a pseudo-terminal as all of its streams.
func startOnTerminal(t *testing.T, cmd *exec.Cmd, columns int) *os.File {
	t.Helper()
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 30, Cols: uint16(columns)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	return terminal
}

// programOnTerminal returns a command that is this program, for a terminal.
func programOnTerminal(ctx context.Context, t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), asProgram+"=1", "STRIPE_API_KEY=sk_test_terminal", "TERM=xterm")
	return cmd
}

// pause stops a program, so that its terminal can be changed between two of its frames,
// and passes on what it had written. The function returned lets it go on.
func pause(t *testing.T, cmd *exec.Cmd, terminal *os.File, each func([]byte)) (resume func()) {
	t.Helper()
	err := cmd.Process.Signal(syscall.SIGSTOP)
	if err == nil {
		_, err = syscall.Wait4(cmd.Process.Pid, nil, syscall.WUNTRACED, nil)
	}
	buffer, ready := make([]byte, 64<<10), []unix.PollFd{{Fd: int32(terminal.Fd()), Events: unix.POLLIN}}
	for n := 1; err == nil && n > 0; {
		n, err = unix.Poll(ready, 100) // milliseconds; the kernel passes on by itself what was written
		if err == nil && n > 0 {
			n, err = terminal.Read(buffer)
			each(buffer[:n])
		}
		if errors.Is(err, unix.EINTR) {
			n, err = 1, nil
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Error(err)
		}
	}
}

// readTerminal reads what appears until the program has ended: Linux says so by EIO.
func readTerminal(terminal *os.File, each func([]byte)) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := terminal.Read(buffer)
		each(buffer[:n])
		if err != nil {
			return
		}
	}
}

// emulator is as much of a terminal as the program uses: lines that wrap, the cursor
// up, the rest of the screen erased, and colours, which it ignores. What scrolls out
// stays. As xterm does, it cuts lines where it becomes narrower.
type emulator struct {
	columns int
	rows    []row
	at      int // row of the cursor
	column  int
	unread  string // the beginning of a control sequence
	unknown []string
}

type row struct {
	text    []rune
	wrapped bool // the text goes on in the next row
}

func newEmulator(columns int) *emulator { return &emulator{columns: columns, rows: make([]row, 1)} }

func (e *emulator) resize(columns int) {
	e.columns = columns
	for i := range e.rows {
		e.rows[i].text = e.rows[i].text[:min(len(e.rows[i].text), columns)]
	}
}

func (e *emulator) write(p []byte) {
	text := e.unread + string(p)
	for e.unread = ""; text != ""; {
		if text[0] == 0x1b {
			end := strings.IndexFunc(text[1:], func(r rune) bool { return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' })
			if end < 0 {
				e.unread = text
				return
			}
			e.control(text[1:end+1], text[end+1])
			text = text[end+2:]
			continue
		}
		if !utf8.FullRuneInString(text) {
			e.unread = text
			return
		}
		r, size := utf8.DecodeRuneInString(text)
		e.put(r)
		text = text[size:]
	}
}

func (e *emulator) control(parameters string, final byte) {
	n, err := strconv.Atoi(strings.TrimPrefix(parameters, "["))
	switch {
	case final == 'm':
	case final == 'A' && err == nil:
		e.at = max(e.at-n, 0)
	case final == 'J' && parameters == "[":
		e.rows = e.rows[:e.at+1]
		e.rows[e.at] = row{text: e.rows[e.at].text[:min(e.column, len(e.rows[e.at].text))]}
	default:
		e.unknown = append(e.unknown, parameters+string(final))
	}
}

func (e *emulator) put(r rune) {
	switch r {
	case '\r':
		e.column = 0
		return
	case '\n':
		e.down()
		return
	}
	if e.column == e.columns {
		e.rows[e.at].wrapped = true
		e.column = 0
		e.down()
	}
	text := e.rows[e.at].text
	for len(text) <= e.column {
		text = append(text, ' ')
	}
	text[e.column] = r
	e.rows[e.at].text = text
	e.column++
}

func (e *emulator) down() {
	if e.at++; e.at == len(e.rows) {
		e.rows = append(e.rows, row{})
	}
}

// lines are the lines on the screen; a line that wraps is one.
func (e *emulator) lines() []string {
	var all []string
	before := ""
	for _, r := range e.rows {
		before += string(r.text)
		if !r.wrapped {
			all = append(all, strings.TrimRight(before, " "))
			before = ""
		}
	}
	return all
}

// The emulator understands what it is given.
func TestEmulator(t *testing.T) {
	t.Parallel()
	e := newEmulator(10)
	for _, part := range []string{"one\r\ntwo is long", "er\r\n", "bar 1\r\nbar 2\r\n\x1b[", "2A\x1b[Jthree\r\n"} {
		_, _ = io.WriteString(writerFunc(e.write), part)
	}
	if got := strings.Join(e.lines(), "|"); got != "one|two is longer|three|" || len(e.unknown) > 0 {
		t.Errorf("%q, %q", got, e.unknown)
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}
