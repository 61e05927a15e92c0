//go:build amd64 || arm64

package faultyfs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// op says what a call is about to do, and whether that is below the folder.
func (w *watch) op(c call, q *question) (op Op, ours bool, err error) {
	arg := func(n int) uint64 { return q.args[n-1] }
	op.Do = c.name
	if c.fd > 0 {
		op.Path, err = w.descriptor(int32(arg(c.fd)))
	} else {
		op.Path, err = w.path(q, c.dir, c.path)
	}
	if err == nil && c.to > 0 {
		op.To, err = w.path(q, c.toDir, c.to)
	}
	if err != nil {
		return op, false, err
	}
	if op.Do == Open {
		if _, err := os.Lstat(op.Path); errors.Is(err, os.ErrNotExist) {
			op.Do = Create
		}
	}
	if c.size > 0 {
		op.Bytes = int64(arg(c.size))
	}
	op.Path, ours = w.below(op.Path)
	if to, too := w.below(op.To); too {
		op.To, ours = to, true
	}
	return op, ours, nil
}

// below makes a path relative to the folder, if it lies there.
func (w *watch) below(path string) (string, bool) {
	if path == w.folder {
		return ".", true
	}
	rest, found := strings.CutPrefix(path, w.folder+"/")
	return rest, found
}

// descriptor is the file that a descriptor of the program is open on. A file
// that is removed has the name it had.
func (w *watch) descriptor(fd int32) (string, error) {
	name, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", w.pid, fd))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil // not open: the call fails by itself
	}
	return strings.TrimSuffix(name, " (deleted)"), err
}

// path is the absolute path that two arguments of a call name.
func (w *watch) path(q *question, dir, arg int) (string, error) {
	name, err := w.text(q.args[arg-1])
	if err != nil || filepath.IsAbs(name) {
		return filepath.Clean(name), err
	}
	var base string
	if fd := int32(q.args[max(dir, 1)-1]); dir > 0 && fd != unix.AT_FDCWD {
		base, err = w.descriptor(fd)
	} else {
		base, err = os.Readlink(fmt.Sprintf("/proc/%d/cwd", w.pid))
	}
	return filepath.Join(base, name), err
}

// text reads a string that ends with a zero byte from the program's memory. A
// read across pages may come to one that is not there, so it goes page by page.
func (w *watch) text(address uint64) (string, error) {
	const page = 4096
	var text []byte
	for {
		part, err := w.read(address, page-int(address%page))
		if err != nil {
			return "", err
		}
		rest, _, ended := bytes.Cut(part, []byte{0})
		if text = append(text, rest...); ended {
			return string(text), nil
		}
		address += uint64(len(part))
	}
}

// read copies from the program's memory.
func (w *watch) read(address uint64, n int) ([]byte, error) {
	local := make([]byte, n)
	into := unix.Iovec{Base: &local[0]}
	into.SetLen(n)
	got, err := unix.ProcessVMReadv(w.pid, []unix.Iovec{into}, []unix.RemoteIovec{{Base: uintptr(address), Len: n}}, 0)
	if err != nil {
		return nil, fmt.Errorf("read the program's memory: %w", err)
	}
	return local[:got], nil
}

// perform does the first bytes of a write or copy in the program's stead, on a
// descriptor of its own open file, so that the file's offset moves with it.
func (w *watch) perform(c call, q *question, part int64) (int64, error) {
	fd, err := w.borrow(int(int32(q.args[c.fd-1])))
	if err != nil {
		return 0, err
	}
	defer func() { _ = unix.Close(fd) }()
	if c.name == Copy {
		if q.args[1] != 0 || q.args[3] != 0 {
			return 0, errors.New("a copy at an offset of its own")
		}
		from, err := w.borrow(int(int32(q.args[0])))
		if err != nil {
			return 0, err
		}
		defer func() { _ = unix.Close(from) }()
		n, err := unix.CopyFileRange(from, nil, fd, nil, int(part), 0)
		return int64(n), err
	}
	data, err := w.read(q.args[1], int(part))
	if err != nil {
		return 0, err
	}
	var n int
	if q.number == unix.SYS_PWRITE64 {
		n, err = unix.Pwrite(fd, data, int64(q.args[3]))
	} else {
		n, err = unix.Write(fd, data)
	}
	return int64(n), err
}

// borrow is a descriptor of ours for an open file of the program.
func (w *watch) borrow(fd int) (int, error) {
	pidfd, err := unix.PidfdOpen(w.pid, 0)
	if err != nil {
		return 0, fmt.Errorf("pidfd_open: %w", err)
	}
	defer func() { _ = unix.Close(pidfd) }()
	ours, err := unix.PidfdGetfd(pidfd, fd, 0)
	if err != nil {
		return 0, fmt.Errorf("pidfd_getfd: %w", err)
	}
	return ours, nil
}
