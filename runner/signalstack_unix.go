//go:build unix

package runner

/*
#include <signal.h>
#include <stdlib.h>

// C's own memory: the stack is Go's, and Go's memory may not have its address in C.
static stack_t *signal_stack(void) {
	stack_t *stack = malloc(sizeof *stack);
	if (stack && sigaltstack(NULL, stack) == 0) return stack;
	free(stack);
	return NULL;
}

static void restore_signal_stack(stack_t *stack) {
	if (stack) sigaltstack(stack, NULL);
	free(stack);
}
*/
import "C"

import "runtime"

// keepStack keeps the caller on its thread until restore is called, which gives the thread back
// the stack that its signals are handled on. OpenVINO's plugin for CPUs puts one of its own there
// where it is loaded, and where it is unloaded, which may be another thread, what it had found
// there; the first thread is left with a stack that is freed, and dies at the next signal, by
// which Go preempts. It is unloaded with the last session, or where one can't be made.
func keepStack() (restore func()) {
	runtime.LockOSThread()
	stack := C.signal_stack()
	return func() {
		C.restore_signal_stack(stack)
		runtime.UnlockOSThread()
	}
}
