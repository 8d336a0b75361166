package runner

import (
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"testing"
	"unsafe"
)

// action is the kernel's struct sigaction.
type action struct{ handler, flags, restorer, mask uintptr }

const onStack = 0x08000000 // SA_ONSTACK

func sigaction(t *testing.T, s syscall.Signal, to *action) (was action) {
	t.Helper()
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(s), uintptr(unsafe.Pointer(to)), uintptr(unsafe.Pointer(&was)), 8, 0, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
	return was
}

func TestKeepSignals(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the kernel's struct is written down for amd64")
	}
	received := make(chan os.Signal, 1)
	signal.Notify(received, syscall.SIGUSR1)
	defer signal.Stop(received)
	notified := sigaction(t, syscall.SIGUSR1, nil)
	for name, test := range map[string]struct {
		signal syscall.Signal
		change func()
		want   func(before action) action
	}{
		"ignored by a driver": {syscall.SIGUSR1, func() { sigaction(t, syscall.SIGUSR1, &action{handler: 1}) }, nil},
		"default again":       {syscall.SIGUSR1, func() { sigaction(t, syscall.SIGUSR1, &action{}) }, nil},
		"without its stack": {syscall.SIGUSR1, func() {
			sigaction(t, syscall.SIGUSR1, &action{notified.handler, notified.flags &^ onStack, notified.restorer, notified.mask})
		}, nil},
		"one that Go has not": {syscall.SIGTSTP, func() { sigaction(t, syscall.SIGTSTP, &action{handler: 1}) }, nil},
		"untouched":           {syscall.SIGSEGV, func() {}, nil},
		"notified meanwhile": {syscall.SIGUSR2, func() { signal.Notify(make(chan os.Signal, 1), syscall.SIGUSR2) },
			func(action) action { return notified }},
	} {
		t.Run(name, func(t *testing.T) {
			want := sigaction(t, test.signal, nil)
			restore := keepSignals()
			test.change()
			restore()
			if test.want != nil {
				want = test.want(want)
			}
			if got := sigaction(t, test.signal, nil); got.handler != want.handler || got.flags&onStack != want.flags&onStack {
				t.Errorf("%x, want %x", got, want)
			}
		})
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	if got := <-received; got != syscall.SIGUSR1 {
		t.Error(got)
	}
}
