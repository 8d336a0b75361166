package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"ortho/runner"
	"ortho/runner/bench"
	"ortho/runner/library"
)

const goldens = pipelines + "goldens/"

func readPipeline(t *testing.T, folder string) *bench.Pipeline {
	t.Helper()
	p, err := bench.ReadPipeline(folder)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBenchPipeline(t *testing.T) {
	dir := t.TempDir()
	out, html := filepath.Join(dir, "results"), filepath.Join(dir, "r.html")
	args := []string{"-m", pipelines + "sd", "--size", "64", "--steps", "4", "--iterations", "2", "--rounds", "2", "--threads", "1,2", "-o", out, "a red fox"}
	code, stdout, stderr := benchRun(t, append(args, "--html", html)...)
	if code != exitOK {
		t.Fatalf("exit %d: %s%s", code, stdout, stderr)
	}
	for _, want := range []string{"64x64 in 4 steps", "text_encoder", "Go's own work", "an image takes", "at its peak", "Use it: --provider cpu --threads "} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in %s", want, stdout)
		}
	}
	p := readPipeline(t, out)
	runs := map[string]int{}
	for _, part := range p.Parts {
		runs[part.Name] = part.Runs
		for _, r := range part.Results.Rows {
			if r.Status != bench.StatusOK || r.Equal == nil || !*r.Equal || len(r.Rounds) != 2 {
				t.Errorf("%s: %v: %s %s, equal %v, %d rounds", part.Name, r.Config, r.Status, r.Reason, r.Equal, len(r.Rounds))
			}
		}
	}
	// PNDM runs the UNet once more than there are steps; the prompt and what it leads away
	// from are two texts.
	if len(runs) != 3 || runs["text_encoder"] != 2 || runs["unet"] != 5 || runs["vae_decoder"] != 1 {
		t.Errorf("runs %v", runs)
	}
	if rows := p.Parts[1].Results.Rows; rows[0].Batch != 2 { // guidance
		t.Errorf("the UNet was measured on %d rows", rows[0].Batch)
	}
	if p.Image.Prompt != "a red fox" || p.Image.Scheduler != "pndm" || p.Work.ImageMS == nil || p.Work.StepMS == nil || len(p.Settings) != 2 {
		t.Errorf("image %+v, work %+v, %d settings", p.Image, p.Work, len(p.Settings))
	}
	if page := read(t, html); !strings.Contains(page, "By part") || strings.Contains(page, "http://") || strings.Contains(page, "src=\"//") {
		t.Error("the report does not stand alone, or lacks the table by part")
	}
	if code, again, stderr := execute(t, "", "bench", "report", out); code != exitOK || again != stdout {
		t.Errorf("bench report: exit %d: %s%s", code, again, stderr)
	}
	if code, markdown, stderr := execute(t, "", "bench", "report", out, "--markdown"); code != exitOK || !strings.Contains(markdown, "| vae\\_decoder |") {
		t.Errorf("bench report --markdown: exit %d: %s%s", code, markdown, stderr)
	}
	// A part's results and inputs are those of any other graph.
	if code, text, stderr := execute(t, "", "bench", "report", filepath.Join(out, "unet.jsonl")); code != exitOK || !strings.Contains(text, "threads") {
		t.Errorf("bench report of a part: exit %d: %s%s", code, text, stderr)
	}
	if code, _, stderr := benchRun(t, "-m", pipelines+"sd/unet/model.onnx", "--input", filepath.Join(out, "unet.npz"),
		"--batch", "2", "--threads", "1", "--concurrency", "1", "--iterations", "2", "--rounds", "1"); code != exitOK {
		t.Errorf("a part alone: exit %d: %s", code, stderr)
	}

	if code, _, stderr := benchRun(t, args...); code != exitFailed || !strings.Contains(stderr, "--overwrite") {
		t.Errorf("existing results: exit %d: %s", code, stderr)
	}
	if code, _, stderr := benchRun(t, append(args, "--resume")...); code != exitOK || !strings.Contains(stderr, "nothing to do") {
		t.Errorf("complete results: exit %d: %s", code, stderr)
	}
	resumePipeline(t, out, p, args)
}

