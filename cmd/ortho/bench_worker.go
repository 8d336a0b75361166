package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/models"
	"ortho/models/bundled"
	"ortho/models/classify"
	"ortho/models/detect"
	"ortho/models/images"
	"ortho/preprocess"
	"ortho/runner"
	"ortho/runner/bench"
	"ortho/runner/child"
)

// benchWorkerOptions is how a cell's process reads images: as bench run's flags say.
type benchWorkerOptions struct {
	model    flags.Model
	read     flags.Overrides
	decoding flags.Decoding
}

// newBenchWorkerCommand is what bench run starts for each cell.
func newBenchWorkerCommand() *cli.Command {
	o := &benchWorkerOptions{model: flags.Model{Default: bundled.Default}, read: flags.Overrides{Task: models.Classify},
		decoding: flags.Decoding{FailFast: flags.FailFast{Uncapped: true}}}
	images := &postponed{groups: []flags.Group{&o.model, &o.read, &o.decoding}}
	return flags.Command(cli.Command{
		Name:   "worker",
		Hidden: true,
		Usage:  "a cell's process; speaks JSON lines",
	}, func(ctx context.Context, call *flags.Call) error {
		return bench.Serve(child.WithWording(ctx, remedy.Text), call.In, call.Out, func() (*bench.Images, error) {
			if err := images.read(call); err != nil {
				return nil, err
			}
			return o.images(call)
		})
	}, images)
}

// postponed are groups that are read when images are needed: libraries that they load would
// otherwise count in every cell's memory, which is measured.
type postponed struct{ groups []flags.Group }

func (p *postponed) Flags() (all []cli.Flag) {
	for _, g := range p.groups {
		all = append(all, g.Flags()...)
	}
	return all
}

func (*postponed) Read(*flags.Call) error { return nil }

func (p *postponed) read(call *flags.Call) error {
	for _, g := range p.groups {
		if err := g.Read(call); err != nil {
			return err
		}
	}
	return nil
}

// images is what a cell's process does around a run.
func (o *benchWorkerOptions) images(call *flags.Call) (*bench.Images, error) {
	m, err := o.read.Open(call.UI, o.model.Name)
	if err != nil {
		return nil, err
	}
	if m.Task == models.Detect {
		spec, err := m.Detector()
		if err != nil {
			return nil, err
		}
		return o.around(&spec.Input, spec.Head.Outputs, func(size bench.ImageSize, rows []runner.Row) error {
			_, err := detect.Read(spec, spec.Head.Rules, images.Size(size), rows)
			return err
		}), nil
	}
	spec, err := m.Classifier()
	if err != nil {
		return nil, err
	}
	return o.around(&spec.Input, spec.Outputs(), func(_ bench.ImageSize, rows []runner.Row) error {
		_, err := classify.Read(spec, classify.Options{Top: 5}, rows)
		return err
	}), nil
}

// around is the work around a run: an image is loaded, and what its rows of some outputs say is read.
func (o *benchWorkerOptions) around(input *preprocess.Spec, names []string, read func(bench.ImageSize, []runner.Row) error) *bench.Images {
	load := preprocess.LoadOptions{MaxPixels: o.decoding.Pixels, Scaled: o.decoding.Scaled}
	sized := func(file []byte, room func(*preprocess.Spec) ([]byte, error)) (size bench.ImageSize, err error) {
		size.Width, size.Height, err = input.LoadInto(file, load, room)
		return size, err
	}
	work := &bench.Images{
		Read: func(size bench.ImageSize, outputs []runner.Row) (none struct{}, err error) {
			var rows []runner.Row
			for _, name := range names {
				for _, out := range outputs {
					if out.Name == name {
						rows = append(rows, out)
					}
				}
			}
			if len(rows) < len(names) {
				return none, nil // they lie within the graph, where ZipMap takes them
			}
			return none, read(size, rows)
		},
	}
	if input.Open() {
		work.LoadSized = func(_ context.Context, file []byte, room runner.Room) (bench.ImageSize, error) {
			return sized(file, func(made *preprocess.Spec) ([]byte, error) { return room(made.Shape()) })
		}
		return work
	}
	work.Row = input.Shape()
	work.Load = func(_ context.Context, file, row []byte) (bench.ImageSize, error) {
		return sized(file, func(*preprocess.Spec) ([]byte, error) { return row, nil })
	}
	return work
}

// benchWorker makes the command of a cell's process: this program, which reads images as
// the groups say for this run.
func benchWorker(call *flags.Call, groups ...flags.Group) (func() *exec.Cmd, error) {
	args := []string{"bench", "worker"}
	for name, value := range call.GivenIn(groups...) {
		args = append(args, "--"+name+"="+value)
	}
	return ownCommand(args...)
}

// ownCommand makes commands of this program.
func ownCommand(args ...string) (func() *exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start processes of ortho: %w", err)
	}
	return func() *exec.Cmd { return exec.Command(self, args...) }, nil
}
