package folders

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"time"
	"unicode/utf8"

	"ortho/runner/appear"
)

// JournalFile is the journal's name in the folder of folders.
const JournalFile = "ortho-sort.jsonl"

// Act is what is done with a picture.
type Act string

const (
	Copy Act = "copy"
	Link Act = "link" // a hard link; where file systems have none, or are two, a symbolic one
	Move Act = "move"
)

// anyName is the name of a file, of any bytes: a string in JSON, or {"bytes": base64} where it is
// not UTF-8.
type anyName string

func (n anyName) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(n)) {
		return json.Marshal(string(n))
	}
	return json.Marshal(map[string][]byte{"bytes": []byte(n)})
}

func (n *anyName) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '{' {
		var of struct{ Bytes []byte }
		err := json.Unmarshal(data, &of)
		*n = anyName(of.Bytes)
		return err
	}
	return json.Unmarshal(data, (*string)(n))
}

// line is one of the journal. The first has Kind; then it is a class that got a folder, or an
// act that is about to be done.
type line struct {
	Kind    string `json:"kind,omitempty"`
	Version int    `json:"version,omitempty"`
	Made    bool   `json:"made,omitempty"` // the folder of folders was not there before

	Folder string `json:"folder,omitempty"`
	Label  string `json:"label,omitempty"`
	Class  int    `json:"class,omitempty"`

	Do   Act     `json:"do,omitempty"`
	From anyName `json:"from,omitempty"` // absolute
	To   anyName `json:"to,omitempty"`   // below the folder of folders, with slashes
	// Archive holds what From names, if it is no file of its own.
	Archive anyName `json:"archive,omitempty"`
	// Size and Time are of From's file, and Size and Time of what To will be, but for the size
	// of what is copied out of an archive, whose Size is the archive's.
	Size int64     `json:"size,omitempty"`
	Time time.Time `json:"time,omitzero"`
}

const (
	kind    = "ortho sort"
	version = 1
	// maxLine bounds the bytes of a line: two paths of 64 KiB in base64, or with every byte
	// escaped.
	maxLine = 1 << 20
)

// ErrJournal is wrapped where a file is no journal.
var ErrJournal = errors.New("it is no journal of ortho sort")

// A line ends with a checksum of all before it: an act that is not as it was told would be undone with another file.
const sumKey = `,"crc32c":"`

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal adds the checksum to a line of JSON.
func seal(text []byte) []byte {
	text = bytes.TrimSuffix(text, []byte("}\n"))
	return fmt.Appendf(text[:len(text):len(text)], "%s%08x\"}\n", sumKey, crc32.Checksum(text, castagnoli))
}

// sealed reports whether a line is as it was written.
func sealed(text []byte) bool {
	i := bytes.LastIndex(text, []byte(sumKey))
	return i >= 0 && string(text[i:]) == fmt.Sprintf("%s%08x\"}", sumKey, crc32.Checksum(text[:i], castagnoli))
}

// parse reads a line, and refuses one that is damaged, or would lead out of the folder.
func parse(text []byte) (l line, err error) {
	if !sealed(text) {
		return line{}, fmt.Errorf("%w: a line's checksum is that of another", ErrJournal)
	}
	if err := json.Unmarshal(text, &l); err != nil {
		return line{}, fmt.Errorf("%w: %w", ErrJournal, err)
	}
	local := func(name string) bool { return filepath.IsLocal(filepath.FromSlash(name)) && name != "." }
	switch {
	case l.Kind == kind && l.Version == version:
	case l.Kind == kind && l.Version > version:
		return line{}, fmt.Errorf("%w that this version knows: it is of version %d, and %d is known", ErrJournal, l.Version, version)
	case l.Kind != "":
		return line{}, ErrJournal
	case l.Folder != "" && local(l.Folder) && l.Do == "":
	case (l.Do == Copy || l.Do == Link || l.Do == Move) && filepath.IsAbs(string(l.From)) && local(string(l.To)) && l.Size >= 0 &&
		(l.Archive == "" || filepath.IsAbs(string(l.Archive)) && l.Do == Copy):
	default:
		return line{}, ErrJournal
	}
	return l, nil
}

// journal is the file that tells what is about to be done, held by this process.
type journal struct {
	file  *os.File
	end   int64
	first line
	// at is where the last act upon a file is told of, by keyOf its name.
	at map[[16]byte]int64
	// acts are where all are, in order.
	acts    []int64
	folders []line
	unread  int64 // lines that can't be read
}

func keyOf(name string) [16]byte {
	digest := sha256.Sum256([]byte(name))
	return [16]byte(digest[:16])
}

