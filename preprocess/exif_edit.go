package preprocess

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"strconv"
)

// Tags that lead to further directories of EXIF data.
const tagCamera, tagGPS, tagInterop = 34665, 34853, 40965

// leads reports whether a tag of the directory that another one leads to leads to a further one.
func leads(directory, tag uint16) bool {
	return directory == 0 && (tag == tagCamera || tag == tagGPS) || directory == tagCamera && tag == tagInterop
}

const exifMark = "Exif\x00\x00"

// withoutMark takes off what stands before EXIF data in a JPEG, and some writers put there twice.
func withoutMark(exif []byte) []byte {
	for range 2 {
		exif = bytes.TrimPrefix(exif, []byte(exifMark))
	}
	return exif
}

// cleanEXIF is EXIF data without thumbnails and other pictures, and without an orientation that was followed.
// It is nil where that can't be read.
func cleanEXIF(data []byte, turned bool) []byte {
	if data = withoutMark(data); len(data) > metadataLimit {
		return nil
	}
	return rewriteEXIF(data, func(directory, tag uint16) (number uint32, keep bool) {
		switch {
		case directory != 0:
		case tag == tagOrientation && turned:
			number = 1
		case tag == tagStripOffsets, tag == tagStripCounts, tagTileWidth <= tag && tag <= tagTileCounts, tag == 330, tag == 513, tag == 514:
			return 0, false // which lead to pixels
		}
		return number, true
	})
}

// swapResolution has the two resolutions of clean EXIF data change places.
func swapResolution(clean []byte) {
	order, big := tiffOrder(clean)
	if order == nil || big || len(clean) < 8 {
		return
	}
	at := int64(order.Uint32(clean[4:]))
	if at+2 > int64(len(clean)) {
		return
	}
	var of [2][]byte // type, count and value of XResolution and YResolution
	n := int64(order.Uint16(clean[at:]))
	for at += 2; n > 0 && at+12 <= int64(len(clean)); n, at = n-1, at+12 {
		if tag := order.Uint16(clean[at:]); tag == 282 || tag == 283 {
			of[tag-282] = clean[at+2 : at+12]
		}
	}
	if of[0] != nil && of[1] != nil {
		x := [10]byte(of[0])
		copy(of[0], of[1])
		copy(of[1], x[:])
	}
}

// sizedEXIF is clean EXIF data of a picture of that size, where it tells one.
func sizedEXIF(clean []byte, width, height int) []byte {
	return rewriteEXIF(clean, func(directory, tag uint16) (number uint32, keep bool) {
		switch {
		case directory == 0 && tag == tagWidth, directory == tagCamera && tag == 40962:
			number = uint32(width)
		case directory == 0 && tag == tagHeight, directory == tagCamera && tag == 40963:
			number = uint32(height)
		}
		return number, true
	})
}

// rewriteEXIF copies a TIFF stream's first directory, those that belong to it and their values, each to
// where it stood: makers' notes point at places. All else becomes zeros, or is gone from the end.
// edit says for every entry, by the tag that leads to its directory (0: the first), whether it
// stays, and the number that it gets; 0: its own. It is nil where there is no directory.
func rewriteEXIF(data []byte, edit func(directory, tag uint16) (number uint32, keep bool)) []byte {
	order, big := tiffOrder(data)
	if order == nil || big || len(data) < 8 {
		return nil
	}
	r := exifRewriter{order: order, in: data, out: make([]byte, len(data)+4), room: int64(len(data)), edit: edit, seen: map[uint32]bool{}}
	copy(r.out, data[:8])
	if !r.directory(order.Uint32(data[4:]), 0) {
		return nil
	}
	return r.out[:r.end:r.end]
}

type exifRewriter struct {
	order   binary.ByteOrder
	in, out []byte
	end     int   // of what is kept
	room    int64 // of values: all together are no larger than the stream
	edit    func(directory, tag uint16) (uint32, bool)
	seen    map[uint32]bool
}

