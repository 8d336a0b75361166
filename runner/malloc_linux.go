package runner

/*
#include <malloc.h>

// glibc raises its threshold for memory of its own mapping as large blocks are
// freed; weights that ONNX Runtime frees while it optimises a graph would then stay
// in the heap. A fixed threshold gives them back at once.
static void return_large_blocks(void) {
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, 256 * 1024);
#endif
}

static void return_free_blocks(void) {
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
*/
import "C"

import "runtime/debug"

func init() { C.return_large_blocks() }

// ReturnMemory gives memory that is free back to the system, of Go's heap and of C's: for programs
// that go on after large sessions were closed. It takes milliseconds.
func ReturnMemory() {
	debug.FreeOSMemory()
	C.return_free_blocks()
}
