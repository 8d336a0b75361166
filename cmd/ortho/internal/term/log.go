package term

import (
	"context"
	"fmt"
	"io"
	"log/slog"
)

// LogHandler prints notices for people: "ortho: warning: ...".
type LogHandler struct{ W io.Writer }

func (h *LogHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo
}

func (h *LogHandler) WithAttrs([]slog.Attr) slog.Handler { return h }

func (h *LogHandler) WithGroup(string) slog.Handler { return h }

func (h *LogHandler) Handle(_ context.Context, r slog.Record) error {
	prefix := "ortho: "
	if r.Level >= slog.LevelWarn {
		prefix += "warning: "
	}
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += fmt.Sprintf(" %s=%v", a.Key, a.Value)
		return true
	})
	_, err := fmt.Fprintln(h.W, prefix+CleanLines(text))
	return err
}
