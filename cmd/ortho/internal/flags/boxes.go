package flags

import (
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/record"
)

// Boxes says which boxes of each image are given. What is nil is as the program has it that the
// model's family comes from.
type Boxes struct {
	Confidence, Overlap *float64
	Most                *int
	Agnostic            *bool
	Classes             []string // indices or labels
}

func (*Boxes) Flags() []cli.Flag {
	const out, own = "Output", "as the family's own program has it, see `ortho inspect`"
	return []cli.Flag{
		&cli.Float64Flag{Name: "conf", Category: out, DefaultText: own, Usage: "leave out boxes that don't score above `P` (0 to 1)"},
		&cli.Float64Flag{Name: "iou", Category: out, DefaultText: own, Usage: "of two boxes of a class that overlap by more than `P` (intersection over union, 0 to 1), leave the worse one out"},
		&cli.IntFlag{Name: "max-det", Category: out, DefaultText: own, Usage: "the best `N` boxes of each image; 0: all"},
		&cli.StringFlag{Name: "classes", Category: out, Usage: "`CLASSES` that are kept, by index or label, with commas between them"},
		&cli.BoolFlag{Name: "agnostic", Category: out, DefaultText: own, Usage: "boxes of different classes overlap, too"},
	}
}

func (b *Boxes) Read(c *Call) error {
	*b = Boxes{}
	part := func(name string) (*float64, error) {
		v := c.line.Float64(name)
		switch {
		case !c.Given(name):
			return nil, nil
		case !(v >= 0 && v <= 1):
			return nil, commandline.Usagef("--%s %v: from 0 to 1", name, v)
		}
		return &v, nil
	}
	var err error
	if b.Confidence, err = part("conf"); err != nil {
		return err
	}
	if b.Overlap, err = part("iou"); err != nil {
		return err
	}
	if c.Given("max-det") {
		n := c.line.Int("max-det")
		if n < 0 {
			return commandline.Usagef("--max-det %d: at least 0", n)
		}
		b.Most = &n
	}
	if c.Given("agnostic") {
		on := c.line.Bool("agnostic")
		b.Agnostic = &on
	}
	if c.Given("classes") {
		for _, name := range strings.Split(c.line.String("classes"), ",") {
			if name = strings.TrimSpace(name); name == "" {
				return commandline.Usagef("--classes %q: an index or label each, with commas between them", c.line.String("classes"))
			}
			b.Classes = append(b.Classes, name)
		}
	}
	return nil
}

// Settings are those of the options that change rows.
func (b *Boxes) Settings() record.Settings {
	part := func(v *float64) string {
		if v == nil {
			return ""
		}
		return strconv.FormatFloat(*v, 'g', -1, 64)
	}
	most, agnostic := "", ""
	if b.Most != nil {
		most = strconv.Itoa(*b.Most)
	}
	if b.Agnostic != nil {
		agnostic = strconv.FormatBool(*b.Agnostic)
	}
	return record.Settings{{Key: "conf", Value: part(b.Confidence)}, {Key: "iou", Value: part(b.Overlap)}, {Key: "max-det", Value: most},
		{Key: "agnostic", Value: agnostic}, {Key: "classes", Value: strings.Join(b.Classes, ",")}}
}
