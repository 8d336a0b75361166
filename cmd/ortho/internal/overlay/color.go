package overlay

import (
	"encoding/hex"
	"strings"
)

// ParseColor reads white, black or #rrggbb.
func ParseColor(text string) (color [3]byte, ok bool) {
	if named, ok := map[string]string{"white": "#ffffff", "black": "#000000"}[text]; ok {
		text = named
	}
	digits, ok := strings.CutPrefix(text, "#")
	if rgb, err := hex.DecodeString(digits); ok && err == nil && len(rgb) == 3 {
		return [3]byte(rgb), true
	}
	return color, false
}
