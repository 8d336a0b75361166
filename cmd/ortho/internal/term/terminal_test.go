package term

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// TestTerminalWrites: however a text is cut, what it shows is the same.
func TestTerminalWrites(t *testing.T) {
	for text, want := range map[string]string{
		"a\tb\n":                               "a\tb\n",
		"größe \U0001f469\u200d\u2764\ufe0f\n": "größe \U0001f469\u200d\u2764\ufe0f\n",
		"\x1b[31mred\r\n":                      `\x1b[31mred\x0d` + "\n",
		"\u202egnp.exe\u2066":                  `\u202egnp.exe\u2066`,
		"\x9b7m\xff\xe2\x80":                   `\x9b7m\xff\xe2\x80`,
		"\U000e0041\u200b":                     `\U000e0041\u200b`,
		"\xf0\x9f\x91x":                        `\xf0\x9f\x91x`,
		"p\u200day\u200d":                      `p\u200day\u200d`,
	} {
		for size := range len(text) {
			var to bytes.Buffer
			screen := &Terminal{to: &to}
			for rest := text; rest != ""; {
				n := min(size+1, len(rest))
				if got, err := io.WriteString(screen, rest[:n]); got != n || err != nil {
					t.Fatal(got, err)
				}
				rest = rest[n:]
			}
			screen.Flush()
			if to.String() != want {
				t.Errorf("%q, by %d: %q, want %q", text, size+1, to.String(), want)
			}
		}
	}
}

// TestTerminalLost: an error of the terminal is the writer's.
func TestTerminalLost(t *testing.T) {
	lost := errors.New("lost")
	r, w := io.Pipe()
	r.CloseWithError(lost)
	if _, err := (&Terminal{to: w}).Write([]byte("x")); !errors.Is(err, lost) {
		t.Error(err)
	}
	if Safe(w) != io.Writer(w) {
		t.Error("a pipe is no terminal")
	}
}
