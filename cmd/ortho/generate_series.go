package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/generate"
	"ortho/runner/npz"
)

// plan settles the requests for a model of one graph.
func (r *sampleRun) plan(ctx context.Context, graph *graphEngine) error {
	spec := graph.Spec()
	if err := r.checkTakes(spec); err != nil {
		return err
	}
	if err := r.chooseSubjects(graph); err != nil {
		return err
	}
	if err := r.chooseLatents(ctx, graph); err != nil {
		return err
	}
	return r.settle(spec.Output.Width, spec.Output.Height)
}

// checkTakes refuses what the model does not take.
func (r *sampleRun) checkTakes(spec *models.GeneratorSpec) error {
	o := &r.made
	switch {
	case spec.Image != nil:
		return commandline.Usagef("%s makes images of images: name them", r.name)
	case len(o.texts) > 0 && spec.Text == nil:
		return commandline.Usagef("%s takes no texts: it makes images of %s", r.name, generate.Takes(spec))
	case len(o.texts) > 0 && len(o.classes) > 0 && spec.Class == nil:
		return commandline.Usagef("%s takes texts, which classes stand for: give --text or --class", r.name)
	case spec.Text != nil && len(o.texts)+len(o.classes) == 0:
		return commandline.Usagef("%s makes images of %s: give --text", r.name, generate.Takes(spec))
	case o.truncation > 0 && spec.Truncation == "" && (spec.Latents == nil || spec.Latents.Uniform):
		return commandline.Usagef("--truncation is of normal latents, which %s does not take", r.name)
	case spec.Latents == nil && (o.latents != "" || o.ends != nil):
		return commandline.Usagef("%s takes no latents: it makes images of %s", r.name, generate.Takes(spec))
	}
	return nil
}

// maxSamples is how many pictures are asked for at most.
const maxSamples = 100_000_000

// settle checks how many pictures there are, of a size that is 0 where it is not known yet,
// and draws a seed where none is given.
func (r *sampleRun) settle(width, height int) error {
	if n := int64(len(r.series.Subjects)) * int64(r.series.Each()); n > maxSamples {
		return commandline.Usagef("%d images are more than %d", n, maxSamples)
	} else if n > 1 && r.to.Single() {
		return commandline.Usagef("%s is one file, and there are %d images: give -o FOLDER, an animation (.gif) or --grid", r.to.File, n)
	}
	if r.sheet.grid != nil && width > 0 && height > 0 {
		if err := r.layout().Check(r.series.Len(), width, height); err != nil {
			return commandline.Usagef("--grid: %w", err)
		}
	}
	if o := &r.made; o.seed == nil && o.latents == "" && o.ends == nil {
		return r.drawSeed()
	}
	return nil
}

// chooseSubjects makes a subject of each text with each class.
func (r *sampleRun) chooseSubjects(graph *graphEngine) error {
	o := &r.made
	if len(o.texts) == 0 {
		return r.addSubjects(graph, "")
	}
	ids := sha256.New()
	told := 0
	for _, t := range o.texts {
		if in := graph.Spec().Text; in != nil {
			encoded := in.Vocabulary.Encode(t, in.Length)
			binary.Write(ids, binary.LittleEndian, encoded.IDs)
			if strings.TrimSpace(t) == "" {
				return commandline.Usagef("the text is empty: say what %s is to draw (it knows %s), or leave it out and give --class", r.name, in.Knows())
			}
			if encoded.Telling == 0 && len(o.texts) == 1 {
				return commandline.Usagef("%.60q says nothing to %s, which knows %s", t, r.name, in.Knows())
			}
			if told < 10 && tellText(r.ui, t, encoded, graph.Spec()) {
				told++
			}
		}
		if err := r.addSubjects(graph, t); err != nil {
			return err
		}
	}
	r.wordsDigest = hex.EncodeToString(ids.Sum(nil))
	return nil
}

