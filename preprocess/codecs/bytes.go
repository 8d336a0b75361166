package codecs

// #include "bytes.h"
import "C"

import (
	"math"
	"strings"
	"unicode"
	"unsafe"
)

// cloned copies what a library holds; nil for nothing, and for what no metadata is as long as.
func cloned(b C.ortho_bytes) []byte {
	if b.size == 0 || b.size > math.MaxInt32 {
		return nil
	}
	return C.GoBytes(unsafe.Pointer(b.bytes), C.int(b.size))
}

// printable is a library's message as one line without what a terminal would act on.
func printable(message string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, message))
}
