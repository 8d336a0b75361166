package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// area is a kind of things that happen to ortho.
type area struct {
	name  string
	tries string // what its inputs are, for the table
	// turn tries a number of inputs. An error is one of the campaign itself, and ends it.
	turn func(context.Context, *turn) error
}

var areas = []area{
	{"images", "damaged images: `classify`, `generate`", images},
	{"models", "damaged graphs and configurations: `inspect`, `classify`", models},
	{"kills", "SIGKILL, then `--resume`: `classify`, `embed`, `tag`, `detect`, `segment`, `generate`, `cutout`", kills},
	{"signals", "SIGINT, SIGTERM, SIGHUP, then `--resume`: the same", signals},
	{"disk", "full disks, limits of a file's size, `/dev/full`", disk},
	{"chat", "images described by a hostile server", chat},
	{"serve", "`serve` under load: hostile bodies and clients, models anew, ends", serve},
	{"update", "folders that change, damaged records, SIGKILL, then `--update`: the same", updates},
	{"long", "images of long runs: memory and open files", long},
}

func areaNames() (names []string) {
	for _, a := range areas {
		names = append(names, a.name)
	}
	return names
}

// chooseAreas are those that are named, with commas; none: all.
func chooseAreas(names string) (chosen []area, err error) {
	if names == "" {
		return areas, nil
	}
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(areas, func(a area) bool { return a.name == name })
		if i < 0 {
			return nil, fmt.Errorf("-areas %s: there are %s", name, strings.Join(areaNames(), ", "))
		}
		chosen = append(chosen, areas[i])
	}
	return chosen, nil
}

// campaign is what all turns have in common.
type campaign struct {
	ortho, root, keep string // absolute
	seed              uint64
	scale             float64 // of the inputs of a turn; tests have less
	said              io.Writer

	seeds   []seedImage // of the mutants
	unread  []string    // formats whose library is not here
	folders []string    // of models, to damage
	room    roomMaker   // how a small file system is made
}

// tally counts what an area has done.
type tally struct {
	area
	turns, inputs, failures int
	took                    time.Duration
	peak                    int64 // bytes of resident memory, of any process
}

// mostKept bounds the failures of an area that are kept with their inputs.
const mostKept = 20

// turn is a part of the campaign that can be repeated by itself: its chance follows from the campaign's
// seed, its area and its number.
type turn struct {
	*campaign
	*tally
	number int
	random *rand.Rand
	dir    string // for its files; it goes when the turn ends
}

// ready finds what the campaign begins with, and checks that ortho runs.
func (c *campaign) ready(ctx context.Context) (err error) {
	if c.seeds, err = findImages(c.root); err != nil {
		return err
	}
	if c.folders, err = findModels(c.root); err != nil {
		return err
	}
	c.room = findRoom(ctx)
	o, err := c.start(ctx, &child{args: c.tiny("classify", filepath.Join(c.root, "docs/photos/cat.jpg")), limit: time.Minute})
	if err == nil && o.code != 0 {
		err = fmt.Errorf("%s does not classify: exit %d, %s", c.ortho, o.code, o.stderr)
	}
	if err != nil {
		return err
	}
	return c.leaveUnread(ctx)
}

