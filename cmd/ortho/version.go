package main

import (
	"fmt"
	"runtime"

	"github.com/urfave/cli/v2"

	"ortho/runner/library"
)

// version is set by the linker (make build).
var version = "unknown"

func newVersionCommand() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the versions of ortho, Go and ONNX Runtime",
		Flags: []cli.Flag{libraryFlag()},
		Action: func(c *cli.Context) error {
			fmt.Fprintf(c.App.Writer, "ortho %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			found, err := library.Find(c.String("onnxruntime"))
			if err != nil {
				fmt.Fprintf(c.App.Writer, "ONNX Runtime: none (needs >= %s)\n", library.MinVersion)
				return nil
			}
			fmt.Fprintf(c.App.Writer, "ONNX Runtime %s (needs >= %s), %s: %s\n", found.Version, library.MinVersion, found.Source, found.Path)
			return nil
		},
	}
}
