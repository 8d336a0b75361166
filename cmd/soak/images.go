package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// budget is what decoders may take together, and none alone more: MB. A process may take mostMemory, with all else.
	budget     = 256
	mostMemory = 512 << 20
	// mostPixels keeps pictures that are twice as wide and high as their images within it, too.
	mostPixels = 4 << 20
	// longestImage is how long an image may keep all others waiting.
	longestImage = 20 * time.Second
	longestRun   = 5 * time.Minute
)

// seedImage is an image to damage.
type seedImage struct{ format, file string }

// imageFormats are the endings of files by format.
var imageFormats = map[string]string{
	".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif", ".bmp": "bmp", ".tif": "tiff", ".tiff": "tiff", ".webp": "webp", ".avif": "avif",
	".heic": "heic", ".heif": "heic", ".jxl": "jxl", ".jp2": "jp2", ".j2k": "jp2", ".pnm": "pnm",
}

// findImages finds the images that mutants are made of.
func findImages(root string) (seeds []seedImage, err error) {
	for _, folder := range []string{"preprocess/testdata", "docs/photos", "../shared/images", "../shared/cases/hostile"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if format := imageFormats[strings.ToLower(filepath.Ext(name))]; format != "" && d.Type().IsRegular() {
				seeds = append(seeds, seedImage{format, name})
			}
			return nil
		})
		if err != nil && !(errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(folder, "..")) {
			return nil, err
		}
	}
	return seeds, nil
}

// leaveUnread leaves formats out of which not even an undamaged image is read: what reads them is not here.
func (c *campaign) leaveUnread(ctx context.Context) error {
	var names, read []string
	for _, s := range c.seeds {
		names = append(names, s.file)
	}
	_, err := c.start(ctx, &child{args: c.tiny("classify", append(names, "-f", "jsonl")...), limit: longestRun, line: func(text []byte) {
		var one row
		if err := json.Unmarshal(text, &one); err == nil && one.Error == nil {
			read = append(read, imageFormats[strings.ToLower(filepath.Ext(one.Input))])
		}
	}})
	for _, s := range c.seeds {
		if !slices.Contains(read, s.format) && !slices.Contains(c.unread, s.format) {
			c.unread = append(c.unread, s.format)
		}
	}
	c.seeds = slices.DeleteFunc(c.seeds, func(s seedImage) bool { return slices.Contains(c.unread, s.format) })
	return err
}

// images has a run take a few hundred damaged images of one format: there is a row for each in its order, an
// image or an error, soon and in bounded memory.
func images(ctx context.Context, t *turn) error {
	var formats []string
	for _, s := range t.seeds {
		if !slices.Contains(formats, s.format) {
			formats = append(formats, s.format)
		}
	}
	slices.Sort(formats)
	format := formats[t.number%len(formats)]
	names, err := t.mutants(format, t.many(300))
	if err != nil {
		return err
	}
	verb := "classify"
	var more []string
	switch round := t.number / len(formats); {
	case round%3 == 2:
		verb, more = "generate", []string{"--max-pixels", fmt.Sprint(mostPixels)}
	case round%3 == 1:
		more = []string{"--decode", "scaled", "--orientation", "exif"}
	}
	t.inputs += len(names)
	o, why, err := t.decode(ctx, verb, more, names)
	if why == nil || err != nil {
		return err
	}
	// Of those, the fewest with which it goes wrong.
	fewest := names
	for half := len(fewest) / 2; half > 0; half = len(fewest) / 2 {
		found := false
		for _, some := range [][]string{fewest[:half], fewest[half:]} {
			o2, why2, err := t.decode(ctx, verb, more, some)
			if err != nil {
				return err
			}
			if why2 != nil {
				o, why, fewest, found = o2, why2, some, true
				break
			}
		}
		if !found {
			break
		}
	}
	if _, err := t.list("in.list", fewest); err != nil {
		return err
	}
	return t.failed(o, fmt.Errorf("%s, %d images: %w", format, len(fewest), why), append(slices.Clone(fewest), t.path("in.list"))...)
}

