// Package remedy says what a flag or a verb of this program can do about what the library
// says: the library's errors and facts name causes, and settings by their keys.
package remedy

import (
	"fmt"
	"ortho/models"
	"ortho/models/scheduler"
	"ortho/preprocess"
	"ortho/preprocess/codecs"
	"ortho/runner"
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
func Text(err error) string { return withoutGraph(err, reworded(err)) }

// reworded is what an error says, with what its causes say in the words of this program.
func reworded(err error) string {
	if e, already := err.(*remediedError); already {
		return e.text
	}
	w := wording{{text: said(err)}}
	w.putAll(causes(err))
	return w.String()
}

// said is what an error says itself, in the words of this program where it has such. Its
// causes are in it as they are.
func said(err error) string {
	switch e := err.(type) {
	case *models.UnsettledError:
		return unsettled(e)
	case *models.TaskError:
		return otherVerb(e)
	case *models.NoClassesError:
		return withoutClasses(e)
	case *scheduler.UnknownError:
		return e.Error() + " (--scheduler)"
	case *preprocess.FrameError:
		return e.Error() + " (--first-frame makes the first alone)"
	case *codecs.MissingError:
		if e.Bundled {
			return e.Error() + " (`ortho runtime install --missing` brings it)"
		}
		return e.Error()
	case *preprocess.TooLargeError:
		return e.Error() + " (--max-pixels)"
	case *preprocess.MemoryError:
		return fmt.Sprintf("%v (--max-memory %d decodes it)", e, e.Need>>20+1)
	case *library.NotFoundError:
		return noLibrary(e)
	case *library.TooOldError:
		return e.Error() + "; `ortho runtime install` gets one"
	case *library.NotOfferedError:
		return e.Error() + "; `ortho runtime install --from FILE` takes your own"
	case *library.DamagedError:
		return e.Error() + "; `ortho runtime install --force` replaces it"
	case *library.OccupiedError:
		return e.Error() + "; --force replaces it"
	case *runner.ProviderError:
		return otherProvider(e)
	case *runner.NeedsCPUError:
		return withCPU(e)
	case *runner.DeviceError:
		return otherDevice(e)
	case *runner.OperatorError:
		return customOps(e)
	case *feed.DimsError:
		return openDims(e)
	case *bench.NotResultsError:
		return e.Of("results of `ortho bench run -o`")
	case worded:
		return e.Worded(flag)
	}
	return err.Error()
}

// causes are what an error wraps itself, in their order. One that says already what to do
// is as it is to stay, with all that it wraps.
func causes(err error) []error {
	switch e := err.(type) {
	case *remediedError:
	case interface{ Unwrap() error }:
		return []error{e.Unwrap()}
	case interface{ Unwrap() []error }:
		return e.Unwrap()
	}
	return nil
}
