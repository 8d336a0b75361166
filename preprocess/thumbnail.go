package preprocess

import "fmt"

// Thumbnail decodes an image file and makes it so small that no edge is longer than edge
// pixels, with the ratio kept and upright as the EXIF orientation tag says. It never
// enlarges. Three channels; alpha is dropped. JPEGs are decoded smaller where
// libjpeg-turbo is there, as Pillow's Image.thumbnail has it. Errors are those of [Decode].
func Thumbnail(file []byte, edge int, maxPixels int64) (*Image, error) {
	if edge < 1 || edge > MaxSize {
		return nil, fmt.Errorf("thumbnail of %d pixels: from 1 to %d", edge, MaxSize)
	}
	fit := Spec{Resize: Resize{Mode: LongEdge, Size: edge}, Orientation: ApplyOrientation}
	memory := frames.Get().(*frame)
	defer memory.release()
	pic, err := read(file, request{maxPixels: maxPixels, shrink: fit.shrink, memory: memory})
	if err != nil {
		return nil, err
	}
	img := pic.as(3, ApplyOrientation)
	width, height := img.Width, img.Height
	if max(width, height) > edge {
		width, height = fit.ResizedSize(width, height)
	}
	return Resample(img, width, height, Bilinear), nil
}
