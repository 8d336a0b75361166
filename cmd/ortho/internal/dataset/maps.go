package dataset

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/source"
	"ortho/models/config"
	"ortho/models/evaluate/maps"
	"ortho/runner/regular"
)

// Maps are images of which it is known to what each pixel belongs.
type Maps struct {
	Kind       string     // "mask PNGs" or "COCO panoptic"
	Categories []Category // none where the values of masks are known by their numbers alone
	Images     []source.Item
	Panoptic   bool // pixels are of segments
	Notes      []string

	values   func(image int) (width, height int, values []uint32, err error)
	segments [][]maps.Segment // of Panoptic
}

// Ignored is the value of pixels in masks that do not count.
const Ignored = 255

// maxMask bounds the bytes of a mask, maxMaskPixels what it shows.
const maxMask, maxMaskPixels = 256 << 20, 1 << 28

// maskFolders are where masks lie beside images/.
var maskFolders = []string{"masks", "labels", "annotations", "SegmentationClass"}

// OpenMaps reads truths of segmenters: a folder with images/ and masks/ (labels/, annotations/), where masks/a.png has the
// class of each pixel of images/a.jpg as its value, or COCO's panoptic JSON with its folder of PNGs beside it.
func OpenMaps(path, images string) (*Maps, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("data %s: there is no such file or folder", path)
	}
	var m *Maps
	if info.IsDir() {
		m, err = openMasks(path, images)
	} else {
		m, err = openPanoptic(path, images)
	}
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", path, err)
	}
	return m, nil
}

func openMasks(path, images string) (*Maps, error) {
	m := &Maps{Kind: "mask PNGs"}
	images = cmp.Or(images, filepath.Join(path, "images"))
	masks := ""
	for _, name := range maskFolders {
		if info, err := os.Stat(filepath.Join(path, name)); err == nil && info.IsDir() {
			masks = filepath.Join(path, name)
			break
		}
	}
	if info, err := os.Stat(images); err != nil || !info.IsDir() || masks == "" {
		return nil, fmt.Errorf("a folder has images/ and one of %s/, where masks/a.png has the class of each pixel of images/a.jpg; COCO's panoptic truths are a .json", strings.Join(maskFolders, "/, "))
	}
	if err := m.readNames(path); err != nil {
		return nil, err
	}
	var files []string
	without := 0
	for item := range source.Items([]string{images}, source.Options{}) {
		rel := filepath.FromSlash(item.Path)
		file, err := within(masks, strings.TrimSuffix(rel, filepath.Ext(rel))+".png")
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(file); err != nil {
			without++
			continue
		}
		m.Images, files = append(m.Images, item), append(files, file)
		if len(files) > mostImages {
			return nil, fmt.Errorf("it has more than %d images", mostImages)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no image in %s has a mask in %s: masks/a.png is that of images/a.jpg", images, masks)
	}
	if without > 0 {
		m.Notes = append(m.Notes, plural(without, "image has", "images have")+" no mask, and left out")
	}
	m.values = func(i int) (int, int, []uint32, error) { return readMask(files[i], false) }
	return m, nil
}

// readNames reads what values of masks are called: classes.json ({"1": "road"}), or classes.txt (a name a line, from 0).
func (m *Maps) readNames(folder string) error {
	for _, name := range []string{"classes.json", "classes.txt", "data.yaml"} {
		file := filepath.Join(folder, name)
		if _, err := os.Stat(file); err != nil {
			continue
		}
		if name == "classes.json" {
			data, err := regular.ReadFile(file, maxYAML)
			if err != nil {
				return err
			}
			m.Categories, err = readValues(data)
			return err
		}
		names, err := config.ReadLabels(file)
		for i, l := range names {
			m.Categories = append(m.Categories, Category{ID: i, Name: l.Name})
		}
		return err
	}
	return nil
}

// openPanoptic reads COCO's panoptic truths.
func openPanoptic(path, images string) (*Maps, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	truth, err := readCOCO(f, maxJSON)
	if err != nil {
		return nil, err
	}
	masks := strings.TrimSuffix(path, filepath.Ext(path))
	if info, err := os.Stat(masks); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("there is no folder %s: the PNGs of panoptic truths lie in a folder that is called as the JSON", masks)
	}
	m, err := truth.panoptic(masks, cmp.Or(images, filepath.Dir(path)))
	if err != nil {
		return nil, err
	}
	return m, firstThere(path, m.Images, ": --images FOLDER says where the images are")
}

