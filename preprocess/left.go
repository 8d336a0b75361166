package preprocess

import (
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
			}
		}
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
