package folders

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Class is what a picture shows. Two classes may have one label.
type Class struct {
	Label string // "": it has none
	Index int
}

// maxName bounds the bytes of a folder's name: file systems take 255 of a name, and Windows 260
// characters of a whole path.
const maxName = 100

// SafeName makes a name of a label that is one folder's or file's on every system: Windows takes
// no <>:"/\|?*, no control characters, no dot or space at the end, and some names not at all
// (https://learn.microsoft.com/windows/win32/fileio/naming-a-file); a dot at the beginning hides.
func SafeName(label string) string {
	name := norm.NFC.String(strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || strings.ContainsRune(`<>:"/\|?*`, r) || unicode.IsControl(r) ||
			unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			return '_'
		}
		return r
	}, label))
	if len(name) > maxName {
		end := maxName
		for !utf8.RuneStart(name[end]) {
			end--
		}
		name = name[:end]
	}
	if name = strings.TrimRight(strings.TrimSpace(name), ". "); name == "" {
		name = "_"
	}
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	if reserved(strings.TrimRight(stem, " ")) || name[0] == '.' {
		name = "_" + name
	}
	return name
}

// reserved reports whether Windows has a device of that name.
func reserved(upper string) bool {
	if slices.Contains([]string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}, upper) {
		return true
	}
	number, is := strings.CutPrefix(upper, "COM")
	if !is {
		number, is = strings.CutPrefix(upper, "LPT")
	}
	return is && slices.Contains([]string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³"}, number)
}

// fold is the same for names that some system takes for one.
func fold(name string) string { return strings.ToLower(norm.NFKC.String(name)) }

// names gives each class a folder of its own.
type names struct {
	taken  map[string]bool    // folded
	now    map[Class]string   // of this run
	before map[string][]named // of earlier runs, by label
}

type named struct {
	class  Class
	folder string
}

func newNames(taken ...string) *names {
	n := &names{taken: map[string]bool{}, now: map[Class]string{}, before: map[string][]named{}}
	for _, name := range taken {
		n.taken[fold(name)] = true
	}
	return n
}

// remember has a class keep the folder that an earlier run has given it.
func (n *names) remember(class Class, folder string) {
	n.taken[fold(folder)] = true
	n.before[class.Label] = append(n.before[class.Label], named{class, folder})
}

// of is the folder of a class. fresh reports whether it was not given before. Of another model the
// same label may have another index: it is the folder that an earlier run has given the label, as
// long as no other class of this run has it.
func (n *names) of(class Class) (folder string, fresh bool) {
	if folder, known := n.now[class]; known {
		return folder, false
	}
	earlier := n.before[class.Label]
	at := slices.IndexFunc(earlier, func(x named) bool { return x.class == class })
	if at < 0 && class.Label != "" {
		at = slices.IndexFunc(earlier, func(x named) bool {
			for _, used := range n.now {
				if used == x.folder {
					return false
				}
			}
			return true
		})
	}
	if at >= 0 {
		n.now[class] = earlier[at].folder
		return earlier[at].folder, false
	}
	name := fmt.Sprintf("class %d", class.Index)
	if class.Label != "" {
		name = SafeName(class.Label)
	}
	folder = name
	for i := 1; n.taken[fold(folder)]; i++ {
		if folder = fmt.Sprintf("%s (class %d)", name, class.Index); i > 1 {
			folder = fmt.Sprintf("%s (class %d, %d)", name, class.Index, i)
		}
	}
	n.taken[fold(folder)] = true
	n.now[class] = folder
	return folder, true
}
