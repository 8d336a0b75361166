package main

import (
	"context"
	"fmt"
	"runtime"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/term"
	"ortho/runner/library"
)

// versions is what version --json prints.
type versions struct {
	Ortho   string       `json:"ortho"`
	Go      string       `json:"go"`
	System  string       `json:"system"`                // and processor, as "linux/amd64"
	Runtime *onnxRuntime `json:"onnxruntime,omitempty"` // absent where none was found
	AtLeast string       `json:"onnxruntime_at_least"`
}

type onnxRuntime struct {
	Version string `json:"version"`
	Source  string `json:"source"` // who put it there
	Path    string `json:"path"`
}

func newVersionCommand() *cli.Command {
	lib, asJSON := &flags.Library{}, false
	own := flags.Own{&cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &asJSON}}
	return flags.Command(cli.Command{
		Name:  "version",
		Usage: "print the versions of ortho, Go and ONNX Runtime",
	}, func(_ context.Context, call *flags.Call) error {
		v := versions{Ortho: build.Version(), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, AtLeast: library.MinVersion}
		found, err := library.Find(lib.Path)
		switch {
		case err == nil:
			v.Runtime = &onnxRuntime{found.Version, found.Source, found.Path}
		case call.Given("onnxruntime"):
			return err
		}
		if asJSON {
			return pages.WriteJSON(call.Out, v)
		}
		fmt.Fprintf(call.Out, "ortho %s (%s, %s)\n", v.Ortho, v.Go, v.System)
		if v.Runtime == nil {
			fmt.Fprintf(call.Out, "ONNX Runtime: none found (needs >= %s); `ortho runtime install` gets it\n", v.AtLeast)
		} else {
			fmt.Fprintf(call.Out, "ONNX Runtime %s (needs >= %s), %s: %s\n", v.Runtime.Version, v.AtLeast, v.Runtime.Source, term.Clean(v.Runtime.Path))
		}
		return nil
	}, lib, own)
}
