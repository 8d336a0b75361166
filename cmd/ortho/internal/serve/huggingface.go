package serve

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/serve/catalog"
	"ortho/cmd/ortho/internal/serve/fault"
	"ortho/models"
	"ortho/models/classify"
	"ortho/models/cutout"
	"ortho/models/detect"
	"ortho/models/segment"
	"ortho/preprocess"
)

// huggingFaceRoutes are those of Hugging Face's inference clients: the task is the model's.
func (s *Server) huggingFaceRoutes() []route {
	var all []route
	for _, path := range []string{"/models/{model}", "/models/{owner}/{model}"} {
		all = append(all, route{method: "POST", path: path, body: true, answer: s.huggingFace, about: "A model's answer as Hugging Face's inference clients read it: classes of an image or a text, an embedding, a picture."})
	}
	return all
}

// hfBody is the JSON of a request; a body that is no JSON is the input itself.
type hfBody struct {
	Inputs     json.RawMessage `json:"inputs"`
	Parameters struct {
		TopK       *int     `json:"top_k"`
		Function   string   `json:"function_to_apply"`
		Width      int      `json:"width"`
		Height     int      `json:"height"`
		Steps      int      `json:"num_inference_steps"`
		Guidance   *float64 `json:"guidance_scale"`
		Negative   *string  `json:"negative_prompt"`
		Seed       *uint64  `json:"seed"`
		Scheduler  *string  `json:"scheduler"`
		TargetSize any      `json:"target_size"`
		Strength   *float64 `json:"strength"`
		Prompt     string   `json:"prompt"`
		Labels     []string `json:"candidate_labels"`
		Template   string   `json:"hypothesis_template"`
	} `json:"parameters"`
}

func (s *Server) huggingFace(c *call) error {
	kind, _, _ := mime.ParseMediaType(c.Header.Get("Content-Type"))
	var b hfBody
	data := c.body
	if kind == "application/json" || kind == "" && bytes.HasPrefix(bytes.TrimSpace(c.body), []byte("{")) {
		if err := json.Unmarshal(c.body, &b); err != nil {
			return fault.Input("the body is not JSON with inputs and parameters: %v", err)
		}
		var text string
		if err := json.Unmarshal(b.Inputs, &text); err != nil {
			return fault.Input("inputs is one text: an image as base64, or what the model reads")
		}
		data = []byte(text)
	}
	if len(data) == 0 {
		return fault.Input("there are no inputs")
	}
	name := c.PathValue("model")
	i, release, err := s.catalog.Acquire(c.Context(), name, "")
	if err != nil {
		return err
	}
	defer release()
	c.model = i.Name
	if b.Parameters.Scheduler != nil || b.Parameters.TargetSize != nil {
		return fault.Input("scheduler and target_size are not taken: the model's own are used")
	}
	if f := b.Parameters.Function; f != "" {
		return fault.Input("function_to_apply %.40q is not taken: scores are the model's probabilities", f)
	}
	if b.Parameters.Labels != nil && (i.Task != models.Embed || !i.HasTexts()) {
		return fault.Input("candidate_labels are for models of images and texts: %s has its own classes", i.Name)
	}
	switch i.Task {
	case models.Classify, models.ClassifyText:
		return s.huggingFaceClasses(c, i, data, b)
	case models.Segment:
		found, release, err := c.divided(c.Context(), i, imageIn(data, b.Inputs != nil))
		if err != nil {
			return err
		}
		defer release()
		return huggingFaceSegments(c, found)
	case models.Cutout:
		kind, format, err := wantedFormat("", c.Header.Get("Accept"))
		if err != nil {
			return err
		}
		if format == preprocess.JPEG { // it has no alpha
			kind, format = "image/png", preprocess.PNG
		}
		made, err := s.cut(c.Context(), i, imageIn(data, b.Inputs != nil), cutout.Finish{}, format)
		if err != nil {
			return err
		}
		return c.write(kind, made)
	case models.Embed:
		if b.Parameters.Labels != nil {
			return s.huggingFaceLabels(c, i, imageIn(data, b.Inputs != nil), b)
		}
		made, err := i.Embedder.Image(c.Context(), imageIn(data, b.Inputs != nil))
		if err != nil && b.Inputs != nil && i.HasTexts() && models.StageOf(err) == models.StageUnsupported && len(data) <= maxText {
			made.Embedding, _, err = i.EmbedText(c.Context(), string(data)) // it was a text
		}
		if err != nil {
			return err
		}
		return c.json(made.Embedding)
	case models.Detect:
		found, err := i.Detector.Image(c.Context(), imageIn(data, b.Inputs != nil))
		if err != nil {
			return err
		}
		return c.json(huggingFaceBoxes(found))
	}
	p := prompt{width: b.Parameters.Width, height: b.Parameters.Height, steps: b.Parameters.Steps, guidance: b.Parameters.Guidance, seed: b.Parameters.Seed, strength: b.Parameters.Strength}
	if b.Parameters.Negative != nil {
		p.negative, p.given = *b.Parameters.Negative, true
	}
	if i.Pipeline == nil && i.Generator.Spec().Image != nil || b.Parameters.Prompt != "" {
		p.images, p.text = []file{{name: "inputs", data: imageIn(data, b.Inputs != nil)}}, b.Parameters.Prompt
	} else {
		p.text = string(data)
	}
	kind, format, err := wantedFormat("", c.Header.Get("Accept"))
	if err != nil {
		return err
	}
	picture, seed, err := s.picture(c.Context(), i, p, format)
	if err != nil {
		return err
	}
	if seed != nil {
		c.w.Header().Set("X-Seed", strconv.FormatUint(*seed, 10))
	}
	return c.write(kind, picture)
}

