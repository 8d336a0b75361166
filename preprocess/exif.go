package preprocess

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"io"
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
		if n := e.numbers(1); len(n) > 0 {
			t[e.tag] = uint32(n[0])
		}
	}
	return t
}

// orientationOf is what EXIF data, or else an XMP packet, says.
func orientationOf(exif, xmp []byte) int {
	t := tiffTags(withoutMark(exif))
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
	for kind, body := range pngChunksOf(data) {
		switch kind {
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
			if text, ok := bytes.CutPrefix(body, []byte(pngXMP+"\x00\x00\x00")); ok {
				xmp = text
			}
		}
	}
	if exif == nil {
		exif = unhexProfile(raw)
	}
	return orientationOf(exif, xmp)
}

// Keywords under which PNGs have EXIF data, as ImageMagick writes it, and XMP.
const rawProfile, pngXMP = "Raw profile type exif", "XML:com.adobe.xmp"

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
