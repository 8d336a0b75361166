package flags

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/boxes"
	"ortho/models/config"
)

// CategoryModel is that of the flags that say what a model is, and how it is read.
const CategoryModel = "How the model's input and output are read"

var (
	generating   = []models.Task{models.Generate}
	cropping     = []models.Task{models.Classify, models.Embed, models.Detect, models.Segment}
	detecting    = []models.Task{models.Detect}
	segmenting   = []models.Task{models.Segment}
	letterboxing = []models.Task{models.Detect, models.Segment}
	cutting      = []models.Task{models.Cutout}
	measuring    = []models.Task{models.Depth}
	pictures     = slices.Concat(cropping, cutting, measuring, []models.Task{models.Generate})
	scoring      = []models.Task{models.Classify, models.ClassifyText}
	naming       = append(scoring, models.Detect, models.Segment, models.Generate)
	reading      = []models.Task{models.ClassifyText, models.Generate}
)

// overrides are the flags that override what a model's files say. Each is a key
// of models.Settings; a command shows those of its task.
var overrides = []struct {
	name, usage string
	tasks       []models.Task
}{
	{"preset", "preprocessing by `NAME`, where the files don't say it (a wrong name lists them)", cropping},
	{"input-size", "the graph's `HxW` in pixels, or one number for a square", pictures},
	{"resize", "before the crop: `SIZE` of the short edge, HxW (squash), long:SIZE, letterbox, letterbox-truncated, pad-square (white), squash (to the input's size) or none", pictures},
	{"pad-at", "center or start: where a letterboxed image is in its padding", letterboxing},
	{"fill", "the `COLOUR` around a letterboxed image: 0 to 255, or R,G,B", letterboxing},
	{"crop-pct", "resize the short edge to input size / `FRACTION`", cropping},
	{"crop-mode", "center, squash or border (timm's `MODE`)", pictures},
	{"interpolation", "nearest, box, bilinear, hamming, bicubic or lanczos as Pillow has them; nearest-cv2, linear-cv2, area-cv2 (OpenCV's), linear-tf (TensorFlow's and Keras') or linear-torch (of float tensors), where a model was trained so", pictures},
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
	{"mask-marks", "hole or kept: what is 1 (or 255) in the mask that a graph takes beside an image, where trials don't show it", generating},
	{"labels", "a `FILE` with the classes' names (txt, csv, json, yaml, pbtxt), or imagenet-1k", naming},
	{"latent-distribution", "normal, or uniform (-1 to 1)", generating},
	{"class-input", "`NAME` of the input that takes the class, where that does not tell", generating},
	{"vocabulary", "a `FILE` with the tokens of texts, one a line", reading},
	{"text-length", "`N` tokens of a text, where the graph leaves it open", append(reading, models.Classify, models.Embed)},
	{"logit-scale", "`S`: the cosine of an image's and a text's embedding times S is its logit, where the model's files don't say it", []models.Task{models.Classify}},
	{"logit-bias", "`B` is added to logits, as SigLIP's training has it", []models.Task{models.Classify}},
	{"map", "how outputs are read as a map, by the `NAME` of a reading (a wrong name lists them)", segmenting},
	{"matte", "by whose rule images are fed and the output is read as alpha: `NAME` (a wrong one lists them)", cutting},
	{"white-point", "255, or max: the `VALUE` that becomes the upper end of --input-range, max being the largest of the image itself (rembg's)", cutting},
	{"head", "how outputs are read as boxes, by the `NAME` of a family (a wrong name lists them)", detecting},
	{"keypoints", "`NxM`: how many key points a box has, and numbers of each (17x3)", detecting},
	{"activation", "softmax, sigmoid or none (inside the graph)", scoring},
	{"temperature", "`T`: logits are divided by it before the softmax; `ortho eval` fits it", scoring},
	{"scores-output", "the output with the scores of the classes, by `NAME`, where a graph has several", scoring},
	{"output-name", "return the values of this output as they are (embeddings); of a generator: its image", []models.Task{models.Classify, models.ClassifyText, models.Embed, models.Segment, models.Cutout, models.Depth, models.Generate}},
	{"task", taskNames() + ", where the graph's outputs don't tell", naming},
}

