package flags

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
)

func TestGivenIn(t *testing.T) {
	var model Model
	var decoding Decoding
	var got []string
	command := Command(cli.Command{Name: "try"}, func(_ context.Context, call *Call) error {
		for name, value := range call.GivenIn(&decoding, &model) {
			got = append(got, name+"="+value)
		}
		return nil
	}, &model, &decoding)
	app := commandline.New("ortho", "a program", "", command)
	app.Reader, app.Writer, app.ErrWriter = strings.NewReader(""), io.Discard, io.Discard
	code := commandline.Run(t.Context(), app, []string{"ortho", "try", "-m", "a b", "--fail-fast", "--max-pixels", "7"})
	if want := []string{"max-pixels=7", "fail-fast=true", "model=a b"}; code != commandline.ExitOK || !slices.Equal(got, want) {
		t.Errorf("exit %d, %q, want %q", code, got, want)
	}
}
