package config

import (
	"fmt"
	"io"
	"slices"
	"testing"
)

// TestText: settings are called as it is asked for, and the rest stays.
func TestText(t *testing.T) {
	err := Errorf("%s %d: %w: give %s or %s", "mean", 7, io.EOF, Key("mean"), Key("std"))
	if got, want := err.Error(), "mean 7: EOF: give mean or std"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := err.Worded(func(s string) string { return "<" + s + ">" }), "mean 7: EOF: give <mean> or <std>"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if err.Unwrap() != io.EOF || Errorf("x").Unwrap() != nil {
		t.Error("it does not wrap its cause")
	}
	if got := err.Keys(); !slices.Equal(got, []string{"mean", "std"}) {
		t.Errorf("it names %q", got)
	}
	if got, want := fmt.Sprint(Textf("no settings")), "no settings"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
