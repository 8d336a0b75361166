package main

import (
	"errors"
	"fmt"
	"testing"

	"ortho/models"
	"ortho/models/config"
)

// TestRemedied: what the library says of a cause is followed by what helps here, wherever
// in an error it stands.
func TestRemedied(t *testing.T) {
	task := func(wanted, is models.Task, may bool) error {
		return fmt.Errorf("compare: %w", &models.TaskError{Model: "m", Wanted: wanted, Is: is, Why: "does not", MayClassify: may})
	}
	for want, err := range map[string]error{
		"compare: m does not: ortho classify-text runs it":                      task(models.Classify, models.ClassifyText, false),
		"compare: m does not: ortho generate runs it":                           task(models.Classify, models.Generate, false),
		"compare: m does not: ortho generate runs it (or give --task classify)": task(models.Classify, models.Generate, true),
		"compare: m does not; ortho classify is for classifiers of images":      task(models.ClassifyText, models.Classify, false),
		"compare: m does not; it makes images: ortho generate runs it":          task(models.ClassifyText, models.Generate, true),
		"compare: m does not": task(models.Generate, models.Classify, false),
		"compare: m does not: ortho generate runs it\nand more":                                                                     errors.Join(task(models.Classify, models.Generate, false), errors.New("and more")),
		"open model x: there is no .onnx file in it, nor in a folder onnx: name one with -m, or the folder that it was exported to": fmt.Errorf("open model x: %w", config.ErrNoGraph),
		"there is no .onnx file in it, nor in a folder onnx; there is another":                                                      fmt.Errorf("%w; there is another", config.ErrNoGraph),
		"something else": errors.New("something else"),
	} {
		if got := remedied(err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
