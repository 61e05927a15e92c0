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

// oneArena keeps glibc from giving each thread a heap of its own. DuckDB frees
// on one thread what another allocated, and what lies free in many heaps is
// memory of the process all the same: about 40 MB of a sync (measured).
func oneArena() { C.one_arena() }