// taskNames lists the tasks.
func taskNames() string {
	names := texts(config.Tasks)
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

func texts(tasks []models.Task) (names []string) {
	for _, t := range tasks {
		names = append(names, string(t))
	}
	return names
}

// Model is -m: a bundled model's name, a folder or a file.
type Model struct {
	Default string
	Task    models.Task // that the command runs models for; "": any
	Name    string
}

func (m *Model) Flags() []cli.Flag {
	return []cli.Flag{&cli.StringFlag{Name: "model", Aliases: []string{"m"}, Value: m.Default, Category: CategoryModel,
		Usage: "a bundled `NAME`, a model folder, an .onnx file, or hf:ORG/NAME of the Hugging Face Hub"}}
}

// Suits refuses a default that is for another task.
func (m *Model) Suits(_ *Call, flag, value string) bool {
	return flag != "model" || m.Task == "" || IsFor(value, m.Task)
}

func (m *Model) Read(c *Call) error {
	m.Name = c.line.String("model")
	return nil
}

// Overrides are the flags that override what a model's files say.
type Overrides struct {
	Task    models.Task   // those that this task has; "": all
	Also    []models.Task // and those of these
	Without []string      // names of those that the command has no use for

	Given models.Settings

	OutputName string // of --output-name

	told []string // notices that were printed
}

func (o *Overrides) Flags() []cli.Flag {
	var flags []cli.Flag
	for _, s := range overrides {
		if o.Task != "" && !slices.ContainsFunc(s.tasks, func(t models.Task) bool { return t == o.Task || slices.Contains(o.Also, t) }) || slices.Contains(o.Without, s.name) {
			continue
		}
		flags = append(flags, &cli.StringFlag{Name: s.name, Usage: s.usage, Category: CategoryModel})
	}
	flags = append(flags, &Repeated{StringSliceFlag: cli.StringSliceFlag{Name: "set", Category: CategoryModel,
		Usage: "`INPUT=VALUE` that all runs give a further input: a number (fills it), true, false, a list such as [480,640], or an .npy file; may be repeated"}})
	if o.Task == models.ClassifyText {
		return flags
	}
	return append(flags, &cli.BoolFlag{Name: "invert", Usage: "negate the pixels: dark on light to light on dark", Category: CategoryModel})
}

func (o *Overrides) Read(c *Call) error {
	o.Given, o.OutputName = models.Settings{}, c.line.String("output-name")
	for name, value := range o.Typed(c) {
		if err := o.set(name, value); err != nil {
			return err
		}
	}
	return nil
}

// Typed yields those of the flags that are given in a call, and their values as they stand
// there.
func (o *Overrides) Typed(c *Call) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for _, f := range overrides {
			if c.Given(f.name) && !yield(f.name, c.line.String(f.name)) {
				return
			}
		}
		if c.Given("set") {
			for _, value := range c.Repeated("set") {
				if !yield("set", value) {
					return
				}
			}
		}
		if c.Given("invert") {
			yield("invert", fmt.Sprint(c.line.Bool("invert")))
		}
	}
}

func (o *Overrides) set(name, value string) error {
	if name == "labels" && value == "imagenet-1k" {
		labels, err := imagenetLabels()
		if err != nil {
			return err
		}
		o.Given.SetLabels(labels, models.ImageNetLabels, "flag --labels imagenet-1k")
		return nil
	}
	err := o.Given.Set(name, value)
	switch _, missing := os.Stat(value); {
	case err == nil:
		return nil
	case name == "labels" && missing != nil && strings.Contains(value, ","):
		return commandline.Usagef("--labels %s: it takes a file with the classes' names, one a line, and no file is called that", value)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("--%s: %w", name, err)
	}
	return commandline.Usage(fmt.Errorf("%w%s", err, commandline.DidYouMean(value, Words(name))))
}

// Words are the words that a flag of how a model is read takes; nil: others, too.
func Words(name string) []string {
	switch name {
	case "preset":
		return config.Presets()
	case "task":
		return texts(config.Tasks)
	case "head":
		var names []string
		for _, f := range boxes.Families {
			names = append(names, f.Name)
		}
		return names
	}
	return map[string][]string{
		"interpolation": {"nearest", "box", "bilinear", "hamming", "bicubic", "lanczos", "nearest-cv2", "linear-cv2", "area-cv2", "linear-tf", "linear-torch"},
		"crop-mode":     {"center", "squash", "border"},
		"pad-at":        {"center", "start"},
		"color-order":   {"rgb", "bgr"},
		"color":         {"luma", "gray"},
		"layout":        {"nchw", "nhwc"},
		"channels":      {"1", "3"},
		"orientation":   {"exif", "ignore"},
		"activation":    {"softmax", "sigmoid", "none"},

		"latent-distribution": {"normal", "uniform"},
	}[name]
}

// Open opens a model under the overrides, and prints its notices: what is done as its files
// state, though it may not be meant.
func (o *Overrides) Open(ui *term.UI, name string) (*models.Model, error) {
	m, err := OpenModel(name, o.Given)
	if err == nil {
		o.warn(ui, m)
	}
	return m, err
}

// WarnOf prints a model's notices.
func WarnOf(ui *term.UI, m *models.Model) {
	for _, notice := range remedy.ModelNotices(m) {
		ui.Warn(notice)
	}
}

// warn prints a model's notices, each once.
func (o *Overrides) warn(ui *term.UI, m *models.Model) {
	for _, notice := range remedy.ModelNotices(m) {
		if !slices.Contains(o.told, notice) {
			o.told = append(o.told, notice)
			ui.Warn(notice)
		}
	}
}

// OpenForInput opens a model of which the input counts, and the outputs are taken as they
// are: nothing needs to say which of them is the result, nor what its values mean. It prints
// the model's notices.
func (o *Overrides) OpenForInput(ui *term.UI, name string) (*models.Model, error) {
	m, err := o.openForInput(name)
	if err == nil {
		o.warn(ui, m)
	}
	return m, err
}

func (o *Overrides) openForInput(name string) (*models.Model, error) {
	s := o.Given
	m, err := OpenModel(name, s)
	if err != nil {
		return nil, err
	}
	outputs := m.Graph.Outputs
	if m.Task != models.Generate {
		outputs = outputs[:min(1, len(outputs))]
	} else if err := s.Assume("output-range", "0,1", "any, since the input counts"); err != nil {
		return nil, err
	}
	for _, v := range outputs {
		named := s
		if err := named.Assume("output-name", v.Name, "the first that fits, since the input counts"); err != nil {
			continue // without a name: as a classifier, or by arrays
		}
		if m, err = OpenModel(name, named); err != nil {
			return nil, err
		}
		if _, err := m.ImageLoader(); err == nil {
			break
		}
	}
	return m, nil
}
