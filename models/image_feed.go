package models

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"runtime"
	"slices"
	"sync/atomic"

	"ortho/preprocess"
	"ortho/runner"
	"ortho/runner/feed"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// ImageLoader makes a graph's input of an image file, whatever the graph's task.
type ImageLoader struct {
	input     onnx.Value
	spec      *preprocess.Spec // of a graph that does not give images, or
	generator *ImagePort       // of one that does; without its name
	alone     bool             // the graph takes one image, without a dimension for several
}

// ImageOptions say how image files are loaded. The zero value loads them whole, and exactly.
type ImageOptions struct {
	MaxPixels int64         // largest width * height decoded; 0: 100 million
	Scaled    bool          // decode large JPEGs smaller, but for graphs that give images; see [preprocess.LoadOptions]
	Unturned  *atomic.Int64 // see [preprocess.LoadOptions]; not for graphs that give images
	Edge      int           // of an image that the graph takes in any size: at most so many pixels a side, from the middle; 0: all
}

// ImageLoader returns what loads images for the model. It is an error where the graph takes
// no image, or where it isn't known how it takes one.
func (m *Model) ImageLoader() (*ImageLoader, error) {
	if m.ports.image == nil && !m.task.whole {
		return nil, m.isFor(Classify)
	}
	in, err := m.Image()
	if errors.Is(err, ErrNoPort) {
		return nil, fmt.Errorf("%s takes no image: it makes one of other inputs: %v", m.Name, m.Graph.Inputs)
	}
	if err != nil {
		return nil, err
	}
	l, name := &ImageLoader{}, in.Name
	if m.task.whole {
		in.Name = "" // two graphs that differ in it alone get the same tensor
		l.generator = in
	} else {
		l.spec = &in.Spec
	}
	at := slices.IndexFunc(m.Graph.Inputs, func(in onnx.Value) bool { return in.Name == name })
	if at < 0 {
		return nil, fmt.Errorf("%s has no input %s", m.Name, name)
	}
	l.input = m.Graph.Inputs[at]
	l.alone = l.input.Ranked && len(l.input.Dims) == len(in.Spec.Shape())
	return l, nil
}

// Load makes the tensor of an image file (of a kind that [preprocess.Decode] knows), and returns
// how it was made: height and width are the tensor's.
func (l *ImageLoader) Load(file []byte, opt ImageOptions) (spec preprocess.Spec, tensor []byte, err error) {
	if l.generator == nil {
		spec = *l.spec
		_, _, err = l.spec.LoadInto(file, preprocess.LoadOptions{MaxPixels: opt.MaxPixels, Scaled: opt.Scaled, Unturned: opt.Unturned}, func(made *preprocess.Spec) ([]byte, error) {
			spec, tensor = *made, make([]byte, made.Bytes())
			return tensor, nil
		})
		return spec, tensor, err
	}
	pic, err := preprocess.DecodePicture(file, preprocess.DecodeOptions{Orientation: l.generator.Spec.Orientation, MaxPixels: opt.MaxPixels})
	if err != nil {
		return spec, nil, err
	}
	if l.generator.Spec.Channels == 3 {
		pic.Coloured() // where it can't be, generate takes the gray as it is, too
	}
	if opt.Edge > 0 && l.generator.Spec.Height == 0 {
		pic.Image = pic.Middle(opt.Edge, opt.Edge)
	}
	return l.generator.Tensor(pic.Image)
}

// same reports whether both make the same tensor of an image.
func (l *ImageLoader) same(o *ImageLoader) bool {
	return reflect.DeepEqual(l.spec, o.spec) && reflect.DeepEqual(l.generator, o.generator)
}

// Tensor makes a graph's input of a whole image, as generators do where they cut no tiles:
// resized to a size that the graph fixes, or else of the image's own size, filled up to the
// multiple by reflection. The spec is that of the input with the tensor's height and width.
// Where the graph takes luma, the colours are left out.
func (in *ImagePort) Tensor(img *preprocess.Image) (preprocess.Spec, []byte, error) {
	if in.Luma && img.Channels == 3 {
		img, _, _ = preprocess.SplitYCbCr(img)
	}
	spec := in.Spec
	if spec.Height == 0 {
		multiple := max(1, in.Multiple)
		up := func(n int) int { return (n + multiple - 1) / multiple * multiple }
		spec.Resize, spec.Width, spec.Height = preprocess.Resize{}, up(img.Width), up(img.Height)
		if spec.Width > preprocess.MaxSize || spec.Height > preprocess.MaxSize {
			return spec, nil, fmt.Errorf("%dx%d pixels are more than %d in a row", spec.Width, spec.Height, preprocess.MaxSize)
		}
		img = img.Padded(spec.Width, spec.Height)
	}
	data := make([]byte, spec.Bytes())
	return spec, data, spec.Tensor(data, img.WithChannels(spec.Channels))
}

// ImageFile is an image that is yet to be read. Read returns its encoded bytes; it is called
// once, on any goroutine.
type ImageFile struct {
	Name string
	Read func(ctx context.Context) ([]byte, error)
}