// addSubjects adds a text with each of the classes that are asked for.
func (r *sampleRun) addSubjects(graph *graphEngine, text string) error {
	subjects, err := graph.Subjects(text, r.made.classes...)
	if class, not := errors.AsType[*generate.ClassError](err); not && class.Unlabeled {
		return commandline.Usagef("--%w, or --labels", class)
	} else if not {
		return commandline.Usagef("--%w", class)
	} else if err != nil {
		return commandline.Usagef("%w", err)
	}
	r.series.Subjects = append(r.series.Subjects, subjects...)
	return nil
}

// chooseLatents reads --latents, and takes the steps of --interpolate.
func (r *sampleRun) chooseLatents(ctx context.Context, graph *graphEngine) error {
	o := &r.made
	if o.latents != "" {
		if err := r.readLatents(ctx, graph.LatentsOf); err != nil {
			return err
		}
	}
	if o.ends == nil {
		return nil
	}
	err := r.series.Interpolate(graph.Spec().Latents, o.ends[0], o.ends[1], o.frames)
	if row, not := errors.AsType[*generate.RowError](err); not {
		return commandline.Usagef("--interpolate: %s has the rows 0 to %d", o.latents, row.Rows-1)
	}
	return err
}

// readLatents reads --latents; of splits its array into the latents of images.
func (r *sampleRun) readLatents(ctx context.Context, of func(npz.Array) ([][]float32, error)) error {
	name := r.made.latents
	arrays, err := npz.ReadFile(name)
	if err != nil {
		return err
	}
	if len(arrays) != 1 {
		return fmt.Errorf("latents %s: it has %d arrays, and not one: give an .npy file", name, len(arrays))
	}
	if r.series.Latents, err = of(arrays[0]); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	r.series.LatentsSHA256, err = models.DigestOf(ctx, name)
	return err
}

// drawSeed takes the seed of the run that is continued, or draws one and prints it.
func (r *sampleRun) drawSeed() error {
	if rows := r.to.Rows(); rows.Resumes() {
		if old, err := record.Read(rows.File); err == nil {
			if seed, err := strconv.ParseUint(old.Settings.Get("seed"), 10, 64); err == nil {
				r.series.Seed = seed
				return nil
			}
		}
	}
	var err error
	if r.series.Seed, err = generate.RandomSeed(); err != nil {
		return err
	}
	r.ui.Info(fmt.Sprintf("--seed %d makes the same again", r.series.Seed))
	return nil
}

// survey counts the pictures, and computes the digest of their names.
func (r *sampleRun) survey(stop func() bool) (source.Inventory, bool) {
	names, stamps := sha256.New(), source.NewDigestOfStamps(source.LookTimes)
	for one := range r.requests() {
		if stop() {
			return source.Inventory{}, false
		}
		io.WriteString(names, one.name+"\x00")
		stamps.Add(one.stamp())
	}
	return source.Inventory{Items: int64(r.series.Len()), Digest: hex.EncodeToString(names.Sum(nil)), Stamps: stamps.Sum()}, true
}

// seriesSettings are those that say which pictures there are. All that one of them depends on is in its
// request.
var seriesSettings = []string{"texts' SHA-256", "texts' token ids' SHA-256", "classes", "count", "latents' SHA-256", "truncation", "interpolate", "frames", "seed"}

// settings are what the pictures depend on besides their names.
func (r *sampleRun) settings() record.Settings {
	o := &r.made
	s := record.Settings{
		{Key: "texts' token ids' SHA-256", Value: r.wordsDigest},
		{Key: "classes", Value: strings.Join(o.classes, " ")},
		{Key: "count", Value: strconv.Itoa(o.count)},
		{Key: "latents' SHA-256", Value: r.series.LatentsSHA256},
	}
	if o.truncation > 0 {
		s = append(s, record.Setting{Key: "truncation", Value: fmt.Sprint(o.truncation)})
	}
	if e := o.ends; e != nil {
		return append(s, record.Setting{Key: "interpolate", Value: fmt.Sprintf("%d,%d", e[0], e[1])}, record.Setting{Key: "frames", Value: strconv.Itoa(o.frames)})
	}
	s = append(s, r.prompted...)
	return append(s, record.Setting{Key: "seed", Value: strconv.FormatUint(r.series.Seed, 10)})
}
