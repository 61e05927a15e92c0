//go:build amd64 || arm64

package faultyfs

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// Run starts a program that calls Become and waits until it has ended. decide is
// asked about each change below folder, in order and from one goroutine; the
// program waits for its answer. folder is absolute and free of symbolic links.
// The error is the command's, an *UnavailableError, or one of watching itself.
func Run(cmd *exec.Cmd, folder string, decide func(Op) Answer) error {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("make socket pair: %w", err)
	}
	ours, theirs := pair[0], os.NewFile(uintptr(pair[1]), "listener")
	defer func() { _ = unix.Close(ours) }()
	cmd.ExtraFiles = []*os.File{theirs}
	err = cmd.Start()
	if closeErr := theirs.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	listener, err := receive(ours)
	if err == nil {
		w := &watch{pid: cmd.Process.Pid, listener: listener, folder: folder, calls: asked(), decide: decide}
		err = w.loop()
		_ = unix.Close(listener) // from here on the program's calls fail: it cannot hang
	}
	return errors.Join(err, <-ended)
}

// receive takes a listener that Become sends, or why there is none.
func receive(socket int) (listener int, err error) {
	message, rights := make([]byte, 1), make([]byte, unix.CmsgSpace(4))
	n, m, _, _, err := unix.Recvmsg(socket, message, rights, unix.MSG_CMSG_CLOEXEC)
	switch {
	case err != nil:
		return 0, fmt.Errorf("receive listener: %w", err)
	case n == 0:
		return 0, errors.New("the program ended before it was watched: does it call Become?")
	case unix.Errno(message[0]) == unix.ENOSYS, unix.Errno(message[0]) == unix.EPERM:
		return 0, &UnavailableError{unix.Errno(message[0])}
	case message[0] != 0:
		return 0, fmt.Errorf("install the filter: %w", unix.Errno(message[0]))
	}
	messages, err := unix.ParseSocketControlMessage(rights[:m])
	if err != nil || len(messages) != 1 {
		return 0, fmt.Errorf("receive listener: %d messages, %w", len(messages), err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return 0, fmt.Errorf("receive listener: %d descriptors, %w", len(fds), err)
	}
	return fds[0], nil
}

// refuse tells the parent that there is no listener, and why.
func refuse(err error) error {
	if errno, ok := errors.AsType[unix.Errno](err); ok {
		err = errors.Join(err, unix.Sendmsg(socket, []byte{byte(errno)}, nil, nil, 0))
	}
	return err
}
