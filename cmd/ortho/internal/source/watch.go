package source

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"os"
	"time"
)

// Watch has Items go on when it has gone through folders: what comes into them, or is changed, is
// an item as soon as it has settled. They are looked through again and again: file systems of
// other machines send no notices of what others write there, and those that do lose some when they
// are many. A look is a walk through all folders with a look at each file's size and time, and it
// takes a twentieth of the time at most: the pause is as much longer where there are a million files.
type Watch struct {
	Every time.Duration   // between two looks, at least
	Done  <-chan struct{} // ends it
}

// The least pause of a run between two looks, and how many times as long as a look it is.
const (
	LookEvery = time.Second
	perLook   = 20
)

// looksEmpty is how many looks a file without a byte is waited for: another may be about to fill it.
const looksEmpty = 10

// CheckWatched returns an error for an argument that can't be watched.
func CheckWatched(args []string) error {
	for _, arg := range args {
		info, err := os.Stat(arg)
		switch {
		case err != nil:
			return fmt.Errorf("watch %s: %w", arg, reason(err))
		case !info.IsDir():
			return fmt.Errorf("%s is no folder: folders are watched", arg)
		}
	}
	return nil
}

// watching is what is known of the files of folders: 40 bytes or so of each.
type watching struct {
	*Watch
	seed  maphash.Seed
	files map[uint64]watched
	look  uint32 // their number
}

type watched struct {
	stamp, done uint64 // of size and time: at the last look, and when it was an item
	same        uint8  // looks at which the stamp was the same
	look        uint32 // at which it was there last
}

// items yields what is in the folders, and what comes into them, until the watch is done.
func (w *Watch) items(args []string, passed *Passed, yield func(Item) bool) {
	all := &watching{Watch: w, seed: maphash.MakeSeed(), files: map[uint64]watched{}}
	for {
		passed.Begin()
		began, busy := time.Now(), time.Duration(0)
		all.look++
		for _, dir := range args {
			give := below(dir, yield)
			more := walk(dir, Endings, passed, func(item Item) bool {
				if w.ended() {
					return false
				}
				if !all.settled(item) {
					return true
				}
				since := time.Now()
				defer func() { busy += time.Since(since) }()
				return give(item)
			})
			if !more {
				return
			}
		}
		for key, f := range all.files { // that are gone
			if f.look != all.look {
				delete(all.files, key)
			}
		}
		select {
		case <-w.Done:
			return
		case <-time.After(max(w.Every, perLook*(time.Since(began)-busy))):
		}
	}
}

func (w *Watch) ended() bool {
	select {
	case <-w.Done:
		return true
	default:
		return false
	}
}

// settled reports whether an item is due: its file is as it was at the look before, or older than
// a look at the first, and was no item as it is.
func (w *watching) settled(item Item) bool {
	stamp, size, old := w.stamp(item)
	if size < 0 {
		return false
	}
	key := maphash.String(w.seed, item.Name)
	f, known := w.files[key]
	if f.look = w.look; known && f.stamp == stamp {
		f.same = min(f.same, looksEmpty) + 1
	} else {
		f.stamp, f.same = stamp, 0
	}
	due := f.done != stamp && (f.same > 0 || w.look == 1 && old) && (size > 0 || f.same >= looksEmpty || w.look == 1 && old)
	if due {
		f.done = stamp
	}
	w.files[key] = f
	return due
}

// stamp stands for a file's size and time; a folder that can't be read has its error's. The size is
// -1 of what is gone by now.
func (w *watching) stamp(item Item) (stamp uint64, size int64, old bool) {
	if item.File == "" {
		_, err := item.Read(context.Background())
		return maphash.String(w.seed, fmt.Sprint(err)), 1, true
	}
	info, err := os.Stat(item.File)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, -1, false
	}
	if err != nil {
		return maphash.String(w.seed, err.Error()), 1, false
	}
	var both [16]byte
	binary.LittleEndian.PutUint64(both[:], uint64(info.Size()))
	binary.LittleEndian.PutUint64(both[8:], uint64(info.ModTime().UnixNano()))
	return max(1, maphash.Bytes(w.seed, both[:])), info.Size(), time.Since(info.ModTime()) > w.Every
}
