package main

import (
	"fmt"
	"os"
	"time"
)

// mostQueryMemory is how many resident bytes end a process that queries. DuckDB
// spills above a limit of its own, which is half of that. But it spills columns
// and tables, and not a text of gigabytes that one call makes.
const mostQueryMemory = 2 << 30

// watchMemory calls over, once, when this process has more than most resident
// bytes, until stop is called. Without /proc it does nothing.
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

// residentBytes returns this process's resident memory; 0 where it is unknown.
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
