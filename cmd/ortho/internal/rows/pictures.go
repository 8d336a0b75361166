package rows

import (
	"encoding/json"
	"fmt"
	"strconv"

	"ortho/cmd/ortho/internal/output"
	"ortho/models/provenance"
)

// Picture is the file of an image that was made, and of what.
type Picture struct {
	File string `json:"file,omitempty"` // relative to the output folder, with slashes; "" where it failed
	provenance.Image
}

// Pictures is the row of a picture that was made. One that failed names no file.
type Pictures struct {
	output.Head
	Picture
	Width  int `json:"width,omitempty"` // pixels
	Height int `json:"height,omitempty"`
	output.Failure
}

// Results counts what the row says.
func (r Pictures) Results() int {
	if r.File == "" {
		return 0
	}
	return 1
}

// PicturesCodec is for pictures. Where there are columns, the last has as JSON what most pictures are
// not made of; of one that failed there is not what it was to be made of.
var PicturesCodec = &output.Codec[Pictures]{
	Variant: "-pictures",
	CSV:     &output.CSV[Pictures]{Columns: []string{"file", "width", "height", "seed", "text", "made_of"}, Number: isPixels, Write: Pictures.records, Read: (*Pictures).read},
	Fields:  Pictures.fields,
}

// isPixels leaves out seeds, which may have more digits than a number of a sheet.
func isPixels(column string) bool { return column == "width" || column == "height" }

func (r Pictures) records(record func(...string)) error {
	fields := []string{r.File, strconv.Itoa(r.Width), strconv.Itoa(r.Height), "", r.Text, ""}
	if r.Seed != nil {
		fields[3] = strconv.FormatUint(*r.Seed, 10)
	}
	more := r.Image
	more.Seed, more.Text = nil, ""
	text, err := json.Marshal(more)
	if err != nil {
		return err
	}
	if string(text) != "{}" {
		fields[5] = string(text)
	}
	record(fields...)
	return nil
}

func (r *Pictures) read(_ *Pictures, fields []string) (joined bool, err error) {
	if fields[5] != "" {
		if err := json.Unmarshal([]byte(fields[5]), &r.Image); err != nil {
			return false, fmt.Errorf("made_of: %w", err)
		}
	}
	r.File, r.Text = fields[0], fields[4]
	if fields[3] != "" {
		seed, err := strconv.ParseUint(fields[3], 10, 64)
		if err != nil {
			return false, fmt.Errorf("seed %q is no number", fields[3])
		}
		r.Seed = &seed
	}
	if r.Width, err = number("width", fields[1]); err == nil {
		r.Height, err = number("height", fields[2])
	}
	return false, err
}
