package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/term"
	"ortho/preprocess"
	"ortho/runner/library"
)

func newRuntimeCommand() *cli.Command {
	return &cli.Command{
		Name:        "runtime",
		Usage:       "find or install ONNX Runtime's library, and those that read images",
		Subcommands: []*cli.Command{newRuntimeInstallCommand(), newRuntimeListCommand()},
	}
}

// runtimeInstallOptions is what the flags of runtime install say.
type runtimeInstallOptions struct {
	source, from, flavor string
	force, missing       bool
}

func newRuntimeInstallCommand() *cli.Command {
	o := &runtimeInstallOptions{}
	own := flags.Own{
		&cli.StringFlag{Name: "source", Value: "auto", Usage: "`WHERE` from: auto (each in turn), pip, npm, github", Destination: &o.source},
		&cli.StringFlag{Name: "from", Usage: "a wheel, tgz, zip, folder or library of ONNX Runtime, or Pillow's wheel, to install instead: `FILE`", Destination: &o.from},
		&cli.StringFlag{Name: "flavor", Usage: "the `BUILD`: cpu (the default; with --from, what its files tell), openvino (150 MB) or cuda (300 MB; CUDA 13, cuDNN 9 and, for TensorRT, TensorRT 10 are not within)", Destination: &o.flavor},
		&cli.BoolFlag{Name: "force", Usage: "replace what is installed already", Destination: &o.force},
		&cli.BoolFlag{Name: "missing", Usage: "install what is not there, and say nothing of what is: no ONNX Runtime where one is found", Destination: &o.missing},
	}
	return flags.Command(cli.Command{
		Name:        "install",
		Usage:       "install the official library into the user's data folder",
		Description: help("runtime_install"),
	}, o.run, own)
}

func (o *runtimeInstallOptions) run(ctx context.Context, call *flags.Call) error {
	from := call.Given("from")
	switch {
	case len(call.Args) > 0 && slices.Contains(library.Flavors(), call.Args[0]):
		return commandline.Usagef("runtime install takes no argument: the build is named by --flavor %s", call.Args[0])
	case len(call.Args) > 0:
		return commandline.Usagef("runtime install takes no argument %q; a file is named with --from", call.Args[0])
	case from && o.from == "":
		return commandline.Usagef("--from needs a file")
	case o.missing && (from || o.force):
		return commandline.Usagef("--missing goes with neither --from nor --force")
	case from && o.source != "auto":
		return commandline.Usagef("--from %s and --source %s exclude each other", o.from, o.source)
	}
	if err := commandline.OneOf("source", o.source, "auto", "pip", "npm", "github"); err != nil {
		return err
	}
	if !from && o.flavor != "" { // a file may hold others
		if err := commandline.OneOf("flavor", o.flavor, library.Flavors()...); err != nil {
			return err
		}
	}
	opt := library.InstallOptions{Source: o.source, From: o.from, Flavor: o.flavor, Force: o.force, Notify: call.Info, Fetched: newDownloads(call.UI).tell}
	if from && library.HoldsCodecs(o.from) {
		c, err := library.InstallCodecs(ctx, opt)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(call.Out, "libraries that decode images (%s): %s\n", c.Package, term.Clean(c.Folder))
		return err
	}
	if _, err := library.FindFor("", o.providers()); !o.missing || err != nil {
		if err := o.onnxRuntime(ctx, call, opt); err != nil || from {
			return err
		}
	}
	return o.codecs(ctx, call, opt)
}

// providers are those that tell whether the flavor is there.
func (o *runtimeInstallOptions) providers() []string {
	if o.flavor == "" || o.flavor == "cpu" {
		return nil
	}
	return []string{o.flavor}
}

func (o *runtimeInstallOptions) onnxRuntime(ctx context.Context, call *flags.Call, opt library.InstallOptions) error {
	f, err := library.Install(ctx, opt)
	if err != nil {
		return err
	}
	if used, err := library.Find(""); err != nil {
		call.Warn(remedy.Text(err))
	} else if other, err := library.FindFor("", []string{f.Flavor}); used.Path != f.Path && err == nil && other.Path == f.Path {
		call.Info(fmt.Sprintf("-p %s takes this one", f.Flavor))
	} else if used.Path != f.Path {
		call.Warn(fmt.Sprintf("%s (%s %s) comes first and is used; --onnxruntime takes this one", used.Path, used.Source, used.Version))
	}
	_, err = fmt.Fprintf(call.Out, "ONNX Runtime %s (%s): %s\n", f.Version, f.Flavor, term.Clean(f.Path))
	return err
}

// codecs installs the libraries that decode images. Without them Go's decoders serve, so that a
// machine that can't have them has a warning alone.
func (o *runtimeInstallOptions) codecs(ctx context.Context, call *flags.Call, opt library.InstallOptions) error {
	if _, err := library.InstalledCodecs(); o.missing && err == nil {
		return nil
	}
	c, err := library.InstallCodecs(ctx, opt)
	switch {
	case ctx.Err() != nil:
		return err
	case err != nil:
		call.Warn(err.Error() + "; without them JPEGs are decoded by Go's decoder or the system's libjpeg-turbo, and some kinds of images not at all (see runtime list)")
		return nil
	}
	_, err = fmt.Fprintf(call.Out, "libraries that decode images (%s): %s\n", c.Package, term.Clean(c.Folder))
	return err
}

// runtimeListOptions is what the flags of runtime list say.
type runtimeListOptions struct {
	library     flags.Library
	json, quiet bool
}

func newRuntimeListCommand() *cli.Command {
	o := &runtimeListOptions{}
	own := flags.Own{
		&cli.BoolFlag{Name: "json", Usage: "print JSON", Destination: &o.json},
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print nothing; exit 1 when there is none to use", Destination: &o.quiet},
	}
	return flags.Command(cli.Command{
		Name:  "list",
		Usage: "what is there, in search order, and which one is used",
	}, o.run, &o.library, own)
}

func (o *runtimeListOptions) run(_ context.Context, call *flags.Call) error {
	if len(call.Args) > 0 {
		return commandline.Usagef("runtime list takes no argument %q", call.Args[0])
	}
	if o.quiet {
		if _, err := library.Find(o.library.Path); err != nil {
			return commandline.ErrQuiet
		}
		return nil
	}
	all := library.List(o.library.Path)
	rows, images := pages.Runtimes(all), preprocess.ImageLibraries()
	var err error
	if o.json {
		err = pages.WriteJSON(call.Out, map[string]any{"onnxruntime": rows, "jpeg_decoder": preprocess.JPEGDecoder(), "image_libraries": images})
	} else {
		err = pages.PrintRuntimes(call.Out, rows, images)
	}
	if err == nil && !slices.ContainsFunc(all, func(f library.Found) bool { return f.Used }) {
		_, err = library.Find(o.library.Path)
	}
	return err
}
