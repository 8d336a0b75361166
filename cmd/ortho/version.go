package main

import (
	"fmt"
	"runtime"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/term"
	"ortho/runner/library"
)

func newVersionCommand() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the versions of ortho, Go and ONNX Runtime",
		Flags: []cli.Flag{libraryFlag()},
		Action: func(c *cli.Context) error {
			fmt.Fprintf(c.App.Writer, "ortho %s (%s, %s/%s)\n", build.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			found, err := library.Find(c.String("onnxruntime"))
			if err != nil {
				if c.IsSet("onnxruntime") {
					return err
				}
				fmt.Fprintf(c.App.Writer, "ONNX Runtime: none found (needs >= %s); `ortho runtime install` gets it\n", library.MinVersion)
				return nil
			}
			fmt.Fprintf(c.App.Writer, "ONNX Runtime %s (needs >= %s), %s: %s\n", found.Version, library.MinVersion, found.Source, term.Clean(found.Path))
			return nil
		},
	}
}
