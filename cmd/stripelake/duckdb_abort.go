package main

/*
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// std::set_terminate of C++, which DuckDB is written in.
extern void (*_ZSt13set_terminatePFvvE(void (*)(void)))(void);

static char *disk_message, *files_message;

static void terminated(void) {
	const char *text = disk_message;
	if (open("/dev/null", O_RDONLY) < 0 && errno == EMFILE) text = files_message;
	if (write(STDERR_FILENO, text, strlen(text)) < 0) {}
	_exit(1);
}

static void on_terminate(char *disk, char *files) {
	free(disk_message);
	free(files_message);
	disk_message = disk;
	files_message = files;
	_ZSt13set_terminatePFvvE(terminated);
}
*/
import "C"

import (
	"fmt"
	"syscall"

	"github.com/stripelake/stripelake/load"
)

// exitOnDuckDBAbort makes the process exit with one line of text where DuckDB
// aborts. If a disk refuses a write and then its reversal, or the process may
// open no more files, DuckDB throws where C++ does not allow it (measured). The
// process would end with SIGABRT and the stacks of all threads. The lake is then
// as after a crash.
func exitOnDuckDBAbort(command, lake string) {
	if lake == "" {
		return // the command has no database
	}
	gaveUp := fmt.Sprintf("stripelake: %s: duckdb gave up, as it does when ", command)
	C.on_terminate(
		C.CString(gaveUp+fmt.Sprintf("the disk refuses a write and then what undoes it: free some space%s, see that it is writable and sound, and run again: nothing is lost\n", visible(diskOf(lake)))),
		C.CString(gaveUp+"it cannot open a file: "+load.DiskFix(syscall.EMFILE, "")+"\n"))
}
