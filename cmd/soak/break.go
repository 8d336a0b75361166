package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// longestEnd is how long a run may take to end once it was told to.
const longestEnd = 20 * time.Second

// work is a run over images that can be begun, broken off and resumed, and what it makes where nothing
// disturbs it.
type work struct {
	args     []string
	out      string            // -o: a file's name, or a folder's
	inputs   int               // images, of which some fail
	pictures bool              // OUT is a folder of them
	want     map[string]string // what is in the files, by name; the record's among them as its counts
	took     time.Duration
}

// breakable makes images, some of them broken or missing, and a run over them to the end.
func (t *turn) breakable(ctx context.Context) (*work, error) {
	verb := pick(t.random, []string{"classify", "classify", "embed", "generate", "detect", "tag", "segment", "cutout"})
	w := &work{inputs: t.many(2000), out: "x." + pick(t.random, []string{"jsonl", "csv", "parquet"})}
	switch verb {
	case "embed":
		w.out = "x." + pick(t.random, []string{"jsonl", "parquet"})
	case "generate", "cutout":
		w.out, w.inputs, w.pictures = "x", t.many(300), true
	}
	var names []string
	for i := range w.inputs {
		if i >= 100 && !w.pictures { // whose pictures have the names of their images
			names = append(names, names[t.random.IntN(100)])
			continue
		}
		name, data := fmt.Sprintf("in/%04d.png", i), picture(t.random)
		if t.random.IntN(20) == 0 {
			data = data[:t.random.IntN(len(data))]
		}
		file, err := t.file(name, data)
		if err != nil {
			return nil, err
		}
		if t.random.IntN(50) == 0 {
			if err := os.Remove(file); err != nil {
				return nil, err
			}
		}
		names = append(names, file)
	}
	list, err := t.list("in.list", names)
	if err != nil {
		return nil, err
	}
	w.args = t.tiny(verb, list)
	if err := os.Mkdir(t.path("undisturbed"), 0o777); err != nil {
		return nil, err
	}
	o, err := t.start(ctx, &child{args: w.to(t.path("undisturbed")), limit: longestRun})
	if err != nil {
		return nil, err
	}
	if err := o.wrong(mostMemory, 0, 3); err != nil {
		return nil, fmt.Errorf("a run that nothing disturbed: %w", err)
	}
	w.took = o.took
	w.want, err = made(t.path("undisturbed"))
	return w, err
}

// to are the words of the run, with its output in a folder.
func (w *work) to(dir string, more ...string) []string {
	return slices.Concat(w.args, []string{"-o", filepath.Join(dir, w.out)}, more)
}

// picture is a small PNG.
func picture(random *rand.Rand) []byte {
	img := image.NewNRGBA(image.Rect(0, 0, 8+random.IntN(16), 8+random.IntN(16)))
	one, two := random.Uint32(), random.Uint32()
	for i := 0; i < len(img.Pix); i += 4 {
		c := one
		if i%3 == 0 { // of one colour it would be an error
			c = two
		}
		img.SetNRGBA(i/4%img.Rect.Dx(), i/4/img.Rect.Dx(), color.NRGBA{uint8(c), uint8(c >> 8), uint8(c >> 16), 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err) // of a buffer
	}
	return b.Bytes()
}

// contents are a folder's files, by name.
func contents(dir string) (map[string]string, error) {
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		beside, err := filepath.Rel(dir, name)
		all[beside] = string(data)
		return err
	})
	return all, err
}

// made is what runs have made in a folder: its contents, but of records what does not tell of times.
func made(dir string) (map[string]string, error) {
	all, err := contents(dir)
	if err != nil {
		return nil, err
	}
	for name, text := range all {
		if !strings.HasSuffix(name, ".run.json") {
			continue
		}
		var r struct {
			Rows, Failed int
			Finished     time.Time
		}
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all[name] = fmt.Sprintf("%d rows, %d failed, finished: %v", r.Rows, r.Failed, !r.Finished.IsZero())
	}
	return all, nil
}

// complete says how what is in a folder is not what the undisturbed run has made.
func (w *work) complete(dir string) error {
	got, err := made(dir)
	if err != nil {
		return err
	}
	for name, text := range w.want {
		switch other, ok := got[name]; {
		case !ok:
			return fmt.Errorf("%s is missing", name)
		case other != text && len(text) < 200:
			return fmt.Errorf("%s is %q, and was %q where nothing disturbed it", name, other, text)
		case other != text:
			return fmt.Errorf("%s is not what it was where nothing disturbed it (%d bytes, %d)", name, len(other), len(text))
		}
	}
	for name := range got {
		if _, ok := w.want[name]; !ok {
			return fmt.Errorf("%s is left", name)
		}
	}
	return nil
}

