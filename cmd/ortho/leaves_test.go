package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/defaults"
	"ortho/runner/library"
)

// stays are command lines of all commands that ask nobody: OUT is a folder of the test's own.
var stays = []string{
	"classify " + coffee + " " + photos + " -f jsonl",
	"classify-text seven",
	"sort " + coffee + " --into OUT/sorted --copy",
	"embed -m " + testModels + "/embedding --input-range 0,1 " + coffee + " -f jsonl",
	"detect -m ../../models/detect/testdata/ultralytics/v8.onnx " + coffee + " --draw OUT/drawn --crops OUT/cut -f jsonl",
	"detect -m ../../models/detect/testdata/ultralytics/v8.onnx " + coffee + " --slice 200 -f jsonl",
	"dupes " + coffee + " " + cat + " -f jsonl",
	"search OUT/index.jsonl " + coffee + " -m " + testModels + "/embedding --input-range 0,1 -f jsonl",
	"tag -m ../../models/tag/testdata/wd " + coffee + " --captions OUT/captions -f jsonl",
	"depth -m ../../models/depth/testdata/dpt " + coffee + " --maps OUT/maps --previews OUT/shown --npy OUT/raw -f jsonl",
	"segment -m ../../models/segment/testdata/segformer " + coffee + " --masks OUT/maps --overlay OUT/shown -f jsonl",
	"cutout " + coffee + " -o OUT/cut.png --background blur",
	"generate --class 7 --seed 1 -o OUT/seven.png",
	"describe --offline " + coffee + " -f jsonl",
	"eval --data OUT/classes",
	"bench run --iterations 1 --rounds 1 --warmup 0 -m " + testModels + "/float32_nchw --providers cpu --threads 1 --batch 1 --concurrency 1 -o OUT/bench.jsonl",
	"bench report " + benchResults,
	"bench compare " + benchResults + " " + benchResults,
	"compare -m " + testModels + "/scalars --providers cpu,cpu --input synthetic",
	"models list", "models show efficientnet-lite0", "models verify",
	"convert testdata/classes.jsonl OUT/rows.xlsx",
	"plan " + coffee + " -n 1 -o OUT/plan.jsonl",
	"classify --plan OUT/plan.jsonl --plan-task 0 -o OUT/parts/",
	"gather OUT/parts --plan OUT/plan.jsonl -o OUT/gathered.csv",
	"schema classify --spark",
	"inspect",
	"preprocess " + coffee + " -o OUT/x.npy",
	"describe prompts", "runtime list",
	"doctor",
	"config list", "config path", "version", "version --json", "licenses --all", "licenses --spdx",
	"completion bash", "docs --man OUT/man1",
}

// asks are the commands that are made to ask others, or to be asked, and need not stay.
var asks = []string{"imagine", "pull", "runtime install", "serve"}

// private is a command of ortho with a home of its own, which knows the libraries that are installed
// here.
func private(t *testing.T, home string, args ...string) *exec.Cmd {
	t.Helper()
	data, err := library.DataDir()
	if err != nil {
		t.Fatal(err)
	}
	cmd := process(t, args...)
	cmd.Env = append(cmd.Env, "ORTHO_DATA_DIR="+data, "HOME="+home, "XDG_CACHE_HOME=", "XDG_DATA_HOME=", "XDG_CONFIG_HOME=", "XDG_STATE_HOME=", defaults.FileVariable+"=", library.TelemetryVariable+"=")
	return cmd
}

// TestNothingLeaves: no command opens a socket of the network, unless it is made for that, and
// none leaves a file in the user's home. strace follows all threads and children.
func TestNothingLeaves(t *testing.T) {
	needLibrary(t)
	strace, err := exec.LookPath("strace")
	if err == nil {
		err = exec.Command(strace, "-f", "-o", os.DevNull, "true").Run()
	}
	traced := err == nil
	if !traced {
		t.Run("sockets", func(t *testing.T) {
			t.Skipf("strace is not there, or may not trace: only files are looked for (%v)", err)
		})
	}
	for _, line := range stays {
		out, home, trace := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "trace")
		prepareOut(t, line, out)
		words := strings.Fields(strings.ReplaceAll(line, "OUT", out))
		cmd := private(t, home, words...)
		if traced {
			cmd.Args = append([]string{strace, "-f", "-qq", "-e", "trace=socket", "-o", trace, cmd.Path}, words...)
			cmd.Path = strace
		}
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() != exitItems {
			t.Errorf("%s: %v, %s", line, err, stderr.String())
		}
		if traced {
			for call := range strings.Lines(read(t, trace)) {
				if network.MatchString(call) {
					t.Errorf("%s: %s", line, call)
				}
			}
		}
		if left := filesIn(t, home); len(left) > 0 {
			t.Errorf("%s: %q is left in the user's home", line, left)
		}
	}
	every(newApp().Commands, "", func(name string) {
		if !slices.ContainsFunc(slices.Concat(asks, stays), func(line string) bool { return strings.HasPrefix(line+" ", name+" ") }) {
			t.Errorf("%s is not among the cases", name)
		}
	})
}