// resumePipeline takes the last two parts away, as if the run had been interrupted.
func resumePipeline(t *testing.T, out string, p *bench.Pipeline, args []string) {
	t.Helper()
	p.Settings, p.Flags = nil, ""
	var b strings.Builder
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(out, bench.PipelineFile), b.String())
	for _, name := range []string{"unet.jsonl", "vae_decoder.jsonl"} {
		if err := os.Remove(filepath.Join(out, name)); err != nil {
			t.Fatal(err)
		}
	}
	if code, text, stderr := execute(t, "", "bench", "report", out); code != exitOK || !strings.Contains(text, "did not finish") {
		t.Errorf("a report of a run that did not finish: exit %d: %s%s", code, text, stderr)
	}
	if code, _, stderr := benchRun(t, append(args, "--resume", "--guidance", "1")...); code != exitFailed || !strings.Contains(stderr, "another image") {
		t.Errorf("another image: exit %d: %s", code, stderr)
	}
	if code, _, stderr := benchRun(t, append(args, "--resume", "--warmup", "1")...); code != exitFailed || !strings.Contains(stderr, "other options") {
		t.Errorf("other options: exit %d: %s", code, stderr)
	}
	before, inputs := read(t, filepath.Join(out, "text_encoder.jsonl")), read(t, filepath.Join(out, "unet.npz"))
	if code, stdout, stderr := benchRun(t, append(args, "--resume")...); code != exitOK || !strings.Contains(stdout, "Use it: ") {
		t.Errorf("resumed: exit %d: %s%s", code, stdout, stderr)
	}
	if read(t, filepath.Join(out, "text_encoder.jsonl")) != before || read(t, filepath.Join(out, "unet.npz")) != inputs {
		t.Error("what was there was measured again")
	}
	if again := readPipeline(t, out); again.Best() == nil || again.Parts[1].Results == nil {
		t.Errorf("%+v", again)
	}
}

// Every kind of pipeline is measured by the parts that its image takes.
func TestBenchPipelineKinds(t *testing.T) {
	for _, c := range few(1, []struct {
		name  string
		args  []string
		parts string
	}{
		{"inpaint", []string{"--steps", "4", "--image", goldens + "picture.png", "--mask", goldens + "mask.png", "--strength", "0.5", "--scheduler", "ddim"},
			"text_encoder:2 vae_encoder:2 unet:2 vae_decoder:1"},
		{"sdxl", []string{"--steps", "1"}, "text_encoder:1 text_encoder_2:1 unet:1 vae_decoder:1"},
		{"sd-fp16", []string{"--guidance", "1", "--scheduler", "euler", "--steps", "3"}, "text_encoder:1 unet:3 vae_decoder:1"},
	}) {
		t.Run(c.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "r")
			code, stdout, stderr := benchRun(t, append(c.args, "-m", pipelines+c.name, "--size", "64", "--low-memory", "--iterations", "2", "--rounds", "1", "--threads", "1", "-o", out)...)
			if code != exitOK {
				t.Fatalf("exit %d: %s%s", code, stdout, stderr)
			}
			var parts []string
			p := readPipeline(t, out)
			for _, part := range p.Parts {
				parts = append(parts, fmt.Sprintf("%s:%d", part.Name, part.Runs))
			}
			if got := strings.Join(parts, " "); got != c.parts {
				t.Errorf("parts %s, want %s", got, c.parts)
			}
			if !p.Work.LowMemory || p.Work.ImageMS != nil || !strings.Contains(stdout, "one part at a time") {
				t.Errorf("%+v: %s", p.Work, stdout)
			}
		})
	}
}