// repeat takes one turn of each area.
func (c *campaign) repeat(ctx context.Context, chosen []area, number int) (all []*tally, err error) {
	for _, a := range chosen {
		t := &tally{area: a}
		if err := c.take(ctx, t, number); err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// last has the areas take turns until the time is over: it is the turn of the one that had the least.
func (c *campaign) last(ctx context.Context, chosen []area, length time.Duration) (all []*tally, err error) {
	for _, a := range chosen {
		all = append(all, &tally{area: a})
	}
	for start := time.Now(); ctx.Err() == nil && time.Since(start) < length; {
		next := slices.MinFunc(all, func(a, b *tally) int { return cmp.Compare(a.took, b.took) })
		if err := c.take(ctx, next, next.turns); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// take takes an area's turn of a number.
func (c *campaign) take(ctx context.Context, of *tally, number int) (err error) {
	start := time.Now()
	dir, err := os.MkdirTemp("", "soak")
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, os.RemoveAll(dir))
		of.took += time.Since(start)
	}()
	key := fnv.New64a()
	fmt.Fprintf(key, "%s %d", of.name, number)
	t := &turn{campaign: c, tally: of, number: number, random: rand.New(rand.NewPCG(c.seed, key.Sum64())), dir: dir}
	of.turns++
	switch err := of.turn(ctx, t); {
	case ctx.Err() != nil:
		return nil // what was interrupted says nothing
	case err != nil:
		return fmt.Errorf("%s, turn %d: %w", of.name, t.number, err)
	}
	return nil
}

// many is a number of inputs, made smaller where the campaign is.
func (c *campaign) many(n int) int { return max(2, int(float64(n)*c.scale)) }

// small are graphs that take next to no time, with what has to be said of them.
var small = map[string][]string{
	"classify": {"models/testdata/float32_nchw", "--input-range", "0,1"},
	"embed":    {"models/testdata/embedding", "--input-range", "0,1"},
	"generate": {"models/generate/testdata/graphs/nearest_x2.onnx", "--input-range", "0,1", "--output-range", "0,1"},
	"detect":   {"models/detect/testdata/ultralytics/v8.onnx"},
	"tag":      {"models/tag/testdata/wd"},
	"segment":  {"models/segment/testdata/segformer"},
	"cutout":   {"models/bundled/selfie"},
}

// tiny are the words of a run of such a graph.
func (c *campaign) tiny(verb string, more ...string) []string {
	of := small[verb]
	return slices.Concat([]string{verb, "-m", filepath.Join(c.root, of[0])}, of[1:], more)
}

// path is that of a file of the turn.
func (t *turn) path(name ...string) string { return filepath.Join(append([]string{t.dir}, name...)...) }

// file writes a file of the turn.
func (t *turn) file(name string, data []byte) (string, error) {
	name = t.path(name)
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return "", err
	}
	return name, os.WriteFile(name, data, 0o666)
}

// list writes a list of names, and returns the argument that names it.
func (t *turn) list(name string, names []string) (string, error) {
	file, err := t.file(name, []byte(strings.Join(names, "\n")+"\n"))
	return "@" + file, err
}

// start is the campaign's start, which counts memory.
func (t *turn) start(ctx context.Context, of *child) (*outcome, error) {
	o, err := t.campaign.start(ctx, of)
	if err == nil {
		t.peak = max(t.peak, o.peak)
	}
	return o, err
}

// failed counts a failure, tells it, and keeps the turn's files that are named (nil: all), with the command
// that repeats it.
func (t *turn) failed(o *outcome, why error, files ...string) error {
	t.failures++
	again := fmt.Sprintf("go run ./cmd/soak -ortho bin/ortho -seed %d -areas %s -turn %d", t.seed, t.name, t.number)
	fmt.Fprintf(t.said, "%s, turn %d: %v (%s)\n", t.name, t.number, why, again)
	if t.failures > mostKept {
		return nil
	}
	kept := filepath.Join(t.keep, fmt.Sprintf("%s-%d-%d-%d", t.name, t.seed, t.number, t.failures))
	if err := os.RemoveAll(kept); err != nil {
		return err
	}
	if err := os.MkdirAll(kept, 0o777); err != nil {
		return err
	}
	if len(files) == 0 {
		files = []string{t.dir}
	}
	for _, file := range files {
		beside, err := filepath.Rel(t.dir, file)
		if err != nil {
			return err
		}
		if err := copyAll(filepath.Join(kept, beside), file); err != nil {
			return err
		}
	}
	text := fmt.Sprintf("%v\n\n%s\n", why, again)
	if o != nil {
		// In the lists of names, too, the files are where they are kept.
		text += fmt.Sprintf("%s\n\nexit %d in %.1f s, %d MB\n\n%s\n", quoted(t.ortho, o.args), o.code, o.took.Seconds(), o.peak/1e6, o.stderr)
	}
	if err := os.WriteFile(filepath.Join(kept, "failure.txt"), []byte(strings.ReplaceAll(text, t.dir, kept)), 0o666); err != nil {
		return err
	}
	fmt.Fprintf(t.said, "  kept in %s\n", kept)
	return moved(kept, t.dir)
}

// moved names the kept files in the lists among them.
func moved(kept, from string) error {
	lists, err := filepath.Glob(filepath.Join(kept, "*.list"))
	if err != nil {
		return err
	}
	for _, name := range lists {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(strings.ReplaceAll(string(data), from, kept)), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// copyAll copies a file or a folder; what is neither is left out.
func copyAll(to, from string) error {
	info, err := os.Stat(from)
	if err != nil || info.IsDir() {
		if err == nil {
			err = os.CopyFS(to, os.DirFS(from))
		}
		return err
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o666)
}

// quoted is a command as a shell takes it.
func quoted(program string, args []string) string {
	words := []string{program}
	for _, a := range args {
		if strings.ContainsAny(a, " \t\n'\"$`\\*?[]{}()<>|&;#~!") || a == "" {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		words = append(words, a)
	}
	return strings.Join(words, " ")
}
