package preprocess

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// heifAffordable refuses a file whose HEVC streams, whatever size its boxes state, ask for larger pictures than are
// read: libheif only has limits for them since 1.19, with a libde265 that knows them, too. Where a stream lies may be
// said in many ways, and it can state its size anywhere, so all that would be a sequence parameter set is looked at.
// Pictures of other codings, which pillow-heif does not read, either, are refused.
func heifAffordable(data []byte, maxPixels int64) error {
	for rest := data; ; {
		i := bytes.Index(rest, []byte("infe"))
		if i < 0 {
			break
		}
		if rest = rest[i+4:]; len(rest) < 14 {
			break
		}
		at := 8 // version and flags, number, protection
		if rest[0] >= 3 {
			at = 10
		}
		if coding := string(rest[at : at+4]); slices.Contains(otherCodings, coding) {
			return fmt.Errorf("its picture is coded as %s: only HEVC is read", coding)
		}
	}
	most := 2*maxPixels + 1<<20 // what is coded may stand out over what is shown
	for i := 0; i+2 < len(data); i++ {
		// A NAL unit of kind 33, of the first layer (ITU-T H.265, 7.3.1.2).
		if data[i]&0x7f != 0x42 || data[i+1] > 7 {
			continue
		}
		if width, height, err := hevcSize(data[i+2:]); err == nil && width*height > most {
			return fmt.Errorf("a picture in it is coded as %d: %w", width*height, &TooLargeError{Width: int(width), Height: int(height), MaxPixels: maxPixels})
		}
	}
	return nil
}

// otherCodings are those that libheif has decoders for.
var otherCodings = []string{"av01", "avc1", "vvc1", "evc1", "jpeg", "mjpg", "j2k1", "unci", "mski"}

var errNoSPS = errors.New("no sequence parameter set")

// hevcSize reads a sequence parameter set up to the size of blocks (ITU-T H.265, 7.3.2.2), as far as libde265 would
// take it: the size must be a multiple of that.
func hevcSize(data []byte) (width, height int64, err error) {
	b := nalBits{data: data}
	b.bits(4)
	layers := b.bits(3)
	if layers == 7 {
		return 0, 0, errNoSPS
	}
	b.bits(1)
	b.skip(96) // the profile and its level, and then those of layers
	if layers > 0 {
		flags := b.bits(16)
		for i := range layers {
			if flags>>(15-2*i)&1 != 0 {
				b.skip(88)
			}
			if flags>>(14-2*i)&1 != 0 {
				b.skip(8)
			}
		}
	}
	if b.number() > 15 {
		return 0, 0, errNoSPS
	}
	switch chroma := b.number(); {
	case chroma > 3:
		return 0, 0, errNoSPS
	case chroma == 3:
		b.bits(1)
	}
	width, height = b.number(), b.number()
	if b.bits(1) != 0 {
		for range 4 {
			b.number()
		}
	}
	b.number()
	b.number()
	b.number()
	count := int64(1)
	if b.bits(1) != 0 {
		count = layers + 1
	}
	for range 3 * count {
		b.number()
	}
	block := b.number() + 3
	if b.short || block > 6 || width%(1<<block) != 0 || height%(1<<block) != 0 {
		return 0, 0, errNoSPS
	}
	return width, height, nil
}

// nalBits reads the bits of a NAL unit, without the bytes 3 that stand behind two zeros in it.
type nalBits struct {
	data  []byte
	zeros int
	left  int // bits of the current byte that are not read yet
	now   byte
	short bool // the data has ended, or holds a number longer than any
}

func (b *nalBits) bit() int64 {
	if b.left == 0 {
		if len(b.data) > 0 && b.zeros >= 2 && b.data[0] == 3 {
			b.data, b.zeros = b.data[1:], 0
		}
		if len(b.data) == 0 {
			b.short = true
			return 0
		}
		b.now, b.data, b.left = b.data[0], b.data[1:], 8
		if b.zeros++; b.now != 0 {
			b.zeros = 0
		}
	}
	b.left--
	return int64(b.now >> b.left & 1)
}

func (b *nalBits) bits(n int) (v int64) {
	for range n {
		v = v<<1 | b.bit()
	}
	return v
}

func (b *nalBits) skip(n int) { b.bits(n) }

// number is ue(v) of the specification's 9.2.
func (b *nalBits) number() int64 {
	n := 0
	for b.bit() == 0 {
		if n++; n > 20 || b.short {
			b.short = true
			return 0
		}
	}
	return 1<<n - 1 + b.bits(n)
}
