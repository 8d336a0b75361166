package main

import (
	"fmt"
	"log/slog"
	"slices"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/term"
	"ortho/runner/library"
)

func newRuntimeCommand() *cli.Command {
	return &cli.Command{
		Name:  "runtime",
		Usage: "find or install ONNX Runtime's library; see which one decodes JPEGs",
		Subcommands: []*cli.Command{
			{
				Name:  "install",
				Usage: "install the official library into the user's data folder",
				Description: "Fetched by pip or npm, or from the project's GitHub release, and checked by SHA-256.\n" +
					"Nothing else on the machine is touched.",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "source", Value: "auto", Usage: "`WHERE` from: auto (each in turn), pip, npm, github"},
					&cli.StringFlag{Name: "from", Usage: "a wheel, tgz, zip, folder or library to install instead: `FILE`"},
					&cli.StringFlag{Name: "flavor", Usage: "the `BUILD`: cpu (the default; with --from, what its files tell), openvino (150 MB) or cuda (300 MB; CUDA 13, cuDNN 9 and, for TensorRT, TensorRT 10 are not within)"},
					&cli.BoolFlag{Name: "force", Usage: "replace one that is installed already"},
				},
				Action: runRuntimeInstall,
			},
			{
				Name:  "list",
				Usage: "what is there, in search order, and which one is used",
				Flags: []cli.Flag{
					libraryFlag(),
					&cli.BoolFlag{Name: "json", Usage: "print JSON"},
					&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print nothing; exit 1 when there is none to use"},
				},
				Action: runRuntimeList,
			},
		},
	}
}

func runRuntimeInstall(c *cli.Context) error {
	if flavor := c.Args().First(); slices.Contains(library.Flavors(), flavor) {
		return usagef("runtime install takes no argument: the build is named by --flavor %s", flavor)
	}
	if c.Args().Present() {
		return usagef("runtime install takes no argument %q; a file is named with --from", c.Args().First())
	}
	if source := c.String("source"); !slices.Contains([]string{"auto", "pip", "npm", "github"}, source) {
		return usagef("--source %q is none of auto, pip, npm, github", source)
	}
	if c.IsSet("from") && c.String("from") == "" {
		return usagef("--from needs a file")
	}
	if c.IsSet("from") && c.String("source") != "auto" {
		return usagef("--from %s and --source %s exclude each other", c.String("from"), c.String("source"))
	}
	f, err := library.Install(c.Context, library.InstallOptions{
		Source: c.String("source"),
		From:   c.String("from"),
		Flavor: c.String("flavor"),
		Force:  c.Bool("force"),
		Notify: func(line string) { slog.Info(term.Clean(line)) },
	})
	if err != nil {
		return err
	}
	if used, err := library.Find(""); err != nil {
		slog.Warn(term.Clean(remedy.Text(err)))
	} else if other, err := library.FindFor("", []string{f.Flavor}); used.Path != f.Path && err == nil && other.Path == f.Path {
		slog.Info(fmt.Sprintf("-p %s takes this one", f.Flavor))
	} else if used.Path != f.Path {
		slog.Warn(term.Clean(fmt.Sprintf("%s (%s %s) comes first and is used; --onnxruntime takes this one", used.Path, used.Source, used.Version)))
	}
	_, err = fmt.Fprintf(c.App.Writer, "ONNX Runtime %s (%s): %s\n", f.Version, f.Flavor, term.Clean(f.Path))
	return err
}

func runRuntimeList(c *cli.Context) error {
	if c.Args().Present() {
		return usagef("runtime list takes no argument %q", c.Args().First())
	}
	if c.Bool("quiet") {
		if _, err := library.Find(c.String("onnxruntime")); err != nil {
			return errQuiet
		}
		return nil
	}
	all := library.List(c.String("onnxruntime"))
	var err error
	if rows := pages.Runtimes(all); c.Bool("json") {
		err = pages.WriteJSON(c.App.Writer, map[string]any{"onnxruntime": rows, "jpeg_decoder": jpegDecoder()})
	} else {
		err = pages.PrintRuntimes(c.App.Writer, rows, jpegDecoder())
	}
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(f library.Found) bool { return f.Used }) {
		_, err := library.Find(c.String("onnxruntime"))
		return err
	}
	return nil
}
