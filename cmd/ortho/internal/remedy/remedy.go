// Package remedy says what a flag or a verb of this program can do about what the library
// says: the library's errors and facts name causes, and settings by their keys.
package remedy

import (
	"strings"

	"ortho/models"
	"ortho/models/scheduler"
	"ortho/preprocess"
	"ortho/runner/bench"
	"ortho/runner/feed"
	"ortho/runner/library"
)

// worded is what the library says with settings in it: its errors call them as name has them.
type worded interface {
	error
	Worded(name func(setting string) string) string
}

// flag is a setting as it is typed.
func flag(setting string) string { return "--" + setting }

// remediedError is an error with what to do about it in its text.
type remediedError struct {
	err  error
	text string
}

func (e *remediedError) Error() string { return e.text }
func (e *remediedError) Unwrap() error { return e.err }

// Of has an error say what to do about it, where a flag or a verb of this program helps.
func Of(err error) error {
	if err == nil {
		return nil
	}
	if text := Text(err); text != err.Error() {
		return &remediedError{err, text}
	}
	return err
}

// Text is an error's text with what to do about it. Wherever in the error a cause stands, its
// own words in the text make way for those of this program.
func Text(err error) string {
	text := err.Error()
	each(err, func(cause error) {
		if said, ok := said(cause); ok {
			text = strings.Replace(text, cause.Error(), said, 1)
		}
	})
	return withoutGraph(err, text)
}

// said is a single cause in the words of this program, if it has such.
func said(cause error) (string, bool) {
	switch e := cause.(type) {
	case *models.UnsettledError:
		return unsettled(e), true
	case *models.TaskError:
		return otherVerb(e), true
	case *models.NoClassesError:
		return withoutClasses(e), true
	case *scheduler.UnknownError:
		return e.Error() + " (--scheduler)", true
	case *preprocess.TooLargeError:
		return e.Error() + " (--max-pixels)", true
	case *library.NotFoundError:
		return noLibrary(e), true
	case *library.TooOldError:
		return e.Error() + "; `ortho runtime install` gets one", true
	case *library.NotOfferedError:
		return e.Error() + "; `ortho runtime install --from FILE` takes your own", true
	case *library.DamagedError:
		return e.Error() + "; `ortho runtime install --force` replaces it", true
	case *library.OccupiedError:
		return e.Error() + "; --force replaces it", true
	case *feed.DimsError:
		return openDims(e), true
	case *bench.NotResultsError:
		return e.Of("results of `ortho bench run -o`"), true
	case worded:
		return e.Worded(flag), true
	}
	return "", false
}

// each calls a function with an error and all that it wraps, the outer ones first, down to
// those that say already what to do.
func each(err error, do func(error)) {
	if _, already := err.(*remediedError); already || err == nil {
		return
	}
	do(err)
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		each(e.Unwrap(), do)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			each(inner, do)
		}
	}
}