// incomplete says what a run that was broken off must not have left: an output that is not complete.
func (w *work) incomplete(dir string) error {
	for name, want := range w.want {
		if strings.HasSuffix(name, ".run.json") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err == nil && string(data) != want {
			return fmt.Errorf("%s is there, and not complete", name)
		}
	}
	return nil
}

// kills has runs killed.
func kills(ctx context.Context, t *turn) error { return t.breakOff(ctx, syscall.SIGKILL) }

// signals has runs told to end.
func signals(ctx context.Context, t *turn) error {
	return t.breakOff(ctx, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
}

// breakOff breaks a run off at random moments, by one of some signals, and resumes it, until it is complete:
// then it is what it would have been, and nothing else is left.
func (t *turn) breakOff(ctx context.Context, how ...syscall.Signal) error {
	w, err := t.breakable(ctx)
	if err != nil {
		return err
	}
	dir := t.path("out")
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	var more []string
	for left := 1 + t.random.IntN(6); ; left-- {
		of := &child{args: w.to(dir, more...), limit: longestRun}
		signal, sent := pick(t.random, how), time.Time{}
		if left > 0 {
			t.inputs++
			wait := time.Duration(t.random.Float64() * 1.1 * float64(w.took))
			if t.random.IntN(4) == 0 {
				wait /= 10
			}
			last := t.random.IntN(4) == 0 // in the steps at the end
			of.meanwhile = func(p *os.Process, ended <-chan struct{}) {
				if last {
					w.awaitEnd(dir, ended)
					wait /= 100
				}
				select {
				case <-time.After(wait):
					sent = time.Now()
					p.Signal(signal)
				case <-ended:
				}
			}
		}
		before, err := contents(dir)
		if err != nil {
			return err
		}
		o, err := t.start(ctx, of)
		if err != nil {
			return err
		}
		after, err := contents(dir)
		if err != nil {
			return err
		}
		broken, why := brokenOff(o, signal, sent, maps.Equal(before, after))
		switch {
		case why != nil:
		case broken:
			why = w.incomplete(dir)
		default:
			why = w.complete(dir)
		}
		if why != nil {
			return t.failed(o, why)
		}
		if !broken {
			return nil
		}
		more = []string{"--resume"}
	}
}

// awaitEnd waits until the output is being made of OUT.partial, or the run has ended.
func (w *work) awaitEnd(dir string, ended <-chan struct{}) {
	for {
		select {
		case <-ended:
			return
		case <-time.After(time.Millisecond):
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			return
		}
		for _, e := range entries {
			if name := e.Name(); !e.IsDir() && !strings.HasSuffix(name, ".partial") && !strings.Contains(name, ".run.json") {
				return
			}
		}
	}
}

// brokenOff reports whether a signal has ended a run before it was complete, and what is wrong with how it
// ended. sent is when the signal was sent; zero: it was not. idle reports that the run has changed nothing.
func brokenOff(o *outcome, signal syscall.Signal, sent time.Time, idle bool) (broken bool, why error) {
	if sent.IsZero() {
		return false, o.wrong(mostMemory, 0, 3)
	}
	codes := []int{0, 3, 130}
	if signal == syscall.SIGKILL {
		codes = []int{0, 3, -1}
	}
	if o.code == -1 && idle && !o.late {
		return true, nil // before it could know of signals
	}
	// Neither who is killed nor who has begun nothing has anything to say.
	if said := *o; said.code == -1 || said.code == 130 && idle {
		said.stderr += o.state
		why = said.wrong(mostMemory, codes...)
	} else if why = o.wrong(mostMemory, codes...); why == nil && o.code == 130 && !strings.Contains(o.stderr, "--resume") {
		why = fmt.Errorf("it was interrupted, and says nothing of --resume: %s", firstLine(o.stderr))
	}
	if why != nil {
		return false, fmt.Errorf("%v: %w", signal, why)
	}
	if since := time.Since(sent); o.code == 130 && since > longestEnd {
		return false, fmt.Errorf("%v: it ended %.1f s later", signal, since.Seconds())
	}
	return o.code == -1 || o.code == 130, nil
}
