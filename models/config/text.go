package config

import (
	"errors"
	"fmt"
	"slices"
)

// Key is a setting's key, where a [Text] or an [Error] names the setting.
type Key string

// Text names settings, by their keys or as whoever shows it calls them.
type Text struct {
	format string
	args   []any
}

// Textf makes a text as [fmt.Errorf] does, in which arguments of type [Key] are the settings
// that it names.
func Textf(format string, args ...any) Text { return Text{format, args} }

func (t Text) String() string { return t.Worded(plain) }

// Worded is the text with its settings called as name has them.
func (t Text) Worded(name func(setting string) string) string { return t.err(name).Error() }

func (t Text) err(name func(setting string) string) error {
	args := slices.Clone(t.args)
	for i, arg := range args {
		if key, ok := arg.(Key); ok {
			args[i] = name(string(key))
		}
	}
	return fmt.Errorf(t.format, args...)
}

// Keys are the settings that the text names.
func (t Text) Keys() (keys []string) {
	for _, arg := range t.args {
		if key, ok := arg.(Key); ok {
			keys = append(keys, string(key))
		}
	}
	return keys
}

func plain(setting string) string { return setting }

// Error is an error of which settings may be the cause, or the remedy. It names them by their
// keys; a program that has other names for them shows what Worded returns.
type Error struct{ Text }

// Errorf makes an error as [Textf] makes a text; it wraps what a %w stands for.
func Errorf(format string, args ...any) *Error { return &Error{Textf(format, args...)} }

func (e *Error) Error() string { return e.String() }
func (e *Error) Unwrap() error { return errors.Unwrap(e.err(plain)) }
