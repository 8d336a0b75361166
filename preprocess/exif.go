package preprocess

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/hex"
	"io"
	"iter"
)

const tagOrientation = 274

// tags are the first integer values of a TIFF directory's entries.
type tags map[uint16]uint32

// orientation is the tag's value where it is a meaningful one, else 0.
func (t tags) orientation() int {
	if v := t[tagOrientation]; 1 <= v && v <= 8 {
		return int(v)
	}
	return 0
}

// tiffTags reads the integers of a TIFF's first directory.
func tiffTags(data []byte) tags {
	t := tags{}
	for e := range tiffEntries(data) {
		switch e.kind {
		case 3, 8: // SHORT, SSHORT
			t[e.tag] = uint32(e.order.Uint16(e.value))
		case 4, 9, 13: // LONG, SLONG, IFD
			t[e.tag] = e.order.Uint32(e.value)
		case 6: // SBYTE
			t[e.tag] = uint32(e.value[0])
		}
	}
	return t
}

// tiffEntry is an entry of a TIFF directory.
type tiffEntry struct {
	order     binary.ByteOrder
	tag, kind uint16
	value     []byte // of all its numbers, one at least
	raw       []byte // the entry itself
}

// set makes the entry that of one LONG.
func (e tiffEntry) set(v uint32) {
	e.order.PutUint16(e.raw[2:], 4)
	e.order.PutUint32(e.raw[4:], 1)
	e.order.PutUint32(e.raw[8:], v)
}

// tiffEntries yields the first directory's entries of a TIFF stream, or of what EXIF
// embeds of one, as far as they hold integers or bytes. What is malformed is left out, as
// Pillow does: a broken tag is no reason to refuse a picture.
func tiffEntries(data []byte) iter.Seq[tiffEntry] {
	return func(yield func(tiffEntry) bool) {
		if len(data) < 8 {
			return
		}
		var order binary.ByteOrder = binary.LittleEndian
		switch string(data[:4]) {
		case "MM\x00*", "MM*\x00":
			order = binary.BigEndian
		case "II*\x00", "II\x00*":
		default:
			return
		}
		offset := int64(order.Uint32(data[4:]))
		if offset+2 > int64(len(data)) {
			return
		}
		entries := data[offset+2:]
		for n := order.Uint16(data[offset:]); n > 0 && len(entries) >= 12; n-- {
			e := entries[:12]
			entries = entries[12:]
			kind := order.Uint16(e[2:])
			size := map[uint16]int64{1: 1, 3: 2, 4: 4, 6: 1, 7: 1, 8: 2, 9: 4, 13: 4}[kind]
			count := int64(order.Uint32(e[4:]))
			value := e[8:]
			if size == 0 || count == 0 {
				continue
			}
			if count > 4/size {
				at := int64(order.Uint32(value))
				if at+count*size > int64(len(data)) {
					continue
				}
				value = data[at:]
			}
			if !yield(tiffEntry{order, order.Uint16(e), kind, value[:count*size], e}) {
				return
			}
		}
	}
}

// orientationOf is what EXIF data, or else an XMP packet, says.
func orientationOf(exif, xmp []byte) int {
	for range 2 {
		exif = bytes.TrimPrefix(exif, []byte("Exif\x00\x00"))
	}
	t := tiffTags(exif)
	if _, ok := t[tagOrientation]; ok {
		return t.orientation()
	}
	const attribute = "tiff:Orientation"
	for {
		i := bytes.Index(xmp, []byte(attribute))
		if i < 0 {
			return 0
		}
		xmp = xmp[i+len(attribute):]
		for _, sep := range []string{`="`, `>`} {
			if v, ok := bytes.CutPrefix(xmp, []byte(sep)); ok && len(v) > 0 && '0' <= v[0] && v[0] <= '9' {
				return int(v[0] - '0')
			}
		}
	}
}

// pngOrientation looks into eXIf, into what ImageMagick writes in its stead, and
// into the XMP packet of a PNG that has been decoded: chunk lengths are sound up
// to its end.
func pngOrientation(data []byte) int {
	var exif, raw, xmp []byte
	for data = data[8:]; len(data) >= 12; {
		n := int64(be32(data))
		if n+12 > int64(len(data)) {
			break
		}
		body := data[8 : 8+n]
		switch string(data[4:8]) {
		case "eXIf":
			exif = body
		case "tEXt":
			if text, ok := bytes.CutPrefix(body, []byte(rawProfile+"\x00")); ok {
				raw = text
			}
		case "zTXt":
			if text, ok := bytes.CutPrefix(body, []byte(rawProfile+"\x00\x00")); ok {
				raw = inflate(text, textLimit)
			}
		case "iTXt":
			// Keyword, 0, compressed?, method, language, 0, translated keyword, 0, text.
			if text, ok := bytes.CutPrefix(body, []byte("XML:com.adobe.xmp\x00\x00\x00")); ok {
				xmp = text
			}
		}
		data = data[12+n:]
	}
	if exif == nil {
		exif = unhexProfile(raw)
	}
	return orientationOf(exif, xmp)
}

const rawProfile = "Raw profile type exif"

// textLimit is Pillow's for what is deflated in a PNG's text.
const textLimit = 1 << 20

// inflate gives nothing for what is broken or longer than limit.
func inflate(data []byte, limit int) []byte {
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil || len(text) > limit {
		return nil
	}
	return text
}

// unhexProfile reads a line that is empty, the name, the length, then lines of hex
// digits.
func unhexProfile(text []byte) []byte {
	lines := bytes.SplitN(text, []byte("\n"), 4)
	if len(lines) < 4 {
		return nil
	}
	digits := bytes.Join(bytes.Fields(lines[3]), nil)
	profile, err := hex.AppendDecode(nil, digits)
	if err != nil {
		return nil
	}
	return profile
}
