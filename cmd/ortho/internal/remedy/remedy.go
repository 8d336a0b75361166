// Package remedy says what a flag or a verb of this program can do about what the library
// says: its errors name causes.
package remedy

import (
	"errors"
	"strings"

	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/config"
)

// remediedError is an error with what to do about it in its text.
type remediedError struct {
	err  error
	text string
}

func (e *remediedError) Error() string { return e.text }
func (e *remediedError) Unwrap() error { return e.err }

// Of has an error say what to do about it, where a flag or a verb of this program
// helps: the library's errors name causes.
func Of(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	var task *models.TaskError
	if errors.As(err, &task) {
		text = strings.Replace(text, task.Error(), task.Error()+otherVerb(task), 1)
	}
	var none *models.NoClassesError
	if errors.As(err, &none) {
		text = strings.Replace(text, none.Error(), none.Error()+withoutClasses(none), 1)
	}
	if errors.Is(err, config.ErrNoGraph) && strings.HasSuffix(text, config.ErrNoGraph.Error()) { // else it says what there is
		text += ": name one with -m, or the folder that it was exported to"
	}
	if text == err.Error() {
		return err
	}
	return &remediedError{err, text}
}

// otherVerb names the verb that a model is for.
func otherVerb(e *models.TaskError) string {
	switch {
	case e.Is == "" && e.MayClassify:
		return "; where they are classes', ortho classify runs it"
	case e.Wanted == models.Classify && e.MayClassify:
		return ": ortho " + string(e.Is) + " runs it (or give --task classify)"
	case e.Wanted == models.Classify:
		return ": ortho " + string(e.Is) + " runs it"
	case e.Wanted == models.ClassifyText && e.Is == models.Classify:
		return "; ortho classify is for classifiers of images"
	case e.Wanted == models.ClassifyText && e.Is == models.Generate:
		return "; it makes images: ortho generate runs it"
	}
	return ""
}

// withoutClasses says what can be done with a graph that gives none.
func withoutClasses(e *models.NoClassesError) string {
	text := ""
	switch e.Like {
	case models.PipelinePart:
		text = ": ortho generate runs the whole, by -m and the folder that has the model_index.json"
	case models.Detector:
		text = ": ortho reads no boxes"
	}
	if e.Output != "" {
		text += "; --output-name " + term.Quoted(e.Output) + " gives its values as they are"
	}
	return text
}
