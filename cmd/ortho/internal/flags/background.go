package flags

import (
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/overlay"
	"ortho/cmd/ortho/internal/record"
)

// Background says what stands behind what is cut out of an image. The zero value is nothing: alpha is kept.
type Background struct {
	Color *[3]byte
	Blur  bool
	By    float64 // pixels, of Blur; 0: by the image's size
	File  string  // an image

	text string
}

func (*Background) Flags() []cli.Flag {
	return []cli.Flag{&cli.StringFlag{Name: "background", Category: "Output", DefaultText: "none: alpha",
		Usage: "what stands behind: a `COLOR` (white, black or #rrggbb), an image FILE, which covers all, or blur (blur:PIXELS), the image itself"}}
}

func (b *Background) Read(c *Call) error {
	*b = Background{}
	if !c.Given("background") {
		return nil
	}
	b.text = c.line.String("background")
	if color, ok := overlay.ParseColor(b.text); ok {
		b.Color = &color
		return nil
	}
	if IsBlur(b.text) {
		b.Blur = true
		_, by, given := strings.Cut(b.text, ":")
		var err error
		if b.By, err = strconv.ParseFloat(by, 64); given && (err != nil || !(b.By > 0 && b.By <= 1000)) {
			return commandline.Usagef("--background %q: blur by more than 0 and at most 1000 pixels, such as blur:20", b.text)
		}
		return nil
	}
	if b.text == "" || b.text == "-" || strings.HasPrefix(b.text, "#") {
		return commandline.Usagef("--background %q: a colour (white, black, #rrggbb), a file, or blur", b.text)
	}
	b.File = b.text
	return nil
}

// IsBlur reports whether a value of --background asks for the image itself, blurred.
func IsBlur(value string) bool { return value == "blur" || strings.HasPrefix(value, "blur:") }

// Given reports whether anything stands behind.
func (b *Background) Given() bool { return b.text != "" }

// Settings are those of the options that change pictures, but for the file's contents.
func (b *Background) Settings() record.Settings {
	return record.Settings{{Key: "background", Value: b.text}}
}
