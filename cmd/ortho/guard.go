package main

import (
	"encoding/json"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/dataset"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/source"
	"ortho/models/bundled"
	"ortho/models/describe"
	"ortho/runner/bench"
	"ortho/runner/library"
	"ortho/runner/onnx"
)

// written are the flags that name files to write.
var written = []string{"output", "html", "json", "grid", "save-settings"}

// readBy are the flags that name what a run reads, with the files that a value stands for.
var readBy = map[string]func(value string) iter.Seq[string]{
	"settings": itself, "labels": itself, "vocabulary": itself, "latents": itself, "texts": itself, "file": itself,
	"image": itself, "mask": itself, "rerun": itself, "prompt": promptFile, "cache": filesBelow,
	"data": dataset.Files, "input": inputFiles, "model": modelFiles, "generator": modelFiles, "text-model": modelFiles,
}

// protect refuses, before any work, outputs that would take the place of what the run reads:
// all that the command line names, arguments being the files of its arguments, as
// imagesRead has them. The run opens its outputs by what it returns. The flags' outputs,
// and more of them, are checked at once.
func protect(c *cli.Context, arguments iter.Seq[string], more ...string) (*output.Reads, error) {
	for _, name := range written {
		more = append(more, flagValues(c, name)...)
	}
	if err := checkBeside(more); err != nil {
		return nil, err
	}
	reads := output.Protect(filesRead(c, arguments))
	if err := reads.Refuse(more...); err != nil {
		return nil, err
	}
	return reads, c.Context.Err()
}

// checkBeside refuses an output that has the name of what stands beside another one.
func checkBeside(names []string) error {
	for _, name := range names {
		if name == "" || name == "-" {
			continue
		}
		for _, beside := range output.Beside(name)[1:] {
			if slices.ContainsFunc(names, func(other string) bool { return other != "" && filepath.Clean(other) == filepath.Clean(beside) }) {
				return usagef("%s stands beside the output %s until that is complete: give another name", beside, name)
			}
		}
	}
	return nil
}

// imagesRead yields the files of arguments that are images.
func imagesRead(c *cli.Context) iter.Seq[string] {
	return source.Files(c.Args().Slice(), source.Options{NUL: c.Bool("0")})
}

// imagesOfArgs yields the images of arguments. Of paths that can't be known before, what
// the run reads is told as they come.
func imagesOfArgs(args []string, from source.Options, reads *output.Reads) iter.Seq[source.Item] {
	items := source.Items(args, from)
	if !source.Once(args, from) {
		return items
	}
	return func(yield func(source.Item) bool) {
		for item := range items {
			reads.Add(item.Name)
			if !yield(item) {
				return
			}
		}
	}
}

// noFiles is for arguments that are none.
func noFiles(func(string) bool) {}

// filesRead yields the files that a run reads, but for paths that can be read only once. An
// interruption ends them early.
func filesRead(c *cli.Context, arguments iter.Seq[string]) iter.Seq[string] {
	return func(yield func(string) bool) {
		from := []iter.Seq[string]{arguments, standardInput(c)}
		for flag, files := range readBy {
			for _, value := range flagValues(c, flag) {
				from = append(from, files(value))
			}
		}
		for _, files := range append(from, programFiles(c)) {
			for name := range files {
				if c.Context.Err() != nil || !yield(name) {
					return
				}
			}
		}
	}
}

// standardInput yields the file that standard input comes from, if it is one: < FILE.
func standardInput(c *cli.Context) iter.Seq[string] {
	if f, ok := c.App.Reader.(*os.File); ok {
		return itself(f.Name()) // of the process's own, /dev/stdin
	}
	return noFiles
}

// flagValues are the values of a flag of texts, its default among them; none where the command
// has no such flag.
func flagValues(c *cli.Context, name string) (values []string) {
	switch findFlag(c.Command.Flags, name).(type) {
	case *cli.StringFlag:
		values = []string{c.String(name)}
	case *cli.StringSliceFlag:
		values = c.StringSlice(name)
	}
	return slices.DeleteFunc(values, func(v string) bool { return v == "" })
}

func itself(name string) iter.Seq[string] { return slices.Values([]string{name}) }

// inputFiles are those of --input: arrays or images.
func inputFiles(value string) iter.Seq[string] {
	if value == "synthetic" {
		return noFiles
	}
	return source.Files([]string{value}, source.Options{})
}

