package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
)

// logHandler prints notices for people: "ortho: warning: ...".
type logHandler struct{ w io.Writer }

func (h *logHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo
}

func (h *logHandler) WithAttrs([]slog.Attr) slog.Handler { return h }

func (h *logHandler) WithGroup(string) slog.Handler { return h }

func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	prefix := "ortho: "
	if r.Level >= slog.LevelWarn {
		prefix += "warning: "
	}
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += fmt.Sprintf(" %s=%v", a.Key, a.Value)
		return true
	})
	_, err := fmt.Fprintln(h.w, prefix+cleanLines(text))
	return err
}
