package preprocess

import (
	"bytes"
	"fmt"
	"slices"

	"ortho/preprocess/codecs"
)

// isAVIF reports whether a file's first box says that it holds AVIF, by the brands that Pillow knows.
func isAVIF(data []byte) bool {
	return len(data) >= 12 && string(data[4:8]) == "ftyp" && slices.Contains([]string{"avif", "avis", "mif1", "msf1"}, string(data[8:12])) &&
		(string(data[8:11]) == "avi" || avifWithin(data))
}

// avifWithin reports whether a file whose brand is any image's names AVIF's among those that it is
// compatible with: else it is HEIC.
func avifWithin(data []byte) bool {
	end := min(int(be32(data)), len(data), 1024)
	for at := 16; at+4 <= end; at += 4 {
		if s := string(data[at : at+4]); s == "avif" || s == "avis" {
			return true
		}
	}
	return false
}

// decodeAVIF is AvifImagePlugin.
func decodeAVIF(data []byte, ask request) (picture, error) {
	if err := codecs.FindAVIF().Err; err != nil {
		return picture{}, fmt.Errorf("%w", err)
	}
	a, err := codecs.OpenAVIF(data)
	if err != nil {
		return picture{}, err
	}
	defer a.Close()
	// Planes of up to 16 bits and the picture they are decoded from, R, G, B and A, and what these become.
	if err := ask.admit(a.Width, a.Height, 2*6+4+4); err != nil {
		return picture{}, err
	}
	return avifPicture(a, 0, ask)
}

// avifPicture decodes one of a file's pictures.
func avifPicture(a *codecs.AVIF, i int, ask request) (p picture, err error) {
	p.orientation = avifOrientation(a)
	switch a.Channels {
	case 4:
		pix := make([]byte, a.Width*a.Height*4)
		if err := a.Decode(i, pix); err != nil {
			return picture{}, err
		}
		p.img = ask.image(a.Width, a.Height, 3)
		dropAlpha(p.img.Pix, pix)
		if ask.extras {
			p.alpha = fourths(pix)
		}
	default:
		p.img = ask.image(a.Width, a.Height, a.Channels)
		err = a.Decode(i, p.img.Pix)
	}
	if ask.extras {
		if p.icc = a.ICC; p.icc == nil {
			p.stated = codePoints(a.Primaries, a.Transfer)
		}
		p.metadata = Metadata{EXIF: a.EXIF, XMP: a.XMP}
	}
	return p, err
}

// avifSequence is of a sequence of pictures, which has a time for each.
func avifSequence(data []byte) *Sequence {
	a, err := codecs.OpenAVIF(data)
	if err != nil {
		return nil
	}
	defer a.Close()
	s := &Sequence{Count: a.Frames, Plays: max(0, a.Repetitions+1), Delay: a.Delay(0)}
	s.frames = func(yield func(timed, error) bool) {
		a, err := codecs.OpenAVIF(data)
		if err != nil {
			yield(timed{}, err)
			return
		}
		defer a.Close()
		for i := 1; i < a.Frames; i++ {
			p, err := avifPicture(a, i, request{extras: true})
			p.metadata = Metadata{}
			if !yield(timed{p, a.Delay(i)}, err) || err != nil {
				return
			}
		}
	}
	return s
}

// avifOrientation is what Pillow sets EXIF's to: the boxes' own, and that of the XMP packet only where
// neither says anything.
func avifOrientation(a *codecs.AVIF) int {
	if _, stated := tiffTags(bytes.TrimPrefix(a.EXIF, []byte("Exif\x00\x00")))[tagOrientation]; stated || a.Orientation != 1 {
		return a.Orientation
	}
	return orientationOf(nil, a.XMP)
}
