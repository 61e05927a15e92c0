//go:build amd64 || arm64

package faultyfs

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// question is struct seccomp_notif: a call that waits for an answer.
type question struct {
	id     uint64
	thread uint32
	flags  uint32
	number int32
	arch   uint32
	ip     uint64
	args   [6]uint64
}

// reply is struct seccomp_notif_resp.
type reply struct {
	id    uint64
	value int64
	errno int32 // negative
	flags uint32
}

// watch answers the calls of one program.
type watch struct {
	pid      int
	listener int
	folder   string
	calls    map[uintptr]call
	decide   func(Op) Answer

	ops     int
	written int64
}

// loop answers until the program has ended.
func (w *watch) loop() error {
	for {
		ready := []unix.PollFd{{Fd: int32(w.listener), Events: unix.POLLIN}}
		if _, err := unix.Poll(ready, -1); errors.Is(err, unix.EINTR) {
			continue
		} else if err != nil {
			return fmt.Errorf("wait for a call: %w", err)
		}
		if ready[0].Revents&unix.POLLIN == 0 {
			return nil // nobody is left to ask
		}
		var q question
		switch err := w.ioctl(unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&q)); {
		case errors.Is(err, unix.ENOENT), errors.Is(err, unix.EINTR):
			continue // who asked was killed, or interrupted and will ask again
		case err != nil:
			return fmt.Errorf("receive a call: %w", err)
		}
		r, err := w.answer(&q)
		if err != nil {
			return err
		}
		r.id = q.id
		if err := w.ioctl(unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&r)); err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("answer a call: %w", err)
		}
	}
}

func (w *watch) ioctl(request uintptr, arg unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(w.listener), request, uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}

var goOn = reply{flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}

func (w *watch) answer(q *question) (reply, error) {
	c := w.calls[uintptr(q.number)]
	op, ours, err := w.op(c, q)
	if err != nil || !ours {
		return goOn, err
	}
	w.ops++
	op.N, op.Past = w.ops, w.written
	switch a := w.decide(op); {
	case a.Part > 0:
		return w.tear(c, q, a)
	case a.Kill:
		return reply{errno: -int32(unix.EINTR)}, w.kill() // nothing happens before the signal arrives
	case a.Err > 0:
		return reply{errno: -int32(a.Err)}, nil
	case a.Skip:
		return reply{}, nil
	case op.Do == Copy && op.Bytes > 0:
		return w.copy(c, q, op.Bytes)
	}
	w.written += op.Bytes
	return goOn, nil
}

func (w *watch) kill() error { return unix.Kill(w.pid, unix.SIGKILL) }

// tear lets a part of a write happen.
func (w *watch) tear(c call, q *question, a Answer) (reply, error) {
	n, err := w.perform(c, q, a.Part)
	if w.written += n; err == nil && a.Kill {
		err = w.kill()
	}
	return reply{value: n}, err
}

// copy does a whole copy: how much it is, is known only when it is done.
func (w *watch) copy(c call, q *question, bytes int64) (reply, error) {
	n, err := w.perform(c, q, bytes)
	w.written += n
	if errno, refused := err.(unix.Errno); refused { //nolint:errorlint // the copy's own, not one of what it takes to do it
		return reply{errno: -int32(errno)}, nil
	}
	return reply{value: n}, err
}
