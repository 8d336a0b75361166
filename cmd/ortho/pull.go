package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/hub"
	"ortho/cmd/ortho/internal/term"
)

func newPullCommand() *cli.Command {
	var variant string
	own := append(flags.Own{
		&cli.StringFlag{Name: "variant", Destination: &variant, DefaultText: "the graph without one in its name", Usage: "which of a model's graphs: `NAME` is what exporters put behind model_: fp16, int8, quantized, q4, ..."},
	}, flags.Connections("")...)
	return flags.Command(cli.Command{
		Name:        "pull",
		Usage:       "fetch models from the Hugging Face Hub, or by URL",
		ArgsUsage:   "MODEL...",
		Description: help("pull"),
	}, func(ctx context.Context, call *flags.Call) error {
		if len(call.Args) == 0 {
			return commandline.Usagef("no model named: give hf:ORG/NAME, or a URL with #sha256=DIGEST")
		}
		for _, name := range call.Args {
			if !hub.Is(name) {
				return commandline.Usagef("%s is not hf:ORG/NAME, nor an address: bundled models need no fetching", name)
			}
			if err := hub.Check(name); err != nil {
				return commandline.Usage(err)
			}
		}
		for _, name := range call.Args {
			m, err := call.Hub().Pull(ctx, name, variant)
			if err != nil {
				return err
			}
			if m.Fetched == 0 {
				call.Info(m.Name + " is here")
			} else {
				call.Info(fmt.Sprintf("%s: %.1f MB came", m.Name, float64(m.Fetched)/1e6))
			}
			if _, err := fmt.Fprintln(call.Out, term.Clean(m.Path)); err != nil {
				return err
			}
		}
		return nil
	}, own)
}
