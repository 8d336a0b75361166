package flags

import (
	"encoding/json"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/dataset"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/overlay"
	"ortho/cmd/ortho/internal/source"
	"ortho/models/bundled"
	"ortho/models/config"
	"ortho/models/describe"
	"ortho/models/diffusion"
	"ortho/runner/bench"
	"ortho/runner/library"
	"ortho/runner/onnx"
	"ortho/runner/regular"
)

// written are the flags that name files to write.
var written = []string{"output", "html", "json", "grid", "save-settings"}

// readBy are the flags that name what a run reads, with the files that a value stands for.
var readBy = map[string]func(value string) iter.Seq[string]{
	"settings": itself, "plan": itself, "custom-ops": itself, "labels": itself, "vocabulary": itself, "latents": itself, "texts": itself, "file": itself, "zero-shot": itself,
	"image": itself, "mask": itself, "control": itself, "rerun": itself, "from-rows": itself, "undo": itself, "binary": itself, "set": valueFile, "background": backgroundFile, "prompt": promptFile, "cache": filesBelow,
	"data": dataset.Files, "images": filesBelow, "input": inputFiles, "model": modelFiles, "against": modelFiles, "generator": modelFiles, "text-model": modelFiles,
	"detector": modelFiles, "face-detector": modelFiles, "controlnet": modelFiles, "upscale": modelFiles, "segmenter": modelFiles, "zero-shot-model": modelFiles,
}

// valueFile is the file that INPUT=VALUE names, if it names one.
func valueFile(value string) iter.Seq[string] {
	_, file, _ := strings.Cut(value, "=")
	return itself(strings.TrimPrefix(strings.TrimSpace(file), "@"))
}

// backgroundFile is the file that --background names, if it names one.
func backgroundFile(value string) iter.Seq[string] {
	if _, color := overlay.ParseColor(value); color || IsBlur(value) {
		return NoFiles
	}
	return itself(value)
}

// Writes reports whether a flag of that name names a file to write.
func Writes(flag string) bool { return slices.Contains(written, flag) }

// Reads reports whether a flag of that name names files that a command reads.
func Reads(flag string) bool { return readBy[flag] != nil }

// protect refuses, before any work, outputs that would take the place of what the command
// reads: all that the command line names.
func (c *Call) protect(groups []Group) (err error) {
	var outputs []string
	arguments := []iter.Seq[string]{}
	for _, g := range groups {
		if of, ok := g.(argumentFiles); ok {
			arguments = append(arguments, of.Files(c))
		}
		if of, ok := g.(otherOutputs); ok {
			outputs = append(outputs, of.Outputs(c)...)
		}
	}
	c.Reads, err = c.Protect(joined(arguments...), outputs...)
	return err
}

// Protect refuses outputs, those of the command's flags and more, that would take the place of
// what it reads, arguments being the files that its arguments name. Outputs are opened by what
// it returns.
func (c *Call) Protect(arguments iter.Seq[string], more ...string) (*output.Reads, error) {
	for _, name := range written {
		more = append(more, c.values(name)...)
	}
	if err := checkBeside(more); err != nil {
		return nil, err
	}
	reads := output.Protect(c.filesRead(arguments))
	if err := reads.Refuse(more...); err != nil {
		return nil, err
	}
	return reads, c.line.Context.Err()
}

// joined yields the names of several sequences, one after the other.
func joined(all ...iter.Seq[string]) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, one := range all {
			for name := range one {
				if !yield(name) {
					return
				}
			}
		}
	}
}

// checkBeside refuses an output with the name of a file that accompanies another one, such as
// OUT.partial.
func checkBeside(names []string) error {
	for _, name := range names {
		if name == "" || name == "-" {
			continue
		}
		for _, beside := range output.Beside(name)[1:] {
			if slices.ContainsFunc(names, func(other string) bool { return other != "" && filepath.Clean(other) == filepath.Clean(beside) }) {
				return commandline.Usagef("%s stands beside the output %s until that is complete: give another name", beside, name)
			}
		}
	}
	return nil
}

