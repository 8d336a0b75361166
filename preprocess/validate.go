package preprocess

import (
	"fmt"
	"math"
)

// MaxSize bounds the edges of a tensor and of the image before the crop.
const MaxSize = 16384

// Validate checks that the spec can be carried out. What can't is a [SettingError], but for
// values that have no name.
func (s *Spec) Validate() error {
	switch {
	case s.Open() && !s.Resize.sizes():
		return settingError("an input of each image's own size: %s must say how large it becomes", key("resize"))
	case s.PadMultiple < 0 || s.PadMultiple > MaxSize:
		return fmt.Errorf("padding to multiples of %d: it must be from 0 to %d", s.PadMultiple, MaxSize)
	case s.Open():
	case s.Height < 1 || s.Width < 1 || s.Height > MaxSize || s.Width > MaxSize:
		return settingError("an input of %dx%d pixels: %s must be from 1 to %d", s.Height, s.Width, key("input-size"), MaxSize)
	}
	switch {
	case s.Channels != 1 && s.Channels != 3:
		return settingError("an input of %d channels: %s must be 1 or 3", s.Channels, key("channels"))
	case len(s.Mean) != s.Channels || len(s.Std) != s.Channels:
		return settingError("%d values of %s and %d of %s for %d channels", len(s.Mean), key("mean"), len(s.Std), key("std"), s.Channels)
	case int(s.Interpolation) >= len(filterNames) || int(s.Type) >= len(typeNames) || s.ColorOrder > BGR || s.Layout > NHWC || s.Form > Row || s.Form == Plane && s.Channels != 1:
		return fmt.Errorf("interpolation %d, type %d, colour order %d, layout %d or form %d of %d channels is not known", s.Interpolation, s.Type, s.ColorOrder, s.Layout, s.Form, s.Channels)
	case !finite(s.Range[1]-s.Range[0]) || s.Range[0] == s.Range[1]:
		return settingError("%s %v,%v holds no values", key("input-range"), s.Range[0], s.Range[1])
	}
	if part := s.Central; part != [2]float64{} && !(part[0] > 0 && part[0] <= 1 && part[1] > 0 && part[1] <= 1) {
		return fmt.Errorf("a middle of %v x %v of the short edge: it must be from 0 to 1", part[0], part[1])
	}
	for c := range s.Channels {
		if !finite(s.Mean[c]) || !finite(s.Std[c]) || s.Std[c] == 0 {
			return settingError("%s %v and %s %v can't be used: both must be finite, and std not 0", key("mean"), s.Mean[c], key("std"), s.Std[c])
		}
	}
	if s.Peak && (s.Type != Float32 && s.Type != Float16 || s.Interpolation.decimals()) {
		return settingError("%s max is for tensors of float32 and float16, and for filters whose pixels are whole numbers", key("white-point"))
	}
	edges := [2]int{s.Resize.Size, s.Resize.Size}
	switch s.Resize.Mode {
	case ResizeNone:
		return nil
	case ShortEdge, ShortEdgeRounded, LongEdge:
	case Multiples:
		edges = [2]int{s.Resize.Multiple, s.Resize.Multiple}
	case Exact, Fit, FitWithin, Letterbox, Cover, PadSquare, Constrained:
		edges = [2]int{s.Resize.Height, s.Resize.Width}
	default:
		return fmt.Errorf("resize mode %d is not known", s.Resize.Mode)
	}
	if r := s.Resize; r.Longest < 0 || r.Longest > MaxSize || r.Multiple < 0 || r.Multiple > MaxSize {
		return fmt.Errorf("a resize to %d at most, and multiples of %d: both must be from 0 to %d", r.Longest, r.Multiple, MaxSize)
	}
	for _, edge := range edges {
		if edge < 1 || edge > MaxSize {
			return settingError("a resize to %d pixels: %s must be from 1 to %d", edge, key("resize"), MaxSize)
		}
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
