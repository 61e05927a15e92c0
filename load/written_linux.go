package load

import (
	"fmt"
	"os"
)

// bytesWritten counts what this process has written so far, to whatever file; 0
// where the kernel does not tell.
func bytesWritten() (n int64) {
	f, err := os.Open("/proc/self/io")
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }() // only read from
	var read int64
	if _, err := fmt.Fscanf(f, "rchar: %d\nwchar: %d", &read, &n); err != nil {
		return 0
	}
	return n
}
