package flags

import (
	"errors"
	"fmt"

	"ortho/runner/bench"
	"ortho/runner/regular"
)

// readSettings reads the file of --settings.
func readSettings(path string) (s bench.Settings, err error) {
	f, err := regular.Stream(path)
	if err != nil {
		return s, fmt.Errorf("settings: %w", err)
	}
	defer f.Close()
	s, err = bench.ParseSettings(f)
	var other bench.NotSettingsError
	switch {
	case errors.As(err, &other):
		return s, fmt.Errorf("settings %s: not the settings that bench run --save-settings writes: %w", path, other.Err)
	case err != nil:
		return s, fmt.Errorf("settings %s: %w", path, err)
	}
	return s, nil
}

// applySettings gives the flags that were not typed the values of --settings FILE. Those
// that the command does not have are left out.
func applySettings(c *Call) error {
	if !c.has("settings") || !c.Given("settings") {
		return nil
	}
	file := c.line.String("settings")
	s, err := readSettings(file)
	if err != nil {
		return err
	}
	c.saved = s
	typed := map[string]bool{}
	for name := range s.Values() {
		typed[name] = c.Given(name)
	}
	for name, value := range s.Values() {
		// Options and a library belong to the provider that they were saved with.
		if !c.has(name) || typed[name] || typed["provider"] && (name == "provider-option" || name == "onnxruntime") {
			continue
		}
		if err := c.line.Set(name, value); err != nil {
			return fmt.Errorf("settings %s: %s: %w", file, name, err)
		}
	}
	return nil
}
