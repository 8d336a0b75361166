package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/overlay"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/bundled"
	"ortho/models/detect"
	"ortho/models/dual"
	"ortho/models/grounding"
	"ortho/models/images"
	"ortho/models/labels"
	"ortho/models/segment"
	"ortho/models/witness"
	"ortho/models/zeroshot"
	"ortho/preprocess"
	"ortho/runner"
)

// witnesses are the flags that have further models look at images that are described. Once open, it has
// them, and what checks a description against their boxes.
type witnesses struct {
	detector, segmenter, dual string
	lists                     []string
	sure                      float64
	recheck                   int

	*witness.Witnesses
	checker *grounding.Checker // nil: nothing is checked
	opened  record.Settings    // which models they are

	mutex  sync.Mutex
	counts map[grounding.Status]int
	asked  int
}

// theBundled is the value of --detector for the one that ships.
const theBundled = "bundled"

const categoryEvidence = "Evidence, and what it is checked against"

func (w *witnesses) Flags() []cli.Flag {
	const category = categoryEvidence
	return []cli.Flag{
		&cli.StringFlag{Name: "detector", Destination: &w.detector, Category: category, Usage: "what this `MODEL` finds goes along as evidence, and each object that the text names is checked against its boxes; bundled: " + bundled.Detector},
		&cli.StringFlag{Name: "segmenter", Destination: &w.segmenter, Category: category, Usage: "the shares of the classes of this `MODEL` go along as evidence"},
		&flags.Repeated{StringSliceFlag: cli.StringSliceFlag{Name: "zero-shot", Category: category, Usage: "the likeliest of the labels in a `FILE`, one a line, or of " + strings.Join(labels.Names(), ", ") + " go along as evidence, by --zero-shot-model; may be repeated"}, Values: &w.lists},
		&cli.StringFlag{Name: "zero-shot-model", Destination: &w.dual, Category: category, Usage: "the `MODEL` of images and texts that compares images with --zero-shot"},
		&cli.Float64Flag{Name: "sure", Destination: &w.sure, Value: 0.5, Category: category, Usage: "the score `P` from which a box of --detector is certain; from half of it up to it one is ambiguous"},
		&cli.IntFlag{Name: "recheck", Destination: &w.recheck, Value: 3, Category: category, Usage: "ask once more about at most `N` ambiguous objects of an image, each with its part of the image; 0: none"},
	}
}

func (w *witnesses) Read(c *flags.Call) error {
	switch {
	case c.Given("detector") && w.detector == "", c.Given("segmenter") && w.segmenter == "":
		return commandline.Usagef("--detector and --segmenter want a model")
	case !(w.sure > 0 && w.sure <= 1):
		return commandline.Usagef("--sure %v: above 0, and at most 1", w.sure)
	case w.recheck < 0 || w.recheck > 100:
		return commandline.Usagef("--recheck %d: from 0 to 100", w.recheck)
	case (c.Given("sure") || c.Given("recheck")) && w.detector == "":
		return commandline.Usagef("--sure and --recheck are about the boxes of --detector, and none is given")
	case len(w.lists) > 0 && w.dual == "":
		return fmt.Errorf("--zero-shot needs a model of images and texts (--zero-shot-model), and none is bundled. %s", howToMake)
	case w.dual != "" && len(w.lists) == 0:
		return commandline.Usagef("--zero-shot-model compares images with lists of labels: --zero-shot names one (%s, or a FILE)", strings.Join(labels.Names(), ", "))
	}
	if w.detector == theBundled {
		w.detector = bundled.Detector
	}
	return nil
}

const howToMake = "`optimum-cli export onnx --model openai/clip-vit-base-patch32 clip/` makes one; then --zero-shot-model clip/"

