package load

import (
	"fmt"
	"os"
)

// bytesWritten returns the number of bytes that this process has written to all files
// so far; 0 where the kernel does not count them.
func bytesWritten() (n int64) {
	f, err := os.Open("/proc/self/io")
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }() // opened for reading only
	var read int64
	if _, err := fmt.Fscanf(f, "rchar: %d\nwchar: %d", &read, &n); err != nil {
		return 0
	}
	return n
}
