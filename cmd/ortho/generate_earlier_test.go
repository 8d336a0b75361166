package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/term"
)

// FuzzEarlierPictures: of whatever lies where an earlier run's rows are, only names within the folder are taken.
func FuzzEarlierPictures(f *testing.F) {
	f.Add([]byte("{\"input\":\"a\",\"file\":\"0000-a.png\"}\n{\"file\":\"../a.png\"}\n{\"file\":\"/etc/passwd\"}\n{\"file\":7}\nno JSON\n{\"file\":\"below/a.png\"}"))
	f.Add([]byte("{\"file\":\"\"}\n{}\n\x00\xff\n"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, flags.RowsFile), data, 0o644); err != nil {
			t.Fatal(err)
		}
		var e earlierPictures
		e.read(dir)
		for file := range e.files {
			if file == "" || !filepath.IsLocal(filepath.FromSlash(file)) {
				t.Errorf("%q", file)
			}
		}
		gone := (&generation{generateOptions: &generateOptions{to: flags.Destination{Folder: dir}}, ui: &term.UI{Out: io.Discard, Err: io.Discard}}).gone()
		for line := range bytes.Lines(data) {
			var row rows.Pictures
			if json.Unmarshal(line, &row) == nil && gone(row) && !filepath.IsLocal(filepath.FromSlash(row.File)) {
				t.Errorf("%q is looked for", row.File)
			}
		}
		e.replaced("0000-a.png")
		e.replaced("")
	})
}
