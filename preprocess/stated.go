package preprocess

import (
	"errors"
	"math"

	"ortho/preprocess/codecs"
)

// errHDR is of pictures whose values are of light beyond what is shown as white.
var errHDR = errors.New("HDR pictures have no such profile")

// statedProfile makes the colour profile that a file states by numbers alone. Files of sRGB, and those
// that state nothing, have none.
type statedProfile func(gray bool) ([]byte, error)

// profileOfColours makes a profile of colours.
func profileOfColours(c codecs.Colours) statedProfile {
	return func(gray bool) ([]byte, error) {
		if err := codecs.FindLCMS().Err; err != nil {
			return nil, err
		}
		c.Gray = gray
		return codecs.MakeProfile(c)
	}
}

var (
	d65  = [2]float64{0.3127, 0.3290}
	srgb = codecs.Colours{White: d65, Primaries: [3][2]float64{{0.64, 0.33}, {0.30, 0.60}, {0.15, 0.06}}, Curve: [5]float64{2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045}}
)

// codePoints is what numbers of ITU-T H.273 say, of tables 2 and 3; nil of sRGB and of what is not stated.
func codePoints(primaries, transfer int) statedProfile {
	const unstated = 2
	c := srgb
	switch primaries {
	case 1, unstated:
	case 4:
		c.White, c.Primaries = [2]float64{0.310, 0.316}, [3][2]float64{{0.67, 0.33}, {0.21, 0.71}, {0.14, 0.08}}
	case 5:
		c.Primaries = [3][2]float64{{0.64, 0.33}, {0.29, 0.60}, {0.15, 0.06}}
	case 6, 7:
		c.Primaries = [3][2]float64{{0.630, 0.340}, {0.310, 0.595}, {0.155, 0.070}}
	case 9:
		c.Primaries = [3][2]float64{{0.708, 0.292}, {0.170, 0.797}, {0.131, 0.046}}
	case 11:
		c.White = [2]float64{0.314, 0.351}
		fallthrough
	case 12:
		c.Primaries = [3][2]float64{{0.680, 0.320}, {0.265, 0.690}, {0.150, 0.060}}
	default:
		return func(bool) ([]byte, error) { return nil, errors.New("their primaries are not known") }
	}
	switch transfer {
	case 13, unstated:
	// The curve of television cameras: pictures that state it are shown as those of sRGB are, by browsers
	// and by libavif's own converters.
	case 1, 6, 14, 15:
	case 4:
		c.Curve = gamma(2.2)
	case 5:
		c.Curve = gamma(2.8)
	case 8:
		c.Curve = gamma(1)
	case 16, 18:
		return func(bool) ([]byte, error) { return nil, errHDR }
	default:
		return func(bool) ([]byte, error) { return nil, errors.New("their transfer function is not known") }
	}
	if c == srgb {
		return nil
	}
	return profileOfColours(c)
}

func gamma(g float64) [5]float64 { return [5]float64{g, 1, 0, 0, 0} }

// statedColours is what the chunks of a PNG say that has no profile: the first of them that counts
// (PNG, third edition, 4.3).
func (f *pngFile) statedColours() statedProfile {
	switch {
	case f.icc != nil:
		return nil
	case len(f.cicp) >= 4:
		return codePoints(int(f.cicp[0]), int(f.cicp[1]))
	case f.srgb:
		return nil
	}
	c := srgb
	if f.gamma != 0 {
		c.Curve = gamma(100000 / float64(f.gamma))
	}
	if f.chromaticities != nil {
		at := func(i int) [2]float64 {
			return [2]float64{float64(be32(f.chromaticities[8*i:])) / 100000, float64(be32(f.chromaticities[8*i+4:])) / 100000}
		}
		c.White, c.Primaries = at(0), [3][2]float64{at(1), at(2), at(3)}
	}
	// Programs without colour management write these two, and mean sRGB: its curve as one power.
	const usual = 45455
	if sameColours(c, srgb) && (f.gamma == 0 || f.gamma == usual) {
		return nil
	}
	return profileOfColours(c)
}

// sameColours compares white points and primaries, as programs round them.
func sameColours(a, b codecs.Colours) bool {
	near := func(a, b [2]float64) bool { return math.Abs(a[0]-b[0]) < 0.002 && math.Abs(a[1]-b[1]) < 0.002 }
	return near(a.White, b.White) && near(a.Primaries[0], b.Primaries[0]) && near(a.Primaries[1], b.Primaries[1]) && near(a.Primaries[2], b.Primaries[2])
}
