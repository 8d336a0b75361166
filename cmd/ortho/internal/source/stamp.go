package source

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io"
	"os"

	"ortho/runner/regular"
)

// Look is what is taken of files, to know later whether they are still the same.
type Look int

const (
	LookNames    Look = iota // their names alone
	LookTimes                // size and time of modification, too: a look at each
	LookContents             // and the bytes: all files are read
)

// stamps are digests over the files of items, in order. A file that holds several items one after the
// other is taken once.
type stamps struct {
	look     Look
	last     string
	times    hash.Hash
	buffered *bufio.Writer // of times: digesting a few bytes at a time is slow
	contents hash.Hash
}

func newStamps(look Look) *stamps {
	s := &stamps{look: look, times: sha256.New(), contents: sha256.New()}
	s.buffered = bufio.NewWriter(s.times)
	return s
}

// add takes a file. Of one that can't be looked at, that is what is taken.
func (s *stamps) add(file string, stop func() bool) {
	if s.look == LookNames || file == "" || file == s.last {
		return
	}
	s.last = file
	var stamp [16]byte
	if info, err := os.Stat(file); err == nil {
		binary.LittleEndian.PutUint64(stamp[:], uint64(info.Size())+1)
		binary.LittleEndian.PutUint64(stamp[8:], uint64(info.ModTime().UnixNano()))
	}
	s.buffered.Write(stamp[:])
	if s.look == LookContents {
		s.contents.Write(digestOf(file, stop))
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
