package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"sync/atomic"
)

// unsolicitedAnswers counts answers that a server sends without a request. Go's
// HTTP client prints their beginning with the standard logger, past every
// redaction; they may contain a key or a person's name (Invariant 11). So the
// output of that logger is dropped.
type unsolicitedAnswers struct{ n atomic.Int64 }

// Write counts a message of the standard logger, and drops it.
func (s *unsolicitedAnswers) Write(message []byte) (int, error) {
	if bytes.Contains(message, []byte("Unsolicited response")) {
		s.n.Add(1)
	}
	return len(message), nil
}

// countUnsolicited makes the standard logger count. report prints the number of
// answers.
func countUnsolicited() (report func(stderr io.Writer)) {
	unsolicited := &unsolicitedAnswers{}
	log.SetOutput(unsolicited)
	return func(stderr io.Writer) {
		if n := unsolicited.n.Load(); n > 0 {
			fmt.Fprintf(stderr, "stripelake: after %s the server sent more than was asked for; it was dropped: look at the proxy in between\n", counted(int(n), "answer"))
		}
	}
}