// hold opens a journal, or begins one where fresh allows it. What a crash has left of a last line
// is cut off.
func hold(name string, fresh, made bool) (*journal, error) {
	f, err := appear.Hold(name, false)
	if errors.Is(err, fs.ErrNotExist) && fresh {
		f, err = appear.Hold(name, true)
	}
	switch {
	case errors.Is(err, appear.ErrHeld):
		return nil, fmt.Errorf("%s: another run is sorting into this folder; wait for it to end, or stop it", name)
	case errors.Is(err, appear.ErrForeign):
		return nil, fmt.Errorf("%w: move it away", err)
	case err != nil && !errors.Is(err, appear.ErrUnlocked):
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	j := &journal{file: f, at: map[[16]byte]int64{}}
	if err := j.read(); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	switch {
	case j.end == 0 && !fresh:
		f.Close()
		return nil, fmt.Errorf("%s: %w", name, ErrJournal)
	case j.end == 0:
		j.first = line{Kind: kind, Version: version, Made: made}
		if err := errors.Join(j.append(j.first), j.sync()); err != nil {
			f.Close()
			return nil, err
		}
	}
	return j, nil
}

// read goes through the lines. The first says that it is a journal.
func (j *journal) read() error {
	info, err := j.file.Stat()
	if err != nil {
		return err
	}
	for text, at := range lines(j.file, info.Size()) {
		l, err := parse(text)
		switch {
		case at < 0:
			return fmt.Errorf("%w: a line is too long", ErrJournal)
		case at == 0 && (err != nil || l.Kind == ""):
			return errors.Join(ErrJournal, err)
		case at == 0:
			j.first = l
		case err != nil || l.Kind != "":
			j.unread++
		case l.Folder != "":
			j.folders = append(j.folders, l)
		default:
			j.at[keyOf(string(l.From))] = at
			j.acts = append(j.acts, at)
		}
		j.end = at + int64(len(text)) + 1
	}
	if j.end == 0 && info.Size() > 0 {
		// A process may have been killed within the first line, and only then.
		half := make([]byte, min(info.Size(), int64(len(opening))))
		if _, err := j.file.ReadAt(half, 0); err != nil || !bytes.HasPrefix([]byte(opening), half) {
			return ErrJournal
		}
	}
	return nil
}

// opening is how a journal begins.
const opening = `{"kind":"` + kind + `"`

// lines yields the whole lines of a file, and where each begins: nil and -1 for one that is too
// long, which ends them.
func lines(r io.ReaderAt, size int64) iter.Seq2[[]byte, int64] {
	return func(yield func([]byte, int64) bool) {
		buffer := make([]byte, 0, 1<<16)
		begin := int64(0) // of the buffer
		for at := int64(0); at < size; {
			if len(buffer) == cap(buffer) {
				buffer = append(buffer, 0)[:len(buffer)]
			}
			n, err := r.ReadAt(buffer[len(buffer):cap(buffer)], at)
			buffer = buffer[:len(buffer)+n]
			at += int64(n)
			rest := buffer
			for {
				i := bytes.IndexByte(rest, '\n')
				if i < 0 {
					break
				}
				if !yield(rest[:i], begin) {
					return
				}
				begin += int64(i) + 1
				rest = rest[i+1:]
			}
			if len(rest) > maxLine {
				yield(nil, -1)
				return
			}
			buffer = append(buffer[:0], rest...)
			if err != nil || n == 0 {
				return
			}
		}
	}
}

// act reads the act that is told of at a place.
func (j *journal) act(at int64) (line, error) {
	for text := range lines(io.NewSectionReader(j.file, at, j.end-at), j.end-at) {
		return parse(text)
	}
	return line{}, ErrJournal
}

// last is what was done with a file before.
func (j *journal) last(from string) (l line, known bool) {
	at, known := j.at[keyOf(from)]
	if !known {
		return line{}, false
	}
	l, err := j.act(at)
	return l, err == nil && string(l.From) == from
}

// append adds a line; sync has it on the disk.
func (j *journal) append(l line) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(l); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	text := seal(b.Bytes())
	if len(text) > maxLine {
		return errors.New("write the journal: the names are too long")
	}
	if _, err := j.file.WriteAt(text, j.end); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	if l.Do != "" {
		j.at[keyOf(string(l.From))] = j.end
		j.acts = append(j.acts, j.end)
	}
	j.end += int64(len(text))
	return nil
}

func (j *journal) sync() error {
	err := j.file.Truncate(j.end) // what a crash has left behind the last line
	if err == nil {
		err = appear.Sync(j.file)
	}
	if err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return nil
}
