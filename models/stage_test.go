package models

import (
	"errors"
	"fmt"
	"testing"

	"ortho/preprocess"
)

func TestStageOf(t *testing.T) {
	lost := errors.New("lost")
	for _, c := range []struct {
		err  error
		want Stage
	}{
		{lost, StageRun},
		{StageRead.Wrap(lost), StageRead},
		{fmt.Errorf("a.png: %w", StageOutput.Wrap(lost)), StageOutput},
		{StageWrite.Wrap(fmt.Errorf("b: %w", StageRun.Wrap(lost))), StageWrite},
		{StageDecode.Wrap(fmt.Errorf("c: %w", preprocess.ErrUnsupported)), StageUnsupported},
		{StageDecode.Wrap(fmt.Errorf("d: %w", preprocess.ErrTooLarge)), StageTooLarge},
		{StageDecode.Wrap(lost), StageDecode},
	} {
		if got := StageOf(c.err); got != c.want {
			t.Errorf("%v: stage %s, want %s", c.err, got, c.want)
		}
	}
	if err := StageInput.Wrap(lost); err.Error() != "lost" || !errors.Is(err, lost) {
		t.Errorf("%v", err)
	}
}
