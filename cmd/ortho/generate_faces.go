package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync/atomic"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/shelf"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/detect"
	"ortho/models/faces"
	"ortho/models/generate"
	"ortho/preprocess"
)

// faceRun restores faces in the images of a run.
type faceRun struct {
	*picturesOfImages
	*faces.Restorer
	detector *detect.Detector
	upscaler *generate.Generator // nil: none
	settings record.Settings

	found, pictures, small, unplaced atomic.Int64
}

// open opens what restores faces beside the run's graph. The caller closes it, also after an error.
func (f *faceRun) open(ctx context.Context, graph *generate.Generator) (err error) {
	r := f.picturesOfImages
	var s models.Settings
	if err := s.Assume("task", string(models.Detect), "what it is given as"); err != nil {
		return err
	}
	m, err := flags.OpenModel(r.restore.detector, s)
	if err != nil {
		return fmt.Errorf("--face-detector: %w", err)
	}
	flags.WarnOf(r.ui, m)
	r.session.Check(ctx, r.ui, m)
	if f.detector, err = detect.Open(ctx, m, detect.Options{Images: imagesFor(r.session.Runner, r.maxPixels.Pixels)}); err != nil {
		return fmt.Errorf("--face-detector: %w", err)
	}
	if err := faces.Fits(graph.Spec()); err != nil {
		return fmt.Errorf("%s makes no faces anew: %w", r.name, err)
	}
	if f.Restorer, err = faces.New(f.detector, graph); err != nil {
		return fmt.Errorf("--face-detector %s: %w", r.restore.detector, err)
	}
	if in, out := f.detector.Spec().Input.Orientation, graph.Spec().Image.Spec.Orientation; in != out {
		return fmt.Errorf("--face-detector: %s and %s turn images differently (--orientation is about the latter)", m.Name, r.name)
	}
	if err := f.keep(ctx, "face-detector", m); err != nil {
		return err
	}
	r.texts = append(r.texts, [2]string{"ortho:face-detector", shelf.Clean(m.Name)})
	if r.restore.said != "" {
		r.texts = append(r.texts, [2]string{"ortho:fidelity", r.restore.said})
	}
	if r.restore.upscaler == "" {
		return nil
	}
	if m, err = flags.OpenModel(r.restore.upscaler, models.Settings{}); err != nil {
		return fmt.Errorf("--upscale: %w", err)
	}
	if f.upscaler, err = generate.Open(ctx, m, generate.Options{Runner: r.session.Runner, Concurrency: r.session.Concurrency}); err != nil {
		return fmt.Errorf("--upscale: %w", err)
	}
	if spec := f.upscaler.Spec(); spec.Image == nil || spec.Mask != nil {
		return commandline.Usagef("--upscale: %s makes no image of an image", m.Name)
	}
	r.texts = append(r.texts, [2]string{"ortho:upscale", shelf.Clean(m.Name)})
	return f.keep(ctx, "upscale", m)
}

// keep adds what the run's record says of a model.
func (f *faceRun) keep(ctx context.Context, key string, m *models.Model) error {
	id, err := m.Identity(ctx)
	if err != nil {
		return err
	}
	f.settings = append(f.settings, record.Setting{Key: key + "'s SHA-256", Value: id.Digest()})
	for _, s := range settingsOf(m.Facts) {
		f.settings = append(f.settings, record.Setting{Key: key + ": " + s.Key, Value: s.Value})
	}
	return nil
}

func (f *faceRun) close() (err error) {
	if f == nil {
		return nil
	}
	if f.detector != nil {
		err = f.detector.Close()
	}
	if f.upscaler != nil {
		err = errors.Join(err, f.upscaler.Close())
	}
	return err
}

