package preprocess

import "bytes"

// This file has the one colour that a PNG or a GIF makes transparent. Pillow carries it along
// when it makes an image of three channels, and transformers then puts white in its place.

// colourKey is what Pillow's info["transparency"] is once the file has become RGB; ok is false
// where there is none, or it is no colour.
func colourKey(file []byte) (key [3]uint8, ok bool) {
	switch {
	case bytes.HasPrefix(file, []byte("\x89PNG\r\n\x1a\n")) && len(file) > 25:
		return pngKey(file)
	case bytes.HasPrefix(file, []byte("GIF8")) && len(file) > 13:
		return gifKey(file)
	}
	return key, false
}

// key is the colour of the file that the spec has whitened.
func (s *Spec) key(file []byte) (key [3]uint8, ok bool) {
	if !s.KeyWhite || s.Channels != 3 {
		return key, false
	}
	return colourKey(file)
}

// pngKey follows PngImagePlugin.chunk_tRNS and Image.convert. Of an image of one bit or of
// sixteen, which convert leaves as it is, the value stands for red alone.
func pngKey(file []byte) (key [3]uint8, ok bool) {
	depth, kind, t := file[24], file[25], pngChunk(file, "tRNS")
	switch {
	case kind == 3:
		if bytes.Count(t, []byte{0}) != 1 || bytes.Count(t, []byte{255}) != len(t)-1 { // several, or in part
			return key, false
		}
		return tableColour(pngChunk(file, "PLTE"), bytes.IndexByte(t, 0)), true
	case kind == 2 && len(t) >= 6:
		return [3]uint8{t[1], t[3], t[5]}, true
	case kind != 0 || len(t) < 2:
		return key, false
	case depth == 1:
		return key, be16(t) == 0
	case depth == 16:
		return key, t[1] == 0
	}
	return [3]uint8{t[1], t[1], t[1]}, t[0] == 0
}

// gifKey reads as far as the first frame: its own table of colours counts, else the file's; of
// one without any the index is the gray.
func gifKey(file []byte) (key [3]uint8, ok bool) {
	table := func(at int, flags byte) ([]byte, int) {
		if flags&0x80 == 0 {
			return nil, at
		}
		end := min(len(file), at+3<<(flags&7+1))
		return file[at:end], end
	}
	colours, at := table(13, file[10])
	index := -1
	for at+10 < len(file) {
		switch file[at] {
		case '!':
			if file[at+1] == 0xf9 && file[at+2] >= 4 && file[at+3]&1 == 1 {
				index = int(file[at+6])
			}
			for at += 2; at < len(file) && file[at] != 0; at += 1 + int(file[at]) {
			}
			at++
		case ',':
			if own, _ := table(at+10, file[at+9]); own != nil {
				colours = own
			}
			if colours == nil && index >= 0 {
				return [3]uint8{uint8(index), uint8(index), uint8(index)}, true
			}
			return tableColour(colours, index), index >= 0
		default:
			at++
		}
	}
	return key, false
}

// tableColour is black beyond the table's end.
func tableColour(table []byte, index int) (key [3]uint8) {
	if index >= 0 && 3*index+3 <= len(table) {
		key = [3]uint8(table[3*index:])
	}
	return key
}

// whiten puts white in the place of a colour.
func (m *Image) whiten(key [3]uint8) {
	for p := m.Pix; len(p) >= 3; p = p[3:] {
		if [3]uint8(p) == key {
			p[0], p[1], p[2] = 255, 255, 255
		}
	}
}
