package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"slices"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/serve/fault"
)

// maxParts bounds the parts of a form.
const maxParts = 256

// file is an image of a request.
type file struct {
	name string
	data []byte
	part string // of a form
}

// form is what a request says: files, and values by name, those of the address among them.
type form struct {
	files  []file
	values map[string]string   // the last of each name
	all    map[string][]string // all of each
}

// form reads a request: an image as the body; or a form with files and values; or JSON with values.
func (c *call) form() (f form, err error) {
	f.values, f.all = map[string]string{}, map[string][]string{}
	for key, values := range c.URL.Query() {
		for _, v := range values {
			f.set(key, v)
		}
	}
	kind, options, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if err != nil && c.Header.Get("Content-Type") != "" {
		return f, fault.Media("Content-Type %.100q: %v", c.Header.Get("Content-Type"), err)
	}
	switch {
	case kind == "multipart/form-data":
		return f, f.parts(multipart.NewReader(bytes.NewReader(c.body), options["boundary"]))
	case kind == "application/json":
		var values map[string]any
		decoder := json.NewDecoder(bytes.NewReader(c.body))
		decoder.UseNumber()
		if err := decoder.Decode(&values); err != nil {
			return f, fault.Input("the body is no JSON object: %v", err)
		}
		for key, v := range values {
			switch v.(type) {
			case string, json.Number, bool:
				f.set(key, fmt.Sprint(v))
			case nil:
			default:
				return f, fault.Input("%.100q is a list or an object: a text, a number or true and false are taken", key)
			}
		}
		return f, nil
	case kind == "application/x-www-form-urlencoded" && !looksLikeImage(c.body):
		return f, fault.Media("a form is sent as multipart/form-data; an image as the body, as image/jpeg or whatever it is")
	}
	if len(c.body) > 0 {
		name := f.values["name"]
		if name == "" {
			name = "image"
		}
		f.files = []file{{name: name, data: c.body}}
	}
	return f, nil
}

// looksLikeImage reports whether a body that says to be a form is none: curl --data-binary says so of
// whatever it sends.
func looksLikeImage(body []byte) bool {
	return bytes.ContainsFunc(body[:min(64, len(body))], func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == '\uFFFD' })
}

// parts reads a form's parts. What has a file's name is a file.
func (f *form) parts(from *multipart.Reader) error {
	for n := 0; ; n++ {
		part, err := from.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fault.Input("the form can't be read: %v", err)
		}
		if n == maxParts {
			return fault.Input("the form has more than %d parts", maxParts)
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return fault.Input("part %.100q of the form can't be read: %v", part.FormName(), err)
		}
		switch {
		case part.FileName() != "":
			f.files = append(f.files, file{part.FileName(), data, part.FormName()})
		case strings.HasPrefix(part.Header.Get("Content-Type"), "image/"):
			f.files = append(f.files, file{part.FormName(), data, part.FormName()})
		case part.FormName() != "":
			f.set(part.FormName(), string(data))
		}
	}
}

func (f *form) set(name, value string) {
	f.values[name] = value
	f.all[name] = append(f.all[name], value)
}

// lines are the lines of all values of a name.
func (f *form) lines(name string) (all []string) {
	for _, v := range f.all[name] {
		all = append(all, strings.Split(v, "\n")...)
	}
	return all
}

// yes reads a value that is true or false.
func (f *form) yes(name string, missing bool) (bool, error) {
	text, ok := f.values[name]
	if !ok || text == "" {
		return missing, nil
	}
	v, err := strconv.ParseBool(text)
	if err != nil {
		return false, fault.Input("%s %.40q: it is true or false", name, text)
	}
	return v, nil
}

// only refuses values of other names: what is not taken would be passed over in silence.
func (f *form) only(names ...string) error {
	for name := range f.values {
		if !slices.Contains(append(names, "model", "version", "name"), name) {
			return fault.Input("%.100q is nothing that is taken here: there are %s", name, strings.Join(append(names, "model", "version", "name"), ", "))
		}
	}
	return nil
}

// whole reads a value that is a number of at least 0; missing where it is not given.
func (f *form) whole(name string, missing int) (int, error) {
	text, ok := f.values[name]
	if !ok || text == "" {
		return missing, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fault.Input("%s %.40q: it is a number of at least 0", name, text)
	}
	return n, nil
}

func (f *form) number(name string) (*float64, error) {
	text, ok := f.values[name]
	if !ok || text == "" {
		return nil, nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v != v {
		return nil, fault.Input("%s %.40q: it is a number", name, text)
	}
	return &v, nil
}
