package defaults

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"ortho/cmd/ortho/internal/commandline"
)

// kind is what a flag takes.
type kind int

const (
	text kind = iota
	texts
	number
	decimal
	duration
	yesno
)

// wants is what a flag takes, in words.
var wants = map[kind]string{text: "a text", texts: "texts", number: "a whole number", decimal: "a number", duration: "a time, such as 30s", yesno: "true or false"}

// takes reports whether a flag can be set to a value, as it is typed.
func (k kind) takes(value string) (ok bool) {
	var err error
	switch k {
	case number:
		_, err = strconv.ParseInt(value, 10, 64)
	case decimal:
		_, err = strconv.ParseFloat(value, 64)
	case duration:
		_, err = time.ParseDuration(value)
	case yesno:
		_, err = strconv.ParseBool(value)
	}
	return err == nil
}

// known are the flags that make sense as a default, in the order in which they are shown. What is of one
// run alone is not among them (outputs, inputs, how a model is read), nor what scripts rely on (--format),
// nor what is dangerous unseen (--overwrite, --insecure), nor secrets.
var known = []struct {
	flag string
	kind kind
}{
	{"model", text}, {"provider", text}, {"provider-option", texts}, {"threads", number}, {"concurrency", number}, {"batch", number}, {"onnxruntime", text}, {"low-memory", yesno},
	{"top", number}, {"min-probability", decimal}, {"escape-formulas", yesno}, {"strip", yesno}, {"quality", number}, {"progress", text},
	{"decode", text}, {"max-pixels", number}, {"max-memory", number}, {"timeout-per-image", duration}, {"check-inputs", text},
	{"chat-model", text}, {"prompt", text}, {"lang", text}, {"detail", text}, {"max-side", number}, {"max-requests", number}, {"timeout", duration}, {"offline", yesno},
}

// Variables that decide other things than flags.
const (
	// FileVariable names the file in the place of the user's own: an absolute path, or "off".
	FileVariable    = "ORTHO_CONFIG"
	libraryVariable = "ORTHO_ONNXRUNTIME" // which package library reads itself
)

var others = []string{FileVariable, libraryVariable, "ORTHO_CODECS", "ORTHO_DATA_DIR"}

// Flags are the names of the flags that may have a default.
func Flags() (names []string) {
	for _, k := range known {
		names = append(names, k.flag)
	}
	return names
}

// Default is one value that was set.
type Default struct {
	Command string // "": of all commands
	Flag    string
	Values  []string // as they may be typed; several of a flag that may be repeated
	From    string   // the variable, or the file
}

// Set is all that was set.
type Set struct {
	// File is the path of the file, whether it is there or not; "": there is none.
	File string
	// All are the defaults, those first that win.
	All []Default
	// Notices say which variables are likely to be misspelt.
	Notices []string
}

// Read reads the environment and the file. commands are the names of all commands, as they are typed behind
// the program's.
func Read(environ, commands []string) (*Set, error) {
	env := map[string]string{}
	for _, entry := range environ {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "ORTHO_") && value != "" {
			env[name] = value
		}
	}
	s := &Set{}
	var names []string // of variables that are read
	for _, command := range append(slices.Clone(commands), "") {
		for _, k := range known {
			name := variable(command, k.flag)
			if name == libraryVariable {
				continue
			}
			names = append(names, name)
			value, ok := env[name]
			switch {
			case !ok:
			case !k.kind.takes(value):
				return s, commandline.Usagef("%s=%s: --%s takes %s", name, value, k.flag, wants[k.kind])
			default:
				s.All = append(s.All, Default{command, k.flag, split(k.kind, value), name})
			}
		}
	}
	for name := range env {
		if !slices.Contains(names, name) && !slices.Contains(others, name) {
			if hint := commandline.DidYouMean(name, append(others, names...)); hint != "" {
				s.Notices = append(s.Notices, fmt.Sprintf("%s is not read%s", name, hint))
			}
		}
	}
	slices.Sort(s.Notices)
	var err error
	if s.File, err = path(env[FileVariable]); err != nil || s.File == "" {
		return s, err
	}
	all, err := readFile(s.File, commands)
	if err != nil {
		return s, fmt.Errorf("%s: %w", s.File, err)
	}
	s.All = append(s.All, all...)
	return s, nil
}

// Of is what a flag of a command is by default; false: nothing was set.
func (s *Set) Of(command, flag string) (Default, bool) {
	i := slices.IndexFunc(s.All, func(d Default) bool {
		return d.Flag == flag && (d.Command == command || d.Command == "")
	})
	if i < 0 {
		return Default{}, false
	}
	return s.All[i], true
}

// Source is where a default is from, as a line of notices has room for it.
func (d Default) Source() string {
	if home, err := os.UserHomeDir(); err == nil && home != "/" {
		if rest, ok := strings.CutPrefix(d.From, home+string(filepath.Separator)); ok {
			return filepath.Join("~", rest)
		}
	}
	return d.From
}

// variable is what sets a flag of a command in the environment; command "": of all.
func variable(command, flag string) string {
	name := strings.ToUpper(strings.TrimSpace(command + " " + flag))
	return "ORTHO_" + strings.NewReplacer(" ", "_", "-", "_").Replace(name)
}

// split reads a variable: one of several texts has them separated by spaces.
func split(k kind, value string) []string {
	if k == texts {
		return strings.Fields(value)
	}
	return []string{value}
}

// path is that of the file: named, or the user's own.
func path(named string) (string, error) {
	switch {
	case named == "off":
		return "", nil
	case named != "" && !filepath.IsAbs(named):
		return "", commandline.Usagef("%s=%s: it takes an absolute path, or off: nothing in the working folder decides how ortho runs", FileVariable, named)
	}
	folder, err := os.UserConfigDir()
	if err != nil && named == "" {
		return "", nil // the user has no folder
	}
	return cmp.Or(named, filepath.Join(folder, "ortho", "config.json")), nil
}
