package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/models"
	"ortho/models/bundled"
	"ortho/models/diffusion"
)

const categoryModel = "How the model's input and output are read"

var (
	classifying = []models.Task{models.Classify}
	generating  = []models.Task{models.Generate}
	pictures    = []models.Task{models.Classify, models.Generate}
	scoring     = []models.Task{models.Classify, models.ClassifyText}
	reading     = []models.Task{models.ClassifyText, models.Generate}
	allTasks    = []models.Task{models.Classify, models.ClassifyText, models.Generate}
)

// settings are the flags that override what a model's files say. Each is a key
// of models.Settings; a command shows those of its task.
var settings = []struct {
	name, usage string
	tasks       []models.Task
}{
	{"preset", "preprocessing by `NAME`, where the files don't say it (a wrong name lists them)", classifying},
	{"input-size", "the graph's `HxW` in pixels, or one number for a square", pictures},
	{"resize", "before the crop: `SIZE` of the short edge, HxW (squash), long:SIZE or none", pictures},
	{"crop-pct", "resize the short edge to input size / `FRACTION`", classifying},
	{"crop-mode", "center, squash or border (timm's `MODE`)", pictures},
	{"interpolation", "nearest, box, bilinear, hamming, bicubic or lanczos", pictures},
	{"input-range", "`LO,HI`: what pixels 0 and 255 become, before mean and std", pictures},
	{"mean", "subtracted: one `VALUE`, or one for each channel", pictures},
	{"std", "divided by: one `VALUE`, or one for each channel", pictures},
	{"output-range", "`LO,HI`: the output's values that become pixels 0 and 255", generating},
	{"color-order", "rgb or bgr", pictures},
	{"color", "luma or gray: what a graph of one channel is given of a colour image (luma: the colours are resized apart)", generating},
	{"layout", "nchw or nhwc", pictures},
	{"channels", "1 or 3", pictures},
	{"orientation", "exif (turn images upright) or ignore", pictures},
	{"size-multiple", "images are padded to multiples of `N` pixels, and the result cut", generating},
	{"labels", "a `FILE` with the classes' names (txt, csv, json), or imagenet-1k", allTasks},
	{"latent-distribution", "normal, or uniform (-1 to 1)", generating},
	{"class-input", "`NAME` of the input that takes the class, where that does not tell", generating},
	{"vocabulary", "a `FILE` with the tokens of texts, one a line", reading},
	{"text-length", "`N` tokens of a text, where the graph leaves it open", reading},
	{"activation", "softmax, sigmoid or none (inside the graph)", scoring},
	{"temperature", "`T`: logits are divided by it before the softmax; `ortho eval` fits it", scoring},
	{"output-name", "return the values of this output as they are (embeddings); of a generator: its image", allTasks},
	{"task", "classify, classify-text or generate, where the graph's outputs don't tell", allTasks},
}

func modelFlag(value string) cli.Flag {
	return &cli.StringFlag{Name: "model", Aliases: []string{"m"}, Value: value, Category: categoryModel,
		Usage: "a bundled `NAME`, a model folder, or an .onnx file"}
}

// modelFlags are -m and every override that a task has; "" stands for both.
func modelFlags(task models.Task) []cli.Flag {
	return append([]cli.Flag{modelFlag(bundled.Default)}, settingFlags(task)...)
}

// settingFlags are the overrides that a task has.
func settingFlags(task models.Task) []cli.Flag {
	var flags []cli.Flag
	for _, s := range settings {
		if task != "" && !slices.Contains(s.tasks, task) {
			continue
		}
		flags = append(flags, &cli.StringFlag{Name: s.name, Usage: s.usage, Category: categoryModel})
	}
	if task == models.ClassifyText {
		return flags
	}
	return append(flags, &cli.BoolFlag{Name: "invert", Usage: "negate the pixels: dark on light to light on dark", Category: categoryModel})
}

func libraryFlag() cli.Flag {
	return &cli.StringFlag{Name: "onnxruntime", Category: "How it runs", Usage: "`PATH` of ONNX Runtime's library (also: ORTHO_ONNXRUNTIME)"}
}

// openModel opens what -m names, under the overrides that were given.
func openModel(c *cli.Context) (*models.Model, error) {
	s, err := givenSettings(c)
	if err != nil {
		return nil, err
	}
	m, err := openNamed(c.String("model"), s)
	if err == nil {
		for _, notice := range m.Notices {
			slog.Warn(notice)
		}
	}
	return m, err
}

// givenSettings are the overrides that were given.
func givenSettings(c *cli.Context) (models.Settings, error) { return readOverrides(overridesOf(c)) }

// override is a flag that overrides what a model's files say, as it was given.
type override struct{ name, value string }

func overridesOf(c *cli.Context) (given []override) {
	for _, f := range settings {
		if c.IsSet(f.name) {
			given = append(given, override{f.name, c.String(f.name)})
		}
	}
	if c.IsSet("invert") {
		given = append(given, override{"invert", fmt.Sprint(c.Bool("invert"))})
	}
	return given
}

func readOverrides(given []override) (s models.Settings, err error) {
	for _, o := range given {
		if o == (override{"labels", "imagenet-1k"}) {
			labels, err := imagenetLabels()
			if err != nil {
				return s, err
			}
			s.SetLabels(labels, models.ImageNetLabels, "flag --labels imagenet-1k")
			continue
		}
		err := s.Set(o.name, o.value)
		switch _, missing := os.Stat(o.value); {
		case err == nil:
		case o.name == "labels" && missing != nil && strings.Contains(o.value, ","):
			return s, usagef("--labels %s: it takes a file with the classes' names, one a line, and no file is called that", o.value)
		case errors.Is(err, fs.ErrNotExist):
			return s, fmt.Errorf("--%s: %w", o.name, err)
		default:
			return s, usagef("%w", err)
		}
	}
	return s, nil
}

// openNamed opens a bundled model, a folder or a file.
func openNamed(name string, s models.Settings) (*models.Model, error) {
	if slices.Contains(bundled.Names(), name) {
		return openBundled(name, s)
	}
	if diffusion.IsFolder(name) {
		return nil, fmt.Errorf("%s is a pipeline of several graphs, with a model_index.json: ortho generate -m %s \"what to show\" makes images with it, and ortho inspect -m %s shows it", name, name, name)
	}
	if err := checkIndex(name); err != nil {
		return nil, err
	}
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return nil, noModelNamed(name)
	}
	if strings.EqualFold(filepath.Ext(name), ".json") {
		return nil, fmt.Errorf("%s says how a model is used, and is none: name its folder, -m %s", name, filepath.Dir(name))
	}
	m, err := models.Open(name, s)
	if err != nil {
		err = fmt.Errorf("%w%s", err, modelsBelow(name))
	}
	return m, err
}

// checkIndex refuses a pipeline's folder that lacks the file by which it is known.
func checkIndex(name string) error {
	if info, err := os.Stat(filepath.Join(name, diffusion.UNet)); err != nil || !info.IsDir() {
		return nil
	}
	return fmt.Errorf("%s has a folder %s, as a pipeline has, but no model_index.json: copy that, too, from where the pipeline was exported", name, diffusion.UNet)
}

func openBundled(name string, s models.Settings) (*models.Model, error) {
	files, err := bundled.FS(name)
	if err != nil {
		return nil, err
	}
	return models.OpenFS(files, name, s)
}

func imagenetLabels() ([]models.Label, error) {
	m, err := openBundled(bundled.Default, models.Settings{})
	if err != nil {
		return nil, err
	}
	spec, err := m.Classifier()
	if err != nil {
		return nil, err
	}
	return spec.Labels, nil
}
