//go:build unix

package runner

/*
#include <signal.h>

#ifndef NSIG
#define NSIG 65
#endif

static struct sigaction saved[NSIG];
static int known[NSIG];

static void save_signals(void) {
	for (int s = 1; s < NSIG; s++) known[s] = sigaction(s, NULL, &saved[s]) == 0;
}

// Go's own handler is left alone: os/signal may have put it there meanwhile. The handler
// of SIGURG, by which Go preempts, always is Go's.
static void restore_signals(void) {
	for (int s = 1; s < NSIG; s++) {
		struct sigaction now;
		if (!known[s] || sigaction(s, NULL, &now) != 0) continue;
		if (now.sa_handler == saved[s].sa_handler && now.sa_flags == saved[s].sa_flags) continue;
		if (now.sa_handler == saved[SIGURG].sa_handler && now.sa_flags & SA_ONSTACK) continue;
		sigaction(s, &saved[s], NULL);
	}
}
*/
import "C"

import "sync"

var signals sync.Mutex

// keepSignals notes the process's signal handlers and returns the function that restores them.
// CUDA installs its own as it starts, without SA_ONSTACK, on which Go dies at the next
// signal (onnxruntime_go's issue 140).
func keepSignals() (restore func()) {
	signals.Lock()
	C.save_signals()
	return func() {
		C.restore_signals()
		signals.Unlock()
	}
}