// open opens the models. close closes them, also after an error.
func (w *witnesses) open(ctx context.Context, call *flags.Call, session *flags.Session, opt images.Options, language string) error {
	w.Witnesses, w.counts = &witness.Witnesses{}, map[grounding.Status]int{}
	if w.detector != "" {
		if err := w.openDetector(ctx, call, session, opt); err != nil {
			return fmt.Errorf("--detector: %w", err)
		}
		if l := strings.ToLower(language); l != "" && !strings.HasPrefix(l, "en") {
			call.Warn(fmt.Sprintf("names in %s are compared with the detector's labels as they are: plurals, other names and kinds of things are known in English only", language))
		}
	}
	if w.segmenter != "" {
		if err := w.openSegmenter(ctx, call, session, opt); err != nil {
			return fmt.Errorf("--segmenter: %w", err)
		}
	}
	if len(w.lists) > 0 {
		return w.openLists(ctx, call, session, opt)
	}
	return nil
}

func (w *witnesses) openDetector(ctx context.Context, call *flags.Call, session *flags.Session, opt images.Options) error {
	m, err := w.model(ctx, call, session, w.detector, models.Detect)
	if err != nil {
		return err
	}
	rules := grounding.Rules{Sure: w.sure}
	likely := rules.Likely()
	if w.Detector, err = detect.Open(ctx, m, detect.Options{Images: opt, Confidence: &likely}); err != nil {
		return err
	}
	names := w.Detector.Spec().Labels
	if len(names) == 0 {
		call.Warn(m.Name + " has no labels: no object can be checked against its boxes")
	}
	if w.checker, err = grounding.NewChecker(names, rules); err != nil {
		return err
	}
	flags.TellSession(call.UI, w.Detector.Session())
	return w.keep(ctx, "detector", m, names, record.Settings{{Key: "sure", Value: strconv.FormatFloat(w.sure, 'g', -1, 64)}, {Key: "recheck", Value: strconv.Itoa(w.recheck)}})
}

func (w *witnesses) openSegmenter(ctx context.Context, call *flags.Call, session *flags.Session, opt images.Options) error {
	m, err := w.model(ctx, call, session, w.segmenter, models.Segment)
	if err != nil {
		return err
	}
	if w.Segmenter, err = segment.Open(ctx, m, segment.Options{Images: opt, NoMasks: true}); err != nil {
		return err
	}
	flags.TellSession(call.UI, w.Segmenter.Session())
	return w.keep(ctx, "segmenter", m, w.Segmenter.Spec().Labels, nil)
}

// model opens a model for a task, and says what it has to say.
func (w *witnesses) model(ctx context.Context, call *flags.Call, session *flags.Session, name string, task models.Task) (*models.Model, error) {
	var s models.Settings
	if err := s.Assume("task", string(task), "what it is given as"); err != nil {
		return nil, err
	}
	m, err := flags.OpenModel(name, s)
	if err != nil {
		return nil, err
	}
	flags.WarnOf(call.UI, m)
	session.Check(ctx, call.UI, m)
	return m, nil
}

// keep adds what the run's record says of a model.
func (w *witnesses) keep(ctx context.Context, key string, m *models.Model, names []models.Label, more record.Settings) error {
	id, err := m.Identity(ctx)
	if err != nil {
		return err
	}
	w.opened = slices.Concat(w.opened, record.Settings{{Key: key + "'s SHA-256", Value: id.Digest()}, {Key: key + "'s labels' SHA-256", Value: models.DigestOfLabels(names)}}, more)
	for _, s := range settingsOf(m.Facts) {
		w.opened = append(w.opened, record.Setting{Key: key + ": " + s.Key, Value: s.Value})
	}
	return nil
}