// seedOf is one of the images that mutants are made of, of at most so many bytes.
func (c *campaign) seedOf(random *rand.Rand, most int64) ([]byte, error) {
	for {
		one := pick(random, c.seeds)
		if info, err := os.Stat(one.file); err != nil || info.Size() <= most {
			data, failed := os.ReadFile(one.file)
			return data, errors.Join(err, failed)
		}
	}
}

// mutants writes damaged images of a format.
func (t *turn) mutants(format string, n int) (names []string, err error) {
	var seeds []seedImage
	for _, s := range t.seeds {
		if s.format == format {
			seeds = append(seeds, s)
		}
	}
	for i := range n {
		one, other := seeds[t.random.IntN(len(seeds))], seeds[t.random.IntN(len(seeds))]
		data, err := os.ReadFile(one.file)
		if err != nil {
			return nil, err
		}
		second, err := os.ReadFile(other.file)
		if err != nil {
			return nil, err
		}
		name, err := t.file(fmt.Sprintf("%04d%s", i, filepath.Ext(one.file)), damagedImage(t.random, data, second))
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// decode has a run take images. why is what was wrong with it.
func (t *turn) decode(ctx context.Context, verb string, more, names []string) (o *outcome, why, err error) {
	list, err := t.list("in.list", names)
	if err != nil {
		return nil, nil, err
	}
	args := t.tiny(verb, append([]string{list, "--max-memory", fmt.Sprint(budget)}, more...)...)
	r := &rowReader{last: time.Now()}
	run := &child{args: append(args, "-f", "jsonl"), limit: longestRun, line: r.line}
	out := t.path("out")
	if verb == "generate" {
		if err := os.RemoveAll(out); err != nil {
			return nil, nil, err
		}
		run = &child{args: append(args, "-o", out), limit: longestRun}
	}
	if o, err = t.start(ctx, run); err != nil {
		return nil, nil, err
	}
	if why = o.wrong(mostMemory, 0, 3); why != nil {
		return o, why, nil
	}
	if verb == "generate" {
		data, err := os.ReadFile(filepath.Join(out, "ortho.jsonl"))
		if err != nil {
			return o, err, nil
		}
		for line := range strings.Lines(string(data)) {
			r.line([]byte(line))
		}
		r.slowest = 0 // they came together
	}
	return o, r.wrong(names, o.code), nil
}

// rowReader reads rows as they come.
type rowReader struct {
	inputs  []string
	failed  int
	err     error // of the first that is none
	last    time.Time
	slowest time.Duration
	slow    string // that came so late
}

// row is what all rows have.
type row struct {
	Input string `json:"input"`
	Error *struct {
		Kind    string `json:"kind"`
		Message string `json:"message"`
	} `json:"error"`
}

func (r *rowReader) line(text []byte) {
	var one row
	if err := json.Unmarshal(text, &one); err != nil && r.err == nil {
		r.err = fmt.Errorf("row %d: %w: %.200q", len(r.inputs), err, text)
	}
	if one.Error != nil {
		r.failed++
		if crash := crashes.FindString(one.Error.Message); (crash != "" || one.Error.Message == "") && r.err == nil {
			r.err = fmt.Errorf("row %d: its error is %q", len(r.inputs), one.Error.Message)
		}
	}
	r.inputs = append(r.inputs, one.Input)
	if d := time.Since(r.last); d > r.slowest {
		r.slowest, r.slow = d, one.Input
	}
	r.last = time.Now()
}

// wrong says what is wrong with the rows of a run that took these inputs, and ended with a code.
func (r *rowReader) wrong(names []string, code int) error {
	switch {
	case r.err != nil:
		return r.err
	case !slices.Equal(r.inputs, names):
		return fmt.Errorf("%d rows of %d inputs, or in another order", len(r.inputs), len(names))
	case (code == 3) != (r.failed > 0):
		return fmt.Errorf("exit %d where %d of %d failed", code, r.failed, len(names))
	case r.slowest > longestImage:
		return fmt.Errorf("%s took %.1f s", r.slow, r.slowest.Seconds())
	}
	return nil
}

// pick is one of a list.
func pick[T any](random *rand.Rand, list []T) T { return list[random.IntN(len(list))] }
