package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/urfave/cli/v2"

	"ortho/models"
	"ortho/runner/bench"
	"ortho/runner/machine"
)

func readSettings(path string) (s bench.Settings, err error) {
	f, err := os.Open(path)
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
func applySettings(c *cli.Context) error {
	if !c.IsSet("settings") {
		return nil
	}
	s, err := readSettings(c.String("settings"))
	if err != nil {
		return err
	}
	typed := map[string]bool{}
	for name := range s.Values() {
		typed[name] = c.IsSet(name)
	}
	for name, value := range s.Values() {
		// Options and a library belong to the provider that they were saved with.
		if findFlag(c.Command.Flags, name) == nil || typed[name] || typed["provider"] && (name == "provider-option" || name == "onnxruntime") {
			continue
		}
		if err := c.Set(name, value); err != nil {
			return fmt.Errorf("settings %s: %s: %w", c.String("settings"), name, err)
		}
	}
	return nil
}

// checkSettings warns where --settings were measured with another model or on another
// CPU than this run's.
func checkSettings(c *cli.Context, m *models.Model) {
	if c.IsSet("settings") {
		checkSettingsFile(c.String("settings"), m)
	}
}

func checkSettingsFile(name string, m *models.Model) {
	s, err := readSettings(name)
	if err != nil {
		return // applySettings has told
	}
	if digest, err := modelDigest(m); err == nil && digest != s.ModelSHA256 {
		slog.Warn(fmt.Sprintf("the settings were measured with another model, %s: `ortho bench run` measures this one", s.Model))
	}
	if cpu := machine.Read().CPUModel; cpu != s.CPU {
		slog.Warn(fmt.Sprintf("the settings were measured on another CPU, %s: `ortho bench run` measures this one", s.CPU))
	}
}