// tell says what came of all pictures.
func (f *faceRun) tell(ui *term.UI) {
	if f == nil {
		return
	}
	line := fmt.Sprintf("faces: %d restored, in %s", f.found.Load(), term.Counted(f.pictures.Load(), "image"))
	if n := f.small.Load(); n > 0 {
		line += fmt.Sprintf("; %d too small (eyes less than 5 pixels apart) and left as they are", n)
	}
	if n := f.unplaced.Load(); n > 0 {
		line += fmt.Sprintf("; %d whose points give no place and left as they are", n)
	}
	ui.Info(line)
}

// noFaces is said of images in which none was found.
const noFaces = "no face that is restored: the pictures are as their images"

// restored makes a picture whose faces are anew. texts get how many they are.
func (f *faceRun) restored(ctx context.Context, one imageRequest, in *preprocess.Picture, texts *[][2]string, begin func(width, height, channels int) (io.Writer, error)) error {
	data, err := one.Read(ctx)
	if err != nil {
		return models.StageRead.Wrap(err)
	}
	found, err := f.Find(ctx, data, in.Width, in.Height)
	if err != nil {
		return err
	}
	*texts = append(*texts, [2]string{"ortho:faces", strconv.Itoa(len(found.Faces))})
	into, scale := in, 1.0
	if f.upscaler != nil {
		if into, err = f.enlarged(ctx, in); err != nil {
			return err
		}
		scale = float64(into.Width) / float64(in.Width)
	}
	colours := into.Image
	if len(found.Faces) > 0 {
		colours = into.WithChannels(3).Crop(0, 0, into.Width, into.Height)
		if err := f.Restore(ctx, in.WithChannels(3), found.Faces, colours, scale, f.bar.Tiles); err != nil {
			return err
		}
	}
	f.found.Add(int64(len(found.Faces)))
	f.small.Add(int64(found.Small))
	f.unplaced.Add(int64(found.Unplaced))
	if len(found.Faces) > 0 {
		f.pictures.Add(1)
	} else {
		f.left.note(noFaces, one.Name)
	}
	pix, channels := colours.Pix, colours.Channels
	if into.Alpha != nil {
		pix, channels = withAlpha(colours, into.Alpha), channels+1
	}
	w, err := begin(into.Width, into.Height, channels)
	if err == nil {
		_, err = w.Write(pix)
	}
	if err != nil {
		return models.StageWrite.Wrap(err)
	}
	return nil
}

// enlarged is a picture that --upscale makes.
func (f *faceRun) enlarged(ctx context.Context, in *preprocess.Picture) (*preprocess.Picture, error) {
	const times = 16 // as many pixels as an image may have, four times on each side
	var pixels bytes.Buffer
	out := &preprocess.Image{}
	err := f.upscaler.Image(ctx, in, func(width, height, channels int) (io.Writer, error) {
		if most := times * cmp.Or(f.maxPixels.Pixels, 100_000_000); int64(width)*int64(height) > most {
			return nil, models.StageInput.Wrap(fmt.Errorf("%dx%d pixels: more than %d", width, height, most))
		}
		*out = preprocess.Image{Width: width, Height: height, Channels: channels}
		return &pixels, nil
	}, nil)
	if err != nil {
		return nil, err
	}
	out.Pix = pixels.Bytes()
	made := &preprocess.Picture{Image: out}
	if out.Channels == 2 || out.Channels == 4 {
		n := out.Channels - 1
		split := &preprocess.Image{Width: out.Width, Height: out.Height, Channels: n, Pix: make([]byte, 0, n*out.Width*out.Height)}
		for i := 0; i < len(out.Pix); i += n + 1 {
			split.Pix = append(split.Pix, out.Pix[i:i+n]...)
			made.Alpha = append(made.Alpha, out.Pix[i+n])
		}
		made.Image = split
	}
	return made, nil
}

// withAlpha are pixels with their alpha.
func withAlpha(img *preprocess.Image, alpha []byte) []byte {
	out := make([]byte, 0, len(img.Pix)+len(alpha))
	for i, a := range alpha {
		out = append(append(out, img.Pix[i*img.Channels:(i+1)*img.Channels]...), a)
	}
	return out
}
