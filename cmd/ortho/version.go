package main

import (
	"context"
	"fmt"
	"runtime"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/term"
	"ortho/runner/library"
)

func newVersionCommand() *cli.Command {
	lib := &flags.Library{}
	return flags.Command(cli.Command{
		Name:  "version",
		Usage: "print the versions of ortho, Go and ONNX Runtime",
	}, func(_ context.Context, call *flags.Call) error {
		fmt.Fprintf(call.Out, "ortho %s (%s, %s/%s)\n", build.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
		found, err := library.Find(lib.Path)
		switch {
		case err != nil && call.Given("onnxruntime"):
			return err
		case err != nil:
			fmt.Fprintf(call.Out, "ONNX Runtime: none found (needs >= %s); `ortho runtime install` gets it\n", library.MinVersion)
		default:
			fmt.Fprintf(call.Out, "ONNX Runtime %s (needs >= %s), %s: %s\n", found.Version, library.MinVersion, found.Source, term.Clean(found.Path))
		}
		return nil
	}, lib)
}