// panoptic are the truths whose PNGs lie in a folder.
func (t *cocoTruth) panoptic(masks, images string) (*Maps, error) {
	m := &Maps{Kind: "COCO panoptic", Panoptic: true}
	items, categories, err := t.items(images)
	if err != nil {
		return nil, err
	}
	m.Categories = categories
	var files []string
	for i, a := range t.Annotations {
		var file string
		image, known := t.image(a.Image)
		if a.Segments == nil {
			return nil, errors.New("its annotations have no segments_info: they are of single objects, and no panoptic truth")
		}
		if !known {
			return nil, fmt.Errorf("annotation %d is of image %d, which is not there", i, a.Image)
		}
		if file, err = within(masks, a.File); err != nil {
			return nil, fmt.Errorf("annotation %d: %w", i, err)
		}
		segments, err := t.segmentsOf(&a)
		if err != nil {
			return nil, fmt.Errorf("annotation %d: %w", i, err)
		}
		m.Images, files, m.segments = append(m.Images, items[image]), append(files, file), append(m.segments, segments)
	}
	if len(files) == 0 {
		return nil, errors.New("it has no annotations")
	}
	m.values = func(i int) (int, int, []uint32, error) { return readMask(files[i], true) }
	return m, nil
}

// segmentsOf are those of an image. Classes are indices of the categories.
func (t *cocoTruth) segmentsOf(a *cocoObject) (segments []maps.Segment, err error) {
	infos, err := readSegments(a.Segments)
	if err != nil {
		return nil, err
	}
	for _, s := range infos {
		class, known := t.category(s.Category)
		if !known {
			return nil, fmt.Errorf("segment %d is of category %d, which is not there", s.ID, s.Category)
		}
		segments = append(segments, maps.Segment{ID: s.ID, Class: class, Crowd: s.Crowd != 0})
	}
	return segments, nil
}

// Of returns what the pixels of an image belong to, row by row, for an image of the size: of masks their values, of
// Panoptic the ids of segments, which come beside them.
func (m *Maps) Of(image, width, height int) (values []uint32, segments []maps.Segment, err error) {
	w, h, values, err := m.values(image)
	switch {
	case err != nil:
		return nil, nil, err
	case w != width || h != height:
		return nil, nil, fmt.Errorf("its mask is of %dx%d pixels, and the image as it was read of %dx%d: it may be turned by its EXIF orientation (--orientation ignore takes it as it is stored)", w, h, width, height)
	}
	if m.Panoptic {
		segments = m.segments[image]
	}
	return values, segments, nil
}

func readMask(name string, ids bool) (width, height int, values []uint32, err error) {
	data, err := regular.ReadFile(name, maxMask)
	if err == nil {
		width, height, values, err = decodeMask(data, ids)
	}
	if err != nil {
		return 0, 0, nil, fmt.Errorf("mask %s: %w", name, err)
	}
	return width, height, values, nil
}

// decodeMask reads the values of a PNG: the indices of its palette, or its levels of grey; where they are ids, red, green
// and blue are their digits to the base of 256, as panopticapi's rgb2id has it.
func decodeMask(data []byte, ids bool) (width, height int, values []uint32, err error) {
	head, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return 0, 0, nil, err
	}
	if head.Width > maxMaskPixels/head.Height {
		return 0, 0, nil, fmt.Errorf("%dx%d pixels are too many", head.Width, head.Height)
	}
	decoded, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return 0, 0, nil, err
	}
	width, height = decoded.Bounds().Dx(), decoded.Bounds().Dy()
	values = make([]uint32, 0, width*height)
	switch of := decoded.(type) {
	case *image.Paletted:
		for y := range height {
			for _, v := range of.Pix[y*of.Stride:][:width] {
				values = append(values, uint32(v))
			}
		}
	case *image.Gray:
		step := uint32(1)
		if depth := data[24]; depth < 8 { // the decoder spreads fewer bits over 0 to 255
			step = 255 / (1<<depth - 1)
		}
		for y := range height {
			for _, v := range of.Pix[y*of.Stride:][:width] {
				values = append(values, uint32(v)/step)
			}
		}
	case *image.Gray16:
		for y := range height {
			for x := range width {
				values = append(values, uint32(of.Gray16At(x, y).Y))
			}
		}
	default:
		if !ids {
			return 0, 0, nil, errors.New("it is in colour: the values of a palette or of grey are classes")
		}
		for y := range height {
			for x := range width {
				c := color.NRGBAModel.Convert(decoded.At(x, y)).(color.NRGBA)
				values = append(values, uint32(c.R)|uint32(c.G)<<8|uint32(c.B)<<16)
			}
		}
	}
	return width, height, values, nil
}

// sortedByID brings categories into the order of their ids, each once.
func sortedByID(all []Category) ([]Category, error) {
	slices.SortFunc(all, func(a, b Category) int { return cmp.Compare(a.ID, b.ID) })
	for i := 1; i < len(all); i++ {
		if all[i].ID == all[i-1].ID {
			return nil, errors.New("two classes have the value " + strconv.Itoa(all[i].ID))
		}
	}
	return all, nil
}
