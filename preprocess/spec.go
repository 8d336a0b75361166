package preprocess

// Spec says how an image becomes a model's input tensor. Its steps, in order:
// decode to Channels (1: ITU-R 601 luma, 3: RGB), orient, cut to the Central part, resize,
// crop or pad to Height x Width, then per channel
//
//	v = pixel/255*(Range[1]-Range[0]) + Range[0]   (pixel is 255-pixel where Invert is set; see Peak, too)
//	x = (v - Mean[c]) / Std[c]
//
// and pack as Layout and Type say. ColorOrder says which colour stands in
// channel c; Mean and Std are in the order of the tensor's channels.
type Spec struct {
	// Height and Width are those of the tensor; 0 and 0 where each image has its own, by
	// Resize and PadMultiple: see [Spec.For].
	Height, Width int
	Channels      int // 1 or 3

	// Central, where it is not zero, is the height and width of the image's middle in parts
	// of its short edge: only that part is used, cut out before the resize.
	Central [2]float64

	Resize        Resize
	Interpolation Filter
	CropOffset    CropOffset
	Fill          [3]uint8 // R, G, B where the resized image is smaller than the tensor

	// PadEnd leaves the image at the tensor's first row and column where it is smaller, and the
	// rest at 0, whatever Mean and Std are: transformers' do_pad. A larger one is an error.
	PadEnd bool

	// PadMultiple, of a spec without Height and Width, is what both edges of the resized image
	// are padded to a multiple of; 0: to none.
	PadMultiple int

	// Peak puts the largest value of all channels of the resized image in the place of 255, as rembg
	// does it: its brightest pixel becomes Range[1].
	Peak bool

	Range      [2]float64 // the values that pixel 0 and pixel 255 become before Mean and Std
	Mean, Std  []float64  // one per channel
	ColorOrder ColorOrder
	Layout     Layout
	Form       Form
	Type       ElementType
	Invert     bool

	Orientation Orientation

	// KeyWhite makes those pixels white that have the one colour which a PNG or GIF file makes
	// transparent: transformers' do_convert_rgb, of an image that Pillow's convert("RGB") made.
	// It is for three channels, and for files: Tensor knows of none.
	KeyWhite bool
}

// Resize says to what size an image is resized before the crop.
type Resize struct {
	Mode ResizeMode
	// Size is the target of the edge that ShortEdge, ShortEdgeRounded and LongEdge name; Exact,
	// Fit, FitWithin and Cover use Height and Width.
	Size, Height, Width int
	// Longest, where it is not 0, is what the long edge of ShortEdge may come to at most: the
	// short one is brought to less then. transformers' get_size_with_aspect_ratio.
	Longest int
	// Multiple, where it is above 1, is what ShortEdge and ShortEdgeRounded bring both edges up
	// to a multiple of, or down where Down is set: YOLOS. Constrained and Multiples have their own rules.
	Multiple int
	Down     bool
}

// ResizeMode is the rule that gives the size before the crop.
type ResizeMode uint8

const (
	// ResizeNone crops (or pads) the image as it is.
	ResizeNone ResizeMode = iota
	// ShortEdge brings the short edge to Size and the long one to
	// int(Size*long/short): torchvision's Resize(int), PIL-backed.
	ShortEdge
	// LongEdge brings the long edge to Size, the short one by timm's
	// ResizeKeepRatio(longest=1) rule: crop_mode "border".
	LongEdge
	// Exact squashes to Height x Width, whatever the ratio was.
	Exact
	// Fit keeps the ratio and brings the image to the largest size within Height x
	// Width: LongEdge for a tensor that is no square.
	Fit
	// Cover keeps the ratio and brings the image to the smallest size that covers
	// Height x Width: timm's ResizeKeepRatio(longest=0), which crop_mode "center"
	// takes for a tensor that is no square.
	Cover
	// ShortEdgeRounded is ShortEdge, with the long edge rounded half to even: transformers'
	// PPLCNetImageProcessor.
	ShortEdgeRounded
	// FitWithin is Fit, with both edges truncated: what transformers does for a size of
	// max_height and max_width, and YOLOX.
	FitWithin
	// Letterbox is Fit by one product: both edges are multiplied by min(Height/height,
	// Width/width) and rounded half to even, as Ultralytics' LetterBox does it.
	Letterbox
	// PadSquare lays the image on a square of its long edge, of the colour Fill and with the odd pixel at the end, and
	// squashes that to Height x Width: what taggers of anime pictures do.
	PadSquare
	// Constrained keeps the ratio, brings that edge to Height or Width which changes the image less, and
	// rounds both to multiples of Multiple: transformers' DPTImageProcessor with keep_aspect_ratio.
	Constrained
	// Multiples squashes both edges down to multiples of Multiple: transformers' GLPNImageProcessor.
	Multiples
)

