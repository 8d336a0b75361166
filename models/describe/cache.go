package describe

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"ortho/runner/appear"
	"ortho/runner/regular"
)

// cache keeps answers in a folder: a JSON file for each, named by what was asked. A file
// that can't be read, or was changed, counts as missing.
type cache struct{ folder string }

// entry is a kept answer.
type entry struct {
	ID     string          `json:"id"`
	Model  string          `json:"model"`
	Answer json.RawMessage `json:"answer"`
	SHA256 string          `json:"sha256,omitempty"` // see digest; older versions wrote none
}

// digest is that of all else in an entry.
func (e entry) digest() string {
	digest := sha256.Sum256([]byte(e.ID + "\x00" + e.Model + "\x00" + string(e.Answer)))
	return hex.EncodeToString(digest[:])
}

// maxEntry bounds what is read of a file.
const maxEntry = 1 << 20

// identify names a question about an image: the SHA-256 of all that the answer depends on.
func (d *Describer) identify(p picture, q question) string {
	image := sha256.Sum256(p.jpeg)
	data, _ := json.Marshal(struct { // strings and numbers: no error
		Version                                      int
		Image                                        []byte
		BaseURL, Model, Prompt, Detail, Name, Schema string
		Temperature                                  *float64
		Seed                                         *int
		MaxTokens                                    int
	}{1, image[:], d.opt.BaseURL, d.opt.Model, q.prompt, string(d.opt.Detail), q.name, string(q.schema), d.opt.Temperature, d.opt.Seed, d.opt.MaxTokens})
	id := sha256.Sum256(data)
	return hex.EncodeToString(id[:])
}

// ErrCache is wrapped where the folder of Options.Cache can't be made.
var ErrCache = errors.New("make the cache's folder")

// prepare makes the folder.
func (c cache) prepare() error {
	if c.folder == "" {
		return nil
	}
	if err := os.MkdirAll(c.folder, 0o700); err != nil {
		return fmt.Errorf("%w: %w", ErrCache, err)
	}
	return nil
}

func (c cache) path(id string) string { return filepath.Join(c.folder, id[:2], id+".json") }

func (c cache) get(id string) (entry, bool) {
	if c.folder == "" {
		return entry{}, false
	}
	f, err := regular.Open(c.path(id))
	if err != nil {
		return entry{}, false
	}
	defer f.Close()
	return readEntry(f, id)
}

func readEntry(r io.Reader, id string) (entry, bool) {
	data, err := io.ReadAll(io.LimitReader(r, maxEntry+1))
	if err != nil || len(data) > maxEntry {
		return entry{}, false
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var e entry
	if err := decoder.Decode(&e); err != nil || e.ID != id || len(e.Answer) == 0 || e.SHA256 != "" && e.SHA256 != e.digest() {
		return entry{}, false
	}
	return e, true
}

// put writes an answer, all of it or nothing.
func (c cache) put(id string, e entry) (err error) {
	if c.folder == "" {
		return nil
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("keep an answer in the cache: %w", err)
		}
	}()
	if e.Answer, err = json.Marshal(e.Answer); err != nil { // as it will be read
		return err
	}
	e.ID = id
	e.SHA256 = e.digest()
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	name := c.path(id)
	if err := appear.Below(c.folder, filepath.Join(id[:2], id+".json"), 0o700); err != nil {
		return err
	}
	f, err := appear.Create(name)
	if err != nil {
		return err
	}
	if _, err := f.Write(append(data, '\n')); err != nil {
		f.Discard()
		return err
	}
	return f.Commit()
}
