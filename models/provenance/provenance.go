// Package provenance says what an image was made of: the seed, text, class, latents and the
// settings of a pipeline. It is the same in the rows of results and in the text chunks of PNG
// files.
package provenance

import (
	"fmt"
	"strconv"
	"strings"
)

// Image is what an image was made of. What does not apply is left out.
type Image struct {
	Seed       *uint64  `json:"seed,omitempty"`
	Text       string   `json:"text,omitempty"`
	Class      *int     `json:"class,omitempty"`
	Label      string   `json:"label,omitempty"` // of the class
	Truncation float64  `json:"truncation,omitempty"`
	Latents    *Latents `json:"latents,omitempty"` // in place of the seed's
	*Diffusion          // of a pipeline; its fields stand beside these
}

// Latents says from which of given latents an image was made: those of a row, or those At (0 to
// 1) of the way from one row to another. The rows are those of a file or, where there is none,
// seeds.
type Latents struct {
	From   uint64   `json:"from"`
	To     *uint64  `json:"to,omitempty"`
	At     *float64 `json:"at,omitempty"`
	SHA256 string   `json:"-"` // of the file, which a run's record has; "" where there is none
}

// Diffusion is what an image of a diffusion pipeline depends on, beside its text and seed.
type Diffusion struct {
	Negative    string  `json:"negative,omitempty"`
	Steps       int     `json:"steps"`
	Guidance    float64 `json:"guidance"`
	Scheduler   string  `json:"scheduler"`
	Fit         string  `json:"fit,omitempty"`      // of the image that it starts from: how it was brought to a size
	Strength    float64 `json:"strength,omitempty"` // of the image that it starts from
	Eta         float64 `json:"eta,omitempty"`
	Rescale     float64 `json:"guidance_rescale,omitempty"`
	ClipSkip    int     `json:"clip_skip,omitempty"`
	ImageSHA256 string  `json:"image_sha256,omitempty"`
	MaskSHA256  string  `json:"mask_sha256,omitempty"`
	InvertMask  bool    `json:"mask_invert,omitempty"`
	// Of images of control, one for each ControlNet: how much it counts, and from which part of the steps to which.
	ControlSHA256 []string  `json:"control_sha256,omitempty"`
	ControlScale  []float64 `json:"control_scale,omitempty"`
	ControlStart  []float64 `json:"control_start,omitempty"` // both are left out where it is all of them
	ControlEnd    []float64 `json:"control_end,omitempty"`
	ControlGuess  bool      `json:"control_guess,omitempty"`
}

// Chunks are the text chunks of the image's file, keys and values, in their order. NUL,
// which ends a key there, becomes U+FFFD.
func (i Image) Chunks() (chunks [][2]string) {
	add := func(key, value string) {
		if value != "" {
			chunks = append(chunks, [2]string{"ortho:" + key, strings.ReplaceAll(value, "\x00", "\uFFFD")})
		}
	}
	if i.Seed != nil {
		add("seed", strconv.FormatUint(*i.Seed, 10))
	}
	add("text", i.Text)
	if d := i.Diffusion; d != nil {
		add("negative", d.Negative)
		add("steps", strconv.Itoa(d.Steps))
		add("guidance", decimal(d.Guidance))
		add("scheduler", d.Scheduler)
		add("fit", d.Fit)
		if d.Strength > 0 {
			add("strength", decimal(d.Strength))
		}
		if d.Eta > 0 {
			add("eta", decimal(d.Eta))
		}
		if d.Rescale > 0 {
			add("guidance-rescale", decimal(d.Rescale))
		}
		if d.ClipSkip > 0 {
			add("clip-skip", strconv.Itoa(d.ClipSkip))
		}
		add("image-sha256", d.ImageSHA256)
		add("mask-sha256", d.MaskSHA256)
		if d.InvertMask {
			add("mask-invert", "true")
		}
		add("control-sha256", strings.Join(d.ControlSHA256, " "))
		add("control-scale", decimals(d.ControlScale))
		add("control-start", decimals(d.ControlStart))
		add("control-end", decimals(d.ControlEnd))
		if d.ControlGuess {
			add("control-guess", "true")
		}
	}
	if i.Class != nil {
		add("class", strconv.Itoa(*i.Class))
	}
	add("label", i.Label)
	if i.Truncation > 0 {
		add("truncation", fmt.Sprint(i.Truncation))
	}
	if l := i.Latents; l != nil {
		add("latents-sha256", l.SHA256)
		if l.To == nil {
			add("latents-row", fmt.Sprint(l.From))
		} else {
			add("interpolate", fmt.Sprintf("%d,%d,%v", l.From, *l.To, *l.At))
		}
	}
	return chunks
}

func decimals(values []float64) string {
	var words []string
	for _, v := range values {
		words = append(words, decimal(v))
	}
	return strings.Join(words, " ")
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
