package main

import (
	"os"
	"path/filepath"
	"strings"

	"ortho/cmd/ortho/internal/flags"
	"ortho/models"
)

// Suits reports whether a model that the user has set for all runs makes what is asked for: images of images,
// of texts, or of classes and chance.
func (o *generateOptions) Suits(c *flags.Call, flag, value string) bool {
	if flag != "model" {
		return true
	}
	texts := c.Given("text") || c.Given("texts")
	images := flags.GivesImages(c)
	if isPipeline(value) {
		return texts || len(c.Args) > 0 && likeText(c.Args[0])
	}
	m, err := flags.OpenModel(value, models.Settings{})
	if err != nil {
		return true // which the run will say
	}
	spec, err := m.Generator()
	switch {
	case m.Task != models.Generate:
		return false
	case err != nil:
		return true
	case images:
		return spec.Image != nil
	}
	return spec.Image == nil && (spec.Text != nil || !texts) && (spec.Class != nil || !c.Given("class"))
}

// likeText reports whether an argument reads as a text, and not as a file's name.
func likeText(arg string) bool {
	_, err := os.Lstat(arg)
	return err != nil && arg != "-" && !strings.HasPrefix(arg, "@") && (strings.Contains(arg, " ") || filepath.Ext(arg) == "" && !strings.ContainsAny(arg, `/\*?[{`))
}
