package defaults

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/runner/regular"
)

// maxFile bounds the bytes of a file that is read.
const maxFile = 1 << 20

// readFile reads the file: flags by their names, and objects of such for single commands. Those of commands
// come first. A file that is not there has none.
func readFile(name string, commands []string) ([]Default, error) {
	data, err := regular.ReadFile(name, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parse(data, name, commands)
}

func parse(data []byte, from string, commands []string) ([]Default, error) {
	all, err := object(data)
	if err != nil {
		return nil, fmt.Errorf("it is read as one JSON object, such as {\"provider\": \"openvino\"}: %w", err)
	}
	var own, general []Default
	for _, entry := range all {
		if !slices.Contains(commands, entry.key) {
			d, err := defaultOf("", entry, from, commands)
			if err != nil {
				return nil, err
			}
			general = append(general, d)
			continue
		}
		inner, err := object(entry.value)
		if err != nil {
			return nil, fmt.Errorf("%q is a command, and takes an object of its flags: %w", entry.key, err)
		}
		for _, flag := range inner {
			d, err := defaultOf(entry.key, flag, from, nil)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", entry.key, err)
			}
			own = append(own, d)
		}
	}
	return append(own, general...), nil
}

// entry is a key of an object with its value.
type entry struct {
	key   string
	value json.RawMessage
}

// object reads an object, whose keys are there once.
func object(data []byte) (all []entry, err error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if t, err := decoder.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.Join(errors.New("it is none"), err)
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		e := entry{key: key.(string)}
		if err := decoder.Decode(&e.value); err != nil {
			return nil, fmt.Errorf("%q: %w", e.key, err)
		}
		if slices.ContainsFunc(all, func(x entry) bool { return x.key == e.key }) {
			return nil, fmt.Errorf("%q is there twice", e.key)
		}
		all = append(all, e)
	}
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	if decoder.More() {
		return nil, errors.New("there is more behind it")
	}
	return all, nil
}

// defaultOf reads a key and its value. commands are those that the key may have been meant for.
func defaultOf(command string, e entry, from string, commands []string) (d Default, err error) {
	i := slices.IndexFunc(known, func(k struct {
		flag string
		kind kind
	}) bool {
		return k.flag == e.key
	})
	if i < 0 {
		return d, unknown(e.key, commands)
	}
	d = Default{Command: command, Flag: e.key, From: from}
	if d.Values, err = valuesOf(known[i].kind, e.value); err != nil {
		return d, fmt.Errorf("%q: %w", e.key, err)
	}
	return d, nil
}

// unknown says what a key that is not known is likely to mean.
func unknown(key string, commands []string) error {
	lower := strings.ToLower(key)
	for _, word := range []string{"key", "token", "secret", "password"} {
		if strings.Contains(lower, word) {
			return fmt.Errorf("unknown key %q: no secrets are read from this file; a server's key is that of OPENAI_API_KEY", key)
		}
	}
	if dashed := strings.ReplaceAll(lower, "_", "-"); slices.Contains(Flags(), dashed) {
		return fmt.Errorf("unknown key %q; did you mean %s?", key, dashed)
	}
	if hint := commandline.DidYouMean(key, append(Flags(), commands...)); hint != "" {
		return fmt.Errorf("unknown key %q%s", key, hint)
	}
	return fmt.Errorf("unknown key %q: flags that may have a default are %s", key, strings.Join(Flags(), ", "))
}

// valuesOf reads a value as it may be typed.
func valuesOf(k kind, value json.RawMessage) ([]string, error) {
	var v any
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case string:
		if k == text || k == texts || k == duration && k.takes(v) {
			return []string{v}, nil
		}
	case json.Number:
		if (k == number || k == decimal) && k.takes(v.String()) {
			return []string{v.String()}, nil
		}
	case bool:
		if k == yesno {
			return []string{strconv.FormatBool(v)}, nil
		}
	case []any:
		var all []string
		for _, one := range v {
			if s, ok := one.(string); ok && k == texts {
				all = append(all, s)
			}
		}
		if len(all) == len(v) {
			return all, nil
		}
	}
	return nil, fmt.Errorf("it takes %s, and not %.80s", wants[k], value)
}
