package serve

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/serve/catalog"
	"ortho/cmd/ortho/internal/serve/fault"
	"ortho/models"
	"ortho/models/classify"
)

// peoplesRoutes are the plain ones: an image in, what the command line says of it out.
func (s *Server) peoplesRoutes() []route {
	return []route{
		{method: "POST", path: "/v1/classify", body: true, answer: s.classify, about: "Classes of an image, most probable first: the row that `ortho classify -f jsonl` writes. Several images, as parts of a form, give a list of rows. labels, and template, make it compare images with texts, as `ortho classify --zero-shot` does."},
		{method: "POST", path: "/v1/classify-text", body: true, answer: s.classifyText, about: "Classes of a text."},
		{method: "POST", path: "/v1/embed", body: true, answer: s.embed, about: "The embedding of an image, or of a text (text): the row that `ortho embed -f jsonl` writes; normalize=true: of length 1."},
		{method: "POST", path: "/v1/detect", body: true, answer: s.detect, about: "Objects in an image, with their boxes: the row that `ortho detect -f jsonl` writes."},
		{method: "POST", path: "/v1/segment", body: true, answer: s.segment, about: "What an image is divided into, with masks: the row that `ortho segment -f jsonl` writes; format=png: the map of --masks."},
		{method: "POST", path: "/v1/tag", body: true, answer: s.tag, about: "Tags of an image: the row that `ortho tag -f jsonl` writes."},
		{method: "POST", path: "/v1/cutout", body: true, answer: s.cutout, about: "A picture without its background, with alpha or on background: white, black, #rrggbb, blur, or a file."},
		{method: "POST", path: "/v1/describe", body: true, answer: s.describe, about: "What a chat server says of an image: the row that `ortho describe -f jsonl` writes, where the server was started with --describe."},
		{method: "POST", path: "/v1/generate", body: true, answer: s.generate, about: "A picture, made from an image or from a prompt."},
	}
}

// acquire returns the model that a request names, or the only one for a task.
func (s *Server) acquire(c *call, name, version string, task models.Task) (*catalog.Instance, func(), error) {
	if name == "" {
		var of []string
		for _, m := range s.catalog.Statuses() {
			if m.Task == task && m.State == catalog.Ready && !slices.Contains(of, m.Name) {
				of = append(of, m.Name)
			}
		}
		switch len(of) {
		case 0:
			return nil, nil, fault.Unknown("no model here is for that (%s): there are %s", task, strings.Join(s.catalog.Names(), ", "))
		case 1:
			name = of[0]
		default:
			return nil, nil, fault.Input("several models can: say which, as model=%s", strings.Join(of, " or model="))
		}
	}
	i, release, err := s.catalog.Acquire(c.Context(), name, version)
	if err != nil {
		return nil, nil, err
	}
	c.model = i.Name
	if i.Task != task {
		release()
		return nil, nil, fault.Input("%s is not for that: it is a model to %s", i.Name, i.Task)
	}
	if i.Model != nil && i.Model.Usable() != nil {
		release()
		return nil, nil, fault.Input("%s takes tensors only (/v2/models/%s/infer): %v", i.Name, i.Name, remedy.Of(i.Model.Usable()))
	}
	return i, release, nil
}

// rows writes the row of one image, or a list of those of several. An image that fails costs itself;
// one that is alone is the request's failure.
func (c *call) rows(files []file, row func(context.Context, file) (any, []byte, error)) error {
	if len(files) == 0 {
		return fault.Input("there is no image: send it as the body, or as a file of a form (multipart/form-data)")
	}
	var all [][]byte
	for _, f := range files {
		_, text, err := row(c.Context(), f)
		if err != nil && (len(files) == 1 || c.Context().Err() != nil) {
			return err
		}
		all = append(all, bytes.TrimSuffix(text, []byte("\n")))
	}
	if len(files) == 1 {
		return c.write("application/json", append(all[0], '\n'))
	}
	return c.write("application/json", slices.Concat([]byte("["), bytes.Join(all, []byte(",\n")), []byte("]\n")))
}

// line is a row as JSONL has it; of an image that failed, its error's.
func line[R output.Row](row R, name string, err error) (any, []byte, error) {
	if err != nil {
		row = output.Failed[R](name, string(models.StageOf(err)), remedy.Text(err))
	}
	var b bytes.Buffer
	text, failed := output.EncodeLine(&b, row)
	return row, text, cmpErr(err, failed)
}

func cmpErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// defaultTop is how many classes are given where nothing is said, as of ortho classify.
const defaultTop = 5

func (s *Server) classify(c *call) error {
	f, err := c.form()
	if err != nil {
		return err
	}
	if f.all["labels"] != nil {
		return s.compared(c, f)
	}
	top, least, err := f.answers()
	if err != nil {
		return err
	}
	i, release, err := s.acquire(c, f.values["model"], f.values["version"], models.Classify)
	if err != nil {
		return err
	}
	defer release()
	return c.rows(f.files, func(ctx context.Context, one file) (any, []byte, error) {
		result, err := i.Classifier.Image(ctx, one.data)
		result.Predictions = best(result.Predictions, top, least)
		return line(rows.OfClasses(one.name, result), one.name, err)
	})
}

// answers are how many classes are wanted, and how probable at least.
func (f *form) answers(more ...string) (top int, least float64, err error) {
	if err := f.only(append(more, "top", "min_probability")...); err != nil {
		return 0, 0, err
	}
	if top, err = f.whole("top", defaultTop); err != nil {
		return 0, 0, err
	}
	p, err := f.number("min_probability")
	if p != nil {
		least = *p
	}
	return top, least, err
}

// best are the first predictions, of those that are probable enough; top 0: all.
func best(all []classify.Prediction, top int, least float64) []classify.Prediction {
	if top > 0 {
		all = all[:min(top, len(all))]
	}
	for n, p := range all {
		if p.Probability < least {
			return all[:n]
		}
	}
	return all
}

func (s *Server) classifyText(c *call) error {
	f, err := c.form()
	if err != nil {
		return err
	}
	text := f.values["text"]
	if len(f.files) > 0 {
		text = string(f.files[0].data)
	}
	if strings.TrimSpace(text) == "" {
		return fault.Input(`there is no text: send {"text": "..."} as application/json, or the text as the body`)
	}
	top, least, err := f.answers("text")
	if err != nil {
		return err
	}
	i, release, err := s.acquire(c, f.values["model"], f.values["version"], models.ClassifyText)
	if err != nil {
		return err
	}
	defer release()
	return c.rows([]file{{name: text}}, func(ctx context.Context, one file) (any, []byte, error) {
		result, err := i.Texts.Text(ctx, one.name)
		result.Predictions = best(result.Predictions, top, least)
		return line(rows.OfText(one.name, result), one.name, err)
	})
}

func (s *Server) embed(c *call) error {
	f, err := c.form()
	if err != nil {
		return err
	}
	if err := f.only("text", "normalize"); err != nil {
		return err
	}
	unit, err := f.yes("normalize", false)
	if err != nil {
		return err
	}
	if f.all["text"] != nil {
		return s.embedText(c, f, unit)
	}
	i, release, err := s.acquire(c, f.values["model"], f.values["version"], models.Embed)
	if err != nil {
		return err
	}
	defer release()
	return c.rows(f.files, func(ctx context.Context, one file) (any, []byte, error) {
		result, err := i.Embedder.Image(ctx, one.data)
		if err == nil && unit {
			err = united(result.Embedding)
		}
		return line(rows.OfEmbedding(one.name, result), one.name, err)
	})
}

func (s *Server) detect(c *call) error {
	f, err := c.form()
	if err != nil {
		return err
	}
	if err := f.only(); err != nil {
		return err
	}
	i, release, err := s.acquire(c, f.values["model"], f.values["version"], models.Detect)
	if err != nil {
		return err
	}
	defer release()
	return c.rows(f.files, func(ctx context.Context, one file) (any, []byte, error) {
		result, err := i.Detector.Image(ctx, one.data)
		return line(rows.OfDetections(one.name, result), one.name, err)
	})
}

// nothing answers what no route is for.
func (s *Server) nothing(c *call) error {
	for _, r := range s.routes() {
		if r.path == c.URL.Path && r.method != c.Method {
			f := fault.Input("%s is asked by %s", r.path, r.method)
			f.Status = http.StatusMethodNotAllowed
			c.w.Header().Set("Allow", r.method)
			return f
		}
	}
	return fault.Unknown("there is nothing at %.200q: /openapi.json lists what there is", c.URL.Path)
}