func (w *witnesses) openLists(ctx context.Context, call *flags.Call, session *flags.Session, opt images.Options) error {
	m, err := dual.Open(ctx, w.dual, models.Settings{}, session.Runner)
	if err != nil {
		return fmt.Errorf("--zero-shot-model: %w", err)
	}
	flags.WarnOf(call.UI, m.Image)
	session.Check(ctx, call.UI, m.Image)
	texts, err := m.TextDigest(ctx)
	if err != nil {
		return err
	}
	for i, name := range w.lists {
		set, err := (&zeroShot{labels: name}).read(call)
		if err != nil {
			return err
		}
		c, err := zeroshot.Open(ctx, m, zeroshot.Options{Labels: set, Images: opt, Top: 5})
		if err != nil {
			return fmt.Errorf("--zero-shot %s: %w", name, err)
		}
		shown := strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
		w.Lists = append(w.Lists, witness.List{Name: shown, Classifier: c})
		if i == 0 {
			flags.TellSession(call.UI, c.Session())
			if err := w.keep(ctx, "zero-shot", m.Image, labelsNamed(set), record.Settings{{Key: "zero-shot's texts' SHA-256", Value: texts}}); err != nil {
				return err
			}
			continue
		}
		w.opened = append(w.opened, record.Setting{Key: fmt.Sprintf("zero-shot %d's labels' SHA-256", i+1), Value: models.DigestOfLabels(labelsNamed(set))})
	}
	return nil
}

// atOnce is how many images the models look at at a time; 0: there are none.
func (w *witnesses) atOnce() int {
	if w.Detector == nil {
		return 0
	}
	_, n := w.Detector.Batching()
	return n
}

// unturned is how many images the models read unturned.
func (w *witnesses) unturned() int64 {
	if w.Detector == nil {
		return 0
	}
	return w.Detector.Unturned()
}

// count adds what came of checking an image's objects.
func (w *witnesses) count(mentions []grounding.Mention) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for _, m := range mentions {
		w.counts[m.Status]++
		if m.Asked != nil {
			w.asked++
		}
	}
}

// summary says what came of all objects; "": nothing was checked.
func (w *witnesses) summary() string {
	if w.checker == nil {
		return ""
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	s := fmt.Sprintf("objects: %d found, %d not found, %d ambiguous, %d of which %s knows no class", w.counts[grounding.Found], w.counts[grounding.NotFound],
		w.counts[grounding.Ambiguous], w.counts[grounding.Unchecked], filepath.Base(w.detector))
	if w.asked > 0 {
		s += fmt.Sprintf("; %d asked about once more", w.asked)
	}
	return s
}

func (w *witnesses) close() error {
	err := w.Witnesses.Close()
	w.Witnesses = &witness.Witnesses{}
	return err
}

// imagesFor are the options of models that look at images one at a time.
func imagesFor(opt runner.Options, maxPixels int64) images.Options {
	return images.Options{Runner: opt, MaxPixels: maxPixels}
}

// withBoxes is an image, made small, with boxes in pixels of the image as it is; each is labelled with its score, and with what
// came of checking the names that it stands for.
func withBoxes(ctx context.Context, item source.Item, s *witness.Sight, mentions []grounding.Mention, maxPixels int64) (report.Picture, error) {
	data, err := item.Read(ctx)
	if err != nil {
		return report.Picture{}, err
	}
	return boxesOn(data, s, mentions, maxPixels)
}

func boxesOn(data []byte, s *witness.Sight, mentions []grounding.Mention, maxPixels int64) (report.Picture, error) {
	small, err := preprocess.Thumbnail(data, cardEdge, maxPixels)
	if err != nil {
		return report.Picture{}, err
	}
	if (small.Width > small.Height) != (s.Width > s.Height) && s.Width != s.Height {
		return report.Picture{}, errors.New("it is shown upright, and the detector takes it as it is stored")
	}
	found := detect.Result{Detections: s.Detections, Width: s.Width, Height: s.Height}
	all := marks(scaled(found, float32(small.Width)/float32(s.Width), float32(small.Height)/float32(s.Height)))
	for i, d := range s.Detections {
		for _, m := range mentions {
			if m.Box != nil && *m.Box == d.Box && m.Label == witness.NameOf(d.Label, d.Index) {
				all[i].Label += ": " + m.Name + ", " + string(m.Status)
			}
		}
	}
	drawn, err := overlay.Draw(small, all)
	if err != nil {
		return report.Picture{}, err
	}
	return report.ShowImage(drawn, 80), nil
}
