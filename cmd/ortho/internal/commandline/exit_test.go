package commandline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
)

// TestExitStatus: an interruption is one of what is under way, and not of what has finished.
func TestExitStatus(t *testing.T) {
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		err               error
		code, interrupted int
		said              string
	}{
		{nil, ExitOK, ExitOK, ""},
		{ErrItems, ExitItems, ExitItems, ""},
		{fmt.Errorf("compare: %w", ErrVerdict), ExitVerdict, ExitVerdict, ""},
		{errors.New("no"), ExitFailed, ExitInterrupted, "ortho: no\n"},
		{context.Canceled, ExitFailed, ExitInterrupted, ""},
		{ErrQuiet, ExitFailed, ExitInterrupted, ""},
	} {
		for ctx, code := range map[context.Context]int{t.Context(): c.code, interrupted: c.interrupted} {
			var stderr bytes.Buffer
			if got := exitStatus(ctx, c.err, "ortho x", &stderr); got != code || stderr.String() != c.said {
				t.Errorf("%v, interrupted: %v: exit %d, %q; want %d, %q", c.err, ctx.Err() != nil, got, stderr.String(), code, c.said)
			}
		}
	}
}
