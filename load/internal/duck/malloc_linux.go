package duck

/*
#include <stdlib.h>
#if defined(__GLIBC__)
#include <malloc.h>
static void one_arena(void) { mallopt(M_ARENA_MAX, 1); }
#else
static void one_arena(void) {}
#endif
*/
import "C"

// oneArena makes glibc use one heap for all threads. DuckDB frees on one thread what
// another allocated, and free memory in many heaps still counts as memory of the
// process: about 40 MB of a sync (measured).
func oneArena() { C.one_arena() }
