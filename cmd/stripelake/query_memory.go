package main

import (
	"fmt"
	"os"
	"time"
)

// mostQueryMemory is at how many resident bytes the process that asks is ended.
// DuckDB spills above a limit of its own, which is half of that; but it spills
// columns and tables, and not a text of some gigabytes that one call makes.
const mostQueryMemory = 2 << 30

// watchMemory calls over, once, where this process has more than so many bytes of
// memory, until stop is called. It sees nothing where there is no /proc.
func watchMemory(most int64, over func(bytes int64)) (stop func()) {
	done := make(chan struct{})
	go func() {
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
			}
			if bytes := residentBytes(); bytes > most {
				over(bytes)
				return
			}
		}
	}()
	return func() { close(done) }
}

// residentBytes is how much memory this process has; 0 where that is not known.
func residentBytes() int64 {
	text, err := os.ReadFile("/proc/self/statm") // in pages: all, resident, …
	if err != nil {
		return 0
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		return 0
	}
	return resident * int64(os.Getpagesize())
}
