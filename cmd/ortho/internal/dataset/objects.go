package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ortho/cmd/ortho/internal/source"
	"ortho/models/evaluate/coco"
)

// Objects are images of which it is known what is in them.
type Objects struct {
	Kind       string     // "COCO" or "YOLO"
	Categories []Category // in the order of their ids
	Images     []source.Item
	Masks      bool // every object has one
	Points     int  // key points of every object; 0: not all have as many
	Notes      []string

	read func(image, width, height int) ([]coco.Object, error)
}

// Category is a class as the data has it. Name is "" where only a number is known.
type Category struct {
	ID   int
	Name string
	// Thing: they are counted one by one; false of stuff, such as sky. Only panoptic truths say so.
	Thing bool
}

// Of returns what is in an image, whose size as it was decoded has to be that of the truth. Classes are indices of
// Categories.
func (o *Objects) Of(image, width, height int) ([]coco.Object, error) {
	return o.read(image, width, height)
}

// most bounds what truths may have.
const (
	mostImages     = 4 << 20
	mostObjects    = 64 << 20
	mostCategories = 1 << 20
)

// OpenObjects reads truths of detectors: COCO's JSON, whose files lie in folder images ("": that of the JSON), or what
// Ultralytics trains on: a data.yaml, or a folder with images/ and labels/.
func OpenObjects(path, images string) (*Objects, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("data %s: there is no such file or folder", path)
	case err != nil:
		return nil, fmt.Errorf("data %s: %w", path, err)
	case info.IsDir():
		return openYOLO(path, images)
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".json":
		return openCOCO(path, images)
	case ".yaml", ".yml":
		return openYOLO(path, images)
	}
	return nil, fmt.Errorf("data %s: boxes are read from COCO's .json, from a data.yaml, or from a folder with images/ and labels/", path)
}

// within is a file that a truth names, which has to lie in the folder.
func within(folder, name string) (string, error) {
	local := filepath.FromSlash(strings.ReplaceAll(name, `\`, "/"))
	if name == "" || len(name) > source.MaxPath || strings.ContainsRune(name, 0) || !filepath.IsLocal(local) {
		return "", fmt.Errorf("%.200q is no path within %s", name, folder)
	}
	return filepath.Join(folder, local), nil
}

// firstThere refuses truths whose first images are not there: most likely they lie elsewhere.
func firstThere(path string, images []source.Item, hint string) error {
	for _, item := range images[:min(len(images), 50)] {
		if _, err := os.Stat(item.Name); err == nil {
			return nil
		}
	}
	return fmt.Errorf("data %s: there is no %s%s", path, images[0].Name, hint)
}
