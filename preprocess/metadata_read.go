package preprocess

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// metadata is what a JPEG's segments before its first scan say.
func (h *jpegHeader) metadata() Metadata {
	m := Metadata{EXIF: h.exif, XMP: h.xmp, Resolution: h.density, Rest: h.further}
	if m.Resolution == (Resolution{}) {
		m.Resolution = exifResolution(h.exif)
	}
	for _, c := range h.comments {
		one := commented(bytes.TrimRight(c, "\x00"))
		m.Text, m.Rest = append(m.Text, one.Text...), append(m.Rest, one.Rest...)
	}
	return m
}

// commented is what a comment says.
func commented(comment []byte) (m Metadata) {
	switch text := textOf(comment); {
	case strings.Contains(text, "\x00"):
		m.Rest = []string{"text"}
	case text != "":
		m.Text = [][2]string{{jpegComment, text}}
	}
	return m
}

// textOf reads bytes as UTF-8, or else as Latin-1.
func textOf(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return fromLatin1(b)
}

func fromLatin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// jfifDensity is what a JFIF segment says.
func jfifDensity(body []byte) Resolution {
	r := Resolution{X: float64(be16(body[8:])), Y: float64(be16(body[10:])), Ratio: body[7] == 0}
	if body[7] == 2 {
		r.X, r.Y = 2.54*r.X, 2.54*r.Y
	}
	if body[7] > 2 || !r.sound() {
		return Resolution{}
	}
	return r
}

// pngMetadata reads the chunks of a PNG that has been decoded, also those behind its pixels.
func pngMetadata(data []byte) (m Metadata) {
	var raw []byte
	room := metadataLimit
	for kind, body := range pngChunksOf(data) {
		switch kind {
		case "eXIf":
			m.EXIF = body
		case "pHYs":
			m.Resolution = physical(body)
		case "tEXt", "zTXt", "iTXt":
			name := "text"
			if bytes.HasPrefix(body, []byte(pngXMP+"\x00")) {
				name = "XMP"
			}
			if len(m.Text) >= mostTexts || room <= 0 {
				m.note(name)
				continue
			}
			keyword, text, ok := pngText(kind, body)
			switch {
			case !ok || len(text) > room:
				m.note(name)
				room -= textLimit // it may have taken so much to find out
				continue
			case keyword == pngXMP:
				m.XMP = []byte(text)
			case keyword == rawProfile:
				raw = []byte(text)
			default:
				m.Text = append(m.Text, [2]string{keyword, text})
			}
			room -= len(text)
		}
	}
	if m.EXIF == nil {
		m.EXIF = unhexProfile(raw)
	}
	return m
}

// physical is what a pHYs chunk says.
func physical(body []byte) Resolution {
	if len(body) < 9 {
		return Resolution{}
	}
	r := Resolution{X: float64(be32(body)), Y: float64(be32(body[4:])), Ratio: body[8] == 0}
	if body[8] == 1 {
		r.X, r.Y = 0.0254*r.X, 0.0254*r.Y
	}
	return r
}

// pngText reads a chunk of text. It is not ok where that is damaged, can't be written again as it was, or is
// larger than Pillow allows.
func pngText(kind string, body []byte) (keyword, text string, ok bool) {
	key, value, _ := bytes.Cut(body, []byte{0})
	keyword = fromLatin1(key)
	switch kind {
	case "zTXt":
		if len(value) < 1 || value[0] != 0 {
			return keyword, "", false
		}
		if value = inflate(value[1:], textLimit); value == nil {
			return keyword, "", false
		}
		fallthrough
	case "tEXt":
		text = fromLatin1(value)
	case "iTXt": // compressed?, method, language, 0, translated keyword, 0, text
		if len(value) < 2 {
			return keyword, "", false
		}
		packed, parts := value[0] != 0, bytes.SplitN(value[2:], []byte{0}, 3)
		if len(parts) < 3 || packed && value[1] != 0 {
			return keyword, "", false
		}
		if value = parts[2]; packed {
			if value = inflate(value, textLimit); value == nil {
				return keyword, "", false
			}
		}
		text = string(value)
	}
	_, err := textChunks([][2]string{{keyword, text}})
	return keyword, text, err == nil
}
