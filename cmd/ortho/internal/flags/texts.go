package flags

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/classify"
	"ortho/runner"
)

// Texts are the texts to classify: arguments, then lines, then files.
type Texts struct {
	args  []string
	lines string // the file of --texts; "-": standard input
	files []string
}

func (*Texts) Flags() []cli.Flag {
	const in = "Input"
	return []cli.Flag{
		&cli.StringFlag{Name: "texts", Category: in, Usage: "also the lines of a `FILE`, a text each; - is standard input"},
		&Repeated{StringSliceFlag: cli.StringSliceFlag{Name: "file", Category: in, Usage: "also a whole `FILE` as one text; may be repeated"}},
	}
}

func (t *Texts) Read(c *Call) error {
	*t = Texts{args: c.Args, lines: c.line.String("texts"), files: c.Repeated("file")}
	if err := checkTexts(t.args); err != nil {
		return err
	}
	if len(t.args) == 0 && !c.Given("texts") && !c.Given("file") {
		if term.IsTerminal(c.In) {
			return commandline.Usagef("no text given: write it as an argument, or name --texts FILE or --file FILE")
		}
		t.lines = "-"
	}
	return nil
}

// Inputs reads the lines; files are read when it is their turn.
func (t *Texts) Inputs(ctx context.Context, stdin io.Reader) ([]classify.TextInput, error) {
	all := t.args
	if t.lines != "" {
		more, err := lines(ctx, t.lines, stdin)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", TextsName(t.lines), err)
		}
		all = append(all, more...)
	}
	var inputs []classify.TextInput
	for _, text := range all {
		inputs = append(inputs, classify.TextInput{Name: text, Read: func(context.Context) (string, error) { return source.CheckedText(text) }})
	}
	for _, name := range t.files {
		inputs = append(inputs, classify.TextInput{Name: name, Read: func(ctx context.Context) (string, error) {
			return runner.Await(ctx, func(context.Context) (string, error) { return source.Text(name) })
		}})
	}
	return inputs, nil
}

// lines is [source.Lines], which standard input or a pipe may hold up, until ctx is done.
func lines(ctx context.Context, name string, stdin io.Reader) ([]string, error) {
	return runner.Await(ctx, func(context.Context) ([]string, error) { return source.Lines(name, stdin) })
}

// Lines reads the texts of a flag's file, one a line; "-" is standard input.
func (c *Call) Lines(name string) ([]string, error) { return lines(c.line.Context, name, c.In) }

// TextsName is what texts are read from.
func TextsName(name string) string {
	if name == "-" {
		return "standard input"
	}
	return "texts " + name
}

// Survey counts texts before they are classified, as [source.Survey] does images.
func (t *Texts) Survey(ctx context.Context, texts []classify.TextInput) (source.Inventory, bool) {
	names, stamps := sha256.New(), source.NewDigestOfStamps(source.LookTimes)
	for _, text := range texts {
		io.WriteString(names, text.Name+"\x00")
		stamps.Add(t.Stamp(ctx, text))
	}
	return source.Inventory{Items: int64(len(texts)), Digest: fmt.Sprintf("%x", names.Sum(nil)), Stamps: stamps.Sum()}, ctx.Err() == nil
}

// Stamp is that of a text: of the file that it is, or of nothing but its name.
func (t *Texts) Stamp(ctx context.Context, text classify.TextInput) source.Stamp {
	if slices.Contains(t.files, text.Name) {
		return source.File(text.Name).Stamp(ctx, source.LookTimes)
	}
	return source.StampText("")
}

// checkTexts refuses arguments that are files' names, and likely to be meant as files.
func checkTexts(texts []string) error {
	for _, arg := range texts {
		list, isList := strings.CutPrefix(arg, "@")
		info, err := os.Stat(arg)
		_, listErr := os.Stat(list)
		switch {
		case isList && listErr == nil:
			return commandline.Usagef("%s would be classified as a text: --texts %s reads a text of each line", arg, list)
		case slices.Contains(source.Endings, strings.ToLower(filepath.Ext(arg))) && !strings.Contains(arg, " "):
			return commandline.Usagef("%s is the name of an image, and a text is classified here: ortho classify %s says what the image shows", arg, arg)
		case err == nil && info.Mode().IsRegular() && filepath.Ext(arg) != "":
			return commandline.Usagef("%s is a file, and would be classified as a text: --texts %s reads a text of each line, --file %s takes it whole", arg, arg, arg)
		}
	}
	return nil
}
