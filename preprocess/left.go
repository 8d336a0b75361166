package preprocess

import (
	"slices"

	"ortho/preprocess/codecs"
)

// Left is what of an image file its [Picture] does not hold.
type Left struct {
	Frames  int  // pictures in the file beside the first: of an animation, or pages
	Profile bool // a colour profile that is of other colours than the picture's
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
		frames = tiffPages(data)
	case "AVIF":
		if codecs.FindAVIF().Err != nil {
			break // Decode did not read it, either
		}
		if a, err := codecs.OpenAVIF(data); err == nil {
			frames = a.Frames
			a.Close()
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
	if len(data) < 13 {
		return 0
	}
	at := 13
	table := func(flags byte) {
		if flags&0x80 != 0 {
			at += 3 << (flags&7 + 1)
		}
	}
	blocks := func() {
		for at < len(data) && data[at] != 0 {
			at += 1 + int(data[at])
		}
		at++
	}
	for table(data[10]); at < len(data); {
		switch data[at] {
		case '!':
			at += 2
			blocks()
		case ',':
			if at+10 > len(data) {
				return n
			}
			n++
			flags := data[at+9]
			at += 10
			table(flags)
			at++ // the size of codes
			blocks()
		default:
			return n
		}
	}
	return n
}

// tiffPages counts a TIFF's directories, some hundreds at most; a BigTIFF's are not looked for.
func tiffPages(data []byte) int {
	order, big := tiffOrder(data)
	if order == nil || big || len(data) < 8 {
		return 1
	}
	seen := []uint32{}
	for next := order.Uint32(data[4:]); next != 0 && len(seen) < 999 && !slices.Contains(seen, next); {
		seen = append(seen, next)
		if int64(next)+2 > int64(len(data)) {
			break
		}
		end := int64(next) + 2 + 12*int64(order.Uint16(data[next:]))
		if end+4 > int64(len(data)) {
			break
		}
		next = order.Uint32(data[end:])
	}
	return max(1, len(seen))
}