// directory copies the one that begins at a place, to which a tag leads. It reports false where there is none, or
// nothing in it.
func (r *exifRewriter) directory(at uint32, tag uint16) bool {
	if at < 8 || int64(at)+2 > int64(len(r.in)) || r.seen[at] {
		return false
	}
	r.seen[at] = true
	to, kept, tags := int(at)+2, uint16(0), map[uint16]bool{}
	from := r.in[to:]
	for n := r.order.Uint16(r.in[at:]); n > 0 && len(from) >= 12; n-- {
		entry := [12]byte(from)
		from = from[12:]
		if name := r.order.Uint16(entry[:]); !tags[name] && r.entry(&entry, tag) {
			tags[name] = true
			to += copy(r.out[to:], entry[:])
			kept++
		}
	}
	r.order.PutUint16(r.out[at:], kept)
	clear(r.out[to : to+4]) // no further directory, which would be the thumbnail's
	r.end = max(r.end, to+4)
	return kept > 0
}

// entry copies what an entry leads to, and reports whether it stays.
func (r *exifRewriter) entry(entry *[12]byte, directory uint16) bool {
	tag, kind, count := r.order.Uint16(entry[:]), r.order.Uint16(entry[2:]), r.order.Uint32(entry[4:])
	size := tiffSizes[kind] * int64(count)
	number, keep := r.edit(directory, tag)
	at := r.order.Uint32(entry[8:])
	switch {
	case !keep || size == 0:
		return false
	case number != 0:
		r.set(entry, number)
	case leads(directory, tag):
		return (kind == 4 || kind == 13) && count == 1 && r.directory(at, tag)
	case size > 4:
		if size > r.room || int64(at)+size > int64(len(r.in)) {
			return false
		}
		r.room -= size
		r.end = max(r.end, int(at)+copy(r.out[at:], r.in[at:int64(at)+size]))
	}
	return true
}

// set makes an entry one number, a SHORT unless it was a LONG or does not fit one.
func (r *exifRewriter) set(entry *[12]byte, number uint32) {
	clear(entry[8:])
	long := r.order.Uint16(entry[2:]) == 4 || number > 1<<16-1
	r.order.PutUint32(entry[4:], 1)
	if long {
		r.order.PutUint16(entry[2:], 4)
		r.order.PutUint32(entry[8:], number)
		return
	}
	r.order.PutUint16(entry[2:], 3)
	r.order.PutUint16(entry[8:], uint16(number))
}

// Properties of XMP, as attributes or elements.
var (
	xmpOrientation = regexp.MustCompile(`(tiff:Orientation(?:\s*=\s*["']|>)\s*)[0-9]+`)
	xmpWidth       = regexp.MustCompile(`((?:tiff:ImageWidth|exif:PixelXDimension)(?:\s*=\s*["']|>)\s*)[0-9]+`)
	xmpHeight      = regexp.MustCompile(`((?:tiff:ImageLength|exif:PixelYDimension)(?:\s*=\s*["']|>)\s*)[0-9]+`)
	xmpThumbnails  = regexp.MustCompile(`(?s)<xmp:Thumbnails\b.*?</xmp:Thumbnails>`)
)

// cleanXMP is what cleanEXIF is of EXIF data. It is nil where the packet is too large.
func cleanXMP(packet []byte, turned bool) []byte {
	if len(packet) > metadataLimit {
		return nil
	}
	if packet = xmpThumbnails.ReplaceAll(packet, nil); turned {
		packet = xmpOrientation.ReplaceAll(packet, []byte("${1}1"))
	}
	return packet
}

func sizedXMP(packet []byte, width, height int) []byte {
	if packet == nil {
		return nil
	}
	packet = xmpWidth.ReplaceAll(packet, strconv.AppendInt([]byte("${1}"), int64(width), 10))
	return xmpHeight.ReplaceAll(packet, strconv.AppendInt([]byte("${1}"), int64(height), 10))
}
