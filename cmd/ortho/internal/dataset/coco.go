package dataset

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"

	"ortho/cmd/ortho/internal/source"
	"ortho/models/boxes"
	"ortho/models/evaluate/coco"
	"ortho/runner/regular"
)

// maxJSON bounds the bytes of a truth in JSON: that of COCO's 118,287 training images has 449 MB.
const maxJSON = 1 << 30

// cocoTruth is a file of COCO's, as its instances_*.json and person_keypoints_*.json have it.
type cocoTruth struct {
	Images      []cocoImage
	Annotations []cocoObject
	Categories  []cocoCategory
}

type cocoImage struct {
	ID            int64
	File          string `json:"file_name"`
	Width, Height int
}

type cocoCategory struct {
	ID    int
	Name  string
	Thing *int `json:"isthing"`
}

type cocoObject struct {
	Image        int64      `json:"image_id"`
	Category     int        `json:"category_id"`
	Box          [4]float64 `json:"bbox"`
	Area         *float64
	Crowd        int `json:"iscrowd"`
	Segmentation shape
	Keypoints    []float64
	Marked       *int `json:"num_keypoints"`
	// Of panoptic truths, whose annotations are of whole images:
	File     string          `json:"file_name"`
	Segments json.RawMessage `json:"segments_info"`
}

// shape is a mask: polygons, or run lengths.
type shape struct {
	polygons [][]float64
	size     [2]int
	counts   []uint32
	rle      string
}

// UnmarshalJSON reads a segmentation as pycocotools' annToRLE takes it.
func (s *shape) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '[' {
		return json.Unmarshal(data, &s.polygons)
	}
	var runs struct {
		Size   [2]int
		Counts json.RawMessage
	}
	if err := json.Unmarshal(data, &runs); err != nil {
		return err
	}
	s.size = runs.Size
	if len(runs.Counts) > 0 && runs.Counts[0] == '"' {
		return json.Unmarshal(runs.Counts, &s.rle)
	}
	return json.Unmarshal(runs.Counts, &s.counts)
}

func (s *shape) some() bool { return len(s.polygons) > 0 || s.counts != nil || s.rle != "" }

// mask is that of an image of the size.
func (s *shape) mask(width, height int) (*coco.Mask, error) {
	if len(s.polygons) > 0 {
		return coco.Polygons(height, width, s.polygons)
	}
	if s.size != [2]int{height, width} {
		return nil, fmt.Errorf("its mask is of %dx%d pixels", s.size[1], s.size[0])
	}
	if s.counts != nil {
		return coco.NewMask(height, width, s.counts)
	}
	return coco.MaskOf(&boxes.RLE{Size: s.size, Counts: s.rle})
}

func openCOCO(path, images string) (*Objects, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", path, err)
	}
	defer f.Close()
	truth, err := readCOCO(f, maxJSON)
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", path, err)
	}
	o, err := truth.objects(cmp.Or(images, filepath.Dir(path)))
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", path, err)
	}
	return o, firstThere(path, o.Images, ": --images FOLDER says where the images are")
}

