package pipeline_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// The commands and actions that advice can name, and their objects.
var (
	commands = regexp.MustCompile(`run (?:stripelake )?\x60?(?:stripelake )?(verify --stripe --full --repair|verify --stripe --repair|verify --repair|rebuild --all|rebuild|sync)`)
	away     = regexp.MustCompile(`move it out of|move the folder out of|remove it|or remove \S+ to|move one of the two out`)
	restored = regexp.MustCompile(`restore (it|lake\.json) from a backup`)
	inTheWay = regexp.MustCompile(`(?:[^\s:"]*/)?(?:raw|schemas|receipts|current|\.state)/[^\s:,;"]+|current\.set-aside[^\s:,;"]*|\.state|lake\.json|forget\.json|forgotten\.json|pii\.key`)
)

// follow does what each line says to do, each thing once. It returns what it did,
// and what the commands refused in turn.
func (w *world) follow(said string) (followed []string, refused string, err error) {
	done := map[string]bool{}
	do := func(what string, act func() error) {
		if err == nil && !done[what] {
			done[what] = true
			followed = append(followed, what)
			w.tell("the advice is: %s", what)
			err = act()
		}
	}
	for line := range strings.Lines(said) {
		command := commands.FindStringSubmatch(line)
		path := inTheWay.FindString(line)
		switch {
		case command != nil && !strings.Contains(line, "move it out of the log;"):
			do(command[1], func() error {
				code, text, err := w.everyAccount(command[1])
				if code != 0 {
					refused += text
				}
				return err
			})
		case away.MatchString(line) && path != "":
			do("remove "+path, func() error { return os.RemoveAll(w.inside(path)) })
		case restored.MatchString(line) && path != "":
			do("restore "+path, func() error { return w.restore(path) })
		}
	}
	return followed, refused, err
}

func (w *world) inside(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(w.lake, path)
}

// restore takes a file from the backup, or away if it was not there.
func (w *world) restore(path string) error {
	data, err := os.ReadFile(filepath.Join(w.former, w.name(w.inside(path))))
	if errors.Is(err, fs.ErrNotExist) {
		return os.RemoveAll(w.inside(path))
	}
	if err != nil {
		return err
	}
	return os.WriteFile(w.inside(path), data, 0o600)
}
