package rows

import (
	"fmt"
	"io"
	"math"
	"strings"

	"ortho/models/detect"
)

// YOLO writes an image's boxes as YOLO's programs have labels: a line each, with the index of the class,
// the centre, width and height in parts of the image, and the score, as Ultralytics' save_txt and
// save_conf write it. A mask or an angle is the four corners of the box, turned; key points follow the box. An
// image without boxes has no lines.
func YOLO(w io.Writer, found detect.Result) error {
	width, height := float64(found.Width), float64(found.Height)
	for _, d := range found.Detections {
		x1, y1, x2, y2 := float64(d.Box[0]), float64(d.Box[1]), float64(d.Box[2]), float64(d.Box[3])
		numbers := []float64{(x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height}
		if d.Angle != nil {
			numbers = numbers[:0]
			for _, c := range d.Corners() {
				numbers = append(numbers, float64(c[0])/width, float64(c[1])/height)
			}
		}
		for _, p := range d.Keypoints {
			numbers = append(numbers, float64(p[0])/width, float64(p[1])/height)
			for _, visible := range p[2:] {
				numbers = append(numbers, float64(visible))
			}
		}
		var line strings.Builder
		fmt.Fprint(&line, d.Index)
		for _, n := range append(numbers, float64(d.Score)) {
			fmt.Fprintf(&line, " %.6g", math.Max(n, -1e6))
		}
		if _, err := fmt.Fprintln(w, line.String()); err != nil {
			return err
		}
	}
	return nil
}
