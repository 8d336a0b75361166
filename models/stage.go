package models

import (
	"errors"

	"ortho/preprocess"
)

// Stage is where on its way an item failed, as rows of results name it.
type Stage string

const (
	StageRead        Stage = "read"        // its bytes can't be had
	StageUnsupported Stage = "unsupported" // they are no known image format
	StageTooLarge    Stage = "too_large"   // the image has more pixels than are allowed
	StageDecode      Stage = "decode"      // they are no whole image
	StageInput       Stage = "input"       // what was asked for does not suit the model, such as a text of unknown words only
	StageRun         Stage = "run"         // a graph failed, and all that has no stage
	StageOutput      Stage = "output"      // a graph's values can't be used: NaN, a wrong count, a size that does not fit
	StageWrite       Stage = "write"       // what was made can't be kept
)

// StageError is an item's error with the stage at which it failed, which its text leaves out.
type StageError struct {
	Stage Stage
	Err   error
}

func (e *StageError) Error() string { return e.Err.Error() }
func (e *StageError) Unwrap() error { return e.Err }

// Wrap returns an error that has failed at the stage.
func (s Stage) Wrap(err error) error { return &StageError{s, err} }

// StageOf returns the stage at which an item failed. What [preprocess] says of an image comes
// before the stage at which it was said; of several stages the outermost counts.
func StageOf(err error) Stage {
	var at *StageError
	switch {
	case errors.Is(err, preprocess.ErrUnsupported):
		return StageUnsupported
	case errors.Is(err, preprocess.ErrTooLarge):
		return StageTooLarge
	case errors.As(err, &at):
		return at.Stage
	}
	return StageRun
}
