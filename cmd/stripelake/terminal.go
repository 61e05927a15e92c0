package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// screen is the terminal below whose output the progress is drawn. mpb draws to it
// as its console. What the program prints goes above the drawing: a writer of
// [screen.above] erases it, writes, and draws it again.
//
// A line never reaches the last column, so that no terminal begins another one.
type screen struct {
	file *os.File // nil: there is no terminal

	mu     sync.Mutex
	open   bool // something may be drawn
	frame  bytes.Buffer
	drawn  []byte // the last frame
	fits   int    // width for which that was made
	lines  int    // of it that are on the terminal
	width  int    // for which the next frame is made
	inLine bool   // the last output above did not end its line
	yields bool   // nothing is drawn any more once something is written elsewhere
}

// newScreen returns the screen of standard error, otherwise of standard output.
func newScreen(stdout, stderr io.Writer) *screen {
	for _, w := range []io.Writer{stderr, stdout} {
		if file, ok := w.(*os.File); ok && isTerminal(file) {
			return &screen{file: file}
		}
	}
	return &screen{}
}

// isTerminal reports whether a writer is a terminal. Other devices, such as
// /dev/null, are none.
func isTerminal(w io.Writer) bool {
	_, _, ok := screenSize(w)
	return ok
}

// screenSize returns how many cells a line of a terminal has, and how many lines it
// shows. ok is false where the writer or reader is no terminal that says so.
func screenSize(stream any) (columns, lines int, ok bool) {
	file, isFile := stream.(*os.File)
	if !isFile {
		return 0, 0, false
	}
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0, false
	}
	return int(size.Col), int(size.Row), true
}

// above returns a writer that writes above what is drawn.
func (s *screen) above(w io.Writer) io.Writer {
	switch {
	case isTerminal(w):
		return aboveWriter{s, w}
	case s.file != nil:
		return besideWriter{s, w}
	}
	return w
}

// besideWriter is for a file that is no terminal while there is one: behind a pipe,
// tee or a pager may write to that terminal. The drawing is out of its way until the
// next frame, and for good where what is written is an answer.
type besideWriter struct {
	screen *screen
	to     io.Writer
}

func (b besideWriter) Write(p []byte) (int, error) {
	b.screen.clear()
	return b.to.Write(p)
}

// clear removes the drawing until the next frame, and for good if nothing more is to
// be drawn once something is written elsewhere.
func (s *screen) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	s.open = s.open && !s.yields
}

type aboveWriter struct {
	screen *screen
	to     io.Writer
}

func (a aboveWriter) Write(p []byte) (int, error) {
	s := a.screen
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	n, err := a.to.Write(p)
	if len(p) > 0 {
		s.inLine = p[len(p)-1] != '\n'
	}
	return n, errors.Join(err, s.redraw())
}

// erase removes the drawing from the terminal.
func (s *screen) erase() {
	if s.lines > 0 {
		fmt.Fprint(s.file, s.erasure())
		s.lines = 0
	}
}

// erasure is the control sequences that remove the lines of the drawing.
func (s *screen) erasure() string {
	if s.lines == 0 {
		return ""
	}
	return fmt.Sprintf("\x1b[%dA\x1b[J", s.lines)
}

// redraw draws the last frame in the place of what is drawn, unless a line of output is
// still open. It is one write: a terminal whose size changes meanwhile has the one or the
// other. A frame that was made for another width than the terminal has now would be broken
// into more lines than are erased later: the next one follows at once.
func (s *screen) redraw() error {
	if width, _ := s.size(); !s.open || s.inLine || len(s.drawn) == 0 || width != s.fits {
		s.erase()
		return nil
	}
	_, err := s.file.Write(append([]byte(s.erasure()), s.drawn...))
	s.lines = bytes.Count(s.drawn, []byte("\n"))
	return err
}

// Write adds to the next frame, for mpb.
func (s *screen) Write(p []byte) (int, error) { return s.frame.Write(p) }

// ReadFrom adds to the next frame, for mpb.
func (s *screen) ReadFrom(r io.Reader) (int64, error) { return s.frame.ReadFrom(r) }

// IsTerminal reports whether there is a terminal, for mpb.
func (s *screen) IsTerminal() bool { return s.file != nil }

// GetTermSize returns the room for a frame, for mpb.
func (s *screen) GetTermSize() (width, height int, err error) {
	width, height = s.size()
	s.width = width
	return width, height, nil
}

// size returns the room on the terminal: less a column and a line, and 80 by 24
// where a terminal does not say.
func (s *screen) size() (width, height int) {
	columns, lines, _ := screenSize(s.file)
	if columns == 0 || lines == 0 {
		return 79, 23
	}
	return max(columns-1, 1), max(lines-1, 1)
}

// Flush draws the frame, for mpb.
func (s *screen) Flush(int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.frame.Reset()
	if !s.open || s.inLine {
		return nil
	}
	s.drawn, s.fits = append(s.drawn[:0], s.frame.Bytes()...), s.width
	return s.redraw()
}

// begin allows drawing; end removes the drawing for good. yields is for a command
// that answers: who reads the answer on this terminal, through a pager, has it then.
func (s *screen) begin(yields bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open, s.yields = true, yields
}

func (s *screen) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	s.open, s.drawn = false, nil
}
