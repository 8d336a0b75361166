package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/pages"
	"ortho/models"
	"ortho/models/bundled"
)

func newModelsCommand() *cli.Command {
	return &cli.Command{
		Name:  "models",
		Usage: "list, show or verify the bundled models",
		Subcommands: []*cli.Command{
			flags.Command(cli.Command{Name: "list", Usage: "name the bundled models"}, listModels),
			flags.Command(cli.Command{Name: "show", Usage: "print a model's origin, licence and accuracy", ArgsUsage: "NAME", Description: "  ortho models show span-x4"}, showModel),
			flags.Command(cli.Command{Name: "verify", Usage: "check the bundled models' SHA-256 digests", ArgsUsage: "[NAME...]", Description: "  ortho models verify"}, verifyModels),
		},
	}
}

func listModels(_ context.Context, call *flags.Call) error {
	var all []*models.Model
	for _, name := range bundled.Names() {
		m, err := flags.OpenBundled(name, models.Settings{})
		if err != nil {
			return err
		}
		all = append(all, m)
	}
	return pages.PrintModels(call.Out, all)
}

func showModel(_ context.Context, call *flags.Call) error {
	if len(call.Args) != 1 {
		return commandline.Usagef("name one model: %s", strings.Join(bundled.Names(), ", "))
	}
	files, err := bundledFiles(call.Args[0])
	if err != nil {
		return err
	}
	text, err := fs.ReadFile(files, "README.md")
	if err != nil {
		return err
	}
	_, err = call.Out.Write(text)
	return err
}

// bundledFiles are a bundled model's.
func bundledFiles(name string) (fs.FS, error) {
	files, err := bundled.FS(name)
	if err != nil {
		err = fmt.Errorf("%w%s", err, commandline.DidYouMean(name, bundled.Names()))
	}
	return files, err
}

func verifyModels(_ context.Context, call *flags.Call) error {
	names := call.Args
	if len(names) == 0 {
		names = bundled.Names()
	}
	for _, name := range names {
		files, err := bundledFiles(name)
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
			fmt.Fprintf(call.Out, "%s/%s: ok\n", name, file)
		}
	}
	return nil
}
