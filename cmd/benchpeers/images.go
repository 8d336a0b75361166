package main

import (
	"bufio"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"ortho/preprocess"
	"ortho/runner"
)

// photographs are the folder's JPEGs.
func photographs(folder string) ([]string, error) {
	var files []string
	for _, pattern := range []string{"*.JPEG", "*.jpg", "*.jpeg"} {
		some, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			return nil, err
		}
		files = append(files, some...)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s holds no JPEGs: name a folder of photographs with -photos", folder)
	}
	slices.Sort(files)
	return files, nil
}

// repeat makes a folder of n links to the files, in turn.
func repeat(files []string, folder string, n int) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for i := range n {
		file, err := filepath.Abs(files[i%len(files)])
		if err != nil {
			return err
		}
		if err := os.Symlink(file, filepath.Join(folder, fmt.Sprintf("%06d.jpg", i))); err != nil {
			return err
		}
	}
	return nil
}

// How a photograph becomes one of 12 megapixels: its middle, enlarged; noise, since
// enlarging leaves none for the encoder to spend bits on; 4:2:0.
const (
	width, height = 4000, 3000
	quality       = 90
	noise         = 5.0 // standard deviation, in levels
	seed          = 1
	different     = 100
)

// enlarge makes up to most JPEGs of 12 megapixels, each out of another photograph.
func enlarge(ctx context.Context, photos []string, folder string, most int) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	n := min(most, different, len(photos))
	items := func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
	for r := range runner.Map(ctx, items, runtime.GOMAXPROCS(0), func(_ context.Context, i int) (struct{}, error) {
		return struct{}{}, enlargeOne(photos[i*len(photos)/n], filepath.Join(folder, fmt.Sprintf("%03d.jpg", i)), rand.New(rand.NewPCG(seed, uint64(i))))
	}) {
		if r.Err != nil {
			return fmt.Errorf("%s: %w", photos[r.Item*len(photos)/n], r.Err)
		}
	}
	return ctx.Err()
}

// size is the bytes of files together.
func size(files []string) (bytes int64, err error) {
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			return 0, err
		}
		bytes += info.Size()
	}
	return bytes, nil
}

func enlargeOne(from, to string, random *rand.Rand) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	img, err := preprocess.Decode(data, preprocess.DecodeOptions{})
	if err != nil {
		return err
	}
	img = preprocess.Resample(middle(img), width, height, preprocess.Bicubic)
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		grain := random.NormFloat64() * noise
		for c := range 3 {
			out.Pix[4*i+c] = uint8(min(max(float64(img.Pix[3*i+c])+grain+0.5, 0), 255))
		}
		out.Pix[4*i+3] = 255
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	if err := jpeg.Encode(w, out, &jpeg.Options{Quality: quality}); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// middle cuts the largest part of 4 by 3 out of an image.
func middle(img *preprocess.Image) *preprocess.Image {
	w, h := img.Width, img.Height
	if w*height > h*width {
		w = h * width / height
	} else {
		h = w * height / width
	}
	return img.Middle(w, h)
}
