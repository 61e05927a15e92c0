package main

/*
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// std::set_terminate of C++, which DuckDB is written in.
extern void (*_ZSt13set_terminatePFvvE(void (*)(void)))(void);

static char *last_words;

static void terminated(void) {
	if (write(STDERR_FILENO, last_words, strlen(last_words)) < 0) {}
	_exit(1);
}

static void on_terminate(char *text) {
	free(last_words);
	last_words = text;
	_ZSt13set_terminatePFvvE(terminated);
}

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

// ownMistake is what is said last where the program fails by a mistake of its own.
const ownMistake = "this is a mistake in stripelake: please report it; nothing is lost, and the next run goes on"

// endAsFailed makes a process that Go's runtime gives up end with status 1 and a line
// of text: by itself it ends with 2, which is wrong usage to whoever reads it. Such
// are a panic outside of the main goroutine, a concurrent write to a map, no memory,
// a signal of the machine. The stacks that it prints hold addresses and numbers; a
// text is its address and its length there. No core is written, which holds the key.
func endAsFailed() {
	// Of 1 byte no file is written, and on Linux no other program is given the core
	// either, which a limit of 0 does not keep it from.
	if syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{Cur: 1, Max: 1}) != nil {
		_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) // it was less already
	}
	debug.SetTraceback("crash") // which ends in SIGABRT
	C.on_abort(C.CString("stripelake: ended by its runtime, with what stands above; unless a signal was sent to it, " + ownMistake + "\n"))
}

// recovered makes a panic of the main goroutine an error of one line that says where.
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

// endPlainly makes the process end with a line of text where DuckDB ends it. A
// disk that refuses a write, and then what undoes it, leaves DuckDB no way to go
// on: it throws where C++ does not allow it (measured), and the process would
// end with SIGABRT and the stacks of all its threads. The lake is as after a crash.
func endPlainly(command, lake string) {
	if lake == "" {
		return // the command has no database
	}
	C.on_terminate(C.CString(fmt.Sprintf("stripelake: %s: duckdb gave up, as it does when the disk refuses a write and then what undoes it: "+
		"free some space%s, see that it is writable and sound, and run again: nothing is lost\n", command, visible(diskOf(lake)))))
}
