package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// lessOptions are those that less gets where nobody has chosen others: colours, no
// clearing of the screen, lines that scroll sideways, and an end at once where all fits.
const lessOptions = "FRSX"

// pager is a running program that shows a text a page at a time. Its own failure, or its
// end before it has read everything, is no error: the reader needs no more.
type pager struct {
	in      io.WriteCloser
	cmd     *exec.Cmd
	scrolls bool // sideways, so that long lines are not broken
}

func (p *pager) Write(text []byte) (int, error) { return p.in.Write(text) }

// wait ends the text, and waits until the reader leaves the pager.
func (p *pager) wait() {
	_ = p.in.Close()
	_ = p.cmd.Wait()
}

// pagerCommand returns the command of the pager: $PAGER, otherwise less where it is
// found. It is empty where there is none, where $PAGER is cat, and on a terminal that cannot be
// drawn on.
func (env *environment) pagerCommand() string {
	if env.getenv("TERM") == "dumb" {
		return ""
	}
	command := strings.TrimSpace(env.getenv("PAGER"))
	switch command {
	case "cat":
		return ""
	case "":
		if _, err := exec.LookPath("less"); err != nil {
			return ""
		}
		return "less -" + lessOptions
	}
	name, _, _ := strings.Cut(command, " ")
	if _, err := exec.LookPath(name); err != nil && !needsShell(command) {
		fmt.Fprintf(env.stderr, "note: the pager %s, which PAGER names, is not found\n", name)
		return ""
	}
	return command
}

// needsShell reports whether a command has characters that mean something to a shell.
func needsShell(command string) bool {
	return strings.ContainsAny(command, "|&;<>()$`\\\"'*?[#~=%\n")
}

// startPager starts a pager on the terminal. A shell runs it only where it has to: an
// interrupt ends a shell, which then leaves the pager behind.
func (env *environment) startPager(command string) (*pager, error) {
	less := env.getenv("LESS")
	words := strings.Fields(command)
	if needsShell(command) {
		words = []string{"sh", "-c", command}
	}
	// An interrupt ends the query; the reader ends the pager.
	cmd := exec.Command(words[0], words[1:]...)        //nolint:noctx // as said above
	cmd.Stdout, cmd.Stderr = env.raw.file(), os.Stderr // the terminal itself: through a pipe it would not be one
	cmd.Env = os.Environ()
	if less == "" {
		less = "-" + lessOptions
		cmd.Env = append(cmd.Env, "LESS="+lessOptions)
	}
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("start the pager %s: %w; --no-pager does without", command, err)
	}
	return &pager{in: in, cmd: cmd, scrolls: scrolls(command, less)}, nil
}

// scrolls reports whether a pager is a less that does not break long lines.
func scrolls(command, less string) bool {
	words := strings.Fields(command)
	if len(words) == 0 || filepath.Base(words[0]) != "less" {
		return false
	}
	if !strings.HasPrefix(less, "-") {
		less = "-" + less
	}
	for _, word := range append(words[1:], strings.Fields(less)...) {
		if word == "--chop-long-lines" || strings.HasPrefix(word, "-") && !strings.HasPrefix(word, "--") && strings.Contains(word, "S") {
			return true
		}
	}
	return false
}
