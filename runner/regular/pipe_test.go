//go:build unix

package regular

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A pipe is read to its end, however late its writer comes within patience, and however slow it is;
// one without any is an error.
func TestStream(t *testing.T) {
	for name, pieces := range map[string][]time.Duration{
		"at once": {0}, "late": {patience / 2}, "slow": {0, 3 * patience / 2, 0}, "none": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pipe := filepath.Join(t.TempDir(), "pipe")
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Skip(err)
			}
			if _, err := Open(pipe); !errors.Is(err, ErrKind) || !strings.Contains(err.Error(), "a pipe") {
				t.Error(err)
			}
			if len(pieces) > 0 {
				go func() {
					time.Sleep(pieces[0])
					f, err := os.OpenFile(pipe, os.O_WRONLY, 0)
					if err != nil {
						return
					}
					defer f.Close()
					for _, wait := range pieces {
						f.WriteString("piece ")
						time.Sleep(wait)
					}
				}()
			}
			f, err := Stream(pipe)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			data, err := io.ReadAll(f)
			if string(data) != strings.Repeat("piece ", len(pieces)) || (err != nil) != (pieces == nil) {
				t.Errorf("%q, %v", data, err)
			}
			if err != nil && (!strings.Contains(err.Error(), pipe) || !strings.Contains(err.Error(), "nobody writes")) {
				t.Error(err)
			}
		})
	}
}

// A pipe's end of another process is reopened by its name, as a shell's <(command) has it.
func TestStreamOfShell(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	w.WriteString("text")
	w.Close()
	name := filepath.Join("/dev/fd", fmt.Sprint(r.Fd()))
	if _, err := os.Stat(name); err != nil {
		t.Skip(err)
	}
	f, err := Stream(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if data, err := io.ReadAll(f); err != nil || string(data) != "text" {
		t.Errorf("%q, %v", data, err)
	}
}
