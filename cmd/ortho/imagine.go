package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/imagine"
	"ortho/runner"
)

func newImagineCommand() *cli.Command {
	o := &imagineOptions{
		page:  flags.Page{Usage: "a page of every step, which needs no network, to `FILE`"},
		model: flags.Model{Default: "efficientnet-lite0", Task: models.Classify},
		read:  flags.Overrides{Task: models.Classify},
	}
	return flags.Command(cli.Command{
		Name:        "imagine",
		Usage:       "describe an image, settle what it shows, and draw that",
		ArgsUsage:   "[IMG]",
		Description: help("imagine"),
	}, o.run, o)
}

func (o *imagineOptions) run(ctx context.Context, call *flags.Call) (err error) {
	im := &imagination{imagineOptions: o, ui: call.UI, reads: call.Reads, call: call}
	if o.text == nil {
		if im.experts.Describer, err = o.chat.Open(); err != nil {
			return err
		}
	}
	defer im.close()
	if err := im.open(ctx, call.Args); err != nil {
		return err
	}
	if err := im.settle(ctx); err != nil {
		return im.ended(ctx, err)
	}
	made, err := im.draw(ctx)
	if err != nil {
		return im.ended(ctx, err)
	}
	if err := im.write(ctx, made); err != nil {
		return err
	}
	if o.to.Given() && len(made) == 0 {
		return commandline.ErrItems // the reason has been printed, and is in the output
	}
	return nil
}

// ended prints that a signal has ended the run: nothing is left behind.
func (im *imagination) ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		im.ui.Warn("interrupted: nothing is written")
		return ctx.Err()
	}
	return err
}

// open reads the image and opens the models, before anything is sent.
func (im *imagination) open(ctx context.Context, args []string) (err error) {
	o := &im.experts
	o.TextWeight, o.Strict, o.Top, o.Notify = im.textWeight, im.strict, im.top, im.notify
	if o.Describer != nil {
		if im.item, im.data, err = im.readOne(ctx, args); err != nil {
			return err
		}
		if err = im.openImageExpert(ctx); err != nil {
			return err
		}
		if err = im.openWitnesses(ctx); err != nil {
			return err
		}
	}
	if err = im.openGenerator(ctx); err != nil {
		return err
	}
	if o.Image != nil {
		if borrowed := o.Image.BorrowLabels(o.Generator); borrowed != "" {
			borrowed += "; --labels FILE names others"
			im.notes = append(im.notes, term.UTF8(borrowed))
			im.ui.Warn(borrowed)
		}
	}
	return im.openTextExpert(ctx)
}

// readOne reads the image that is named.
func (im *imagination) readOne(ctx context.Context, args []string) (source.Item, []byte, error) {
	for item := range source.Items(args, source.Options{Stdin: im.ui.In}) {
		data, err := runner.Await(ctx, item.Read)
		if err != nil {
			return item, nil, fmt.Errorf("%s: %w", item.Name, err)
		}
		return item, data, nil
	}
	return source.Item{}, nil, commandline.Usagef("no image named")
}

func (im *imagination) close() {
	if im.experts.Describer != nil {
		im.experts.Describer.Close()
	}
	var err error
	for _, c := range im.closers {
		err = errors.Join(err, c.Close())
	}
	if err != nil {
		im.ui.Warn(err.Error())
	}
}

// notify prints what happens during the run.
func (im *imagination) notify(n imagine.Notice) {
	switch n.Kind {
	case imagine.Asking:
		im.chat.TellHost(im.ui, im.experts.Describer)
	case imagine.Warning:
		im.ui.Warn(n.Text)
	case imagine.Remark:
		if !term.IsTerminal(im.ui.Out) { // where the summary says it
			im.ui.Info(n.Text)
		}
	default:
		im.ui.Info(n.Text)
	}
}

// settle goes from the image, or from a text, to the class that is to be drawn.
func (im *imagination) settle(ctx context.Context) (err error) {
	if im.experts.Image == nil {
		if im.story, err = imagine.OfText(ctx, *im.text, im.experts); err == nil {
			im.story.Description.By = "the command line"
		}
	} else if im.story, err = imagine.OfImage(ctx, im.item.Name, im.data, im.experts); err == nil {
		if d := &im.story.Description; d.By == imagine.ByDescriber {
			d.Prompt = im.chat.Prompt
		}
		im.story.Usage = im.experts.Describer.Usage() // with what failed
	}
	if err != nil {
		return err
	}
	im.story.Notes = slices.Insert(im.story.Notes, 0, im.notes...)
	return nil
}
