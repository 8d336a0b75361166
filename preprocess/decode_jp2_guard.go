package preprocess

import (
	"bytes"
	"errors"
	"fmt"
	"math"
)

// jp2Affordable refuses a codestream that OpenJPEG, which has no limit of its own, would take memory or time for
// that has no relation to the file. It makes structures of some kilobytes for each tile, and of hundreds of bytes for
// each precinct and code-block, and goes through all packets, whether the file has any or not; yet a header of a
// hundred bytes can ask for millions of each. A sound file has a byte for each packet at least.
func jp2Affordable(data []byte, bare bool, maxPixels int64) error {
	at, err := jp2Codestream(data, bare)
	if err != nil {
		return err
	}
	siz := data[at:]
	if len(siz) < 2+2+38 || string(siz[:4]) != j2kSignature {
		return errors.New("its codestream does not begin with its size: the file is damaged")
	}
	siz = siz[4:]
	n := func(at int) int64 { return int64(be32(siz[at:])) }
	width, height := n(4)-n(12), n(8)-n(16)
	components := int64(be16(siz[36:]))
	if width < 1 || height < 1 || components < 1 || components > 4 || n(20) < 1 || n(24) < 1 || n(28) > n(12) || n(32) > n(16) {
		return errors.New("its codestream has no such size: the file is damaged")
	}
	if err := checkSize(int(width), int(height), maxPixels); err != nil {
		return err
	}
	across, down := (n(4)-n(28)+n(20)-1)/n(20), (n(8)-n(32)+n(24)-1)/n(24)
	pixels := width * height
	if across*down > 1024+pixels/1024 {
		return fmt.Errorf("%d tiles for %dx%d pixels are more than are read", across*down, width, height)
	}
	// How pixels are divided may be said anywhere: the finest division is taken for all of them.
	worst := jp2Division{}
	for rest := data[at:]; ; {
		i := bytes.IndexByte(rest, 0xff)
		if i < 0 {
			break
		}
		if rest = rest[i+1:]; len(rest) > 0 && (rest[0] == 0x52 || rest[0] == 0x53) {
			worst.add(rest, width, height, across, down, n(12) == 0 && n(16) == 0)
		}
	}
	const spare = 1 << 20
	packets := worst.precincts * components * max(1, worst.layers)
	if blocks := worst.blocks * components; packets > int64(len(data))+spare || blocks > 8*int64(len(data))+spare {
		return fmt.Errorf("its %d packets of %d code-blocks are more than a file of %d bytes can hold", packets, blocks, len(data))
	}
	return nil
}

// jp2Codestream is where it begins: OpenJPEG goes from box to box, too.
func jp2Codestream(data []byte, bare bool) (int, error) {
	if bare {
		return 0, nil
	}
	for at := 0; at+8 <= len(data); {
		n, head := uint64(be32(data[at:])), 8
		if n == 1 && at+16 <= len(data) {
			n, head = uint64(be32(data[at+8:]))<<32|uint64(be32(data[at+12:])), 16
		}
		if string(data[at+4:at+8]) == "jp2c" {
			return at + head, nil
		}
		if n < uint64(head) || n > uint64(len(data)-at) {
			break
		}
		at += int(n)
	}
	return 0, errors.New("there is no codestream in it")
}

// jp2Division is the largest numbers that any COD or COC marker asks for, of one component.
type jp2Division struct{ layers, precincts, blocks int64 }

// add takes a marker, from its second byte on, if it is one: OpenJPEG takes none that is longer or shorter than what
// it says (ISO/IEC 15444-1, A.6.1 and A.6.2).
func (d *jp2Division) add(marker []byte, width, height, across, down int64, atOrigin bool) {
	at := 8 // COD: its length, style, progression, layers, component transformation
	if marker[0] == 0x53 {
		at = 5 // COC: its length, component, style
	}
	if len(marker) < at+5 {
		return
	}
	style, levels := marker[3], int(marker[at])
	if marker[0] == 0x53 {
		style = marker[4]
	}
	size := at - 1 + 5
	if style&1 != 0 {
		size += levels + 1
	}
	if levels > 32 || int(be16(marker[1:])) != size || len(marker) < 1+size {
		return
	}
	if marker[0] == 0x52 {
		d.layers = max(d.layers, int64(be16(marker[5:])))
	}
	precincts, blocks := int64(0), int64(0)
	for r := 0; r <= levels; r++ {
		px, py := 15, 15
		if style&1 != 0 {
			px, py = int(marker[at+5+r]&15), int(marker[at+5+r]>>4)
		}
		scale := math.Exp2(float64(levels - r))
		w, h := math.Ceil(float64(width)/scale), math.Ceil(float64(height)/scale)
		pieces := func(of float64, exponent int, tiles int64) int64 {
			n := int64(math.Ceil(of / math.Exp2(float64(exponent))))
			if tiles == 1 && atOrigin {
				return n
			}
			return n + 2*tiles // a tile's edges may cut one each
		}
		precincts += pieces(w, px, across) * pieces(h, py, down)
		bx, by := min(int(marker[at+1]&15)+2, px), min(int(marker[at+2]&15)+2, py)
		if r > 0 { // three bands of half the size
			bx, by = min(int(marker[at+1]&15)+2, max(0, px-1)), min(int(marker[at+2]&15)+2, max(0, py-1))
			blocks += 3 * pieces(w/2, bx, across) * pieces(h/2, by, down)
			continue
		}
		blocks += pieces(w, bx, across) * pieces(h, by, down)
	}
	d.precincts, d.blocks = max(d.precincts, precincts), max(d.blocks, blocks)
}
