package main

/*
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const char *own_mistake;

static void aborted(int signal) {
	if (write(STDERR_FILENO, own_mistake, strlen(own_mistake)) < 0) {}
	_exit(1);
}

static void on_abort(const char *text) {
	struct sigaction action;
	memset(&action, 0, sizeof action);
	own_mistake = text;
	action.sa_handler = aborted;
	action.sa_flags = SA_ONSTACK; // Go's stacks are too small
	sigaction(SIGABRT, &action, NULL);
}
*/
import "C"

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/stripelake/stripelake/extract"
)

// ownMistake ends the message of a failure by a bug in the program.
const ownMistake = "this is a mistake in stripelake: please report it; nothing is lost, and the next run goes on"

// exitOnRuntimeAbort makes a process that Go's runtime aborts exit with status
// 1 and a line of text. By itself it exits with 2, which means wrong usage.
// Causes are a panic outside the main goroutine, a concurrent write to a map,
// lack of memory, and signals of the machine. The stacks printed hold addresses
// and numbers; a text appears there as its address and length. No core file is
// written, because it would hold the key.
func exitOnRuntimeAbort() {
	// With a limit of 1 byte no file is written, and Linux passes the core to
	// no other program either; a limit of 0 would not prevent that.
	if syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{Cur: 1, Max: 1}) != nil {
		_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) // the limit was lower already
	}
	debug.SetTraceback("crash") // ends in SIGABRT
	C.on_abort(C.CString("stripelake: ended by its runtime, with what stands above; unless a signal was sent to it, " + ownMistake + "\n"))
}

// recovered turns a panic of the main goroutine into an error of one line that
// says where it was.
func recovered(err *error) {
	p := recover()
	if p == nil {
		return
	}
	callers := make([]uintptr, 64)
	frames, at := runtime.CallersFrames(callers[:runtime.Callers(1, callers)]), "?"
	for frame, more := frames.Next(); more; frame, more = frames.Next() {
		if at == "?" && strings.Contains(frame.Function, "stripelake") && !strings.HasSuffix(frame.Function, ".recovered") {
			at = fmt.Sprintf("%s:%d", frame.Function[strings.LastIndex(frame.Function, "/")+1:], frame.Line)
		}
	}
	says := strings.Join(strings.Fields(extract.Redact(fmt.Sprint(p))), " ")
	*err = fmt.Errorf("%s, in %s: %s", says, at, ownMistake)
}
