package source

import (
	"archive/tar"
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// Passed counts what is passed over: files that a folder or an archive holds besides images, by
// their endings. The zero value is ready; nil counts nothing.
type Passed struct {
	mutex     sync.Mutex
	counts    map[string]int64
	unmatched []string // patterns among those of braces that match nothing
	patterns  int
}

// What is counted besides endings.
const (
	noEnding     = "no ending"
	hidden       = "hidden" // and what systems leave in folders
	linkedFolder = "linked folders"
	otherEndings = "other endings"
)

// The most that is counted, and shown: kinds, bytes of an ending, patterns.
const (
	maxEndings, maxEnding       = 64, 16
	shownEndings, shownPatterns = 8, 3
)

// companions are the endings of what stands beside images and is none: labels, captions, indices.
// An image never has such an ending.
var companions = []string{".cls", ".csv", ".id", ".index", ".json", ".jsonl", ".md", ".txt", ".tsv", ".xml", ".yaml", ".yml"}

// Begin forgets what was counted.
func (p *Passed) Begin() {
	if p == nil {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.counts, p.unmatched, p.patterns = nil, nil, 0
}

// Join adds what another has counted.
func (p *Passed) Join(other *Passed) {
	for what, n := range other.Counts() {
		p.add(what, n)
	}
}

// file counts a file by its name.
func (p *Passed) file(name string) {
	if p != nil {
		p.add(endingOf(name), 1)
	}
}

// entry counts an entry of an archive, which folders are not.
func (p *Passed) entry(h *tar.Header) {
	switch {
	case h.Typeflag == tar.TypeDir || h.Typeflag == tar.TypeXGlobalHeader:
	case strings.HasPrefix(h.Name, ".") && !strings.HasPrefix(h.Name, "./") || strings.Contains(h.Name, "/."):
		p.add(hidden, 1)
	default:
		p.file(h.Name)
	}
}

func (p *Passed) add(what string, n int64) {
	if p == nil {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.counts == nil {
		p.counts = map[string]int64{}
	}
	if _, known := p.counts[what]; !known && len(p.counts) >= maxEndings {
		what = otherEndings
	}
	p.counts[what] += n
}

func (p *Passed) pattern(pattern string) {
	if p == nil {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.patterns++; len(p.unmatched) < shownPatterns {
		p.unmatched = append(p.unmatched, pattern)
	}
}

// Counts are how many files of each ending were passed over; "no ending", "hidden", "linked
// folders" and, beyond 64 endings, "other endings" are counted, too. It is nil where there
// are none.
func (p *Passed) Counts() map[string]int64 {
	if p == nil {
		return nil
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return maps.Clone(p.counts)
}

// Text says in a line what was passed over: "3 other files were passed over: 2 .cr2, 1 .dng"; ""
// where there is nothing to say: of hidden files it says nothing. notable is false where it is
// only what stands beside images, such as labels.
func (p *Passed) Text() (text string, notable bool) {
	counts := p.Counts()
	delete(counts, hidden)
	labels := map[string]int64{}
	for _, ending := range companions {
		if n := counts[ending]; n > 0 {
			labels[ending] = n
			delete(counts, ending)
		}
	}
	folders := counts[linkedFolder]
	delete(counts, linkedFolder)
	var parts []string
	if len(counts) > 0 {
		parts = append(parts, was(counts, "other file")+" passed over: "+endings(counts))
	}
	if len(labels) > 0 {
		parts = append(parts, was(labels, "file")+" passed over that "+hold(labels)+" no images: "+endings(labels))
	}
	if folders > 0 {
		parts = append(parts, was(map[string]int64{"": folders}, "linked folder")+" not entered")
	}
	notable = len(counts) > 0 || folders > 0
	if p != nil && p.patterns > 0 {
		notable = true
		what := strings.Join(p.unmatched, ", ")
		if more := p.patterns - len(p.unmatched); more > 0 {
			what += fmt.Sprintf(" and %d more", more)
		}
		parts = append(parts, "nothing matches "+what)
	}
	return strings.Join(parts, "; "), notable
}

// besides says in an error what there is instead of images.
func (p *Passed) besides() string {
	counts := p.Counts()
	delete(counts, hidden)
	if len(counts) == 0 {
		return ""
	}
	return ", but " + endings(counts)
}

func total(counts map[string]int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}

func was(counts map[string]int64, what string) string {
	if n := total(counts); n != 1 {
		return fmt.Sprintf("%d %ss were", n, what)
	}
	return "1 " + what + " was"
}

func hold(counts map[string]int64) string {
	if total(counts) == 1 {
		return "holds"
	}
	return "hold"
}

// endings are the counts in words, the most frequent ones first.
func endings(counts map[string]int64) string {
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	var words []string
	rest := int64(0)
	for i, key := range keys {
		if i >= shownEndings || key == otherEndings {
			rest += counts[key]
			continue
		}
		if key == noEnding {
			key = "without an ending"
		}
		words = append(words, fmt.Sprintf("%d %s", counts[keys[i]], key))
	}
	if rest > 0 {
		words = append(words, fmt.Sprintf("%d of other endings", rest))
	}
	return strings.Join(words, ", ")
}

// endingOf is what a file that is passed over counts as: .dng, or .png.gz where it is a
// compressed image.
func endingOf(name string) string {
	name = strings.ToLower(path.Base(name))
	ending := path.Ext(name)
	switch {
	case isHidden(name):
		return hidden
	case ending == "" || ending == ".":
		return noEnding
	}
	if inner := path.Ext(strings.TrimSuffix(name, ending)); slices.Contains(Endings, inner) || inner == ".tar" {
		ending = inner + ending
	}
	if len(ending) > maxEnding || strings.ContainsFunc(ending, func(r rune) bool {
		return r != '.' && r != '_' && r != '-' && r != '+' && r != '~' && !unicode.IsLetter(r) && !unicode.IsDigit(r) || r == unicode.ReplacementChar
	}) {
		return otherEndings
	}
	return ending
}

// isHidden reports whether a file or folder is hidden, or of those that Windows and macOS leave
// in folders; lower is its name in small letters.
func isHidden(lower string) bool {
	return strings.HasPrefix(lower, ".") || slices.Contains([]string{"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"}, lower)
}
