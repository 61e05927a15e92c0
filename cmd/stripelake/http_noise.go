package main

import (
	"bytes"
	"fmt"
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

// unsolicited is the output of the standard logger.
var unsolicited unsolicitedAnswers

// warnOfUnsolicited records the number of answers, once.
func (s *signals) warnOfUnsolicited() {
	if n := unsolicited.n.Swap(0); n > 0 {
		s.logger().Warn(fmt.Sprintf("after %s the server sent more than was asked for; it was dropped: look at the proxy in between", counted(int(n), "answer")))
	}
}
