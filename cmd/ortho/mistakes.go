package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/bundled"
)

// What a command line is likely to mean that names the wrong thing in the right place, or
// the right thing in the wrong place. A message that says so ends the mistake; nothing is
// corrected in silence.

// checkImages refuses arguments that are no images' paths, and likely to be meant otherwise.
// Any other that is missing costs its own row.
func checkImages(c *cli.Context) error {
	few := c.NArg() <= 2 // or a shell's * has named them all, and one that is no image costs its row
	for _, arg := range c.Args().Slice() {
		_, err := os.Lstat(arg)
		there := err == nil
		_, notNumber := strconv.ParseFloat(arg, 64)
		switch {
		case arg == "-" || strings.HasPrefix(arg, "@"):
		case isGraph(arg) && few, !there && slices.Contains(bundled.Names(), arg):
			return usagef("%s is a model, and stands among the images: name it with -m", arg)
		case there && few && holdsModel(arg):
			return usagef("%s is a folder with a model, and holds no images: name it with -m", arg)
		case there && few && isText(arg):
			return usagef("%s is text: a list of paths is given as @%s, and the classes' names by --labels %s", arg, arg, arg)
		case there:
		case isAddress(arg):
			return usagef("%s is an address, and ortho fetches nothing: curl -sSL '%s' | %s -", arg, arg, c.Command.HelpName)
		case notNumber == nil:
			return usagef("no file is called %s: a flag's values are separated by commas alone, as in --mean 0.485,0.456,0.406", arg)
		case os.PathSeparator == '/' && strings.Contains(arg, `\`) && !strings.Contains(arg, "/"):
			return usagef("no file is called %s: here, the names in a path are separated by /", arg)
		case c.Command.Name == "generate" && strings.Contains(arg, " ") && filepath.Ext(arg) == "":
			return usagef("no file is called %q: a text that an image is to be made from is given by --text, or with a pipeline's folder as -m", arg)
		case c.Command.Name == "imagine" && strings.Contains(arg, " ") && filepath.Ext(arg) == "":
			return usagef("no file is called %q: a description, in place of an image, is given by --text", arg)
		}
	}
	return nil
}

// holdsModel reports whether a folder holds a graph, and no images.
func holdsModel(folder string) bool {
	return len(graphsIn(folder)) > 0 && source.Check([]string{folder}) != nil
}

// graphsIn are the graphs in a folder, or in its own folder onnx.
func graphsIn(folder string) (graphs []string) {
	for _, dir := range []string{folder, filepath.Join(folder, "onnx")} {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if isGraph(e.Name()) {
				graphs = append(graphs, filepath.Join(dir, e.Name()))
			}
		}
	}
	return graphs
}

// modelsBelow names the sub-folders of a folder that hold graphs.
func modelsBelow(folder string) string {
	var names []string
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		if in := filepath.Join(folder, e.Name()); len(graphsIn(in)) > 0 {
			names = append(names, "-m "+in)
		}
	}
	if len(names) == 0 || len(graphsIn(folder)) > 0 {
		return ""
	}
	more := ""
	if len(names) > 8 {
		names, more = names[:8], fmt.Sprintf(" and %d more", len(names)-8)
	}
	return "; its sub-folders hold models, one of which is named: " + strings.Join(names, ", ") + more
}

func isText(name string) bool {
	return slices.Contains([]string{".txt", ".csv", ".json", ".jsonl"}, strings.ToLower(filepath.Ext(name)))
}

// onHub is how models are called on the Hugging Face Hub.
var onHub = regexp.MustCompile(`^[A-Za-z0-9][\w.-]*/[\w.-]+$`)

// noModelNamed tells what -m may name.
func noModelNamed(name string) error {
	owner, _, _ := strings.Cut(name, "/")
	_, err := os.Stat(owner)
	switch {
	case bundled.Successor(name) != "":
		return fmt.Errorf("no model %q: it is no longer bundled; -m %s took its place", name, bundled.Successor(name))
	case name == "":
		return usagef("-m names no model: give a bundled one (%s), a folder or an .onnx file", strings.Join(bundled.Names(), ", "))
	case isAddress(name):
		return usagef("%s is an address, and ortho fetches nothing: download the model, with its weights and config files, and name its folder", term.Clean(name))
	case onHub.MatchString(name) && !isGraph(name) && err != nil:
		return fmt.Errorf("no folder %s is here, and ortho fetches no models: of one of that name on the Hugging Face Hub, "+
			"`optimum-cli export onnx -m %s FOLDER` makes a folder to name with -m", name, name)
	case isGraph(name) || strings.ContainsRune(name, os.PathSeparator):
		return fmt.Errorf("no model %q: there is no such file or folder", name)
	}
	hint := didYouMean(name, bundled.Names())
	if i := slices.IndexFunc(bundled.Names(), func(n string) bool { return len(name) > 3 && strings.HasPrefix(n, strings.ToLower(name)) }); hint == "" && i >= 0 {
		hint = "; did you mean " + bundled.Names()[i] + "?"
	}
	if hint == "" {
		hint = "; others are exported to ONNX first, in Python, and named by their folder or file"
	}
	return errors.New(fmt.Sprintf("no model %q: it is neither a file nor a folder, nor bundled (%s)", name, strings.Join(bundled.Names(), ", ")) + hint)
}
