package main

import (
	"go/ast"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/runner/appear"
)

// TestWriter: files are written by package appear, which opens nothing over what another has made.
// Others move what they have made themselves, in folders of their own.
func TestWriter(t *testing.T) {
	allowed := map[string]string{
		"runner/appear/appear.go":                 "os.Rename os.Link os.Symlink",
		"runner/library/install.go":               "os.Rename",                  // what it has unpacked, and folders that it has installed
		"runner/library/codecs.go":                "os.Rename",                  // likewise
		"cmd/ortho/internal/scratch/scratch.go":   "os.Rename regular.OpenFile", // the lock in a folder that it has made
		"runner/appear/system_unix.go":            "os.OpenFile",                // Hold of what is there: no link is followed
		"runner/regular/regular.go":               "os.OpenFile",                // to read
		"runner/machine/memory_linux.go":          "os.OpenFile",                // the kernel's
		"runner/regular/sink.go":                  "os.OpenFile",                // devices and pipes
		"cmd/ortho/internal/hub/cache.go":         "os.Symlink",                 // as Hugging Face's cache has them, where nothing stands
		"cmd/ortho/internal/notices/make/main.go": "os.WriteFile",               // of the repository: no command
	}
	writing := strings.Fields("os.Create os.CreateTemp os.WriteFile os.Rename os.Link os.Symlink os.CopyFS os.Truncate regular.OpenFile")
	inspectSources(t, func(name string, n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		s, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		of, ok := s.X.(*ast.Ident)
		if !ok {
			return true
		}
		what := of.Name + "." + s.Sel.Name
		writes := slices.Contains(writing, what) || what == "os.OpenFile" && !mentions(call, "O_EXCL")
		if writes && !slices.Contains(strings.Fields(allowed[name]), what) {
			t.Errorf("%s: %s may write over what another has made, or where a link leads: package appear doesn't", name, what)
		}
		return true
	})
}

func mentions(call *ast.CallExpr, flag string) (found bool) {
	for _, arg := range call.Args {
		ast.Inspect(arg, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == flag {
				found = true
			}
			return true
		})
	}
	return found
}

// writers are commands that write the output NAME, in a folder OUT that is there.
var writers = []struct{ name, args string }{
	{"o.jsonl", "classify MODEL in.png -o NAME"},
	{"o.parquet", "classify MODEL in.png -o NAME"},
	{"page.html", "classify MODEL in.png -f jsonl --html NAME"},
	{"x.npy", "preprocess MODEL in.png -o NAME"},
	{"a.png", "DOUBLE in.png -o NAME"},
	{"OUT/in.png", "DOUBLE in.png -o OUT"},
	{"OUT/ortho.jsonl", "DOUBLE in.png -o OUT"},
	{"e.json", "eval MODEL --data labels.csv -o NAME"},
	{"c.json", "compare --providers cpu,cpu MODEL in.png -o NAME"},
	{"r.jsonl", "bench run MODEL --iterations 1 --rounds 1 --warmup 1 --threads 1 --batch 1 --concurrency 1 -o NAME"},
}

// besides are the endings of names that stand beside an output, or did in older versions.
var besides = []string{"", ".partial", ".tmp", ".run.json", ".run.json.tmp", ".rounds"}

