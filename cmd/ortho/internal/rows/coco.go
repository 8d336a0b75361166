package rows

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/boxes"
)

// cocoResult is a box as COCO's results have it, that pycocotools' loadRes reads.
type cocoResult struct {
	Image        any        `json:"image_id"`    // the number that the file is called by, else its name without the ending
	Category     int        `json:"category_id"` // the index of the class
	Box          [4]float32 `json:"bbox"`        // x, y, width, height
	Score        float32    `json:"score"`
	Segmentation *boxes.RLE `json:"segmentation,omitempty"`
	Keypoints    []float32  `json:"keypoints,omitempty"`
	Angle        *float32   `json:"angle,omitempty"`
	File         string     `json:"file_name"`
	Name         string     `json:"category,omitempty"`
}

// cocoWriter writes COCO's results: one list, a box a line. Rows that failed have none.
type cocoWriter struct {
	w    *bufio.Writer
	some bool
}

func newCOCO(w io.Writer) output.Writer[Detections] { return &cocoWriter{w: bufio.NewWriter(w)} }

func (c *cocoWriter) Write(r Detections) error {
	name := path.Base(filepath.ToSlash(r.Input))
	stem := strings.TrimSuffix(name, path.Ext(name))
	var id any = term.UTF8(stem)
	if n, err := strconv.ParseInt(stem, 10, 64); err == nil && n >= 0 {
		id = n
	}
	for _, d := range r.Result.Detections {
		one := cocoResult{Image: id, Category: d.Index, Score: d.Score, Segmentation: d.Mask, Angle: d.Angle, File: term.UTF8(name), Name: d.Label,
			Box: [4]float32{d.Box[0], d.Box[1], d.Box[2] - d.Box[0], d.Box[3] - d.Box[1]}}
		for _, p := range d.Keypoints {
			if one.Keypoints = append(one.Keypoints, p...); len(p) == 2 {
				one.Keypoints = append(one.Keypoints, 1)
			}
		}
		var line bytes.Buffer
		encoder := json.NewEncoder(&line)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(one); err != nil {
			return err
		}
		c.begin()
		c.w.Write(bytes.TrimSuffix(line.Bytes(), []byte("\n")))
	}
	return nil
}

// begin writes what stands before a box.
func (c *cocoWriter) begin() {
	if c.some {
		c.w.WriteString(",\n")
	} else {
		c.w.WriteString("[\n")
	}
	c.some = true
}

func (c *cocoWriter) Close() error {
	if c.some {
		c.w.WriteString("\n]\n")
	} else {
		c.w.WriteString("[]\n")
	}
	return c.w.Flush()
}
