package main

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/bundled"
)

func newModelsCommand() *cli.Command {
	return &cli.Command{
		Name:  "models",
		Usage: "list, show or verify the bundled models",
		Subcommands: []*cli.Command{
			{Name: "list", Usage: "name the bundled models", Action: listModels},
			{Name: "show", Usage: "print a model's origin, licence and accuracy", ArgsUsage: "NAME", Action: showModel},
			{Name: "verify", Usage: "check the bundled models' SHA-256 digests", ArgsUsage: "[NAME...]", Action: verifyModels},
		},
	}
}

// listModels prints a table on a terminal, and lines with a tab for programs.
func listModels(c *cli.Context) error {
	t := grid.New(grid.Text("model"), grid.Text("what it does"), grid.Number("MB"))
	for _, name := range bundled.Names() {
		m, err := openBundled(name, models.Settings{})
		if err != nil {
			return err
		}
		what, err := summary(m)
		if err != nil {
			return err
		}
		if size := float64(m.Graph.Size) / 1e6; term.IsTerminal(c.App.Writer) {
			t.Row(name, what, fmt.Sprintf("%.1f", size))
		} else if _, err := fmt.Fprintf(c.App.Writer, "%s\t%s, %.1f MB\n", name, what, size); err != nil {
			return err
		}
	}
	if t.Len() > 0 {
		return t.Print(c.App.Writer)
	}
	return nil
}

// summary says in a few words what a model makes of what.
func summary(m *models.Model) (string, error) {
	if m.Task == models.Classify {
		spec, err := m.Classifier()
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("classify: images of %dx%d to %d classes", spec.Input.Height, spec.Input.Width, spec.Classes), nil
	}
	if m.Task == models.ClassifyText {
		spec, err := m.TextClassifier()
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("classify-text: texts of up to %d words to %d classes", spec.Text.Length, spec.Classes), nil
	}
	spec, err := m.Generator()
	if err != nil {
		return "", err
	}
	var from []string
	if spec.Image != nil {
		from = append(from, "images")
	}
	if spec.Text != nil {
		from = append(from, "texts")
	}
	if spec.Class != nil || len(spec.Labels) > 0 {
		from = append(from, "classes")
	}
	if spec.Latents != nil {
		from = append(from, "seeds")
	}
	size := "any size"
	if h, w := spec.Output.Height, spec.Output.Width; h > 0 && w > 0 {
		size = fmt.Sprintf("%dx%d", h, w)
	}
	return fmt.Sprintf("generate: %s to images of %s", strings.Join(from, ", "), size), nil
}

func showModel(c *cli.Context) error {
	if c.NArg() != 1 {
		return usagef("name one model: %s", strings.Join(bundled.Names(), ", "))
	}
	files, err := bundled.FS(c.Args().First())
	if err != nil {
		return err
	}
	text, err := fs.ReadFile(files, "README.md")
	if err != nil {
		return err
	}
	_, err = c.App.Writer.Write(text)
	return err
}

func verifyModels(c *cli.Context) error {
	names := c.Args().Slice()
	if len(names) == 0 {
		names = bundled.Names()
	}
	for _, name := range names {
		files, err := bundled.FS(name)
		if err != nil {
			return err
		}
		sums, err := files.Open("SHA256SUMS")
		if err != nil {
			return err
		}
		defer sums.Close()
		for lines := bufio.NewScanner(sums); lines.Scan(); {
			want, file, ok := strings.Cut(lines.Text(), "  ")
			if !ok {
				return fmt.Errorf("%s: SHA256SUMS: line %q", name, lines.Text())
			}
			data, err := fs.ReadFile(files, file)
			if err != nil {
				return err
			}
			if got := fmt.Sprintf("%x", sha256.Sum256(data)); got != want {
				return fmt.Errorf("%s/%s: SHA-256 is %s, not %s: the binary is damaged", name, file, got, want)
			}
			fmt.Fprintf(c.App.Writer, "%s/%s: ok\n", name, file)
		}
	}
	return nil
}
