package flags

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/config"
)

const categoryModel = "How the model's input and output are read"

var (
	generating = []models.Task{models.Generate}
	cropping   = []models.Task{models.Classify, models.Embed}
	pictures   = append(cropping, models.Generate)
	scoring    = []models.Task{models.Classify, models.ClassifyText}
	naming     = append(scoring, models.Generate)
	reading    = []models.Task{models.ClassifyText, models.Generate}
)

// overrides are the flags that override what a model's files say. Each is a key
// of models.Settings; a command shows those of its task.
var overrides = []struct {
	name, usage string
	tasks       []models.Task
}{
	{"preset", "preprocessing by `NAME`, where the files don't say it (a wrong name lists them)", cropping},
	{"input-size", "the graph's `HxW` in pixels, or one number for a square", pictures},
	{"resize", "before the crop: `SIZE` of the short edge, HxW (squash), long:SIZE or none", pictures},
	{"crop-pct", "resize the short edge to input size / `FRACTION`", cropping},
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
	{"labels", "a `FILE` with the classes' names (txt, csv, json), or imagenet-1k", naming},
	{"latent-distribution", "normal, or uniform (-1 to 1)", generating},
	{"class-input", "`NAME` of the input that takes the class, where that does not tell", generating},
	{"vocabulary", "a `FILE` with the tokens of texts, one a line", reading},
	{"text-length", "`N` tokens of a text, where the graph leaves it open", reading},
	{"activation", "softmax, sigmoid or none (inside the graph)", scoring},
	{"temperature", "`T`: logits are divided by it before the softmax; `ortho eval` fits it", scoring},
	{"output-name", "return the values of this output as they are (embeddings); of a generator: its image", config.Tasks},
	{"task", taskNames() + ", where the graph's outputs don't tell", naming},
}

// taskNames lists the tasks.
func taskNames() string {
	var names []string
	for _, t := range config.Tasks {
		names = append(names, string(t))
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// Model is -m: a bundled model's name, a folder or a file.
type Model struct {
	Default string
	Name    string
}

func (m *Model) Flags() []cli.Flag {
	return []cli.Flag{&cli.StringFlag{Name: "model", Aliases: []string{"m"}, Value: m.Default, Category: categoryModel,
		Usage: "a bundled `NAME`, a model folder, or an .onnx file"}}
}

func (m *Model) Read(c *Call) error {
	m.Name = c.line.String("model")
	return nil
}

// Overrides are the flags that override what a model's files say.
type Overrides struct {
	Task  models.Task // those that this task has; "": all
	Given models.Settings

	OutputName string // of --output-name
}

func (o *Overrides) Flags() []cli.Flag {
	var flags []cli.Flag
	for _, s := range overrides {
		if o.Task != "" && !slices.Contains(s.tasks, o.Task) {
			continue
		}
		flags = append(flags, &cli.StringFlag{Name: s.name, Usage: s.usage, Category: categoryModel})
	}
	if o.Task == models.ClassifyText {
		return flags
	}
	return append(flags, &cli.BoolFlag{Name: "invert", Usage: "negate the pixels: dark on light to light on dark", Category: categoryModel})
}

func (o *Overrides) Read(c *Call) error {
	o.Given, o.OutputName = models.Settings{}, c.line.String("output-name")
	for _, f := range overrides {
		if err := o.set(c, f.name); err != nil {
			return err
		}
	}
	if c.Given("invert") {
		if err := o.Given.Set("invert", fmt.Sprint(c.line.Bool("invert"))); err != nil {
			return commandline.Usage(err)
		}
	}
	return nil
}

func (o *Overrides) set(c *Call, name string) error {
	value := c.line.String(name)
	switch {
	case !c.Given(name):
		return nil
	case name == "labels" && value == "imagenet-1k":
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
	return commandline.Usage(err)
}

// Open opens a model under the overrides, and tells what is done as its files state, though it
// may not be meant.
func (o *Overrides) Open(ui *term.UI, name string) (*models.Model, error) {
	m, err := OpenModel(name, o.Given)
	if err == nil {
		for _, notice := range m.Notices {
			ui.Warn(notice)
		}
	}
	return m, err
}