func promptFile(value string) iter.Seq[string] {
	if slices.ContainsFunc(describe.Prompts(), func(p describe.Prompt) bool { return p.Name == value }) {
		return noFiles
	}
	return itself(value)
}

// filesBelow yields all files in a folder, if it is one. What can't be read is passed over.
func filesBelow(folder string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			return
		}
		filepath.WalkDir(folder+string(filepath.Separator), func(file string, d fs.DirEntry, err error) error { // the separator follows a link
			if err == nil && !d.IsDir() && !yield(file) {
				return filepath.SkipAll
			}
			return nil
		})
	}
}

// modelFiles are those of a model that is no bundled one: of a folder all but what is no
// part of a model; of a graph's file its weights and, beside it or above its folder onnx,
// what may say how it is used.
func modelFiles(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		info, err := os.Stat(name)
		if err != nil || slices.Contains(bundled.Names(), name) {
			return
		}
		folder, own := name, filesBelow(name)
		if !info.IsDir() {
			folder, own = filepath.Dir(name), graphFiles(name)
		}
		for file := range own {
			if !madeByRuns(file) && !yield(file) {
				return
			}
		}
		for _, dir := range []string{folder, filepath.Dir(filepath.Clean(folder))} {
			for _, config := range configNames {
				if !yield(filepath.Join(dir, config)) {
					return
				}
			}
			for _, named := range namedBy(filepath.Join(dir, "ortho.json")) {
				if !yield(filepath.Join(dir, filepath.FromSlash(named))) {
					return
				}
			}
			if abs, err := filepath.Abs(folder); err != nil || filepath.Base(abs) != "onnx" {
				return
			}
		}
	}
}

var configNames = []string{"ortho.json", "preprocessor_config.json", "config.json"}

// madeByRuns reports whether a file in a model's folder is no part of the model: rows, pages,
// pictures, arrays and what stands beside them may be left there, to be made anew.
func madeByRuns(name string) bool {
	ending := strings.ToLower(filepath.Ext(name))
	return slices.Contains([]string{".jsonl", ".ndjson", ".parquet", ".pq", ".html", ".htm", ".npy", ".npz", ".partial", ".tmp", ".rounds"}, ending) ||
		slices.Contains(source.Endings, ending) || strings.HasSuffix(name, ".run.json") || filepath.Base(name) == bench.PipelineFile
}

// graphFiles are an .onnx file and those with its weights.
func graphFiles(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if !yield(name) {
			return
		}
		graph, err := onnx.ReadFile(name)
		if err != nil {
			return
		}
		for _, weights := range graph.ExternalData {
			if !yield(filepath.Join(filepath.Dir(name), filepath.FromSlash(weights))) {
				return
			}
		}
	}
}

// namedBy are all texts in a JSON file: among them are the names of files that it refers to.
func namedBy(config string) (texts []string) {
	const most = 1 << 20
	info, err := os.Stat(config)
	if err != nil || !info.Mode().IsRegular() || info.Size() > most {
		return nil
	}
	data, err := os.ReadFile(config)
	var value any
	if err != nil || json.Unmarshal(data, &value) != nil {
		return nil
	}
	var collect func(any)
	collect = func(value any) {
		switch v := value.(type) {
		case string:
			texts = append(texts, v)
		case []any:
			for _, one := range v {
				collect(one)
			}
		case map[string]any:
			for _, one := range v {
				collect(one)
			}
		}
	}
	collect(value)
	return texts
}

// programFiles are this program and ONNX Runtime's libraries.
func programFiles(c *cli.Context) iter.Seq[string] {
	return func(yield func(string) bool) {
		if self, err := os.Executable(); err == nil && !yield(self) {
			return
		}
		if findFlag(c.Command.Flags, "onnxruntime") == nil {
			return
		}
		explicit := c.String("onnxruntime")
		if explicit != "" && !yield(explicit) {
			return
		}
		sessions := flagValues(c, "provider")
		for _, list := range flagValues(c, "providers") {
			for entry := range strings.SplitSeq(list, ",") {
				sessions = append(sessions, strings.ReplaceAll(entry, "+", ","))
			}
		}
		for _, list := range sessions { // the library that each of them will find
			found, err := library.FindFor(explicit, strings.Split(strings.ToLower(strings.ReplaceAll(list, " ", "")), ","))
			if err != nil {
				continue
			}
			files, _ := filepath.Glob(filepath.Join(filepath.Dir(found.Path), "*onnxruntime*"))
			for _, file := range append(files, found.Path) {
				if !yield(file) {
					return
				}
			}
		}
	}
}
