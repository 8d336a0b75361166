package main

import (
	"fmt"
	"io"
	"iter"
	"math"

	"ortho/cmd/ortho/internal/beside"
	"ortho/cmd/ortho/internal/overlay"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/shelf"
	"ortho/models/detect"
	"ortho/preprocess"
)

// detectFiles are what detect makes beside its rows. Images are decoded as the model has seen them.
type detectFiles struct {
	drawn, crops, labels *beside.Folder
	decode               preprocess.DecodeOptions
}

func newDetectFiles() detectFiles {
	return detectFiles{
		drawn:  &beside.Folder{Flag: "draw", Ending: ".jpg", Usage: "also write each image with its boxes to the folder `DIR`, as JPEG"},
		crops:  &beside.Folder{Flag: "crops", Usage: "also write what is in each box to the folder `DIR`, as PNG: IMAGE/1-dog.png, ..."},
		labels: &beside.Folder{Flag: "yolo", Ending: ".txt", Usage: "also write YOLO's labels of each image to the folder `DIR`: a line for each box, class x y width height score, in parts of the image"},
	}
}

func (f *detectFiles) make(item *beside.Item, found detect.Result) error {
	if f.labels.On() {
		if err := f.labels.Put(item, func(w io.Writer) error { return rows.YOLO(w, found) }); err != nil {
			return err
		}
	}
	if !f.drawn.On() && !f.crops.On() {
		return nil
	}
	img, err := item.Decode(f.decode)
	if err != nil {
		return err
	}
	if f.crops.On() {
		if err := f.crops.PutAll(item, cutOut(img, found)); err != nil {
			return err
		}
	}
	if !f.drawn.On() {
		return nil
	}
	with, err := overlay.Draw(img, marks(found))
	if err != nil {
		return err
	}
	return f.drawn.Put(item, beside.Picture(with, preprocess.FileOptions{Format: preprocess.JPEG, Quality: 90}))
}

// cutOut yields what is in each box, and the name of its file.
func cutOut(img *preprocess.Image, found detect.Result) iter.Seq2[string, func(io.Writer) error] {
	return func(yield func(string, func(io.Writer) error) bool) {
		for i, d := range found.Detections {
			if x, y, w, h := partIn(d, found); w > 0 && h > 0 && !yield(nameOfCrop(i, d), beside.Picture(img.Crop(x, y, w, h), preprocess.FileOptions{Format: preprocess.PNG})) {
				return
			}
		}
	}
}

// partIn is the part of a box that lies in its image; width or height is below 1 where there is none.
func partIn(d detect.Detection, in detect.Result) (x, y, width, height int) {
	x, y = max(0, int(math.Floor(float64(d.Box[0])))), max(0, int(math.Floor(float64(d.Box[1]))))
	return x, y, min(in.Width, int(math.Ceil(float64(d.Box[2])))) - x, min(in.Height, int(math.Ceil(float64(d.Box[3])))) - y
}

func nameOfCrop(i int, d detect.Detection) string {
	name := fmt.Sprint(i + 1)
	if slug := shelf.Slug(rows.NameOfClass(d)); slug != "" {
		name += "-" + slug
	}
	return name + ".png"
}

// cropsOf are the names of what is cut out for a row.
func cropsOf(row rows.Detections) (names []string) {
	for i, d := range row.Result.Detections {
		if _, _, w, h := partIn(d, row.Result); w > 0 && h > 0 {
			names = append(names, nameOfCrop(i, d))
		}
	}
	return names
}

// marks are what is drawn of what was found.
func marks(found detect.Result) []overlay.Mark {
	all := make([]overlay.Mark, len(found.Detections))
	for i, d := range found.Detections {
		m := overlay.Mark{Label: fmt.Sprintf("%s %.2f", rows.NameOfClass(d), d.Score), Class: d.Index}
		corners := d.Corners()
		m.Outline = corners[:]
		for _, k := range d.Keypoints {
			if len(k) < 3 || k[2] >= 0.5 { // as Ultralytics' plots leave out what is hardly visible
				m.Points = append(m.Points, [2]float32{k[0], k[1]})
			}
		}
		if d.Mask != nil {
			if bits, err := d.Mask.Pixels(); err == nil {
				width := d.Mask.Size[1]
				m.Mask = func(x, y int) bool { return bits[y*width+x] }
			}
		}
		all[i] = m
	}
	return all
}
