package flags

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/models/bundled"
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
		case commandline.IsAddress(arg):
			return commandline.Usagef("%s is an address, and ortho fetches nothing: curl -sSL '%s' | %s -", arg, arg, c.Typed())
		case notNumber == nil:
			return commandline.Usagef("no file is called %s: a flag's values are separated by commas alone, as in --mean 0.485,0.456,0.406", arg)
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
