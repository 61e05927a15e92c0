package oserr

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// IsReadOnly reports whether err is the error for a file that this user, or nobody, may
// write to.
func IsReadOnly(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS)
}

// Shortage returns the advice for an error of a process or a machine that cannot open
// more files, and "" for any other error. Such an error says nothing about the file to
// be opened. So the program must not take the file for damaged, quarantine it, repair
// it or read its content from Stripe again.
func Shortage(err error) (fix string) {
	switch {
	case errors.Is(err, syscall.EMFILE):
		return "this process may not have more files open: raise its limit (ulimit -n 1024; LimitNOFILE= of a service) and run again: nothing is lost"
	case errors.Is(err, syscall.ENFILE):
		return "this machine may not have more files open: see which process has them (sysctl fs.file-nr fs.file-max) and run again: nothing is lost"
	}
	return ""
}

// IsShortage reports whether err is such an error.
func IsShortage(err error) bool { return Shortage(err) != "" }

// FirstLine returns the first line of an error: the part of a DuckDB error that people
// need.
func FirstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// OnlyShortage returns err if it is a shortage, else nil.
func OnlyShortage(err error) error {
	if IsShortage(err) {
		return err
	}
	return nil
}
