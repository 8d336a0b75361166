package main

import (
	"errors"
	"strconv"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/models"
	"ortho/models/faces"
	"ortho/runner/onnx"
)

// faceOptions are the flags that have faces in images restored.
type faceOptions struct {
	detector, upscaler string
	fidelity           float64

	fidelityGiven bool
	said          string // the fidelity that is used; "": the restorer takes none
}

func (f *faceOptions) Flags() []cli.Flag {
	const category = "Faces in images"
	return []cli.Flag{
		&cli.StringFlag{Name: "face-detector", Destination: &f.detector, Category: category, Usage: "restore each face that this `MODEL` finds (YuNet, SCRFD and others with five points of a face): aligned, made anew by -m (GFPGAN, CodeFormer), pasted back"},
		&cli.Float64Flag{Name: "fidelity", Destination: &f.fidelity, Value: 0.5, Category: category, Usage: "`W` from 0 to 1 of restorers that take it (CodeFormer's w): 0 for looks, 1 for likeness"},
		&cli.StringFlag{Name: "upscale", Destination: &f.upscaler, Category: category, Usage: "enlarge what is around the faces, too, by this `MODEL`: a bundled NAME (" + defaultUpscaler + "), a folder or an .onnx file"},
	}
}

func (f *faceOptions) Read(c *flags.Call) error {
	f.fidelityGiven = c.Given("fidelity")
	switch {
	case f.detector == "" && c.Given("face-detector"):
		return commandline.Usagef("--face-detector names no model")
	case f.detector == "" && (f.fidelityGiven || f.upscaler != ""):
		return commandline.Usagef("--fidelity and --upscale are about faces, which --face-detector finds; without it -m alone enlarges images")
	case !(f.fidelity >= 0 && f.fidelity <= 1):
		return commandline.Usagef("--fidelity %v: from 0 to 1", f.fidelity)
	case f.detector == "":
		return nil
	case !c.Given("model"):
		return commandline.Usagef("-m names what makes a face anew, such as GFPGANv1.4.onnx: none is bundled")
	case c.Given("tile"), c.Given("tile-overlap"):
		return commandline.Usagef("--tile is of whole images: a face is given to -m as it is aligned, %dx%d pixels", faces.Size, faces.Size)
	case f.upscaler != "" && c.Given("keep-size"):
		return commandline.Usagef("--upscale enlarges pictures, and --keep-size does not")
	}
	return nil
}

// Where ranges come from that a restorer's files don't say.
const ofRestorers = "GFPGAN's and CodeFormer's programs"

// restorer is a model as those programs use it: pixels from -1 to 1 in and out, and the fidelity where there is
// an input for it. What its files say otherwise holds.
func (f *faceOptions) restorer(m *models.Model, given models.Settings) (settings models.Settings, err error) {
	for _, fact := range m.Facts {
		if (fact.Key == "input-range" || fact.Key == "output-range") && fact.Source == "" {
			err = errors.Join(err, given.Assume(fact.Key, "-1,1", ofRestorers))
		}
	}
	for _, in := range m.Graph.Inputs { // those that nothing gives a value
		if !isNumber(in) {
			continue
		}
		f.said = strconv.FormatFloat(f.fidelity, 'g', -1, 64)
		err = errors.Join(err, given.Assume("set", in.Name+"="+f.said, ofRestorers))
	}
	if f.fidelityGiven && f.said == "" {
		err = errors.Join(err, commandline.Usagef("--fidelity is of restorers that take it beside a face, as CodeFormer does: %s has no input of one number", m.Name))
	}
	return given, err
}

// isNumber reports whether an input takes one number with fractions.
func isNumber(v onnx.Value) bool {
	for _, d := range v.Dims {
		if d.Fixed() && d.Size != 1 {
			return false
		}
	}
	return len(v.Dims) <= 1 && (v.Type == onnx.Float || v.Type == onnx.Double || v.Type == onnx.Float16)
}