// readCOCO reads at most max bytes.
func readCOCO(r io.Reader, max int64) (*cocoTruth, error) {
	limited := &io.LimitedReader{R: r, N: max + 1}
	truth := &cocoTruth{}
	decoder := json.NewDecoder(limited)
	err := decoder.Decode(truth)
	switch {
	case limited.N == 0:
		return nil, fmt.Errorf("it has more than %d bytes", max)
	case err != nil:
		return nil, fmt.Errorf("no truth as COCO has it: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("no truth as COCO has it: something stands behind its end")
	}
	switch {
	case len(truth.Images) == 0 || len(truth.Categories) == 0:
		return nil, errors.New("no truth as COCO has it: that has images, annotations and categories (results alone are none)")
	case len(truth.Images) > mostImages || len(truth.Annotations) > mostObjects || len(truth.Categories) > mostCategories:
		return nil, fmt.Errorf("%d images, %d objects and %d categories are too many", len(truth.Images), len(truth.Annotations), len(truth.Categories))
	}
	slices.SortStableFunc(truth.Images, func(a, b cocoImage) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortStableFunc(truth.Categories, func(a, b cocoCategory) int { return cmp.Compare(a.ID, b.ID) })
	for i := 1; i < len(truth.Images); i++ {
		if truth.Images[i].ID == truth.Images[i-1].ID {
			return nil, fmt.Errorf("two images have the id %d", truth.Images[i].ID)
		}
	}
	for i := 1; i < len(truth.Categories); i++ {
		if truth.Categories[i].ID == truth.Categories[i-1].ID {
			return nil, fmt.Errorf("two categories have the id %d", truth.Categories[i].ID)
		}
	}
	return truth, nil
}

func (t *cocoTruth) image(id int64) (int, bool) {
	return slices.BinarySearchFunc(t.Images, id, func(i cocoImage, id int64) int { return cmp.Compare(i.ID, id) })
}

func (t *cocoTruth) category(id int) (int, bool) {
	return slices.BinarySearchFunc(t.Categories, id, func(c cocoCategory, id int) int { return cmp.Compare(c.ID, id) })
}

// items are the images in a folder, and what categories they may show.
func (t *cocoTruth) items(folder string) (items []source.Item, categories []Category, err error) {
	for _, image := range t.Images {
		name, err := within(folder, image.File)
		if err != nil {
			return nil, nil, fmt.Errorf("image %d: %w", image.ID, err)
		}
		items = append(items, source.File(name))
	}
	for _, c := range t.Categories {
		categories = append(categories, Category{ID: c.ID, Name: c.Name, Thing: c.Thing != nil && *c.Thing != 0})
	}
	return items, categories, nil
}

func (t *cocoTruth) objects(folder string) (*Objects, error) {
	o := &Objects{Kind: "COCO", Masks: true}
	var err error
	if o.Images, o.Categories, err = t.items(folder); err != nil {
		return nil, err
	}
	of := make([][]int32, len(t.Images))
	points, sized := -1, 0
	for i, a := range t.Annotations {
		image, known := t.image(a.Image)
		_, named := t.category(a.Category)
		switch {
		case a.Segments != nil:
			return nil, errors.New("it tells segments of whole images (panoptic), and no boxes")
		case !known:
			return nil, fmt.Errorf("annotation %d is of image %d, which is not there", i, a.Image)
		case !named:
			return nil, fmt.Errorf("annotation %d is of category %d, which is not there", i, a.Category)
		case len(a.Keypoints)%3 != 0:
			return nil, fmt.Errorf("annotation %d has %d numbers of key points: x, y and visibility of each", i, len(a.Keypoints))
		}
		for _, v := range a.Box {
			if math.Abs(v) > 1e9 {
				return nil, fmt.Errorf("annotation %d has a box of %v", i, a.Box)
			}
		}
		of[image] = append(of[image], int32(i))
		o.Masks = o.Masks && a.Segmentation.some()
		if a.Area == nil {
			sized++
		}
		if points < 0 {
			points = len(a.Keypoints) / 3
		} else if points != len(a.Keypoints)/3 {
			points = 0
		}
	}
	if len(t.Annotations) == 0 {
		return nil, errors.New("it has no annotations: there is nothing to find")
	}
	o.Points = points
	if sized > 0 {
		o.Notes = append(o.Notes, plural(sized, "object has", "objects have")+" no area: small, medium or large is told by the box")
	}
	o.read = func(image, width, height int) ([]coco.Object, error) {
		stated := t.Images[image]
		if stated.Width > 0 && (stated.Width != width || stated.Height != height) {
			return nil, fmt.Errorf("the truth is of %dx%d pixels, and the image as it was read of %dx%d: it may be turned by its EXIF orientation (--orientation ignore takes it as it is stored)", stated.Width, stated.Height, width, height)
		}
		objects := make([]coco.Object, 0, len(of[image]))
		for _, i := range of[image] {
			one, err := t.object(int(i), width, height, o)
			if err != nil {
				return nil, fmt.Errorf("annotation %d: %w", i, err)
			}
			objects = append(objects, one)
		}
		return objects, nil
	}
	return o, nil
}

// object is an annotation of an image of a size.
func (t *cocoTruth) object(i, width, height int, of *Objects) (one coco.Object, err error) {
	a := &t.Annotations[i]
	one = coco.Object{Box: a.Box, Crowd: a.Crowd != 0, Keypoints: a.Keypoints, Area: a.Box[2] * a.Box[3]}
	one.Class, _ = t.category(a.Category)
	if a.Area != nil {
		one.Area = *a.Area
	}
	if of.Masks {
		if one.Mask, err = a.Segmentation.mask(width, height); err != nil {
			return one, err
		}
	}
	if of.Points > 0 {
		marked := 0
		for k := 2; k < len(a.Keypoints); k += 3 {
			if a.Keypoints[k] > 0 {
				marked++
			}
		}
		if a.Marked != nil {
			marked = *a.Marked
		}
		one.Unmarked = marked == 0
	}
	return one, nil
}
