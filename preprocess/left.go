package preprocess

import (
	"slices"

	"ortho/preprocess/codecs"
)

// Left is what of an image file its [Picture] does not hold.
type Left struct {
	Frames   int      // pictures in the file beside the first: of an animation, or pages
	Metadata []string // "EXIF", "XMP", "text", "resolution", in this order
	Profile  bool     // a colour profile, or stated colours, of which the picture is not
}

// Nothing reports whether the picture holds all.
func (l Left) Nothing() bool { return l.Frames == 0 && len(l.Metadata) == 0 && !l.Profile }

// LeftOf looks for it in a file that has been decoded to p.
func LeftOf(data []byte, p *Picture) Left {
	l := Left{Profile: p.dropped}
	has := map[string]bool{}
	f, err := sniff(data)
	if err != nil {
		return l
	}
	switch f.name {
	case "JPEG":
		if h, err := readJPEGHeader(data); err == nil {
			has["EXIF"], has["XMP"] = h.exif != nil, h.xmp != nil
		}
	case "PNG":
		for at := 8; at+12 <= len(data); {
			n := int(be32(data[at:]))
			switch string(data[at+4 : at+8]) {
			case "eXIf":
				has["EXIF"] = true
			case "tEXt", "zTXt", "iTXt":
				has["text"] = true
			case "pHYs":
				has["resolution"] = true
			case "acTL":
				if at+12 <= len(data) {
					l.Frames = max(0, int(be32(data[at+8:]))-1)
				}
			}
			if n > len(data)-at-12 {
				break
			}
			at += 12 + n
		}
	case "GIF":
		l.Frames = max(0, gifFrames(data)-1)
	case "TIFF":
		tags := tiffTags(data)
		l.Frames = tiffPages(data) - 1
		_, has["EXIF"] = tags[34665]
		for _, tag := range []uint16{270, 271, 272, 305, 315} { // ImageDescription, Make, Model, Software, Artist
			has["text"] = has["text"] || tiffHas(data, tag)
		}
		_, has["XMP"] = tags[700]
	case "AVIF":
		if codecs.FindAVIF().Err != nil {
			break // Decode did not read it, either
		}
		if a, err := codecs.OpenAVIF(data); err == nil {
			has["EXIF"], has["XMP"], l.Frames = a.EXIF != nil, a.XMP != nil, a.Frames-1
			a.Close()
		}
	case "HEIC":
		if codecs.FindHEIF().Err != nil || heifAffordable(data, defaultMaxPixels) != nil {
			break
		}
		if h, err := codecs.OpenHEIF(data, defaultMaxPixels); err == nil {
			has["EXIF"], has["XMP"], l.Frames = h.EXIF, h.XMP, h.Frames-1
			h.Close()
		}
	case "JPEG XL":
		for kind, body := range jxlBoxes(data) {
			if kind == "brob" && len(body) >= 4 { // another box, compressed
				kind = string(body[:4])
			}
			has["EXIF"], has["XMP"] = has["EXIF"] || kind == "Exif", has["XMP"] || kind == "xml "
		}
		if codecs.FindJXL().Err == nil {
			l.Frames = max(0, codecs.JXLFrames(data)-1)
		}
	case "WebP":
		riffChunks(data[min(12, len(data)):], func(id string, _ []byte) error {
			switch id {
			case "EXIF":
				has["EXIF"] = true
			case "XMP ":
				has["XMP"] = true
			case "ANMF":
				l.Frames++
			}
			return nil
		})
		l.Frames = max(0, l.Frames-1)
	}
	for _, name := range []string{"EXIF", "XMP", "text", "resolution"} {
		if has[name] {
			l.Metadata = append(l.Metadata, name)
		}
	}
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

// tiffHas reports whether the first directory of a TIFF has a tag of text.
func tiffHas(data []byte, tag uint16) bool {
	order, big := tiffOrder(data)
	if order == nil || big || len(data) < 8 {
		return false
	}
	at := int64(order.Uint32(data[4:]))
	if at+2 > int64(len(data)) {
		return false
	}
	for n, at := int(order.Uint16(data[at:])), at+2; n > 0 && at+12 <= int64(len(data)); n, at = n-1, at+12 {
		if order.Uint16(data[at:]) == tag {
			return true
		}
	}
	return false
}