// ImageBatch is a number of images of one size, as inputs of several graphs.
type ImageBatch struct {
	Names []string
	Files [][]byte    // encoded, where FeedOptions has them kept
	Sets  []*feed.Set // by loader, with a row for each image; those that are the same share memory
}

// FeedOptions say what batches [FeedImages] makes.
type FeedOptions struct {
	ImageOptions
	Files bool // keep the encoded files
	// Rows returns how many images the batch under way may have, one of which takes rowBytes
	// as the largest of its tensors.
	Rows func(rowBytes int) int
	// Failed is called, in the images' order, for each that can't be read or loaded, with the
	// reason. If it returns an error the feed ends; nil leaves the image out.
	Failed func(name string, err error) error
}

// FeedImages reads images, several at once, and yields them in their order as batches for
// graphs that take an image and nothing else. An image of another size than the one before
// begins a batch. Images that are in none yet are dropped before an error. When ctx is done
// the feed ends early, without an error.
func FeedImages(ctx context.Context, loaders []*ImageLoader, images iter.Seq[ImageFile], opt FeedOptions) iter.Seq2[ImageBatch, error] {
	f := imageFeed{loaders: loaders, opt: opt}
	for _, l := range loaders {
		at := slices.IndexFunc(f.distinct, l.same)
		if at < 0 {
			at = len(f.distinct)
			f.distinct = append(f.distinct, l)
		}
		f.tensor = append(f.tensor, at)
	}
	return func(yield func(ImageBatch, error) bool) {
		var rows []imageRow
		pass := func() bool {
			batch := f.batch(rows)
			rows = nil
			return yield(batch, nil)
		}
		for r := range runner.Map(ctx, images, runtime.GOMAXPROCS(0), f.load) {
			if r.Err != nil {
				if err := opt.Failed(r.Item.Name, r.Err); err != nil {
					yield(ImageBatch{}, err)
					return
				}
				continue
			}
			if len(rows) > 0 && !rows[0].fits(r.Value) && !pass() {
				return
			}
			rows = append(rows, r.Value)
			rowBytes := 0
			for _, t := range r.Value.tensors {
				rowBytes = max(rowBytes, len(t.data))
			}
			if (f.alone() || len(rows) >= opt.Rows(rowBytes)) && !pass() {
				return
			}
		}
		if len(rows) > 0 && ctx.Err() == nil {
			pass()
		}
	}
}

// imageFeed makes rows of images, and batches of rows.
type imageFeed struct {
	loaders  []*ImageLoader
	distinct []*ImageLoader // those that make other tensors
	tensor   []int          // which of the distinct ones a loader takes
	opt      FeedOptions
}

// alone reports whether one of the graphs takes one image a run.
func (f *imageFeed) alone() bool {
	return slices.ContainsFunc(f.loaders, func(l *ImageLoader) bool { return l.alone })
}

// imageRow is an image as all graphs get it.
type imageRow struct {
	name    string
	file    []byte
	tensors []imageTensor // by distinct loader
}

type imageTensor struct {
	shape []int64
	data  []byte
}

// fits reports whether two images can be rows of one batch.
func (r imageRow) fits(o imageRow) bool {
	return slices.EqualFunc(r.tensors, o.tensors, func(a, b imageTensor) bool { return slices.Equal(a.shape, b.shape) })
}

func (f *imageFeed) load(ctx context.Context, image ImageFile) (imageRow, error) {
	row := imageRow{name: image.Name}
	file, err := image.Read(ctx)
	if err != nil {
		return row, err
	}
	if f.opt.Files {
		row.file = file
	}
	for _, l := range f.distinct {
		spec, data, err := l.Load(file, f.opt.ImageOptions)
		if err != nil {
			return row, err
		}
		row.tensors = append(row.tensors, imageTensor{spec.Shape(), data})
	}
	return row, nil
}

// batch puts rows that fit each other together.
func (f *imageFeed) batch(rows []imageRow) ImageBatch {
	var b ImageBatch
	for _, r := range rows {
		b.Names = append(b.Names, r.name)
		if f.opt.Files {
			b.Files = append(b.Files, r.file)
		}
	}
	data := make([][]byte, len(f.distinct))
	for i := range data {
		data[i] = make([]byte, 0, len(rows)*len(rows[0].tensors[i].data))
		for _, r := range rows {
			data[i] = append(data[i], r.tensors[i].data...)
		}
	}
	for i, l := range f.loaders {
		at := f.tensor[i]
		shape := append([]int64{int64(len(rows))}, rows[0].tensors[at].shape...)
		if l.alone {
			shape = rows[0].tensors[at].shape
		}
		b.Sets = append(b.Sets, &feed.Set{Source: "images", Rows: len(rows), Whole: []bool{l.alone},
			Arrays: []npz.Array{{Name: l.input.Name, Type: l.input.Type, Shape: shape, Data: data[at]}}})
	}
	return b
}
