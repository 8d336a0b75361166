package generate_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"slices"

	"ortho/models"
	"ortho/models/generate"
	"ortho/preprocess"
)

// A photograph becomes one of four times its width and height.
func ExampleGenerator_Image() {
	model, err := models.Open("../bundled/span-x4", models.Settings{})
	if err != nil {
		log.Fatal(err)
	}
	generator, err := generate.Open(context.Background(), model, generate.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer generator.Close()
	data, err := os.ReadFile("../bundled/testdata/span/photo.png")
	if err != nil {
		log.Fatal(err)
	}
	photo, err := preprocess.DecodePicture(data, preprocess.DecodeOptions{Orientation: generator.Spec().Image.Spec.Orientation})
	if err != nil {
		log.Fatal(err)
	}
	var file bytes.Buffer // an os.File, most often
	var large *preprocess.FileWriter
	err = generator.Image(context.Background(), photo, func(width, height, channels int) (w io.Writer, err error) {
		fmt.Printf("%dx%d to %dx%d\n", photo.Width, photo.Height, width, height)
		large, err = preprocess.NewFileWriter(&file, width, height, channels, preprocess.FileOptions{Format: preprocess.PNG, ICC: photo.ICC})
		return large, err
	}, nil)
	if err == nil {
		err = large.Close()
	}
	if err != nil {
		log.Fatal(err)
	}
	// Output: 96x72 to 384x288
}

// A description becomes a picture of 28x28 pixels.
func ExampleGenerator_Samples() {
	model, err := models.Open("../bundled/glyphs", models.Settings{})
	if err != nil {
		log.Fatal(err)
	}
	generator, err := generate.Open(context.Background(), model, generate.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer generator.Close()
	requests := []generate.Request{{Text: "a bold slanted seven", Seed: 1}, {Text: "a fancy seven", Seed: 2}}
	for sample := range generator.Samples(context.Background(), slices.Values(requests)) {
		if sample.Err != nil {
			log.Fatal(sample.Err)
		}
		fmt.Printf("%dx%d, unknown: %q\n", sample.Image.Width, sample.Image.Height, sample.Unknown)
	}
	// Output:
	// 28x28, unknown: []
	// 28x28, unknown: ["fancy"]
}

// Four steps from the latents of one seed to those of another.
func ExampleSeries() {
	model, err := models.Open("testdata/samples/dcgan", models.Settings{})
	if err != nil {
		log.Fatal(err)
	}
	generator, err := generate.Open(context.Background(), model, generate.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer generator.Close()
	series := generate.Series{Subjects: []generate.Subject{{}}}
	if err := series.Interpolate(generator.Spec().Latents, 1, 2, 4); err != nil {
		log.Fatal(err)
	}
	for sample := range generator.Samples(context.Background(), series.Requests()) {
		if sample.Err != nil {
			log.Fatal(sample.Err)
		}
		fmt.Println(sample.Image.Width, sample.Image.Height, sample.Provenance().Chunks())
	}
	// Output:
	// 16 16 [[ortho:interpolate 1,2,0]]
	// 16 16 [[ortho:interpolate 1,2,0.333333]]
	// 16 16 [[ortho:interpolate 1,2,0.666667]]
	// 16 16 [[ortho:interpolate 1,2,1]]
}

// Many photographs become larger ones, in their order.
func ExampleImages() {
	model, err := models.Open("../bundled/span-x4", models.Settings{})
	if err != nil {
		log.Fatal(err)
	}
	generator, err := generate.Open(context.Background(), model, generate.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer generator.Close()
	images := generate.Images[string, string]{
		Generator: generator,
		Read: func(_ context.Context, name string) (*preprocess.Picture, error) {
			data, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			return preprocess.DecodePicture(data, preprocess.DecodeOptions{Orientation: generator.Spec().Image.Spec.Orientation})
		},
		Make: func(ctx context.Context, _ string, photo *preprocess.Picture) (size string, err error) {
			err = generator.Image(ctx, photo, func(width, height, channels int) (io.Writer, error) {
				size = fmt.Sprintf("%dx%d", width, height)
				return io.Discard, nil // a preprocess.FileWriter, most often
			}, nil)
			return size, err
		},
	}
	names := []string{"../bundled/testdata/span/photo.png", "nowhere.png"}
	for made := range images.All(context.Background(), slices.Values(names)) {
		fmt.Println(made.Item, made.Value, made.Err != nil)
	}
	// Output:
	// ../bundled/testdata/span/photo.png 384x288 false
	// nowhere.png  true
}
