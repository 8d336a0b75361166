package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path/filepath"
	"strings"

	"ortho/runner/regular"
)

// maxText bounds the text files that are read beside a graph.
const maxText = 16 << 20

// ReadText reads a file of at most maxText bytes.
func ReadText(fsys fs.FS, name string) ([]byte, error) {
	if !fs.ValidPath(name) || name == "." {
		return nil, fmt.Errorf("%q is no file in the model's folder", name)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readText(f, name)
}

// readStream is ReadText of a file of its own, which may be a pipe.
func readStream(path string) ([]byte, error) {
	f, err := regular.Stream(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readText(f, filepath.Base(path))
}

func readText(r io.Reader, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxText+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxText {
		return nil, fmt.Errorf("%s is larger than %d MiB", name, maxText>>20)
	}
	return data, nil
}

// Object is a JSON object whose values are read one by one. A value that is
// null counts as absent, as it does for most Python libraries: see switchOff for transformers.
type Object map[string]json.RawMessage

// ParseObject reads data as one JSON object.
func ParseObject(data []byte) (Object, error) {
	var o Object
	err := json.Unmarshal(data, &o)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return nil, fmt.Errorf("not JSON: %w, at byte %d%s", err, syntax.Offset, mistaken(data, syntax))
	case err != nil || o == nil:
		return nil, errors.New("not a JSON object")
	}
	return o, nil
}

// ReadObject reads a JSON file.
func ReadObject(folder fs.FS, name string) (Object, error) {
	data, err := ReadText(folder, name)
	if err != nil {
		return nil, err
	}
	o, err := ParseObject(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return o, nil
}

// mistaken says what JSON wants where a slip is a usual one.
func mistaken(data []byte, err *json.SyntaxError) string {
	if !strings.Contains(err.Error(), "looking for beginning of object key") || err.Offset < 1 || err.Offset > int64(len(data)) {
		return ""
	}
	if data[err.Offset-1] == '}' {
		return " (no comma stands before })"
	}
	return ` (keys stand in double quotes: {"mean": 0.5})`
}

func (o Object) Has(key string) bool { return len(o[key]) > 0 && string(o[key]) != "null" }

// Get reads a key's value into v and reports whether it is there.
func (o Object) Get(key string, v any) (bool, error) {
	if !o.Has(key) {
		return false, nil
	}
	if err := json.Unmarshal(o[key], v); err != nil {
		return false, fmt.Errorf("%s: %s is not what is expected there", key, Shorten(o[key]))
	}
	return true, nil
}

// edge reads a whole number of pixels; JSON may write it as 224.0.
func (o Object) edge(key string) (int, bool, error) {
	var f float64
	ok, err := o.Get(key, &f)
	if err != nil || !ok {
		return 0, false, err
	}
	if f != math.Trunc(f) || f < 1 || f > 1<<20 {
		return 0, false, fmt.Errorf("%s: %v is no size", key, f)
	}
	return int(f), true, nil
}

// numbers reads one number, or a list of them.
func (o Object) numbers(key string) (values []float64, err error) {
	var one float64
	if ok, err := o.Get(key, &one); ok && err == nil {
		return []float64{one}, nil
	}
	_, err = o.Get(key, &values)
	return values, err
}

func Shorten(raw []byte) string {
	if len(raw) > 60 {
		return fmt.Sprintf("%.57s...", raw)
	}
	return string(raw)
}
