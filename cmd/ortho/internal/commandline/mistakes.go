package commandline

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// A command line may name the wrong thing in the right place, or the right thing in the wrong
// place. Messages say what was likely meant; nothing is corrected silently.

// commandFor says what a file that stands where a command should be is for.
func commandFor(word string) string {
	_, err := os.Stat(word)
	switch there := err == nil; {
	case there && IsGraph(word):
		return fmt.Sprintf("; it is a model: ortho inspect -m %s shows it, ortho classify -m %s IMAGE runs it", word, word)
	case there || IsAddress(word):
		return fmt.Sprintf("; to say what it shows: ortho classify %s", word)
	}
	return ""
}

// verbFor says which command does what a name stands for elsewhere.
func verbFor(word string) string {
	does := map[string]string{"upscale": "generate photo.jpg -o large.png", "enlarge": "generate photo.jpg -o large.png", "draw": "generate --text WORDS -o OUT.png",
		"predict": "classify photo.jpg", "infer": "classify photo.jpg", "recognize": "classify photo.jpg", "caption": "describe photo.jpg", "list": "models list",
		"benchmark": "bench run", "evaluate": "eval --data FOLDER", "test": "eval --data FOLDER", "install": "runtime install",
		"identify": "classify photo.jpg", "recognise": "classify photo.jpg", "tag": "classify photo.jpg", "run": "classify photo.jpg, ortho generate and others; ortho --help lists them", "describe-image": "describe photo.jpg",
		"info": "inspect -m MODEL", "show": "inspect -m MODEL", "encode": "embed -m MODEL photo.jpg", "similar": "embed -m MODEL photo.jpg", "settings": "config", "set": "config path, which names the file to edit", "get": "config list",
		"download": "runtime install for ONNX Runtime; models are not fetched: export or download them, and name them with -m", "pull": "runtime install for ONNX Runtime; models are not fetched: export or download them, and name them with -m",
		"resize": "preprocess photo.jpg -o tensor.npy, and ortho generate photo.jpg -o large.png", "?": "--help", "/?": "--help", "man": "docs --man FOLDER", "notices": "licenses --all", "credits": "licenses", "sbom": "licenses --spdx"}[strings.ToLower(word)]
	if does == "" {
		return ""
	}
	return "; there is ortho " + does
}

// elsewhere are the names that flags have in programs alike.
var elsewhere = map[string]string{"device": "provider", "gpu": "provider", "ep": "provider", "topk": "top", "top-k": "top", "batch-size": "batch", "bs": "batch",
	"workers": "concurrency", "num-workers": "concurrency", "jobs": "concurrency", "num-threads": "threads", "weights": "model", "checkpoint": "model", "model-path": "model",
	"out": "output", "output-dir": "output", "output-file": "output", "outdir": "output", "save": "output", "force": "overwrite", "classes": "labels", "names": "labels", "prompt": "text",
	"negative-prompt": "negative", "num-inference-steps": "steps", "guidance-scale": "guidance", "cfg": "guidance", "threshold": "min-probability", "conf": "min-probability",
	"img-size": "input-size", "imgsz": "input-size", "image-size": "input-size", "size": "input-size", "input-shape": "input-size", "quiet": "progress", "silent": "progress", "verbose": "progress", "v": "progress", "output-format": "format", "type": "format", "t": "threads", "j": "concurrency", "b": "batch", "i": "input", "n-top": "top", "normalize": "mean", "lib": "onnxruntime"}

// flagFor says which of a command's flags one from elsewhere is likely to mean.
func flagFor(name string, flags []cli.Flag) string {
	name = strings.ReplaceAll(strings.ToLower(name), "_", "-")
	own := name
	if FindFlag(flags, own) == nil {
		own = elsewhere[name]
	}
	switch {
	case name == "json" && FindFlag(flags, "format") != nil && FindFlag(flags, "top") != nil:
		return "; -f jsonl prints JSON, a line each"
	case strings.HasSuffix(name, "api-key") || name == "key" || name == "token":
		return "; a server's key is read from OPENAI_API_KEY alone: on a command line others could see it"
	case len(flags) == 0 && name == "v": // of the program itself
		return "; did you mean ortho version?"
	case (name == "recursive" || name == "r" || name == "R") && FindFlag(flags, "stdin-paths") != nil:
		return ": folders are always searched with all that is in them"
	case own == "" || FindFlag(flags, own) == nil:
		return begun(name, flags)
	}
	return "; did you mean --" + own + "?"
}

// begun names the flag that is the only one to begin so.
func begun(name string, flags []cli.Flag) string {
	const least = 3
	var found []string
	for _, f := range flags {
		for _, whole := range f.Names() {
			if len(name) >= least && strings.HasPrefix(whole, name) {
				found = append(found, whole)
			}
		}
	}
	if len(found) != 1 {
		return ""
	}
	return "; did you mean --" + found[0] + "?"
}

// fewCommands lists the commands of a group, which are few.
func fewCommands(commands []*cli.Command) string {
	var names []string
	for _, c := range commands {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	if len(names) > 6 {
		return ""
	}
	return "; there are " + strings.Join(names, ", ")
}

// checkTyped refuses words with the dashes and quotes that word processors and web pages put into what is
// copied from them.
func checkTyped(word string) error {
	_, err := os.Lstat(word)
	switch first, _ := utf8.DecodeRuneInString(word); {
	case err == nil || word == "":
	case strings.ContainsRune("\u2012\u2013\u2014\u2212", first):
		return Usagef("%s begins with a long dash, as word processors make it of --: type the flag anew, with - or --", word)
	case strings.ContainsRune("\u201c\u201d\u201e\u2018\u2019\u201a\u00ab", first):
		return Usagef("%s begins with a curly quote, which is no quote for a shell: type it anew, as \" or '", word)
	}
	return nil
}

// IsGraph reports whether a word is called as a graph's file is.
func IsGraph(name string) bool { return strings.EqualFold(filepath.Ext(name), ".onnx") }

var address = regexp.MustCompile(`^(?i)(https?|ftp|s3|gs|file)://`)

// IsAddress reports whether a word is a URL.
func IsAddress(arg string) bool { return address.MatchString(arg) }
