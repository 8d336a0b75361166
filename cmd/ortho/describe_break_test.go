package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"ortho/cmd/ortho/internal/rows"
	"ortho/models/describe/openaitest"
)

// shots makes a folder of n images, the i-th of 32+i pixels across.
func shots(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		img := image.NewGray(image.Rect(0, 0, 32+i, 32))
		for p := range img.Pix {
			img.Pix[p] = uint8(40*i + p%7)
		}
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, fmt.Sprintf("%02d.png", i)), b.String())
	}
	return dir
}

// across answers with an image's width, so that rows can't be mixed up unseen.
func across(r *openaitest.Request) openaitest.Answer {
	return openaitest.Describe(openaitest.Description{Sentence: fmt.Sprintf("It is %d across.", r.Width), Class: "square"})
}

// acrosses are the sentences about n shots.
func acrosses(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("It is %d across.", 32+i))
	}
	return all
}

// sentences are those of rows; of a row that failed, the error's kind.
func sentences(said []rows.Descriptions) (all []string) {
	for _, r := range said {
		if r.Error != nil {
			all = append(all, r.Error.Kind)
			continue
		}
		all = append(all, r.Description.Sentence)
	}
	return all
}

// TestDescribeKinds: an image that the image model can't take fails as in classify.
func TestDescribeKinds(t *testing.T) {
	needLibrary(t)
	chatting(t)
	dir := shots(t, 1)
	broken := write(t, filepath.Join(dir, "broken.png"), "\x89PNG\r\n\x1a\nno")
	for _, model := range []string{"none", "../../models/testdata/float32_nchw"} {
		stdout, _ := describedBy(t, exitItems, "-f", "jsonl", "-m", model, "--input-range", "0,1", filepath.Join(dir, "none.png"), broken, write(t, filepath.Join(dir, "x"), "text"), filepath.Join(dir, "00.png"))
		if got := sentences(rowsFrom[rows.Descriptions](t, stdout)); !slices.Equal(got, []string{"read", "decode", "unsupported", "A thing on a table."}) || strings.Contains(stdout, ": image:") {
			t.Errorf("-m %s: %q, %s", model, got, stdout)
		}
	}
}

// TestDescribeWaits: an image that is told to come back later does, and holds up no other.
func TestDescribeWaits(t *testing.T) {
	s := chatting(t)
	var first atomic.Int64
	s.Route(func(r *openaitest.Request) openaitest.Answer {
		if r.Width == 32 && r.Attempt == 1 {
			return openaitest.RateLimited("1")
		}
		if r.Width == 32 {
			first.Store(int64(len(s.Requests())))
		}
		return across(r)
	})
	stdout, stderr := describedBy(t, exitOK, "-f", "jsonl", "-m", "none", "--concurrency", "1", shots(t, 4))
	if got := sentences(rowsFrom[rows.Descriptions](t, stdout)); !slices.Equal(got, acrosses(4)) || !strings.Contains(stderr, "again in 1") || first.Load() != 5 {
		t.Errorf("%q, asked again as request %d of 5, %s", got, first.Load(), stderr)
	}
}

// TestDescribeStreamsAnew: what was written before a connection broke is no part of it.
func TestDescribeStreamsAnew(t *testing.T) {
	chatting(t, openaitest.Cut(openaitest.Describe(openaitest.Description{Sentence: "A first try that \u202ebreaks off."})), openaitest.Describe(openaitest.Description{Sentence: "Second, and longer than what there was of the first."}))
	_, stderr := describedBy(t, exitOK, "-f", "jsonl", "-m", "none", "--stream", filepath.Join(shots(t, 1), "00.png"))
	if !strings.Contains(stderr, "\nSecond, and longer than what there was of the first.") || strings.Contains(stderr, "\u202e") {
		t.Error(stderr)
	}
}

// TestDescribeBreaks kills and interrupts runs whose third image gets no answer.
func TestDescribeBreaks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no process can send another an interrupt there")
	}
	for _, how := range []os.Signal{os.Kill, os.Interrupt, syscall.SIGTERM} {
		s := chatting(t)
		s.Route(func(r *openaitest.Request) openaitest.Answer {
			if r.Width > 33 {
				return openaitest.Hang()
			}
			return across(r)
		})
		out := filepath.Join(t.TempDir(), "x.parquet")
		args := []string{"-m", "none", "-o", out, shots(t, 5)}
		cmd := process(t, append([]string{"describe"}, args...)...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		for enough := false; !enough; time.Sleep(time.Millisecond) {
			text, _ := os.ReadFile(out + ".partial")
			enough = bytes.Count(text, []byte("\n")) == 2 || len(ended) > 0
		}
		if err := cmd.Process.Signal(how); err != nil {
			t.Fatal(err)
		}
		err := <-ended
		if how != os.Kill && (exitCode(err) != exitInterrupted || !strings.Contains(stderr.String(), "--resume continues it")) {
			t.Errorf("%v: %v, %s", how, err, stderr.String())
		}
		s.Route(across)
		before := len(s.Requests())
		describedBy(t, exitOK, append(args, "--resume")...)
		if got := sentences(readBack(t, "parquet", out)); !slices.Equal(got, acrosses(5)) || len(s.Requests()) != before+3 {
			t.Errorf("%v: resumed: %q, %d requests", how, got, len(s.Requests())-before)
		}
	}
}

// TestDescribeKeepsKey: servers send the key back in every way, and it shows nowhere.
func TestDescribeKeepsKey(t *testing.T) {
	dir, work := shots(t, 2), t.TempDir()
	s := chatting(t)
	var printed strings.Builder
	for i, a := range []openaitest.Answer{
		openaitest.Describe(openaitest.Description{Sentence: "The key is " + theKey + ".", Objects: []string{theKey}, Class: theKey}),
		openaitest.WrongKey(),
		openaitest.Refuse("because of " + theKey),
		openaitest.Page(400, "<p>Bearer "+theKey+"</p>"),
		openaitest.Page(200, "<p>Bearer "+theKey+"</p>"),
		openaitest.Error(400, "invalid_request_error", theKey, "You sent "+theKey),
		openaitest.Raw(200, "application/json", `{"id":"`+theKey+`","model":"`+theKey+`","choices":[]}`),
		openaitest.Say(theKey),
		openaitest.BreakStream("invalid_request_error", theKey, theKey),
	} {
		s.Script(a)
		runs := [][]string{{"-o", filepath.Join(work, fmt.Sprintf("%d.jsonl", i)), dir}, {"--dry-run", dir}}
		if i == 8 {
			runs = runs[:0] // it is about streams
		}
		if i == 0 || i == 8 {
			runs = append(runs, []string{"--stream", filepath.Join(dir, "00.png")})
		}
		for _, args := range runs {
			args = append([]string{"describe", "-m", "none", "--cache", filepath.Join(work, "cache"), "--lang", fmt.Sprintf("L%d", i)}, args...)
			_, stdout, stderr := execute(t, "", args...)
			printed.WriteString(stdout + stderr)
		}
	}
	for _, secret := range []string{theKey, base64.StdEncoding.EncodeToString([]byte(theKey))} {
		if i := strings.Index(printed.String(), secret); i >= 0 {
			t.Errorf("the key shows: %.300q", printed.String()[max(0, i-100):])
		}
	}
	noKeyIn(t, work)
	if files, _ := filepath.Glob(filepath.Join(work, "*")); len(files) < 10 || !strings.Contains(printed.String(), "The key is [key].") {
		t.Errorf("%q, %s", files, printed.String())
	}
}
