package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"sync/atomic"
)

// unsolicitedAnswers counts bytes that a server sends without being asked. Go's HTTP
// client prints their beginning with the standard logger, past every redaction,
// and there may be a key in them or somebody's name (Invariant 11). So what that
// logger is given goes nowhere.
type unsolicitedAnswers struct{ n atomic.Int64 }

// Write counts one message of the standard logger, and drops it.
func (s *unsolicitedAnswers) Write(message []byte) (int, error) {
	if bytes.Contains(message, []byte("Unsolicited response")) {
		s.n.Add(1)
	}
	return len(message), nil
}

// countUnsolicited has the standard logger count. told prints how many there were.
func countUnsolicited() (report func(stderr io.Writer)) {
	unsolicited := &unsolicitedAnswers{}
	log.SetOutput(unsolicited)
	return func(stderr io.Writer) {
		if n := unsolicited.n.Load(); n > 0 {
			fmt.Fprintf(stderr, "stripelake: after %s the server sent more than was asked for; it was dropped: look at the proxy in between\n", counted(int(n), "answer"))
		}
	}
}
