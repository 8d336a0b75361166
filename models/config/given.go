package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"ortho/runner/npz"
	"ortho/runner/regular"
)

// GivenInputs is the setting of inputs that every run gets the same value of, such as a mask of ones
// or a flag of training. Every statement of it adds an input, or replaces what is stated of it.
var GivenInputs = Setting[[]Constant]{name: "set"} // read by readConstant

// Constant is a value that is stated for an input.
type Constant struct {
	Name string // of the input
	Text string // of the value, as it is stated
	File string // that it was read from; "": none

	shape   []int64
	deep    int        // the depth of the lists that numbers stand in
	numbers []string   // JSON's numbers, true or false
	array   *npz.Array // of a file
	digest  string     // of the file
}

// Limits of a value.
const (
	maxConstantText  = 1 << 20
	maxConstantFile  = 256 << 20
	maxConstantDepth = 8
)

var decimal = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$`)

// errConstant says what a value may be.
var errConstant = errors.New("it takes NAME=VALUE, where VALUE is a number, true or false, a list such as [480,640], or an .npy file")

// parseConstant reads NAME=VALUE: a number, true or false, a JSON list of them, which may hold
// lists of one length, or the name of an .npy file, which @ may stand before.
func parseConstant(text string) (Constant, error) {
	name, value, ok := strings.Cut(text, "=")
	c := Constant{Name: strings.TrimSpace(name), Text: strings.TrimSpace(value)}
	if !ok || c.Name == "" || c.Text == "" {
		return c, fmt.Errorf("%s: %w", Shorten([]byte(text)), errConstant)
	}
	return c, c.parse()
}

// parse reads the text; a file is left to be read.
func (c *Constant) parse() error {
	file, marked := strings.CutPrefix(c.Text, "@")
	lower := strings.ToLower(c.Text)
	switch {
	case marked && file != "", strings.HasSuffix(lower, ".npy"):
		c.File = file
	case len(c.Text) > maxConstantText:
		return fmt.Errorf("%s: a text of %d bytes: give an .npy file in place of more than %d", c.Name, len(c.Text), maxConstantText)
	case lower == "true", lower == "false":
		c.numbers = []string{lower}
	case decimal.MatchString(c.Text):
		c.numbers = []string{c.Text}
	case c.Text[0] == '[':
		d := json.NewDecoder(strings.NewReader(c.Text))
		d.UseNumber()
		if _, err := d.Token(); err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
		if err := c.list(d, 0); err != nil {
			return fmt.Errorf("%s: %s is no list of numbers: %w", c.Name, Shorten([]byte(c.Text)), err)
		}
		if _, err := d.Token(); err != io.EOF {
			return fmt.Errorf("%s: %s is more than a list", c.Name, Shorten([]byte(c.Text)))
		}
	default:
		return fmt.Errorf("%s=%s: %w", c.Name, Shorten([]byte(c.Text)), errConstant)
	}
	return nil
}

// list reads a list behind its bracket; depth counts those that it stands in.
func (c *Constant) list(d *json.Decoder, depth int) error {
	if depth >= maxConstantDepth {
		return fmt.Errorf("lists in more than %d lists", maxConstantDepth)
	}
	lists, n := false, int64(0)
	for ; d.More(); n++ {
		t, err := d.Token()
		if err != nil {
			return err
		}
		inner := t == json.Delim('[')
		if n > 0 && inner != lists {
			return errors.New("it holds lists and numbers side by side")
		}
		lists = inner
		switch t := t.(type) {
		case json.Number:
			c.numbers = append(c.numbers, t.String())
		case bool:
			c.numbers = append(c.numbers, fmt.Sprint(t))
		case json.Delim:
			if !inner {
				return fmt.Errorf("%v in it", t)
			}
			if err := c.list(d, depth+1); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%v in it is no number", t)
		}
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	if n == 0 {
		return errors.New("an empty list")
	}
	for len(c.shape) <= depth {
		c.shape = append(c.shape, 0)
	}
	switch {
	case c.shape[depth] == 0:
		c.shape[depth] = n
	case c.shape[depth] != n:
		return fmt.Errorf("its lists have %d and %d items", c.shape[depth], n)
	}
	if !lists {
		if c.deep != 0 && c.deep != depth+1 {
			return errors.New("its lists are of different depth")
		}
		c.deep = depth + 1
	}
	return nil
}

// read reads the file that the value names.
func (c *Constant) read(folder fs.FS, name string) error {
	f, err := folder.Open(name)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", c.Name, err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s: %s is not a file", c.Name, c.File)
	case info.Size() > maxConstantFile:
		return fmt.Errorf("%s: %s has %d bytes: more than %d are not read", c.Name, c.File, info.Size(), int64(maxConstantFile))
	}
	data, err := io.ReadAll(io.LimitReader(f, maxConstantFile+1))
	if err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	if !bytes.HasPrefix(data, []byte("\x93NUMPY")) {
		return fmt.Errorf("%s: %s is no .npy file: write it with numpy.save", c.Name, c.File)
	}
	arrays, err := npz.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return fmt.Errorf("%s: %s: %w", c.Name, c.File, err)
	}
	c.array, c.shape = &arrays[0], arrays[0].Shape
	if slices.Contains(c.shape, 0) {
		return fmt.Errorf("%s: %s holds no elements: its shape is %v", c.Name, c.File, c.shape)
	}
	c.digest = fmt.Sprintf("%x", sha256.Sum256(data))[:12]
	return nil
}

// Told is the value as a fact has it: that of a file with what tells it from others.
func (c *Constant) Told() string {
	if c.array == nil {
		return c.Text
	}
	return fmt.Sprintf("%s (%s, sha256 %s)", c.File, c.array, c.digest)
}

func (s *Settings) readConstant(text, source string) error {
	c, err := parseConstant(text)
	if err == nil && c.File != "" {
		err = c.read(regular.Folder(filepath.Dir(c.File)), filepath.Base(c.File))
	}
	if err != nil {
		return fmt.Errorf("set: %w", err)
	}
	s.addConstant(c, source)
	return nil
}

// addConstant states a value, in place of another for its input.
func (s *Settings) addConstant(c Constant, source string) {
	all, _ := s.values[GivenInputs.name].value.([]Constant)
	all = slices.DeleteFunc(slices.Clone(all), func(o Constant) bool { return o.Name == c.Name })
	s.put(GivenInputs.name, statement{append(all, c), "", source})
}

// sidecarConstants reads the object of an ortho.json that has values by their inputs' names.
func sidecarConstants(raw json.RawMessage, folder fs.FS, s *Settings) error {
	var byName map[string]json.RawMessage
	if err := json.Unmarshal(raw, &byName); err != nil || byName == nil {
		return fmt.Errorf(`%s is no object such as {"keep_prob": 1.0}`, Shorten(raw))
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		c := Constant{Name: name, Text: string(bytes.TrimSpace(byName[name]))}
		var file string
		if err := json.Unmarshal(byName[name], &file); err == nil && c.Text != "null" {
			c.File = strings.TrimPrefix(file, "@")
			if c.Text = c.File; !fs.ValidPath(c.File) || folder == nil {
				return fmt.Errorf("%s: %q is no file in the model's folder", name, file)
			}
			if err := c.read(folder, c.File); err != nil {
				return err
			}
		} else if err := c.parse(); err != nil {
			return err
		}
		s.addConstant(c, "")
	}
	return nil
}
