package main

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"strings"

	"github.com/urfave/cli/v2"

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
			{Name: "verify", Usage: "check the bundled models' SHA-256 digests", Action: verifyModels},
		},
	}
}

func listModels(c *cli.Context) error {
	for _, name := range bundled.Names() {
		m, err := openBundled(name, models.Settings{})
		if err != nil {
			return err
		}
		spec, err := m.Classifier()
		if err != nil {
			return err
		}
		fmt.Fprintf(c.App.Writer, "%s\t%d classes, %dx%d, %.1f MB\n", name, spec.Classes, spec.Input.Height, spec.Input.Width, float64(m.Graph.Size)/1e6)
	}
	return nil
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
	for _, name := range bundled.Names() {
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
