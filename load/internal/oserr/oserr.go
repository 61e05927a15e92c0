package oserr

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// IsReadOnly reports an error of a file that this user may not write to, or nobody.
func IsReadOnly(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS)
}

// Shortage says what to do about an error of a process, or a machine, that may not
// open more files; it is empty for any other. Such an error says nothing about the
// file that was to be opened: nothing is found damaged, set aside, mended or read
// again for it.
func Shortage(err error) (fix string) {
	switch {
	case errors.Is(err, syscall.EMFILE):
		return "this process may not have more files open: raise its limit (ulimit -n 1024; LimitNOFILE= of a service) and run again: nothing is lost"
	case errors.Is(err, syscall.ENFILE):
		return "this machine may not have more files open: see which process has them (sysctl fs.file-nr fs.file-max) and run again: nothing is lost"
	}
	return ""
}

// IsShortage reports such an error.
func IsShortage(err error) bool { return Shortage(err) != "" }

// FirstLine leaves of DuckDB's error what a person needs.
func FirstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// OnlyShortage is an error that says nothing about the file, or nil.
func OnlyShortage(err error) error {
	if IsShortage(err) {
		return err
	}
	return nil
}
