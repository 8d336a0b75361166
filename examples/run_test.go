package examples

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// photos are real photographs.
var photos = []string{"cat.jpg", "coffee.jpg", "otters.jpg", "photographer.jpg"}

// built is ortho, in a folder of its own, which scripts find it in.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "ortho-examples-bin-")
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "ortho")
	if text, err := exec.Command("go", "build", "-o", name, "ortho/cmd/ortho").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, text)
	}
	if text, err := exec.Command(name, "classify", photo(0), "-f", "jsonl").CombinedOutput(); err != nil {
		return "", fmt.Errorf("ortho does not run here (make runtime): %w\n%s", err, text)
	}
	return name, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if name, err := built(); err == nil {
		os.RemoveAll(filepath.Dir(name))
	}
	os.Exit(code)
}

// photo is the path of the i-th photograph, which repeat.
func photo(i int) string {
	name, err := filepath.Abs(filepath.Join("..", "docs", "photos", photos[i%len(photos)]))
	if err != nil {
		panic(err)
	}
	return name
}

// needed skips a test where a program is not there.
func needed(t *testing.T, why string, programs ...string) {
	t.Helper()
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not there: %s", name, why)
		}
	}
}

// ortho runs the program, and returns its exit code and output.
func ortho(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	name, err := built()
	if err != nil {
		t.Skip(err)
	}
	cmd := exec.Command(name, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// environment has ortho in its path, and variables besides.
func environment(t *testing.T, more ...string) []string {
	t.Helper()
	name, err := built()
	if err != nil {
		t.Skip(err)
	}
	return append(append(os.Environ(), "PATH="+filepath.Dir(name)+string(os.PathListSeparator)+os.Getenv("PATH")), more...)
}

// service starts a program that ends with the test, and all that it has started.
func service(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Env = &log, &log, env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
		}
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		if t.Failed() {
			text := log.String()
			t.Logf("%s:\n%s", filepath.Base(args[0]), text[max(0, len(text)-4000):])
		}
	})
	return cmd
}

// output runs a program to its end.
func output(t *testing.T, env []string, args ...string) string {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = env
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v\n%s", args, err, text)
	}
	return string(text)
}

// until waits for something that a service brings about.
func until(t *testing.T, what string, patience time.Duration, is func() bool) {
	t.Helper()
	for begin := time.Now(); !is(); time.Sleep(200 * time.Millisecond) {
		if time.Since(begin) > patience {
			t.Fatalf("after %v: %s", patience, what)
		}
	}
}

// children are the processes below one, of which the command line has a text.
func children(of int, text string) (found []int) {
	parents, lines := map[int]int{}, map[int]string{}
	folders, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range folders {
		data, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		var pid, parent int
		var state string
		fmt.Sscan(string(data), &pid)
		if i := bytes.LastIndexByte(data, ')'); i > 0 {
			fmt.Sscan(string(data[i+1:]), &state, &parent)
		}
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(name), "cmdline"))
		parents[pid], lines[pid] = parent, strings.ReplaceAll(string(line), "\x00", " ")
	}
	for pid, line := range lines {
		above := pid
		for above > 1 && above != of {
			above = parents[above]
		}
		if above == of && strings.Contains(line, text) {
			found = append(found, pid)
		}
	}
	return found
}
