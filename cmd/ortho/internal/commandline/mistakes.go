package commandline

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

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
		"notices": "licenses --all", "credits": "licenses", "sbom": "licenses --spdx"}[strings.ToLower(word)]
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
	"img-size": "input-size", "imgsz": "input-size", "image-size": "input-size", "size": "input-size", "input-shape": "input-size", "quiet": "progress", "silent": "progress", "normalize": "mean", "lib": "onnxruntime"}

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
	case (name == "recursive" || name == "r" || name == "R") && FindFlag(flags, "stdin-paths") != nil:
		return ": folders are always searched with all that is in them"
	case own == "" || FindFlag(flags, own) == nil:
		return ""
	}
	return "; did you mean --" + own + "?"
}

// IsGraph reports whether a word is called as a graph's file is.
func IsGraph(name string) bool { return strings.EqualFold(filepath.Ext(name), ".onnx") }

var address = regexp.MustCompile(`^(?i)(https?|ftp|s3|gs|file)://`)

// IsAddress reports whether a word is a URL.
func IsAddress(arg string) bool { return address.MatchString(arg) }
