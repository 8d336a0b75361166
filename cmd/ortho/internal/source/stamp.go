package source

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io"
	"os"
	"time"

	"ortho/runner/regular"
)

// Look is what is taken of files, to know later whether they are still the same.
type Look int

const (
	LookNames    Look = iota // their names alone
	LookTimes                // size and time of modification, too: a look at each
	LookContents             // and the bytes: all files are read
)

// Stamp is what is known of an item besides its name, by which it is known again: TimesBytes of a
// digest of its size and time of modification, and behind them ContentsBytes of one of its bytes,
// where those were looked at. "": nothing is known, as of standard input, and of what is not there.
//
// Of an entry of an archive, size and time are those of its header; of an object in a store, its
// ETag stands in place of the time.
type Stamp string

// The bytes of the parts of a stamp.
const (
	TimesBytes    = 8
	ContentsBytes = 16
)

// By is the part of a stamp that two are compared by; "" where it has none, as of names alone.
func (s Stamp) By(look Look) string {
	switch {
	case look == LookTimes && len(s) >= TimesBytes:
		return string(s[:TimesBytes])
	case look == LookContents && len(s) >= TimesBytes+ContentsBytes:
		return string(s[TimesBytes:][:ContentsBytes])
	}
	return ""
}

// StampText is the stamp of what has no file: of all that it is.
func StampText(text string) Stamp {
	digest := sha256.Sum256([]byte(text))
	return Stamp(digest[:TimesBytes]) + Stamp(digest[TimesBytes:][:ContentsBytes])
}

// Stamp looks at the item now. Where ctx ends the look at its bytes, there is none.
func (i Item) Stamp(ctx context.Context, look Look) Stamp {
	at, known := i.lastWritten()
	if look == LookNames || !known {
		return ""
	}
	if look == LookTimes {
		return at.stamp(nil)
	}
	var digest []byte
	if i.entry == nil && i.fetch == nil {
		digest = digestOf(i.File, func() bool { return ctx.Err() != nil })
	} else if data, err := i.Read(ctx); err == nil {
		sum := sha256.Sum256(data)
		digest = sum[:]
	}
	if ctx.Err() != nil {
		return ""
	}
	return at.stamp(digest)
}

// written is what a file system, or an archive, knows of a file.
type written struct {
	size int64
	time time.Time
	sum  string // of the contents; "": not known, and the time counts
}

// lastWritten is what is known of an item.
func (i Item) lastWritten() (at written, known bool) {
	switch {
	case i.entry != nil:
		return *i.entry, true
	case i.fetch != nil:
		return i.fetch.written()
	case i.File == "":
		return at, false
	}
	info, err := os.Stat(i.File)
	if err != nil {
		return at, false
	}
	return written{size: info.Size(), time: info.ModTime()}, true
}

func (w written) stamp(contents []byte) Stamp {
	var both [16]byte
	binary.LittleEndian.PutUint64(both[:], uint64(w.size))
	binary.LittleEndian.PutUint64(both[8:], uint64(w.time.UnixNano()))
	digest := sha256.Sum256(both[:])
	if w.sum != "" {
		digest = sha256.Sum256(append(both[:8:8], w.sum...))
	}
	return Stamp(digest[:TimesBytes]) + Stamp(contents[:min(len(contents), ContentsBytes)])
}

// DigestOfStamps is over what stamps are compared by, added in order.
type DigestOfStamps struct {
	look    Look
	hash    hash.Hash
	unknown bool
}

// NewDigestOfStamps begins one.
func NewDigestOfStamps(look Look) *DigestOfStamps {
	return &DigestOfStamps{look: look, hash: sha256.New()}
}

// Add adds a stamp.
func (d *DigestOfStamps) Add(s Stamp) {
	part := s.By(d.look)
	d.unknown = d.unknown || part == "" && d.look != LookNames
	io.WriteString(d.hash, part)
}

// Sum is the digest in hex; "" where a stamp is not known, which equals no other.
func (d *DigestOfStamps) Sum() string {
	if d.unknown {
		return ""
	}
	return hex.EncodeToString(d.hash.Sum(nil))
}

// stamps are digests over the files of items, in order. A file that holds several items one after the
// other is taken once.
type stamps struct {
	look     Look
	last     string
	times    hash.Hash
	buffered *bufio.Writer // of times: digesting a few bytes at a time is slow
	contents hash.Hash
	each     *DigestOfStamps
}

func newStamps(look Look) *stamps {
	s := &stamps{look: look, times: sha256.New(), contents: sha256.New(), each: NewDigestOfStamps(look)}
	s.buffered = bufio.NewWriter(s.times)
	return s
}

// add takes an item, and its file. Of one that can't be looked at, that is what is taken.
func (s *stamps) add(item Item, stop func() bool) {
	if s.look == LookNames {
		s.each.Add("")
		return
	}
	var contents []byte
	if item.File != "" && item.File != s.last {
		s.last = item.File
		var stamp [16]byte
		if info, err := os.Stat(item.File); err == nil {
			binary.LittleEndian.PutUint64(stamp[:], uint64(info.Size())+1)
			binary.LittleEndian.PutUint64(stamp[8:], uint64(info.ModTime().UnixNano()))
		}
		s.buffered.Write(stamp[:])
		if s.look == LookContents {
			contents = digestOf(item.File, stop)
			s.contents.Write(contents)
		}
	}
	if item.fetch != nil && item.fetch.object.ETag == "" && s.look == LookTimes {
		s.each.Add("") // a request for each would take long
	} else if s.look == LookContents && (item.entry != nil || contents == nil) {
		s.each.Add(item.Stamp(context.Background(), s.look))
	} else if at, known := item.lastWritten(); known {
		s.each.Add(at.stamp(contents))
	} else {
		s.each.Add("")
	}
}

// digestOf is the SHA-256 of a file; without what can't be read of it.
func digestOf(file string, stop func() bool) []byte {
	digest := sha256.New()
	if f, err := regular.Open(file); err == nil {
		defer f.Close()
		for !stop() {
			if n, err := io.CopyN(digest, f, 1<<20); n == 0 || err != nil {
				break
			}
		}
	}
	return digest.Sum(nil)
}

func (s *stamps) sums() (times, contents string) {
	if s.look >= LookTimes {
		s.buffered.Flush()
		times = hex.EncodeToString(s.times.Sum(nil))
	}
	if s.look >= LookContents {
		contents = hex.EncodeToString(s.contents.Sum(nil))
	}
	return times, contents
}
