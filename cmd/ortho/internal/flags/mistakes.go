package flags

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/store"
	"ortho/models/bundled"
	"ortho/runner"
)

// A command line may name the wrong thing in the right place, or the right thing in the wrong
// place. Messages say what was likely meant; nothing is corrected silently.

// CheckImages refuses arguments that are no images' paths, and likely to be meant otherwise.
// Any other missing file fails in its own row.
func (c *Call) CheckImages() error {
	few := len(c.Args) <= 2 // or a shell's * has named them all, and one that is no image fails in its row
	for _, arg := range c.Args {
		_, err := os.Lstat(arg)
		there := err == nil
		_, notNumber := strconv.ParseFloat(arg, 64)
		switch {
		case arg == "-" || strings.HasPrefix(arg, "@"):
		case commandline.IsGraph(arg) && few, !there && slices.Contains(bundled.Names(), arg):
			return commandline.Usagef("%s is a model, and stands among the images: name it with -m", arg)
		case there && few && holdsModel(arg):
			return commandline.Usagef("%s is a folder with a model, and holds no images: name it with -m", arg)
		case there && few && isText(arg):
			return commandline.Usagef("%s is text: a list of paths is given as @%s, and the classes' names by --labels %s", arg, arg, arg)
		case there:
		case strings.HasPrefix(strings.ToLower(arg), "file://"):
			return commandline.Usagef("%s is an address: give the path alone, %s", arg, strings.TrimPrefix(arg[len("file://"):], "localhost"))
		case store.Remote(arg):
		case commandline.IsAddress(arg):
			return commandline.Usagef("%s is an address of none of the kinds that are read (s3://, gs://, https://): fetch it, and pipe it into %s -", arg, c.Typed())
		case notNumber == nil:
			return commandline.Usagef("no file is called %s: a flag's values are separated by commas alone, as in --mean 0.485,0.456,0.406", arg)
		case unquoted(arg) != "":
			return commandline.Usagef("no file is called %s: the quotes, or spaces, are part of the name here; there is %s", arg, unquoted(arg))
		case allThere(strings.Split(arg, ",")):
			return commandline.Usagef("no file is called %s: files are separated by spaces", arg)
		case c.has("provider") && slices.Contains(runner.ProviderNames(), arg):
			return commandline.Usagef("no file is called %s: providers are separated by commas alone, as in -p cuda,cpu", arg)
		case os.PathSeparator == '/' && strings.Contains(arg, `\`) && !strings.Contains(arg, "/"):
			return commandline.Usagef("no file is called %s: here, the names in a path are separated by /", arg)
		case c.Command() == "generate" && strings.Contains(arg, " ") && filepath.Ext(arg) == "":
			return commandline.Usagef("no file is called %q: a text that an image is to be made from is given by --text, or with a pipeline's folder as -m", arg)
		case c.Command() == "imagine" && strings.Contains(arg, " ") && filepath.Ext(arg) == "":
			return commandline.Usagef("no file is called %q: a description, in place of an image, is given by --text", arg)
		}
	}
	return nil
}

// unquoted is the file that a name stands for without the quotes or spaces around it; "": none is there.
func unquoted(arg string) string {
	name := strings.Trim(arg, "\"' ")
	if _, err := os.Lstat(name); err != nil || name == arg {
		return ""
	}
	return name
}

// allThere reports whether several names are those of files.
func allThere(names []string) bool {
	return len(names) > 1 && !slices.ContainsFunc(names, func(name string) bool {
		_, err := os.Lstat(name)
		return err != nil
	})
}

// checkHome refuses names that begin with ~, which a shell has not made the home of: in quotes, and behind =,
// it does not. A folder that is called so is one.
func (c *Call) checkHome() error {
	if _, err := os.Lstat("~"); err == nil {
		return nil
	}
	home := func(name string) bool { return strings.HasPrefix(name, "~/") }
	for _, f := range c.line.Command.Flags {
		name := f.Names()[0]
		if !Writes(name) && !Reads(name) && name != "onnxruntime" {
			continue
		}
		for _, value := range c.values(name) {
			if home(value) {
				return commandline.Usagef("--%s %s: the ~ is not your home here, since no shell expanded it (it stood in quotes, or behind =): write \"$HOME%s\"", name, value, value[1:])
			}
		}
	}
	for _, arg := range c.Args {
		if c.has("max-pixels") && home(arg) {
			return commandline.Usagef("no file is called %s: the ~ is not your home here, since no shell expanded it (it stood in quotes): write \"$HOME%s\"", arg, arg[1:])
		}
	}
	return nil
}
