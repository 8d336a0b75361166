package preprocess

import (
	"bytes"

	"ortho/preprocess/codecs"
)

// Left is what of an image file its [Picture] does not hold.
type Left struct {
	Frames  int  // pictures in the file beside the first: of an animation, or pages
	Profile bool // a colour profile, or stated colours, of which the picture is not
}

// LeftOf looks for it in a file that has been decoded to p.
func LeftOf(data []byte, p *Picture) Left {
	l := Left{Profile: p.dropped}
	f, err := sniff(data)
	if err != nil {
		return l
	}
	frames := 0
	switch f.name {
	case "PNG":
		for kind, body := range pngChunksOf(data) {
			if kind == "acTL" && len(body) >= 4 {
				frames = int(be32(body))
				if f, err := readPNG(data); err == nil && f.frame == (region{}) {
					frames++ // the picture in front of them is none of them
				}
			}
		}
	case "JPEG":
		frames = mpoPictures(data)
	case "GIF":
		frames = gifFrames(data)
	case "TIFF":
		frames = len(tiffPages(data))
	case "AVIF":
		if codecs.FindAVIF().Err != nil {
			break // Decode did not read it, either
		}
		if a, err := codecs.OpenAVIF(data); err == nil {
			frames = a.Frames
			a.Close()
		}
	case "HEIC":
		if codecs.FindHEIF().Err != nil || heifAffordable(data, defaultMaxPixels) != nil {
			break
		}
		if h, err := codecs.OpenHEIF(data, defaultMaxPixels); err == nil {
			frames = h.Frames
			h.Close()
		}
	case "JPEG XL":
		if codecs.FindJXL().Err == nil {
			frames = codecs.JXLFrames(data)
		}
	case "WebP":
		riffChunks(data[min(12, len(data)):], func(id string, _ []byte) error {
			if id == "ANMF" {
				frames++
			}
			return nil
		})
	}
	l.Frames = max(0, frames-1)
	return l
}

// mpoPictures is how many pictures a JPEG says to hold by the index of multi-picture files (CIPA DC-007, 5.2.3);
// 0: it has none.
func mpoPictures(data []byte) int {
	at := bytes.Index(data[:min(len(data), 1<<16)], []byte("MPF\x00"))
	if at < 0 {
		return 0
	}
	for e := range tiffEntries(data[at+4:]) {
		if e.tag == 0xb001 {
			if n := e.numbers(1); len(n) == 1 {
				return int(min(n[0], 1000))
			}
		}
	}
	return 0
}

// gifFrames counts a GIF's pictures, up to where it is damaged.
func gifFrames(data []byte) (n int) {
	g, err := openGIF(data)
	for err == nil {
		if _, err = g.next(); err == nil {
			n++
		}
	}
	return n
}