// huggingFaceBoxes are detections as Hugging Face's clients read them: corners are whole pixels.
func huggingFaceBoxes(found detect.Result) any {
	type box struct {
		Label string  `json:"label"`
		Score float32 `json:"score"`
		Box   struct {
			XMin int `json:"xmin"`
			YMin int `json:"ymin"`
			XMax int `json:"xmax"`
			YMax int `json:"ymax"`
		} `json:"box"`
	}
	all := []box{}
	for _, d := range found.Detections {
		one := box{Label: d.Label, Score: d.Score}
		if one.Label == "" {
			one.Label = fmt.Sprintf("LABEL_%d", d.Index)
		}
		one.Box.XMin, one.Box.YMin, one.Box.XMax, one.Box.YMax = int(d.Box[0]), int(d.Box[1]), int(d.Box[2]), int(d.Box[3])
		all = append(all, one)
	}
	return all
}

// huggingFaceSegments are segments as Hugging Face's clients read them: masks are pictures, white where the segment is.
func huggingFaceSegments(c *call, found segment.Result) error {
	type part struct {
		Label string  `json:"label"`
		Score float32 `json:"score"`
		Mask  string  `json:"mask"`
	}
	all := []part{}
	for _, one := range found.Segments {
		inside, err := one.Mask.Pixels()
		if err != nil {
			return models.StageOutput.Wrap(err)
		}
		mask := &preprocess.Image{Width: found.Width, Height: found.Height, Channels: 1, Pix: make([]byte, len(inside))}
		for n, in := range inside {
			if in {
				mask.Pix[n] = 255
			}
		}
		made, err := encoded(mask, preprocess.FileOptions{Format: preprocess.PNG})
		if err != nil {
			return err
		}
		score := one.Score
		if score == 0 { // of a class nothing is stated: transformers has 1 there
			score = 1
		}
		label := one.Label
		if label == "" {
			label = fmt.Sprintf("LABEL_%d", one.Index)
		}
		all = append(all, part{label, score, base64.StdEncoding.EncodeToString(made)})
	}
	return c.json(all)
}

// huggingFaceLabels ranks labels by how well they suit an image.
func (s *Server) huggingFaceLabels(c *call, i *catalog.Instance, image []byte, b hfBody) error {
	var templates []string
	if b.Parameters.Template != "" {
		templates = []string{b.Parameters.Template}
	}
	labels, err := labelsFor(c.Context(), i, b.Parameters.Labels, templates)
	if err != nil {
		return err
	}
	result, err := compare(c.Context(), i, labels, image)
	if err != nil {
		return err
	}
	all := []huggingFaceClass{}
	for _, p := range result.Predictions {
		all = append(all, huggingFaceClass{p.Label, p.Probability})
	}
	return c.json(all)
}

// huggingFaceClass is a class as Hugging Face's clients read it.
type huggingFaceClass struct {
	Label string  `json:"label"`
	Score float64 `json:"score"`
}

// imageIn is an image as it came: of JSON as base64, with the head of a data address or without.
func imageIn(data []byte, text bool) []byte {
	if !text {
		return data
	}
	raw := string(data)
	if strings.HasPrefix(raw, "data:") {
		_, raw, _ = strings.Cut(raw, ",")
	}
	image, err := base64.StdEncoding.DecodeString(strings.TrimSpace(raw))
	if err != nil {
		return data // its decoder says that it is no image
	}
	return image
}

func (s *Server) huggingFaceClasses(c *call, i *catalog.Instance, data []byte, b hfBody) error {
	top := defaultTop
	if b.Parameters.TopK != nil {
		if top = *b.Parameters.TopK; top < 1 {
			return fault.Input("top_k %d: it is at least 1", top)
		}
	}
	all, err := s.predictions(c.Context(), i, imageIn(data, b.Inputs != nil && i.Task == models.Classify))
	if err != nil {
		return err
	}
	classes := []huggingFaceClass{}
	for _, p := range all[:min(top, len(all))] {
		label := p.Label
		if label == "" {
			label = fmt.Sprintf("LABEL_%d", p.Index) // as transformers calls it
		}
		classes = append(classes, huggingFaceClass{label, p.Probability})
	}
	if i.Task == models.ClassifyText { // of each of the texts that could be given
		return c.json([][]huggingFaceClass{classes})
	}
	return c.json(classes)
}

// predictions are the classes of an image or a text.
func (s *Server) predictions(ctx context.Context, i *catalog.Instance, data []byte) ([]classify.Prediction, error) {
	if i.Task == models.ClassifyText {
		result, err := i.Texts.Text(ctx, string(data))
		return result.Predictions, err
	}
	result, err := i.Classifier.Image(ctx, data)
	return result.Predictions, err
}
