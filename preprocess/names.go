package preprocess

import (
	"fmt"
	"strconv"
	"strings"
)

var (
	filterNames = []string{Nearest: "nearest", Lanczos: "lanczos", Bilinear: "bilinear", Bicubic: "bicubic", Box: "box", Hamming: "hamming",
		NearestCV2: "nearest-cv2", LinearCV2: "linear-cv2", AreaCV2: "area-cv2", LinearTF: "linear-tf", LinearTorch: "linear-torch"}
	colorOrderNames = []string{RGB: "rgb", BGR: "bgr"}
	layoutNames     = []string{NCHW: "nchw", NHWC: "nhwc"}
	typeNames       = []string{Float32: "float32", Float16: "float16", Uint8: "uint8", Int8: "int8", Float64: "float64", BFloat16: "bfloat16",
		Uint16: "uint16", Int16: "int16", Uint32: "uint32", Int32: "int32", Int64: "int64"}
	orientationNames = []string{IgnoreOrientation: "ignore", ApplyOrientation: "exif"}
)

func (f Filter) String() string      { return nameOf(f, filterNames) }
func (c ColorOrder) String() string  { return nameOf(c, colorOrderNames) }
func (l Layout) String() string      { return nameOf(l, layoutNames) }
func (t ElementType) String() string { return nameOf(t, typeNames) }
func (o Orientation) String() string { return nameOf(o, orientationNames) }

func nameOf[T ~uint8](v T, names []string) string {
	if int(v) < len(names) {
		return names[v]
	}
	return strconv.Itoa(int(v))
}

// ParseFilter reads a filter's name, or its number in Pillow (0 nearest, 1
// lanczos, 2 bilinear, 3 bicubic, 4 box, 5 hamming). "nearest-exact" is nearest:
// torchvision's pil_modes_mapping.
func ParseFilter(s string) (Filter, error) {
	if len(s) == 1 && '0' <= s[0] && s[0] <= '5' {
		return Filter(s[0] - '0'), nil
	}
	if strings.EqualFold(s, "nearest-exact") {
		return Nearest, nil
	}
	return parseName[Filter]("interpolation", s, filterNames)
}

// ParseColorOrder reads "rgb" or "bgr".
func ParseColorOrder(s string) (ColorOrder, error) {
	return parseName[ColorOrder]("color order", s, colorOrderNames)
}

// ParseLayout reads "nchw" or "nhwc".
func ParseLayout(s string) (Layout, error) { return parseName[Layout]("layout", s, layoutNames) }

// ParseElementType reads a type by its name in NumPy: "float32", "uint8", ...
func ParseElementType(s string) (ElementType, error) {
	return parseName[ElementType]("element type", s, typeNames)
}

// ParseOrientation reads "exif" or "ignore".
func ParseOrientation(s string) (Orientation, error) {
	return parseName[Orientation]("orientation", s, orientationNames)
}

func parseName[T ~uint8](what, s string, names []string) (T, error) {
	for i, name := range names {
		if strings.EqualFold(s, name) {
			return T(i), nil
		}
	}
	return 0, fmt.Errorf("%s %q is not one of %s", what, s, strings.Join(names, ", "))
}