// NoFiles is for arguments that name no files.
func NoFiles(func(string) bool) {}

// filesRead yields the files that a run reads, but for paths that can be read only once. An
// interruption ends them early.
func (c *Call) filesRead(arguments iter.Seq[string]) iter.Seq[string] {
	return func(yield func(string) bool) {
		from := []iter.Seq[string]{arguments, c.standardInput()}
		if c.config != "" {
			from = append(from, itself(c.config))
		}
		for flag, files := range readBy {
			for _, value := range c.values(flag) {
				from = append(from, files(value))
			}
		}
		for _, files := range append(from, c.programFiles()) {
			for name := range files {
				if c.line.Context.Err() != nil || !yield(name) {
					return
				}
			}
		}
	}
}

// standardInput yields the file that standard input comes from, if it is one: < FILE.
func (c *Call) standardInput() iter.Seq[string] {
	if f, ok := c.In.(*os.File); ok {
		return itself(f.Name()) // of the process's own, /dev/stdin
	}
	return NoFiles
}

func itself(name string) iter.Seq[string] { return slices.Values([]string{name}) }

// inputFiles are those of --input: arrays or images.
func inputFiles(value string) iter.Seq[string] {
	if value == "synthetic" {
		return NoFiles
	}
	return source.Files([]string{value}, source.Options{})
}

func promptFile(value string) iter.Seq[string] {
	if slices.ContainsFunc(describe.Prompts(), func(p describe.Prompt) bool { return p.Name == value }) {
		return NoFiles
	}
	return itself(value)
}

// ResultFiles are those of bench run: a file, or a pipeline's folder.
func ResultFiles(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if yield(name) {
			filesBelow(name)(yield)
		}
	}
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

// modelFiles are the files of a model, none of a bundled one: of a folder all but what runs have
// left there, and its graphs with their weights, wherever links lead; of a graph's file also its
// weights and, beside it or above its folder onnx, the files that say how it is used.
func modelFiles(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		info, err := os.Stat(name)
		if err != nil || slices.Contains(bundled.Names(), name) {
			return
		}
		folder, own := name, joined(besideRuns(filesBelow(name)), folderGraphs(name))
		if !info.IsDir() {
			folder, own = filepath.Dir(name), graphFiles(name)
		}
		for file := range own {
			if !yield(file) {
				return
			}
		}
		for _, dir := range []string{folder, filepath.Dir(filepath.Clean(folder))} {
			for _, beside := range config.Names {
				if !yield(filepath.Join(dir, beside)) {
					return
				}
			}
			for _, named := range namedBy(filepath.Join(dir, config.SidecarFile)) {
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

// folderGraphs are the graphs of a model's folder, or of a pipeline's, and the files with their
// weights. What can't be read is passed over: the run will say so.
func folderGraphs(folder string) iter.Seq[string] {
	if p, err := diffusion.ReadFolder(folder); err == nil {
		return slices.Values(p.Files())
	}
	file, err := config.FindGraph(regular.Folder(folder), folder)
	if err != nil {
		return NoFiles
	}
	return graphFiles(filepath.Join(folder, filepath.FromSlash(file)))
}

// besideRuns leaves out what runs have left.
func besideRuns(files iter.Seq[string]) iter.Seq[string] {
	return func(yield func(string) bool) {
		for file := range files {
			if !madeByRuns(file) && !yield(file) {
				return
			}
		}
	}
}

// madeByRuns reports whether a file in a model's folder is no part of the model: rows, pages,
// pictures and arrays of earlier runs may lie there, and may be replaced.
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
	data, err := regular.ReadFile(config, most)
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
func (c *Call) programFiles() iter.Seq[string] {
	return func(yield func(string) bool) {
		if self, err := os.Executable(); err == nil && !yield(self) {
			return
		}
		if !c.has("onnxruntime") {
			return
		}
		explicit := c.line.String("onnxruntime")
		if explicit != "" && !yield(explicit) {
			return
		}
		sessions := c.values("provider")
		for _, list := range c.values("providers") {
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
