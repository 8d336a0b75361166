package report

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/jpeg"

	"ortho/cmd/ortho/internal/output"
	"ortho/preprocess"
)

// Card shows an image, and what was said of it.
type Card struct {
	Name    string
	Picture Picture
	Note    string
	Bars    []Bar
	Error   string // why nothing was said
}

// Bar is a class with its probability, from 0 to 1.
type Bar struct {
	Label       string
	Probability float64
	Mark        Mark // Good: the class that it is; Bad: a wrong answer
}

// Picture is a thumbnail, or why there is none.
type Picture struct {
	URL           template.URL // a data: URI
	Width, Height int
	Missing       string
}

// pictureEdge is the longer edge of a thumbnail, in pixels.
const pictureEdge = 160

// NewPicture makes a thumbnail of an image file, encoded as JPEG.
func NewPicture(file []byte, maxPixels int64) Picture {
	small, err := preprocess.Thumbnail(file, pictureEdge, maxPixels)
	if err != nil {
		return Picture{Missing: err.Error()}
	}
	rgba := image.NewRGBA(image.Rect(0, 0, small.Width, small.Height))
	for i := range small.Width * small.Height {
		copy(rgba.Pix[4*i:], small.Pix[3*i:3*i+3])
		rgba.Pix[4*i+3] = 0xff
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, rgba, &jpeg.Options{Quality: 80}); err != nil {
		return Picture{Missing: err.Error()}
	}
	return Picture{URL: template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(b.Bytes())), Width: small.Width, Height: small.Height}
}

//go:embed cards.html
var cardsSource string

var cards = template.Must(template.New("cards").Funcs(template.FuncMap{
	"clean":   output.Clean,
	"percent": func(p float64) string { return fmt.Sprintf("%.1f %%", 100*p) },
	"width":   func(p float64) string { return fmt.Sprintf("%.1f", 100*min(max(p, 0), 1)) },
}).Parse(cardsSource))

// Cards lays images out beside each other.
func Cards(all []Card) (HTML, error) {
	var b bytes.Buffer
	if err := cards.Execute(&b, all); err != nil {
		return "", fmt.Errorf("render images: %w", err)
	}
	return HTML(b.String()), nil
}
