package main

import (
	"context"
	"os"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/diffusion"
)

func sources(c *cli.Context) (source.Options, error) {
	from := source.Options{Stdin: c.App.Reader, StdinPaths: c.Bool("stdin-paths"), NUL: c.Bool("0")}
	args := c.Args().Slice()
	images := 0
	for _, arg := range args {
		if arg == "-" {
			images++
		}
	}
	switch {
	case len(args) == 0 && !from.StdinPaths:
		return from, usagef("no images named: give files, folders, globs, @list.txt or - (standard input)")
	case images > 1 || images == 1 && from.StdinPaths:
		return from, usagef("standard input can be read once: as one image (-) or as paths (--stdin-paths)")
	}
	if err := checkImages(c); err != nil {
		return from, err
	}
	if c.IsSet("shard") {
		var err error
		if from.Shard, err = source.ParseShard(c.String("shard"), os.Getenv); err != nil {
			return from, usagef("--shard %w", err)
		}
	}
	return from, source.Check(args)
}

func text(s string) string { return term.UTF8(s) }

// pipelineDigest is for inspect, which does not ask for the identity yet.
func pipelineDigest(p *diffusion.Folder) (record.Model, error) {
	id, err := p.Identity(context.Background())
	return record.Model{Name: id.Name, SHA256: id.SHA256}, err
}

var makeFolder = flags.MakeFolder

func fileDigest(path string) (string, error) { return models.DigestOf(context.Background(), path) }

// checkPipelineFlags refuses flags of models of one graph where a pipeline is inspected.
func checkPipelineFlags(c *cli.Context) error {
	for _, f := range (&flags.Overrides{}).Flags() {
		if name := f.Names()[0]; c.IsSet(name) {
			return usagef("--%s is not for a pipeline such as %s: its files say how it is read", name, c.String("model"))
		}
	}
	return nil
}

func progressWanted(c *cli.Context) (bool, error) {
	switch mode := c.String("progress"); mode {
	case "auto":
		return term.IsTerminal(c.App.ErrWriter), nil
	case "always", "never":
		return mode == "always", nil
	default:
		return false, usagef("--progress %q is not one of auto, always, never", mode)
	}
}
