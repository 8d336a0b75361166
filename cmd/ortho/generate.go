package main

import (
	"iter"
	"slices"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/source"
	"ortho/models"
)

func newGenerateCommand() *cli.Command {
	const in, made, out = "Input", "What is made without an image", "Output"
	flags := []cli.Flag{
		&cli.BoolFlag{Name: "stdin-paths", Category: in, Usage: "read paths from standard input, one a line"},
		&cli.BoolFlag{Name: "0", Category: in, Usage: "paths in lists and on standard input end with NUL"},
		&cli.StringFlag{Name: "shard", Category: in, DefaultText: "all", Usage: "`I/N`: only the images numbered I, I+N, I+2N, ... (from 0); auto or auto/N in a task of a Slurm, Kubernetes or AWS Batch array job"},
		maxPixelsFlag(),
		failFastFlag(),
		&cli.StringSliceFlag{Name: "text", Category: made, Usage: "`WORDS` that the image is made from; may be repeated"},
		&cli.StringFlag{Name: "texts", Category: made, Usage: "a `FILE` with a text a line; - is standard input"},
		&cli.StringSliceFlag{Name: "class", Category: made, Usage: "a class by its `INDEX` or label; may be repeated"},
		&cli.Uint64Flag{Name: "seed", Category: made, DefaultText: "drawn, and told", Usage: "`NUMBER` that all chance follows from: image i of a text or class has the seed + i, and is the same on every run"},
		&cli.IntFlag{Name: "count", Aliases: []string{"n"}, Value: 1, Category: made, Usage: "images of each text or class"},
		&cli.Float64Flag{Name: "truncation", Category: made, DefaultText: "none", Usage: "`T` (0 to 1): less variety, and fewer failures: latents beyond 2 are drawn anew, then multiplied by T"},
		&cli.StringFlag{Name: "latents", Category: made, Usage: "an .npy `FILE` with the latents of an image a row, in place of the seed's"},
		&cli.StringFlag{Name: "interpolate", Category: made, Usage: "`A,B`: go from the latents of seed A to those of seed B (of --latents: from row A to row B), in --frames steps"},
		&cli.IntFlag{Name: "frames", Value: 24, Category: made, Usage: "images of --interpolate, both ends among them"},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Category: out, Usage: "`OUT`: a folder; a file where there is one image; an animation (.gif); - is standard output"},
		&cli.StringFlag{Name: "format", Aliases: []string{"f"}, Category: out, DefaultText: "by the ending of OUT; in a folder the input's, else png", Usage: "`FORMAT`: png, jpeg, webp or tiff"},
		&cli.IntFlag{Name: "quality", Category: out, DefaultText: "jpeg: 90, webp: lossless", Usage: "`Q` (1 to 100) of JPEG and WebP"},
		&cli.BoolFlag{Name: "keep-size", Category: out, Usage: "bring images back to their input's size"},
		&cli.StringFlag{Name: "background", Category: out, DefaultText: "none: alpha is kept", Usage: "`COLOR` (white, black or #rrggbb) that images with alpha are laid on"},
		&cli.BoolFlag{Name: "overwrite", Category: out, Usage: "replace existing files, but never what the run reads"},
		&cli.BoolFlag{Name: "resume", Category: out, Usage: "continue in the folder OUT where a run that was interrupted ended; start where none was, do nothing where it is complete"},
		&cli.BoolFlag{Name: "retry-failed", Category: out, Usage: "as --resume, and redo the images that failed, also those of a complete run"},
		&cli.StringFlag{Name: "grid", Category: out, Usage: "also show what was made without an image on one sheet, the image `FILE`"},
		&cli.IntFlag{Name: "columns", Category: out, DefaultText: "a row for each text or class, else a square", Usage: "columns of --grid"},
		&cli.IntFlag{Name: "scale", Category: out, DefaultText: "so that small images are about 112 pixels", Usage: "enlarge the pixels of --grid `N` times"},
		&cli.IntFlag{Name: "fps", Value: 12, Category: out, Usage: "images a second of an animation (1 to 50)"},
		&cli.StringFlag{Name: "html", Category: out, Usage: "also write a page to `FILE`, which shows the first images (before and after) and needs no network"},
		progressFlag(),
		&cli.StringFlag{Name: "tile", Category: categoryRun, DefaultText: "as the model says", Usage: "large images run in tiles of `N`xN pixels, which bounds memory; -1: never"},
		&cli.IntFlag{Name: "tile-overlap", Category: categoryRun, DefaultText: "as the model says", Usage: "`N` pixels that neighbouring tiles share, and are blended over"},
		&cli.StringFlag{Name: "model", Aliases: []string{"m"}, Category: categoryModel, DefaultText: defaultUpscaler + " for images, " + defaultDrawer + " for texts and classes", Usage: "a bundled `NAME`, a model folder, a pipeline's folder, or an .onnx file"},
	}
	return &cli.Command{
		Name:      "generate",
		Usage:     "make images: of images, texts, classes or chance",
		ArgsUsage: "[SRC... | TEXT]",
		Description: "Runs a graph whose output is an image. Which kind the model is, its inputs tell:\n\n" +
			"  ortho generate photo.jpg -o large.png                  enlarges a photograph 4 times\n" +
			"  ortho generate -m candy.onnx --input-range 0,255 --output-range 0,255 photos -o OUT\n" +
			"  ortho generate --text \"a bold slanted seven\" -o seven.png  draws what a text says\n" +
			"  ortho generate --class 7 -n 16 --seed 3 --grid sheet.png   16 of a class on one sheet\n" +
			"  ortho generate -m gan.onnx --interpolate 1,2 -o between.gif from one seed to another\n\n" +
			"SRC is as in classify: files, folders, .tar archives, globs, @list.txt or - (an image on standard input).\n" +
			"EXIF orientation is applied, alpha is kept (JPEG has none: give --background), and so is the colour profile.\n" +
			"Large images run in tiles whose seams are blended, one a core; an image that is not cut has all cores in one\n" +
			"run, unless --threads or --concurrency say otherwise.\n\n" +
			"A Stable Diffusion pipeline, as Optimum and older diffusers export it, is a folder with a model_index.json. It makes\n" +
			"images of a text, in steps:\n\n" +
			"  ortho generate -m sd-turbo \"a red fox in snow\" -o fox.png\n" +
			"  ortho generate -m sd15 -n 4 --seed 7 --steps 25 --scheduler dpm++2m-karras --size 768x512 \"a red fox\" -o OUT\n" +
			"  ortho generate -m sd15 --image photo.jpg --strength 0.6 --negative blurry \"an oil painting\" -o painted.png\n\n" +
			"What is left open is as the pipeline's files say, else as diffusers has it: ortho inspect -m DIR shows it, and what a\n" +
			"folder lacks. A seed draws what it draws in diffusers on the CPU; beside --latents it is 0, unless one is given. With\n" +
			"--mask, --image changes only where the mask is white. One image is made at a time, with all cores unless --threads\n" +
			"says otherwise; --low-memory has one graph in memory at a time, and takes\n" +
			"8 images through each: an interruption loses those. Of a text that is too long the end is not seen, and\n" +
			"is told. No safety checker is run.\n\n" +
			"A text is refused where the model knows none of its words that say what to draw; words that it does not know are told.\n\n" +
			"OUT is a file where SRC is one file, or one image is made, and OUT ends with .png, .jpg, .webp or .tif. Else\n" +
			"it is a folder, made if need be (a new one with an ending is named with a slash: v1.new/). In it, pictures lie\n" +
			"as their inputs do in the folder or archive that was named (an archive becomes a folder of its name), those\n" +
			"made without an image are called 0000-seven.png. Where two inputs would have one name, the second fails,\n" +
			"unless the first did. OUT/ortho.jsonl has a row for each: input, file, width, height, and seed, text and\n" +
			"class, or why it failed. An image that fails costs its own row, never the run.\n\n" +
			"What exists is not replaced without --overwrite. Files appear when they are complete; a run that was\n" +
			"interrupted, killed too, is continued by --resume, if model, settings, ONNX Runtime and inputs are the same;\n" +
			"pictures that are not there any more are made again.\n\n" +
			"PNG files tell how they were made, in text chunks: Software, ortho:model, ortho:model-sha256, ortho:provider,\n" +
			"and as they apply ortho:input (the file's name), ortho:tile, ortho:tile-overlap, ortho:keep-size,\n" +
			"ortho:background, ortho:seed, ortho:text, ortho:class, ortho:label, ortho:truncation, ortho:latents-sha256,\n" +
			"ortho:latents-row and ortho:interpolate; and the flags given of how the model is read (ortho:output-range, ...). Of a\n" +
			"pipeline they are ortho:negative, ortho:steps, ortho:guidance, ortho:scheduler, ortho:strength, ortho:image-sha256\n" +
			"and ortho:mask-sha256, too, and ortho:model-sha256 is that of the lines that sha256sum prints of all its files that an\n" +
			"image follows from, in the order of their paths (OUT/ortho.jsonl.run.json lists them). They hold no time: the same\n" +
			"command writes the same bytes.",
		Flags:  slices.Concat(flags, pipelineFlags(), sessionFlags(), settingFlags(models.Generate)),
		Action: generateAction,
	}
}

