package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/convert"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/scratch"
	"ortho/cmd/ortho/internal/term"
	"ortho/runner"
)

// convertOptions is what the arguments and flags of convert say.
type convertOptions struct{ files flags.Conversion }

func newConvertCommand() *cli.Command {
	o := &convertOptions{}
	return flags.Command(cli.Command{
		Name:        "convert",
		Usage:       "write rows of results in another format, or several files in one",
		ArgsUsage:   "ROWS... [OUT]",
		Description: help("convert"),
	}, o.run, &o.files)
}

func (o *convertOptions) run(ctx context.Context, call *flags.Call) error {
	to := &o.files
	if to.ToFile() {
		if _, err := call.Reads.Check(to.File, to.Overwrite()); err != nil {
			return err
		}
	}
	from, remove, err := spooled(ctx, call, to.From)
	if err != nil {
		return err
	}
	defer remove()
	inputs, err := convert.Open(to.From, from, call.Warn)
	if err != nil {
		return err
	}
	defer convert.Close(inputs)
	var file *output.File
	width := 0
	if !to.ToFile() && term.IsTerminal(call.Out) {
		width = grid.Width(call.Out)
	}
	made, err := convert.Run(ctx, inputs, convert.To{
		Format: to.Format, Width: width, Classes: to.Top, Where: to.Where,
		Choices: output.Choices{Thumbnail: to.Thumbnail(), Warn: call.Warn},
		Create: func() (io.Writer, error) {
			if !to.ToFile() {
				return call.Out, nil
			}
			var err error
			file, err = call.Reads.Create(ctx, to.File, to.Overwrite())
			return file, err
		},
	}, call.Warn)
	if file != nil {
		err = file.End(err)
	}
	switch {
	case err != nil:
		return err
	case file != nil:
		text := fmt.Sprintf("%s: %s, %d failed", to.File, term.Counted(made.Rows, "row"), made.Failed)
		if to.Where != "" {
			text += fmt.Sprintf(", %d left out by --where", made.LeftOut)
		}
		call.Info(text)
	}
	if made.Damaged > 0 {
		return commandline.ErrItems
	}
	return nil
}

// spooled are files with what names name: a copy of standard input, which can't be read twice. remove
// removes it.
func spooled(ctx context.Context, call *flags.Call, names []string) (files []string, remove func(), err error) {
	var folder *scratch.Folder
	remove = func() {
		if folder != nil {
			folder.Remove()
		}
	}
	for _, name := range names {
		if name == "-" {
			if folder, err = scratch.New("convert"); err != nil {
				return nil, nil, err
			}
			if name, err = runner.Await(ctx, func(context.Context) (string, error) { return copied(folder, call.In) }); err != nil {
				remove()
				return nil, nil, fmt.Errorf("read standard input: %w", err)
			}
		}
		files = append(files, name)
	}
	return files, remove, nil
}

// copied is the file that a copy is in.
func copied(folder *scratch.Folder, from io.Reader) (string, error) {
	f, err := folder.Create("rows")
	if err != nil {
		return "", err
	}
	_, err = io.Copy(f, from)
	return f.Name(), errors.Join(err, f.Close())
}
