package imagehash

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"ortho/preprocess"
)

// TestLikePython: hashes are imagehash's, see scripts/goldens/imagehash.py.
func TestLikePython(t *testing.T) {
	data, err := os.ReadFile("testdata/hashes.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows [][3]string
	if err := json.Unmarshal(data, &rows); err != nil || len(rows) < 12 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	found := map[string]Hashes{}
	for _, row := range rows {
		file, err := os.ReadFile(filepath.Join("testdata", row[0]))
		if errors.Is(err, fs.ErrNotExist) {
			file, err = os.ReadFile(filepath.Join("../../cmd/ortho/testdata/photos", row[0]))
		}
		if err != nil {
			t.Fatal(err)
		}
		h, err := Of(file, preprocess.LoadOptions{})
		if err != nil || h.P.String() != row[1] || h.D.String() != row[2] {
			t.Errorf("%s: %s %s, %v, imagehash has %s %s", row[0], h.P, h.D, err, row[1], row[2])
		}
		found[row[0]] = h
	}
	cat := found["chelsea.png"]
	if near, far := cat.P.Distance(found["half.jpg"].P), cat.P.Distance(found["coffee.png"].P); near > 4 || far < 16 || cat.Width != 451 {
		t.Errorf("the same photograph at a distance of %d, another one of %d; width %d", near, far, cat.Width)
	}
	if _, err := Of([]byte("no image"), preprocess.LoadOptions{}); err == nil {
		t.Error("no image is hashed")
	}
}
