package main

import (
	"strings"
	"testing"

	"ortho/models/bundled"
)

func TestModels(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		out  string
		errs string
	}{
		{[]string{"list"}, exitOK, bundled.Default, ""},
		{[]string{"show", bundled.Default}, exitOK, "Apache-2.0", ""},
		{[]string{"list"}, exitOK, bundled.Default + "-int8\tclassify: images of 224x224 to 1000 classes, 5.0 MB\n", ""},
		{[]string{"show", bundled.Default + "-int8"}, exitOK, "Calibrated", ""},
		{[]string{"verify"}, exitOK, bundled.Default + "-int8/model.onnx: ok", ""},
		{[]string{"verify"}, exitOK, bundled.Default + "/model.onnx: ok", ""},
		{[]string{"verify", "glyphs"}, exitOK, "glyphs/model.onnx: ok", ""},
		{[]string{"verify", "x"}, exitFailed, "", `no bundled model is named "x"`},
		{[]string{"show", "esrgan-slim-x2"}, exitFailed, "", "esrgan-slim-x2 is no longer bundled: span-x2 took its place"},
		{[]string{"show"}, exitUsage, "", "name one model: " + bundled.Default},
		{[]string{"show", "x"}, exitFailed, "", `no bundled model is named "x"`},
	} {
		code, stdout, stderr := ortho(t, append([]string{"models"}, c.args...)...)
		if code != c.code || !strings.Contains(stdout, c.out) || !strings.Contains(stderr, c.errs) {
			t.Errorf("models %q: exit %d, %q, %q; want %+v", c.args, code, stdout, stderr, c)
		}
		if len(c.args) == 2 && c.args[0] == "verify" && strings.Contains(stdout, bundled.Default) {
			t.Errorf("models %q: %q", c.args, stdout)
		}
	}
}