// CropOffset is the rule for the first row and column of a centre crop, or of the
// image within its padding, where the margin d is odd.
type CropOffset uint8

const (
	// RoundHalfEven is torchvision's and timm's int(round(d/2.0)); padding begins
	// with d//2.
	RoundHalfEven CropOffset = iota
	// Floor is d//2, as transformers' NumPy center_crop does it; padding begins
	// with ceil(d/2).
	Floor
	// FloorBoth is d//2 for both, as transformers does it by torchvision.
	FloorBoth
	// Start is the first row and column for both.
	Start
)

// Filter is a resampling filter. Those of Pillow look at all pixels that an output stands for
// where an image shrinks ("antialias"). The others are named after their libraries.
type Filter uint8

const (
	Nearest Filter = iota
	Lanczos
	Bilinear
	Bicubic
	Box
	Hamming

	// NearestCV2, LinearCV2 and AreaCV2 are OpenCV's INTER_NEAREST, INTER_LINEAR (two pixels a
	// direction, however much the image shrinks) and INTER_AREA, as cv2.resize has them.
	NearestCV2
	LinearCV2
	AreaCV2
	// LinearTF is tf.image.resize's bilinear without antialias, as Keras' datasets have it.
	// Its pixels are no whole numbers: a tensor gets them as they are, an image rounded.
	// Keras' load_img resizes by Pillow, and by default with Nearest.
	LinearTF
	// LinearTorch is torch's bilinear with antialias of float tensors: Bilinear, with pixels
	// that are no whole numbers.
	LinearTorch
)

// pillow reports whether the filter is one of Pillow's.
func (f Filter) pillow() bool { return f <= Hamming }

// decimals reports whether the filter's pixels are no whole numbers.
func (f Filter) decimals() bool { return f == LinearTF || f == LinearTorch }

// ColorOrder is the order of a three-channel tensor's colours.
type ColorOrder uint8

const (
	RGB ColorOrder = iota
	BGR
)

// Layout is the order of the tensor's dimensions.
type Layout uint8

const (
	NCHW Layout = iota
	NHWC
)

// ElementType is the type of the tensor's elements. Integer types round half to
// even and saturate.
type ElementType uint8

const (
	Float32 ElementType = iota
	Float16
	Uint8
	Int8
	Float64
	BFloat16
	Uint16
	Int16
	Uint32
	Int32
	Int64
)

// Form says which dimensions the tensor of one image has.
type Form uint8

const (
	// Full has channels, height and width, in the layout's order.
	Full Form = iota
	// Plane has height and width alone: the one channel has no dimension.
	Plane
	// Row has one dimension, with the elements of Full one after the other.
	Row
)

// Orientation says whether the EXIF orientation tag is followed.
type Orientation uint8

const (
	// IgnoreOrientation leaves the pixels as stored: Pillow's, timm's and
	// torchvision's default.
	IgnoreOrientation Orientation = iota
	// ApplyOrientation turns the image upright, as PIL.ImageOps.exif_transpose.
	ApplyOrientation
)
