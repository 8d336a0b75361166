package appear

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Names of temporary files: 8 random bytes and 4 of their digest, so that a file which someone else
// has called alike is not taken for one.
const (
	before, after     = ".ortho-", ".tmp"
	random, certified = 8, 12
)

// temporary is a new name.
func temporary() string {
	var id [random]byte
	rand.Read(id[:]) // never fails
	return before + hex.EncodeToString(certify(id[:])) + after
}

func certify(id []byte) []byte {
	digest := sha256.Sum256(append([]byte("ortho temporary file "), id...))
	return append(id[:random:random], digest[:certified-random]...)
}

// Temporary reports whether a name is of the form of this package's temporary files, and proves
// itself.
func Temporary(name string) bool {
	text, ok := strings.CutPrefix(name, before)
	text, rest := strings.CutSuffix(text, after)
	if !ok || !rest || len(text) != 2*certified {
		return false
	}
	id, err := hex.DecodeString(text)
	return err == nil && strings.ToLower(text) == text && string(certify(id[:random])) == string(id)
}

// started is about when this process was. What it leaves, it has made later.
var started = time.Now()

// swept are the folders that were looked through.
var swept = struct {
	sync.Mutex
	folders map[string]struct{}
}{folders: map[string]struct{}{}}

// maxSwept bounds the names that are remembered.
const maxSwept = 1 << 12

// Sweep removes what killed processes have left in a folder, once in this process. What can't be
// read or removed stays. [Create] does it, too.
func Sweep(folder string) {
	swept.Lock()
	_, done := swept.folders[folder]
	if len(swept.folders) >= maxSwept {
		clear(swept.folders)
	}
	swept.folders[folder] = struct{}{}
	swept.Unlock()
	if done {
		return
	}
	dir, err := os.Open(folder)
	if err != nil {
		return
	}
	defer dir.Close()
	for {
		names, err := dir.Readdirnames(1024)
		for _, name := range names {
			if Temporary(name) {
				abandon(filepath.Join(folder, name))
			}
		}
		if err != nil {
			return
		}
	}
}

// abandon removes a temporary file that nobody holds, of this user and older than this process; and
// one that has appeared, and whose process was killed before it took the first name away.
func abandon(name string) {
	info, err := os.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || !own(info) || !info.ModTime().Before(started) {
		return
	}
	if linked(info) {
		os.Remove(name)
		return
	}
	f, err := open(name, os.O_RDWR)
	if err != nil {
		return
	}
	defer f.Close()
	if here, err := f.Stat(); err == nil && os.SameFile(here, info) && lock(f) == nil && still(f) {
		os.Remove(name)
	}
}

// MkdirTemp makes a folder for what is not complete in another one, and removes those that
// processes which were killed a day ago have left there: folders whose names prove themselves, of
// this user.
func MkdirTemp(in string) (string, error) {
	entries, err := os.ReadDir(in)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.IsDir() && Temporary(e.Name()) && own(info) && time.Since(info.ModTime()) > 24*time.Hour {
			os.RemoveAll(filepath.Join(in, e.Name()))
		}
	}
	for range tries {
		name := filepath.Join(in, temporary())
		if err := os.Mkdir(name, 0o755); !errors.Is(err, fs.ErrExist) {
			return name, err
		}
	}
	return "", &fs.PathError{Op: "mkdir", Path: in, Err: fs.ErrExist}
}