// The models that are used where none is named.
const defaultUpscaler, defaultDrawer = "span-x4", "glyphs"

func generateAction(c *cli.Context) error {
	if task := c.String("task"); c.IsSet("task") && task != string(models.Generate) {
		return usagef("--task %s: ortho generate runs generators only; for classifiers there is ortho classify", task)
	}
	ofPipeline := isPipeline(c.String("model"))
	ofImages := !ofPipeline && (c.NArg() > 0 || c.Bool("stdin-paths"))
	g, err := readGeneration(c, ofPipeline, ofImages)
	switch {
	case err != nil:
		return err
	case ofPipeline:
		return g.makeOfPrompts(c.Context)
	case ofImages:
		return g.makeOfImages(c.Context)
	}
	return g.makeSamples(c.Context)
}

// readGeneration reads the flags of a run, and refuses those that don't suit it or would
// have it destroy what it reads.
func readGeneration(c *cli.Context, ofPipeline, ofImages bool) (*generation, error) {
	o, err := readGenerateOptions(c, ofPipeline, ofImages)
	if err != nil {
		return nil, err
	}
	g, arguments := &generation{options: o}, iter.Seq[string](noFiles)
	if ofImages {
		arguments = imagesRead(c)
	}
	if g.reads, err = protect(c, arguments, rowsIn(o.output)); err != nil {
		return nil, err
	}
	switch {
	case ofImages:
		if g.to, err = destinationOf(c, g.reads, source.Single(o.args, o.images.from), false); err == nil && g.to.folder != "" {
			err = checkOutside(g.to.folder, o.args)
		}
	case c.IsSet("output"):
		g.to, err = destinationOf(c, g.reads, o.samples.alone(), true)
	case o.grid == nil && ofPipeline:
		err = usagef("nothing says where the images go: give -o OUT, or --grid FILE for a sheet of them")
	case o.grid == nil:
		err = usagef("nothing says where the images go: give -o OUT, or --grid FILE for a sheet of them (and SRC, if they are to be made of images)")
	}
	return g, err
}

// readGenerateOptions reads all flags but those of the destination.
func readGenerateOptions(c *cli.Context, ofPipeline, ofImages bool) (o generateOptions, err error) {
	if ofPipeline {
		err = checkPipelineFlags(c)
	} else if err = checkIndex(c.String("model")); err == nil { // before its flags are found to be another kind of model's
		err = checkGraphFlags(c)
	}
	if err != nil {
		return o, err
	}
	if o, err = readGeneral(c); err != nil {
		return o, err
	}
	if ofImages {
		o.images, err = readImages(c)
		return o, err
	}
	if ofPipeline {
		if err := checkPrompt(c); err != nil {
			return o, err
		}
	}
	if o.samples, err = readSamples(c); err == nil && ofPipeline {
		o.prompt, err = readPrompt(c)
	}
	return o, err
}
