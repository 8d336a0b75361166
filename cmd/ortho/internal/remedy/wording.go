package remedy

import (
	"slices"
	"strings"
)

// wording is a text in pieces, while the words of its causes make way for others.
type wording []piece

type piece struct {
	text string
	put  bool // it stands for a cause: no other cause's words are looked for in it
}

// putAll puts causes in the words of this program, each at its place. The last of them
// takes its place first: of causes that say the same, each so keeps its own.
func (w *wording) putAll(causes []error) {
	for _, cause := range slices.Backward(causes) {
		if cause != nil {
			w.put(cause)
		}
	}
}

// put puts a cause in the words of this program at the last place where the text has the
// cause's own: what an error adds of itself mostly stands before. Where the text has them
// nowhere, it may have those of the cause's causes.
func (w *wording) put(cause error) {
	own := cause.Error()
	for i, p := range slices.Backward(*w) {
		if at := strings.LastIndex(p.text, own); at >= 0 && !p.put {
			*w = slices.Replace(*w, i, i+1, piece{text: p.text[:at]}, piece{reworded(cause), true}, piece{text: p.text[at+len(own):]})
			return
		}
	}
	w.putAll(causes(cause))
}

func (w wording) String() string {
	var b strings.Builder
	for _, p := range w {
		b.WriteString(p.text)
	}
	return b.String()
}