// A provider that is not there costs its settings only.
func TestBenchPipelineWithoutProvider(t *testing.T) {
	lib, err := library.FindFor("", []string{runner.CPU})
	if err != nil {
		t.Skipf("needs ONNX Runtime: %v", err)
	}
	code, stdout, stderr := benchRun(t, "-m", pipelines+"sd", "--size", "64", "--steps", "2", "--iterations", "2", "--rounds", "1", "--threads", "1",
		"--providers", "cpu,openvino", "--onnxruntime", lib.Path)
	if code != exitItems || !strings.Contains(stdout, "threads=1: an image takes") || !strings.Contains(stdout, "vae_decoder: openvino") {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
}

func TestBenchPipelineInterrupted(t *testing.T) {
	needLibrary(t)
	if runtime.GOOS == "windows" {
		t.Skip("needs signals")
	}
	out := filepath.Join(t.TempDir(), "r")
	cmd := process(t, "bench", "run", "-m", pipelines+"sd", "--size", "64", "--steps", "2", "--duration", "1m", "--rounds", "60", "--threads", "1", "-o", out)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if data, err := os.ReadFile(filepath.Join(out, "text_encoder.jsonl.rounds")); err == nil && strings.Count(string(data), "\n") > 2 {
			break
		}
	}
	cmd.Process.Signal(syscall.SIGINT)
	if code := exitCode(cmd.Wait()); code != exitInterrupted || !strings.Contains(said.String(), "--resume continues") {
		t.Fatalf("exit %d: %s", code, said.String())
	}
	if p := readPipeline(t, out); p.Settings != nil || p.Parts[0].Results != nil {
		t.Errorf("%+v", p)
	}
}

func TestBenchPipelineUsage(t *testing.T) {
	needLibrary(t)
	sd := pipelines + "sd"
	dir := t.TempDir()
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-m", sd, "--batch", "2"}, exitUsage, "--batch is not for a pipeline"},
		{[]string{"-m", sd, "--concurrency", "2"}, exitUsage, "one image at a time"},
		{[]string{"-m", sd, "--input", "x.npz"}, exitUsage, "--input is not for a pipeline"},
		{[]string{"-m", sd, "--rerun", "x.jsonl"}, exitUsage, "PART.npz"},
		{[]string{"-m", sd, "--mean", "0"}, exitUsage, "--mean is not for a pipeline"},
		{[]string{"-m", sd, "--size", "64x"}, exitUsage, "--size"},
		{[]string{"-m", sd, "--steps", "0"}, exitUsage, "--steps 0"},
		{[]string{"-m", sd, "a", "red", "fox"}, exitUsage, "quote the words"},
		{[]string{"-m", sd, "--text", "a fox", "a fox"}, exitUsage, "given twice"},
		{[]string{"-m", sd, "-o", filepath.Join(dir, "r.jsonl")}, exitUsage, "a folder with a file for each part"},
		{[]string{"-m", sd, "--resume"}, exitUsage, "-o FOLDER"},
		{[]string{"-m", sd, "--threads", "x"}, exitUsage, "--threads"},
		{[]string{"--steps", "3"}, exitUsage, "--steps is for a pipeline"},
		{[]string{"-m", sd, "--image", filepath.Join(dir, "none.png")}, exitFailed, "--image"},
		{[]string{"-m", sd, "--scheduler", "sasolver", "-o", filepath.Join(dir, "r")}, exitFailed, "euler-ancestral"},
		{[]string{"-m", sd, "--size", "50", "-o", filepath.Join(dir, "r")}, exitFailed, "multiples of"},
		{[]string{"-m", pipelines + "inpaint"}, exitFailed, "image and a mask"},
	} {
		code, stdout, stderr := benchRun(t, c.args...)
		if code != c.code || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit %d, %q, %q; want %d and %q", c.args, code, stdout, stderr, c.code, c.want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "r")); err == nil {
		t.Error("a run that could not begin has left its folder")
	}
}
