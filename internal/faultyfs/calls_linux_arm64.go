package faultyfs

import "golang.org/x/sys/unix"

const arch = unix.AUDIT_ARCH_AARCH64

// legacy is empty: this machine has only the calls that take a folder.
var legacy map[uintptr]call
