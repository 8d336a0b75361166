package main

import (
	"fmt"
	"image/png"
	"io"

	"ortho/cmd/ortho/internal/beside"
	"ortho/cmd/ortho/internal/overlay"
	"ortho/cmd/ortho/internal/rows"
	"ortho/models/segment"
	"ortho/preprocess"
)

// segmentFiles are what segment makes beside its rows: maps, and images with their segments.
type segmentFiles struct {
	masks, overlays *beside.Folder
	numbered        bool                     // a map's values are numbers of segments, and not classes
	decode          preprocess.DecodeOptions // as the model has seen images
}

func newSegmentFiles() segmentFiles {
	return segmentFiles{
		masks:    &beside.Folder{Flag: "masks", Ending: ".png", Usage: "also write each image's map to the folder `DIR`, as an indexed PNG: a pixel's value is its class, or of queries the number of its segment"},
		overlays: &beside.Folder{Flag: "overlay", Ending: ".jpg", Usage: "also write each image, tinted by its segments, to the folder `DIR`, as JPEG"},
	}
}

func (f *segmentFiles) make(item *beside.Item, found segment.Result) error {
	if f.masks.On() {
		if err := f.masks.Put(item, func(w io.Writer) error { return png.Encode(w, overlay.Map(found.Width, found.Height, found.Map)) }); err != nil {
			return err
		}
	}
	if !f.overlays.On() {
		return nil
	}
	img, err := item.Decode(f.decode)
	if err != nil {
		return err
	}
	drawn, err := f.tinted(img, found)
	if err != nil {
		return err
	}
	return f.overlays.Put(item, beside.Picture(drawn, preprocess.FileOptions{Format: preprocess.JPEG, Quality: 90}))
}

// labelled is the share of the image from which on a segment's name stands in it.
const labelled = 0.005

// tinted is an image in the colours of its segments, with lines between them and their names.
func (f *segmentFiles) tinted(img *preprocess.Image, found segment.Result) (*preprocess.Image, error) {
	if img.Width != found.Width || img.Height != found.Height {
		return nil, fmt.Errorf("it was read as %dx%d pixels, and then as %dx%d", found.Width, found.Height, img.Width, img.Height)
	}
	nothing := uint16(segment.None)
	if f.numbered {
		nothing = 0
	}
	for i, v := range found.Map {
		pixel := img.Pix[3*i : 3*i+3]
		switch {
		case i%img.Width > 0 && found.Map[i-1] != v || i >= img.Width && found.Map[i-img.Width] != v:
			pixel[0], pixel[1], pixel[2] = 255, 255, 255
		case v != nothing:
			c := overlay.Color(int(v))
			pixel[0], pixel[1], pixel[2] = byte((int(pixel[0])+int(c.R))/2), byte((int(pixel[1])+int(c.G))/2), byte((int(pixel[2])+int(c.B))/2)
		}
	}
	var marks []overlay.Mark
	for _, s := range found.Segments {
		value := s.Index
		if f.numbered {
			value = s.Value
		}
		if s.Share >= labelled {
			marks = append(marks, overlay.Mark{Label: rows.NameOfSegment(s), Class: value, Outline: [][2]float32{middleOf(found, uint16(value))}})
		}
	}
	return overlay.Draw(img, marks)
}

// middleOf is a place of a segment: the middle one of its pixels, row by row.
func middleOf(found segment.Result, value uint16) [2]float32 {
	n := 0
	for _, v := range found.Map {
		if v == value {
			n++
		}
	}
	left := n / 2
	for i, v := range found.Map {
		if v != value {
			continue
		}
		if left == 0 {
			return [2]float32{float32(i % found.Width), float32(i / found.Width)}
		}
		left--
	}
	return [2]float32{}
}
