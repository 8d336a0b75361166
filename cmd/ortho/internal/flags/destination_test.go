package flags

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/preprocess"
)

// settled is a destination as a command line says it, where pictures are alone or many.
func settled(t *testing.T, alone bool, still string, args ...string) (*Destination, error) {
	t.Helper()
	d := &Destination{}
	command := Command(cli.Command{Name: "draw"}, func(context.Context, *Call) error { return d.Settle(alone, still) }, d)
	app := &cli.App{Commands: []*cli.Command{command}, Reader: strings.NewReader(""), Writer: &bytes.Buffer{}, ErrWriter: &bytes.Buffer{}}
	return d, app.RunContext(t.Context(), append([]string{"ortho", "draw"}, args...))
}

// TestDestination: what -o means, by its ending, what is there, and how many pictures there are.
func TestDestination(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(in("there.png"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const still = "it is one picture"
	for _, c := range []struct {
		args   []string
		alone  bool
		still  string
		want   Destination // Folder, File, Animation, Format, New
		errs   string      // in the error; "": none
		misuse bool
	}{
		{[]string{"-o", in("new")}, true, "", Destination{Folder: in("new"), New: true}, "", false},
		{[]string{"-o", dir}, true, "", Destination{Folder: dir}, "", false},
		{[]string{"-o", in("v1.new") + string(os.PathSeparator)}, true, "", Destination{Folder: in("v1.new") + string(os.PathSeparator), New: true}, "", false},
		{[]string{"-o", in("a.jpg")}, true, "", Destination{File: in("a.jpg"), Format: preprocess.JPEG}, "", false},
		{[]string{"-o", in("a.gif")}, false, "", Destination{File: in("a.gif"), Animation: true}, "", false},
		{[]string{"-o", "-"}, true, "", Destination{File: "-"}, "", false},
		{[]string{"-o", in("there.png"), "--overwrite"}, true, "", Destination{File: in("there.png"), Format: preprocess.PNG}, "", false},
		{[]string{"-o", in("there.png")}, true, "", Destination{}, "exists", false},
		{[]string{"-o", in("a.gif")}, true, still, Destination{}, still, true},
		{[]string{"-o", in("a.png")}, false, "", Destination{}, "an animation", true},
		{[]string{"-o", in("a.png")}, false, still, Destination{}, "give -o FOLDER", true},
		{[]string{"-o", "-"}, false, "", Destination{}, "takes one image", true},
		{[]string{"-o", ""}, true, "", Destination{}, "names no output", true},
		{[]string{"-o", in("a.bmp")}, true, "", Destination{}, "no such format", true},
		{[]string{"-o", in("a.png"), "-f", "jpeg"}, true, "", Destination{}, "different things", true},
		{[]string{"-o", in("a.png"), "--quality", "5"}, true, "", Destination{}, "JPEG and WebP", true},
		{[]string{"-o", in("new"), "--quality", "101"}, true, "", Destination{}, "from 1 to 100", true},
		{[]string{"-o", in("new"), "--background", "red"}, true, "", Destination{}, "#rrggbb", true},
		{[]string{"-o", in("new"), "--resume", "--overwrite"}, true, "", Destination{}, "give one of them", true},
	} {
		d, err := settled(t, c.alone, c.still, c.args...)
		if c.errs != "" {
			if err == nil || !strings.Contains(err.Error(), c.errs) || errors.As(err, new(commandline.UsageError)) != c.misuse {
				t.Errorf("%q: %v, want %q", c.args, err, c.errs)
			}
			continue
		}
		if err != nil || d.Folder != c.want.Folder || d.File != c.want.File || d.Animation != c.want.Animation || d.Format != c.want.Format || d.New != c.want.New {
			t.Errorf("%q: %+v, %v", c.args, d, err)
		}
		if rows := d.Rows(); (rows.File != "") != (d.Folder != "") {
			t.Errorf("%q: rows %+v", c.args, rows)
		}
	}
	d, err := settled(t, true, "", "-o", in("new"), "--background", "white", "-f", "webp")
	if err != nil || d.Background() != "#ffffff" {
		t.Errorf("%+v, %v", d, err)
	}
	if format, ending := d.FormatFor("in/a.jpg"); format != preprocess.WebP || ending != ".webp" {
		t.Errorf("%s, %q", format, ending)
	}
}
