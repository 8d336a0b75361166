package flags

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/hub"
	"ortho/cmd/ortho/internal/source"
)

// modelNames are the flags that name models.
var modelNames = []string{"model", "generator", "text-model"}

// Hub fetches models, and says so.
func (c *Call) Hub() *hub.Hub { return &hub.Hub{Stores: source.Stores(), Tell: c.Info} }

// fetchModels has models that are named by hf:ORG/NAME, or by a URL, be on this machine, and puts their paths
// in place of their names.
func (c *Call) fetchModels() error {
	for _, name := range modelNames {
		switch f := commandline.FindFlag(c.line.Command.Flags, name).(type) {
		case *cli.StringFlag:
			if value := c.line.String(name); value != "" {
				path, err := c.fetched(value)
				if err == nil && path != value {
					err = c.line.Set(name, path)
				}
				if err != nil {
					return err
				}
			}
		case *Repeated:
			values := slices.Clone(c.Repeated(name))
			for i, value := range values {
				path, err := c.fetched(value)
				if err != nil {
					return err
				}
				values[i] = path
			}
			if f.Values != nil {
				*f.Values = values
			}
		}
	}
	return nil
}

// fetched is where a model is: what names one on this machine is left as it is. Before the name there may be
// another, which it gets: NAME=hf:...
func (c *Call) fetched(name string) (string, error) {
	called := ""
	if before, after, is := strings.Cut(name, "="); is && !hub.Is(name) {
		called, name = before+"=", after
	}
	if !hub.Is(name) {
		return called + name, nil
	}
	if err := hub.Check(name); err != nil {
		return "", commandline.Usagef("-m: %w", err)
	}
	m, err := c.Hub().Get(c.line.Context, name, "")
	if err != nil {
		return "", fmt.Errorf("fetch a model: %w", err)
	}
	if m.Fetched > 0 {
		c.Info(fmt.Sprintf("%s: %.1f MB came", m.Name, float64(m.Fetched)/1e6))
	}
	return called + m.Path, nil
}
