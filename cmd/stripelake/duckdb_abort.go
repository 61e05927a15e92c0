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

// exitOnDuckDBAbort makes the process exit with one line of text where DuckDB
// aborts. If a disk refuses a write and then its reversal, DuckDB throws where
// C++ does not allow it (measured). The process would end with SIGABRT and the
// stacks of all threads. The lake is then as after a crash.
func exitOnDuckDBAbort(command, lake string) {
	if lake == "" {
		return // the command has no database
	}
	C.on_terminate(C.CString(fmt.Sprintf("stripelake: %s: duckdb gave up, as it does when the disk refuses a write and then what undoes it: "+
		"free some space%s, see that it is writable and sound, and run again: nothing is lost\n", command, visible(diskOf(lake)))))
}
