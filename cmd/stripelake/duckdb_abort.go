package main

/*
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// std::set_terminate of C++, which DuckDB is written in.
extern void (*_ZSt13set_terminatePFvvE(void (*)(void)))(void);

static char *terminate_message;

static void terminated(void) {
	if (write(STDERR_FILENO, terminate_message, strlen(terminate_message)) < 0) {}
	_exit(1);
}

static void on_terminate(char *text) {
	free(terminate_message);
	terminate_message = text;
	_ZSt13set_terminatePFvvE(terminated);
}
*/
import "C"

import "fmt"

// exitOnDuckDBAbort makes the process end with a line of text where DuckDB ends it. A
// disk that refuses a write, and then what undoes it, leaves DuckDB no way to go
// on: it throws where C++ does not allow it (measured), and the process would
// end with SIGABRT and the stacks of all its threads. The lake is as after a crash.
func exitOnDuckDBAbort(command, lake string) {
	if lake == "" {
		return // the command has no database
	}
	C.on_terminate(C.CString(fmt.Sprintf("stripelake: %s: duckdb gave up, as it does when the disk refuses a write and then what undoes it: "+
		"free some space%s, see that it is writable and sound, and run again: nothing is lost\n", command, visible(diskOf(lake)))))
}
