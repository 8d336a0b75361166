// Package faces restores faces in pictures: a detector finds them with five points each, they are aligned,
// a graph makes each anew (GFPGAN, CodeFormer and their like), and they are pasted back.
//
//	image --detect--> points --Align--> map --Cut--> 512x512 --generate--> face --Paste--> picture
//
// Alignment and pasting are facexlib's (https://github.com/xinntao/facexlib, utils/face_restoration_helper.py), which
// GFPGAN and CodeFormer come with.
package faces

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"ortho/models"
	"ortho/models/detect"
	"ortho/models/generate"
	"ortho/preprocess"
)

// around is what lies around a picture in an aligned face: facexlib's gray, RGB.
var around = []byte{132, 133, 135}

// Cut is a face, aligned: Size by Size pixels of 3 channels.
func Cut(img *preprocess.Image, aligned preprocess.Affine) *preprocess.Image {
	return img.Warp(aligned, Size, Size, around)
}

// leastEyes is the distance of the eyes below which a face is left as it is, in pixels: GFPGAN's
// eye_dist_threshold.
const leastEyes = 5

// Restorer restores faces. Its parts stay the caller's, who closes them when no call is under way. Its methods may be
// called concurrently.
type Restorer struct {
	detector  *detect.Detector
	generator *generate.Generator
}

// ErrNoPoints is of a detector that gives no five points of a face.
var ErrNoPoints = errors.New("it gives no five points of each face (eyes, nose, corners of the mouth), by which faces are aligned")

// New makes a Restorer of a detector of faces with five points each, and of a graph that makes an image of
// Size by Size pixels of one.
func New(d *detect.Detector, g *generate.Generator) (*Restorer, error) {
	if points := d.Spec().Head.Keypoints; points[0] != len(Points{}) || points[1] < 2 {
		return nil, ErrNoPoints
	}
	if err := Fits(g.Spec()); err != nil {
		return nil, err
	}
	return &Restorer{d, g}, nil
}

// Fits reports why a graph can't make faces anew.
func Fits(spec *models.GeneratorSpec) error {
	in := spec.Image
	switch {
	case in == nil || spec.Mask != nil:
		return errors.New("it makes no image of an image alone")
	case in.Spec.Channels != 3 || in.Luma:
		return errors.New("it takes no colours")
	case in.Spec.Width > 0 && (in.Spec.Width != Size || in.Spec.Height != Size):
		return fmt.Errorf("it takes %dx%d pixels, and faces are aligned to %dx%d", in.Spec.Width, in.Spec.Height, Size, Size)
	}
	return nil
}

// Found are the faces of a picture. Small is how many more are too small to be restored, and Unplaced those whose points give no
// place.
type Found struct {
	Faces           []Face
	Small, Unplaced int
}

// Face is a face as it was found, with the map that aligns it.
type Face struct {
	Points  Points
	Aligned preprocess.Affine
}

// Find finds the faces in an encoded image, which is upright as the detector wants it, best first.
func (r *Restorer) Find(ctx context.Context, data []byte, width, height int) (f Found, err error) {
	result, err := r.detector.Image(ctx, data)
	if err != nil {
		return f, err
	}
	if result.Width != width || result.Height != height {
		return f, models.StageInput.Wrap(fmt.Errorf("faces were looked for in %dx%d pixels, and the picture has %dx%d", result.Width, result.Height, width, height))
	}
	for _, d := range result.Detections {
		var p Points
		if len(d.Keypoints) != len(p) {
			f.Unplaced++
			continue
		}
		for i, k := range d.Keypoints {
			p[i] = [2]float32{k[0], k[1]}
		}
		if math.Hypot(float64(p[0][0]-p[1][0]), float64(p[0][1]-p[1][1])) < leastEyes {
			f.Small++
			continue
		}
		m, err := Align(p)
		if err != nil {
			f.Unplaced++
			continue
		}
		f.Faces = append(f.Faces, Face{p, m})
	}
	return f, nil
}

// Restore makes the faces of a picture of 3 channels anew, and pastes them into another of the same, which is scale
// times as large; that may be the picture itself. step, if not nil, is called after each.
func (r *Restorer) Restore(ctx context.Context, picture *preprocess.Image, faces []Face, into *preprocess.Image, scale float64, step func(done, total int)) error {
	var all []Restored
	for i, f := range faces {
		made, err := r.anew(ctx, Cut(picture, f.Aligned))
		if err != nil {
			return err
		}
		all = append(all, Restored{made, f.Aligned})
		if step != nil {
			step(i+1, len(faces))
		}
	}
	Paste(into, all, scale)
	return nil
}

// anew runs the graph on an aligned face.
func (r *Restorer) anew(ctx context.Context, face *preprocess.Image) (*preprocess.Image, error) {
	var pixels bytes.Buffer
	out := &preprocess.Image{}
	err := r.generator.Image(ctx, &preprocess.Picture{Image: face}, func(width, height, channels int) (io.Writer, error) {
		if width != Size || height != Size || channels != 3 {
			return nil, models.StageOutput.Wrap(fmt.Errorf("the graph makes %dx%d pixels of %d channels of a face of %dx%d", width, height, channels, Size, Size))
		}
		*out = preprocess.Image{Width: width, Height: height, Channels: channels}
		return &pixels, nil
	}, nil)
	if err != nil {
		return nil, err
	}
	out.Pix = pixels.Bytes()
	return out, nil
}
