package preprocess

import (
	"fmt"
	"math"
	"slices"
)

// SettingError says that settings can't be, or that another value would help. It names them
// by their keys, such as input-size; a program that has other names for them shows what
// Worded returns.
type SettingError struct {
	format string
	args   []any // of which keys are settings
}

type key string

func settingError(format string, args ...any) *SettingError { return &SettingError{format, args} }

func (e *SettingError) Error() string {
	return e.Worded(func(setting string) string { return setting })
}

// Worded is the error's text with its settings called as name has them.
func (e *SettingError) Worded(name func(setting string) string) string {
	args := slices.Clone(e.args)
	for i, arg := range args {
		if k, ok := arg.(key); ok {
			args[i] = name(string(k))
		}
	}
	return fmt.Sprintf(e.format, args...)
}

// TooLargeError says that an image has more pixels than are allowed. It wraps [ErrTooLarge].
type TooLargeError struct {
	Width, Height int   // as the header has them
	MaxPixels     int64 // that are allowed
}

func (e *TooLargeError) Error() string {
	product := ""
	if e.Height > 0 && int64(e.Width) <= math.MaxInt64/int64(e.Height) {
		product = fmt.Sprintf(" = %d", int64(e.Width)*int64(e.Height))
	}
	return fmt.Sprintf("%v: the header says %dx%d%s pixels, the limit is %d", ErrTooLarge, e.Width, e.Height, product, e.MaxPixels)
}

func (e *TooLargeError) Unwrap() error { return ErrTooLarge }
