package models

import (
	"fmt"
	"slices"
	"strings"

	"ortho/models/config"
	"ortho/preprocess"
	"ortho/runner/onnx"
)

// ImagePort is an input that takes an image.
type ImagePort struct {
	Name string
	// Spec makes the tensor. Height and Width are 0 where the graph leaves them open:
	// the image keeps its size, and Resize is none.
	Spec     preprocess.Spec
	Luma     bool // Y of YCbCr alone: Cb and Cr are resized apart
	Multiple int  // an open height and width are padded to multiples of it; 1: to none
}

// MaskPort is an input that says what of an image is made anew: one channel of the image's height and
// width, of 0 and 1, or of 0 and 255 where it takes bytes.
type MaskPort struct {
	Name  string
	Type  onnx.ElementType // Float, Float16 or Uint8
	Marks config.Mark      // what is 1, or 255; "": nothing states it
}

// pictureTypes are the element types of images that a generator takes or gives.
var pictureTypes = map[onnx.ElementType]preprocess.ElementType{
	onnx.Float: preprocess.Float32, onnx.Float16: preprocess.Float16, onnx.Uint8: preprocess.Uint8, onnx.Int8: preprocess.Int8,
}

// isPicture reports whether a value may be a batch of images that a generator takes or gives.
func isPicture(v onnx.Value) bool {
	_, ok := pictureTypes[v.Type]
	return ok && v.Kind == "tensor" && v.Ranked && len(v.Dims) == 4
}

// features says of a graph that takes rows of numbers why it takes no images.
func features(g *onnx.Graph) string {
	if len(g.Inputs) != 1 || len(g.Inputs[0].Dims) != 2 {
		return ""
	}
	like := ""
	if slices.ContainsFunc(g.Opsets, func(o onnx.Opset) bool { return o.Domain == "ai.onnx.ml" }) {
		like = ", as scikit-learn's models do"
	}
	return fmt.Sprintf(": it takes rows of %s numbers%s; to classify images, the graph itself has to take pixels and make such rows of them", g.Inputs[0].Dims[1], like)
}

// givesImage reports whether an output may be a batch of images: with 1 or 3 channels,
// or with dimensions that are all open.
func givesImage(v onnx.Value) bool {
	return isPicture(v) && (isChannels(v.Dims[1]) || isChannels(v.Dims[3]) || !v.Dims[1].Fixed() && !v.Dims[3].Fixed())
}

// takesImage reports whether an input is an image, and no latents.
func takesImage(v onnx.Value) bool {
	return givesImage(v) && !(v.Dims[2].Size == 1 && (v.Dims[1].Size == 1 || v.Dims[3].Size == 1))
}

// isChannels reports whether a dimension may count an image's channels.
func isChannels(d onnx.Dim) bool { return d.Size == 1 || d.Size == 3 }

// fixedSize is the size of the graph's image input where it is fixed.
func fixedSize(g *onnx.Graph) *config.Size {
	for _, v := range g.Inputs {
		v, ok := viewOf(v, nil)
		if !ok {
			continue
		}
		h, w := v.Dims[2], v.Dims[3]
		if isChannels(w) && !isChannels(v.Dims[1]) {
			h, w = v.Dims[1], v.Dims[2]
		}
		if h.Fixed() && w.Fixed() {
			return &config.Size{Height: int(h.Size), Width: int(w.Size)}
		}
	}
	return nil
}

