package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"sync/atomic"
)

// strayAnswers counts bytes that a server sends without being asked. Go's HTTP
// client prints their beginning with the standard logger, past every redaction,
// and there may be a key in them or somebody's name (Invariant 11). So what that
// logger is given goes nowhere.
type strayAnswers struct{ n atomic.Int64 }

// Write counts one message of the standard logger, and drops it.
func (s *strayAnswers) Write(message []byte) (int, error) {
	if bytes.Contains(message, []byte("Unsolicited response")) {
		s.n.Add(1)
	}
	return len(message), nil
}

// countStray has the standard logger count. told prints how many there were.
func countStray() (told func(stderr io.Writer)) {
	stray := &strayAnswers{}
	log.SetOutput(stray)
	return func(stderr io.Writer) {
		if n := stray.n.Load(); n > 0 {
			fmt.Fprintf(stderr, "stripelake: after %s the server sent more than was asked for; it was dropped: look at the proxy in between\n", counted(int(n), "answer"))
		}
	}
}
