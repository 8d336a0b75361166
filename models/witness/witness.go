// Package witness has several models look at one image: a detector, a segmenter, and models of images and
// texts with their lists of labels. What they see is evidence for who describes the image, and what a
// description is checked against (package grounding).
//
//	image file --detect, segment, zeroshot--> Sight
package witness

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ortho/models/classify"
	"ortho/models/detect"
	"ortho/models/segment"
	"ortho/models/zeroshot"
	"ortho/preprocess"
)

// Witnesses are the models. Those that are nil see nothing. They stay the caller's, who closes them when no
// call is under way. Looks may be concurrent.
type Witnesses struct {
	Detector  *detect.Detector
	Segmenter *segment.Segmenter
	Lists     []List
}

// List is a list of labels that images are compared with.
type List struct {
	Name string
	*zeroshot.Classifier
}

// None reports whether there is nobody to look.
func (w *Witnesses) None() bool {
	return w == nil || w.Detector == nil && w.Segmenter == nil && len(w.Lists) == 0
}

// Sight is what was seen in an image.
type Sight struct {
	// Detections have neither masks nor key points. Their boxes are in pixels of an image of Width by Height,
	// which is turned as Orientation says.
	Detections []detect.Detection `json:"detections,omitempty"`
	Segments   []segment.Segment  `json:"segments,omitempty"` // without masks, the largest first
	Lists      []Ranking          `json:"lists,omitempty"`
	Width      int                `json:"width,omitempty"`
	Height     int                `json:"height,omitempty"`

	Orientation preprocess.Orientation `json:"-"`
}

// Ranking is what a list comes to.
type Ranking struct {
	Name        string                `json:"name"`
	Predictions []classify.Prediction `json:"predictions"` // most probable first
}

// Look has all of them look at an encoded image, one after the other. Errors are those of their graphs; see models.StageOf.
func (w *Witnesses) Look(ctx context.Context, data []byte) (s Sight, err error) {
	if w == nil {
		return s, nil
	}
	if w.Detector != nil {
		found, err := w.Detector.Image(ctx, data)
		if err != nil {
			return s, err
		}
		s.Detections, s.Width, s.Height, s.Orientation = found.Detections, found.Width, found.Height, w.Detector.Spec().Input.Orientation
		for i := range s.Detections {
			s.Detections[i].Mask, s.Detections[i].Keypoints = nil, nil
		}
	}
	if w.Segmenter != nil {
		found, err := w.Segmenter.Image(ctx, data)
		if err != nil {
			return s, err
		}
		s.Segments = found.Segments
		slices.SortStableFunc(s.Segments, func(a, b segment.Segment) int {
			switch {
			case a.Share > b.Share:
				return -1
			case a.Share < b.Share:
				return 1
			}
			return 0
		})
	}
	for _, l := range w.Lists {
		said, err := l.Image(ctx, data)
		if err != nil {
			return s, err
		}
		s.Lists = append(s.Lists, Ranking{Name: l.Name, Predictions: said.Predictions})
	}
	return s, nil
}

// Close closes the models.
func (w *Witnesses) Close() (err error) {
	if w == nil {
		return nil
	}
	if w.Detector != nil {
		err = errors.Join(err, w.Detector.Close())
	}
	if w.Segmenter != nil {
		err = errors.Join(err, w.Segmenter.Close())
	}
	for _, l := range w.Lists {
		err = errors.Join(err, l.Close())
	}
	return err
}

// NameOf is what a class is called: by its index where it has no label.
func NameOf(label string, index int) string {
	if label == "" {
		return fmt.Sprintf("class %d", index)
	}
	return label
}
