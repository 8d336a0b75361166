package pages

import (
	"fmt"
	"io"
	"strings"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
)

// PrintModels prints a line for each model: a table on a terminal, with a tab for programs.
func PrintModels(w io.Writer, all []*models.Model) error {
	t := grid.New(grid.Text("model"), grid.Text("what it does"), grid.Number("MB"))
	for _, m := range all {
		what, err := purpose(m)
		if err != nil {
			return err
		}
		if size := float64(m.Graph.Size) / 1e6; term.IsTerminal(w) {
			t.Row(m.Name, what, fmt.Sprintf("%.1f", size))
		} else if _, err := fmt.Fprintf(w, "%s\t%s, %.1f MB\n", m.Name, what, size); err != nil {
			return err
		}
	}
	if t.Len() > 0 {
		return t.Print(w)
	}
	return nil
}

// purpose says in a few words what a model makes of what.
func purpose(m *models.Model) (string, error) {
	if m.Task == models.Classify {
		spec, err := m.Classifier()
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("classify: images of %dx%d to %d classes", spec.Input.Height, spec.Input.Width, spec.Classes), nil
	}
	if m.Task == models.ClassifyText {
		spec, err := m.TextClassifier()
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("classify-text: texts of up to %d words to %d classes", spec.Text.Length, spec.Classes), nil
	}
	if m.Task == models.Detect {
		spec, err := m.Detector()
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("detect: images of %dx%d to boxes of %d classes", spec.Input.Height, spec.Input.Width, spec.Classes), nil
	}
	if m.Task == models.Cutout {
		spec, err := m.Cutter()
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("cutout: images of %dx%d to their alpha", spec.Input.Height, spec.Input.Width), nil
	}
	spec, err := m.Generator()
	if err != nil {
		return "", err
	}
	var from []string
	if spec.Image != nil {
		from = append(from, "images")
	}
	if spec.Text != nil {
		from = append(from, "texts")
	}
	if spec.Class != nil || len(spec.Labels) > 0 {
		from = append(from, "classes")
	}
	if spec.Latents != nil {
		from = append(from, "seeds")
	}
	size := "any size"
	if h, w := spec.Output.Height, spec.Output.Width; h > 0 && w > 0 {
		size = fmt.Sprintf("%dx%d", h, w)
	}
	return fmt.Sprintf("generate: %s to images of %s", strings.Join(from, ", "), size), nil
}
