//go:build amd64 || arm64

package faultyfs

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// socket is the file descriptor on which a program hands over its listener.
const socket = 3

// Become puts the process under watch and executes args[0] with args and env in
// its place. It is for a program that Run has started, and returns only an error.
func Become(args, env []string) error {
	runtime.LockOSThread() // the filter is this thread's, and it is this thread that executes
	listener, err := install()
	if err != nil {
		return refuse(err)
	}
	if err := unix.Sendmsg(socket, []byte{0}, unix.UnixRights(listener), nil, 0); err != nil {
		return err
	}
	_ = unix.Close(socket)
	_ = unix.Close(listener)
	return unix.Exec(args[0], args, env)
}

// install makes the kernel ask a listener, whose descriptor it returns, about
// each call that may change a file.
func install() (listener int, err error) {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return 0, err
	}
	filter := program()
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	// Go's runtime interrupts its threads with signals. Without the second flag
	// (Linux 5.19) an interrupted call is asked about again, and counts twice.
	for _, flags := range []uintptr{
		unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
		unix.SECCOMP_FILTER_FLAG_NEW_LISTENER,
	} {
		fd, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&prog)))
		if errno == 0 {
			return int(fd), nil
		}
		if err = errno; errno != unix.EINVAL {
			break
		}
	}
	return 0, err
}

// Where struct seccomp_data holds what a filter looks at. An argument has 8
// bytes, the lower half first: both machines are little-endian.
const (
	offsetNumber = 0
	offsetArch   = 4
	offsetArgs   = 16
)

// program is the filter in the kernel's language: ask about this machine's calls
// of the table, let everything else through.
func program() []unix.SockFilter {
	const (
		load  = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		any   = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
		end   = unix.BPF_RET | unix.BPF_K
	)
	allow := unix.SockFilter{Code: end, K: unix.SECCOMP_RET_ALLOW}
	ask := unix.SockFilter{Code: end, K: unix.SECCOMP_RET_USER_NOTIF}
	filter := []unix.SockFilter{
		{Code: load, K: offsetArch},
		{Code: equal, K: arch, Jt: 1},
		allow,
		{Code: load, K: offsetNumber},
	}
	for number, c := range asked() {
		if c.any == 0 && c.equal == 0 {
			filter = append(filter, unix.SockFilter{Code: equal, K: uint32(number), Jf: 1}, ask)
			continue
		}
		test := unix.SockFilter{Code: any, K: c.any, Jf: 1}
		if c.equal != 0 {
			test = unix.SockFilter{Code: equal, K: c.equal, Jf: 1}
		}
		filter = append(filter, unix.SockFilter{Code: equal, K: uint32(number), Jf: 4},
			unix.SockFilter{Code: load, K: offsetArgs + 8*uint32(c.flags-1)}, test, ask, allow)
	}
	return append(filter, allow)
}
