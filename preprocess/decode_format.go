package preprocess

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	_ "golang.org/x/image/webp" // this one, and file_jpeg.go's, are what image.Decode knows
)

// format is a kind of file that Decode knows.
type format struct {
	name   string
	decode func(data []byte, ask request) (picture, error)
}

// sniff recognises the format by the first bytes; file names are ignored.
func sniff(data []byte) (format, error) {
	starts := func(prefix string) bool { return bytes.HasPrefix(data, []byte(prefix)) }
	switch {
	case starts("\xff\xd8\xff"):
		return format{"JPEG", decodeJPEG}, nil
	case starts("\x89PNG\r\n\x1a\n"):
		return format{"PNG", decodePNG}, nil
	case starts("GIF87a"), starts("GIF89a"):
		return format{"GIF", decodeGIF}, nil
	case starts("BM"):
		return format{"BMP", decodeBMP}, nil
	case isTIFF(data):
		return format{"TIFF", decodeTIFF}, nil
	case starts(jp2Signature), starts(j2kSignature):
		return format{"JPEG 2000", decodeJP2}, nil
	case starts("RIFF") && len(data) >= 12 && string(data[8:12]) == "WEBP":
		return format{"WebP", decodeWebP}, nil
	}
	if isAVIF(data) {
		return format{"AVIF", decodeAVIF}, nil
	}
	if isHEIF(data) {
		return format{"HEIC", decodeHEIF}, nil
	}
	if starts(jxlBare) || starts(jxlSignature) {
		return format{"JPEG XL", decodeJXL}, nil
	}
	if isPNM(data) {
		return format{"PNM", decodePNM}, nil
	}
	if len(data) >= 4 && slices.Contains(bmpHeaders, int(binary.LittleEndian.Uint32(data))) {
		return format{"DIB", decodeBMP}, nil
	}
	what := ""
	if kind := otherKind(data); kind != "" {
		what = " (it looks like " + kind + ")"
	}
	return format{}, fmt.Errorf("%w%s: JPEG, PNG, GIF, BMP, TIFF, WebP, AVIF, HEIC, JPEG XL, JPEG 2000 and PPM are", ErrUnsupported, what)
}

// convertFirst is what helps where a library is not there.
const convertFirst = "; or convert it to JPEG or PNG first"

// otherImages are kinds of images that are not read, by how their files begin.
var otherImages = map[string]string{"\x00\x00\x01\x00": "an icon (ICO)", "\x00\x00\x02\x00": "a cursor (CUR)", "qoif": "QOI", "DDS ": "DDS", "icns": "ICNS", "8BPS": "a Photoshop file (PSD)",
	"\x01\xda\x01\x00": "SGI", "\x01\xda\x01\x01": "SGI", "\x0a\x05\x01\x08": "PCX", "v/1\x01": "OpenEXR", "SIMP": "FITS", "%!PS": "PostScript", "\xd7\xcd\xc6\x9a": "WMF", "gimp": "a GIMP file (XCF)"}

// notText reports whether a byte does not occur in text files.
func notText(r rune) bool { return r < ' ' && r != '\t' && r != '\r' && r != '\n' }

// otherKind names what is often taken for an image that can be read.
func otherKind(data []byte) string {
	head := data[:min(len(data), 512)]
	if len(head) >= 12 && string(head[4:8]) == "ftyp" {
		return "a video or another ISO media file"
	}
	text := strings.ToLower(strings.TrimLeft(string(head), "\ufeff \t\r\n"))
	switch {
	case strings.HasPrefix(text, "%pdf"):
		return "PDF: save its pages as images first"
	case strings.HasPrefix(text, "<!doctype html"), strings.HasPrefix(text, "<html"):
		return "an HTML page: what was downloaded is no image"
	case strings.HasPrefix(text, "<svg"), strings.HasPrefix(text, "<?xml") && strings.Contains(text, "<svg"):
		return "SVG: draw it as PNG first"
	case strings.HasPrefix(string(head), "P7\n"):
		return "PAM" + convertFirst
	case strings.HasPrefix(string(head), "PF\n"):
		return "a PFM of colours" + convertFirst
	case otherImages[string(head[:min(4, len(head))])] != "":
		return otherImages[string(head[:4])] + convertFirst
	case strings.HasPrefix(text, "version https://git-lfs"):
		return "a Git LFS pointer in place of the file: git lfs pull fetches it"
	case strings.HasPrefix(string(head), "PK\x03\x04"):
		return "a zip archive: unpack it first"
	case len(text) > 0 && utf8.ValidString(text) && !strings.ContainsFunc(text, notText):
		return "text"
	}
	return ""
}

// decodeParts decodes the file that the parts are together, once its header has
// passed the guard.
func decodeParts(maxPixels int64, parts ...[]byte) (image.Image, error) {
	open := func() io.Reader {
		readers := make([]io.Reader, len(parts))
		for i, p := range parts {
			readers[i] = bytes.NewReader(p)
		}
		return io.MultiReader(readers...)
	}
	cfg, _, err := image.DecodeConfig(open())
	if err != nil {
		return nil, err
	}
	if err := checkSize(cfg.Width, cfg.Height, maxPixels); err != nil {
		return nil, err
	}
	m, _, err := image.Decode(open())
	if err != nil {
		return nil, err
	}
	return m, sizeOf(m, cfg.Width, cfg.Height)
}