// prepareOut makes what a line of stays reads in the folder OUT.
func prepareOut(t *testing.T, line, out string) {
	t.Helper()
	if strings.Contains(line, "OUT/classes") {
		if err := os.CopyFS(filepath.Join(out, "classes", "0"), os.DirFS(photos)); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(line, "OUT/index") {
		if code, _, stderr := execute(t, "", "embed", "-m", testModels+"/embedding", "--input-range", "0,1", coffee, "-o", filepath.Join(out, "index.jsonl")); code != 0 {
			t.Fatal(stderr)
		}
	}
	for _, before := range []string{"plan " + coffee + " -n 1 -o OUT/plan.jsonl", "classify --plan OUT/plan.jsonl --plan-task 0 -o OUT/parts/"} {
		if strings.Contains(line, "--plan OUT") && !strings.HasPrefix(line, strings.Fields(before)[0]) {
			if code, _, stderr := execute(t, "", strings.Fields(strings.ReplaceAll(before, "OUT", out))...); code != 0 {
				t.Fatal(stderr)
			}
		}
	}
}

// network is a socket that can leave the machine. Those of Unix and of the kernel (netlink) can't.
var network = regexp.MustCompile(`socket\(AF_(INET|INET6|PACKET|VSOCK|BLUETOOTH)\b`)

// every calls do with each command that does something by itself.
func every(commands []*cli.Command, above string, do func(name string)) {
	for _, c := range commands {
		switch name := strings.TrimSpace(above + " " + c.Name); {
		case c.Hidden || c.Name == "help":
		case len(c.Subcommands) > 0:
			every(c.Subcommands, name, do)
		default:
			do(name)
		}
	}
}

// TestTelemetryStays: who asks for ONNX Runtime's telemetry keeps it. This shows, too, that
// TestNothingLeaves would see it.
func TestTelemetryStays(t *testing.T) {
	needLibrary(t)
	home := t.TempDir()
	cmd := private(t, home, "classify", coffee, "-f", "jsonl")
	cmd.Env = append(cmd.Env, library.TelemetryVariable+"=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v, %s", err, out)
	}
	found, err := library.Find("")
	if err != nil {
		t.Fatal(err)
	}
	events := false
	err = filepath.WalkDir(home, func(name string, _ fs.DirEntry, err error) error {
		events = events || strings.HasSuffix(name, ".db")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var major, minor int
	fmt.Sscanf(found.Version, "%d.%d", &major, &minor)
	if !events && (major > 1 || minor >= 29) {
		t.Skipf("%s has no telemetry: only Microsoft's builds have it", found)
	}
}

// full is standard output on a disk that is full.
type full struct{ writes int }

func (f *full) Write(text []byte) (int, error) {
	if len(text) > 0 {
		f.writes++
	}
	return 0, syscall.ENOSPC
}

// TestLostOutput: what can't be written to standard output is exit 1, with the reason, of every
// command and of every help.
func TestLostOutput(t *testing.T) {
	needLibrary(t)
	lines := append([]string{"", "--help", "docs"}, stays...)
	every(newApp().Commands, "", func(name string) { lines = append(lines, name+" --help") })
	for _, line := range lines {
		var to full
		var stderr bytes.Buffer
		out := t.TempDir()
		prepareOut(t, line, out)
		words := strings.Fields(strings.ReplaceAll(line, "OUT", out))
		code := run(t.Context(), append([]string{"ortho"}, words...), strings.NewReader(""), &to, &stderr)
		if to.writes > 0 && (code != exitFailed || !strings.Contains(stderr.String(), "no space left")) {
			t.Errorf("%s: exit %d, %s", line, code, stderr.String())
		}
	}
	device, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer device.Close()
	cmd := process(t, "version")
	cmd.Stdout = device
	if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != exitFailed {
		t.Error(err)
	}
}