// TestPlanted: whatever name beside an output is a link, or a file of a stranger, the run succeeds or is
// refused, and leaves what the link leads to and the file.
func TestPlanted(t *testing.T) {
	needLibrary(t)
	cases := writers
	if testing.Short() {
		cases = []struct{ name, args string }{writers[0], writers[2], writers[5], writers[6]}
	}
	for _, c := range cases {
		args := c.args
		for word, flags := range map[string]string{"MODEL": "-m MODELS/float32_nchw --input-range 0,1", "DOUBLE": strings.Join(double, " ")} {
			args = strings.Replace(args, word, flags, 1)
		}
		for _, ending := range besides {
			for _, kind := range []string{"link", "dangling link", "file"} {
				for _, more := range []string{"", "--overwrite", "--resume"} {
					if more == "--resume" && !slices.Contains([]string{"o.jsonl", "OUT/ortho.jsonl", "r.jsonl"}, c.name) || kind == "file" && ending == "" && more == "--overwrite" {
						continue
					}
					dir, away := t.TempDir(), t.TempDir()
					for _, d := range []string{"OUT", "photos"} {
						if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
							t.Fatal(err)
						}
					}
					write(t, filepath.Join(dir, "in.png"), square(t, red, 8))
					write(t, filepath.Join(dir, "labels.csv"), "input,label\nin.png,0\n")
					name := filepath.Join(dir, filepath.FromSlash(c.name))
					victim := filepath.Join(away, "victim")
					if kind != "dangling link" {
						write(t, victim, "mine")
					}
					if kind == "file" {
						write(t, name+ending, "mine")
					} else if err := os.Symlink(victim, name+ending); err != nil {
						t.Skip(err)
					}
					words := strings.Fields(strings.ReplaceAll(args, "MODELS", testModels))
					for i, word := range words {
						switch word {
						case "NAME":
							words[i] = name
						case "OUT", "in.png", "labels.csv":
							words[i] = filepath.Join(dir, word)
						}
					}
					if more != "" {
						words = append(words, more)
					}
					code, _, stderr := execute(t, "", words...)
					if code != exitOK && code != exitFailed && code != exitItems || code != exitOK && !strings.Contains(stderr, filepath.Base(name)) {
						t.Errorf("%s, %s as %s: exit %d, %s", words, kind, ending, code, stderr)
					}
					if kind == "dangling link" && exists(victim) || kind != "dangling link" && read(t, victim) != "mine" || kind == "file" && read(t, name+ending) != "mine" {
						t.Errorf("%s: a %s as %s was written over; exit %d, %s", words, kind, c.name+ending, code, stderr)
					}
					if left, _ := filepath.Glob(filepath.Join(filepath.Dir(name), ".ortho-*")); len(left) > 0 {
						t.Errorf("%s, %s as %s: %q is left", words, kind, ending, left)
					}
				}
			}
		}
	}
}

// TestTwoRuns: of two runs that make one new output at once, one has it, and the other is refused.
func TestTwoRuns(t *testing.T) {
	needLibrary(t)
	for _, to := range []string{"-o", "--html"} {
		dir := t.TempDir()
		out := filepath.Join(dir, map[string]string{"-o": "o.jsonl", "--html": "o.html"}[to])
		args := with(tiny(t, 60), "-f", "jsonl", to, out)
		var cmds []*exec.Cmd
		for range 3 {
			cmd := process(t, args...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			cmds = append(cmds, cmd)
		}
		won := 0
		for _, cmd := range cmds {
			switch code := exitCode(cmd.Wait()); code {
			case exitItems:
				won++
			case exitFailed:
			default:
				t.Errorf("%s: exit %d", to, code)
			}
		}
		if got := filesIn(t, dir); won != 1 || !exists(out) || slices.ContainsFunc(got, func(name string) bool { return strings.Contains(name, "tmp") || strings.Contains(name, "partial") }) {
			t.Errorf("%s: %d have made it; there is %q", to, won, got)
		}
	}
}

// TestSweptByNextRun: what a killed run has left goes with the next.
func TestSweptByNextRun(t *testing.T) {
	dir := t.TempDir()
	in := write(t, filepath.Join(dir, "in.png"), square(t, red, 8))
	f, err := appear.Create(filepath.Join(dir, "x.npy"))
	if err != nil {
		t.Fatal(err)
	}
	left := f.Name()
	f.Close() // as the system does where a process is killed
	strange := write(t, filepath.Join(dir, "c.csv.tmp"), "mine")
	cmd := process(t, "preprocess", in, "-m", testModels+"/float32_nchw", "--input-range", "0,1", "-o", filepath.Join(dir, "y.npy"))
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v, %s", err, text)
	}
	if exists(left) || read(t, strange) != "mine" {
		t.Errorf("%q is there", filesIn(t, dir))
	}
}