// onlyImage picks the graph's one image input.
func (r *resolver) onlyImage() (onnx.Value, bool) {
	var images []onnx.Value
	var all []string
	for _, v := range r.graph.Inputs {
		all = append(all, v.String())
		if _, ok := viewOf(v, r.layers); ok {
			images = append(images, v)
		}
	}
	if len(r.graph.Inputs) == 1 && !r.graph.Inputs[0].Ranked && len(images) == 0 {
		r.fact("input", all[0], "graph")
		r.lacks("input-size", Gap{About: "the shape of its input " + all[0], Settings: []string{"input-size", "layout", "channels"}, Example: append(one("input-size", "224"), append(one("layout", "nchw"), one("channels", "3")...)...)})
		return onnx.Value{}, false
	}
	if len(r.graph.Inputs) == 1 && len(images) == 0 && mayBePlanes(r.graph.Inputs[0]) {
		r.fact("input", all[0], "graph")
		r.lacks("channels", Gap{About: fmt.Sprintf("whether its input %s is a batch of gray images", all[0]), Settings: []string{"channels"}, Example: one("channels", "1")})
		return onnx.Value{}, false
	}
	switch {
	case len(images) == 0:
		r.fact("input", "none takes images", "graph")
		r.unfit("%s takes no images: no input has the four dimensions of a batch of them, or three, in numbers (inputs: %s)%s", r.name, strings.Join(all, ", "), features(r.graph))
		return onnx.Value{}, false
	case len(images) > 1 && len(colored(images)) == 1:
		images = colored(images)
	case len(images) > 1:
		r.fact("input", "several take images", "graph")
		r.unfit("%s takes more than one image (%s), which no image classifier does", r.name, strings.Join(all, ", "))
		return onnx.Value{}, false
	}
	for _, v := range r.graph.Inputs {
		if v.Name != images[0].Name {
			r.needs(v)
		}
	}
	return images[0], true
}

// colored are those that are batches of images: with four dimensions, or of several such,
// with three channels.
func colored(images []onnx.Value) []onnx.Value {
	batches := slices.DeleteFunc(slices.Clone(images), func(v onnx.Value) bool { return len(v.Dims) != 4 })
	if len(batches) < 2 {
		return batches
	}
	return slices.DeleteFunc(batches, func(v onnx.Value) bool { return v.Dims[1].Size != 3 && v.Dims[3].Size != 3 })
}

// takeImage settles how an image becomes the graph's input.
func (r *resolver) takeImage(in onnx.Value) {
	r.fact("input", in.String(), "graph")
	view, _ := viewOf(in, r.layers)
	r.image = &ImagePort{Name: in.Name, Spec: preprocess.Spec{Type: imageTypes[in.Type], Form: view.form}, Multiple: 1}
	if view.source != "" {
		r.fact("input-form", strings.TrimPrefix(view.Value.String(), in.Name+" "), view.source)
		r.flat(in, view)
	}
	if view.Dims[0].Fixed() {
		r.fixBatch(view.Dims[0].Size)
	}
	r.graph.Single = view.alone
	r.shape(view.Value)
	r.geometry()
	r.pixels(in)
}

// flat tells of an input without a dimension for channels that it is taken for one of gray
// pixels: it may be anything else that comes in rows, unless the user speaks of images.
func (r *resolver) flat(in onnx.Value, view imageView) {
	_, channels := config.Channels.ByUser(r.layers)
	_, size := config.InputSize.ByUser(r.layers)
	if view.form == preprocess.Full || channels || size {
		return
	}
	of := "gray images"
	if view.form == preprocess.Row {
		of = fmt.Sprintf("rows of %sx%s gray pixels", view.Dims[2], view.Dims[3])
	}
	r.notice("input %s of %s has no dimension for channels: it is taken for %s (%s 1 says that it is)", in, r.name, of, config.Key("channels"))
}

// sizeMultiple settles what an open height and width are padded to.
func (r *resolver) sizeMultiple() {
	if s, ok := config.SizeMultiple.Find(r.layers); ok && r.image.Spec.Height == 0 {
		r.image.Multiple = noted(r, config.SizeMultiple, s)
	}
}

// tiles settles how large images are cut.
func (r *resolver) tiles() {
	if r.image == nil {
		return
	}
	for _, f := range []struct {
		setting config.Setting[int]
		to      *int
	}{{config.Tile, &r.tile}, {config.TileOverlap, &r.overlap}} {
		if s, ok := f.setting.Find(r.layers); ok {
			*f.to = noted(r, f.setting, s)
		}
	}
	if tile, overlap := r.tile, r.overlap; tile > 0 && overlap > tile/2 {
		r.fail("a tile-overlap of %d is more than half of the tile of %d", overlap, tile)
	}
}
