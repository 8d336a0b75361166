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
*/
import "C"

func init() { C.return_large_blocks() }
