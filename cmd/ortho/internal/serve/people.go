package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
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
		{method: "POST", path: "/v1/classify", body: true, answer: s.classify, about: "Classes of an image, most probable first: the row that `ortho classify -f jsonl` writes. Several images, as parts of a form, give a list of rows."},
		{method: "POST", path: "/v1/classify-text", body: true, answer: s.classifyText, about: "Classes of a text."},
		{method: "POST", path: "/v1/embed", body: true, answer: s.embed, about: "The embedding of an image: the row that `ortho embed -f jsonl` writes."},
		{method: "POST", path: "/v1/detect", body: true, answer: s.detect, about: "Objects in an image, with their boxes: the row that `ortho detect -f jsonl` writes."},
		{method: "POST", path: "/v1/generate", body: true, answer: s.generate, about: "A picture, made from an image or from a prompt."},
	}
}

// maxParts bounds the parts of a form.
const maxParts = 256

// file is an image of a request.
type file struct {
	name string
	data []byte
}

// form is what a request says: files, and values by name, those of the address among them.
type form struct {
	files  []file
	values map[string]string
}

// form reads a request: an image as the body; or a form with files and values; or JSON with values.
func (c *call) form() (f form, err error) {
	f.values = map[string]string{}
	for key, values := range c.URL.Query() {
		f.values[key] = values[len(values)-1]
	}
	kind, options, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if err != nil && c.Header.Get("Content-Type") != "" {
		return f, fault.Media("Content-Type %.100q: %v", c.Header.Get("Content-Type"), err)
	}
	switch {
	case kind == "multipart/form-data":
		return f, f.parts(multipart.NewReader(bytes.NewReader(c.body), options["boundary"]))
	case kind == "application/json":
		var values map[string]any
		decoder := json.NewDecoder(bytes.NewReader(c.body))
		decoder.UseNumber()
		if err := decoder.Decode(&values); err != nil {
			return f, fault.Input("the body is no JSON object: %v", err)
		}
		for key, v := range values {
			switch v.(type) {
			case string, json.Number, bool:
				f.values[key] = fmt.Sprint(v)
			case nil:
			default:
				return f, fault.Input("%.100q is a list or an object: a text, a number or true and false are taken", key)
			}
		}
		return f, nil
	case kind == "application/x-www-form-urlencoded" && !looksLikeImage(c.body):
		return f, fault.Media("a form is sent as multipart/form-data; an image as the body, as image/jpeg or whatever it is")
	}
	if len(c.body) > 0 {
		name := f.values["name"]
		if name == "" {
			name = "image"
		}
		f.files = []file{{name, c.body}}
	}
	return f, nil
}

// looksLikeImage reports whether a body that says to be a form is none: curl --data-binary says so of
// whatever it sends.
func looksLikeImage(body []byte) bool {
	return bytes.ContainsFunc(body[:min(64, len(body))], func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == '\uFFFD' })
}

// parts reads a form's parts. What has a file's name is a file.
func (f *form) parts(from *multipart.Reader) error {
	for n := 0; ; n++ {
		part, err := from.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fault.Input("the form can't be read: %v", err)
		}
		if n == maxParts {
			return fault.Input("the form has more than %d parts", maxParts)
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return fault.Input("part %.100q of the form can't be read: %v", part.FormName(), err)
		}
		switch {
		case part.FileName() != "":
			f.files = append(f.files, file{part.FileName(), data})
		case strings.HasPrefix(part.Header.Get("Content-Type"), "image/"):
			f.files = append(f.files, file{part.FormName(), data})
		case part.FormName() != "":
			f.values[part.FormName()] = string(data)
		}
	}
}

// only refuses values of other names: what is not taken would be passed over in silence.
func (f *form) only(names ...string) error {
	for name := range f.values {
		if !slices.Contains(append(names, "model", "version", "name"), name) {
			return fault.Input("%.100q is nothing that is taken here: there are %s", name, strings.Join(append(names, "model", "version", "name"), ", "))
		}
	}
	return nil
}

// whole reads a value that is a number of at least 0; missing where it is not given.
func (f *form) whole(name string, missing int) (int, error) {
	text, ok := f.values[name]
	if !ok || text == "" {
		return missing, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fault.Input("%s %.40q: it is a number of at least 0", name, text)
	}
	return n, nil
}

func (f *form) number(name string) (*float64, error) {
	text, ok := f.values[name]
	if !ok || text == "" {
		return nil, nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v != v {
		return nil, fault.Input("%s %.40q: it is a number", name, text)
	}
	return &v, nil
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
	if err := f.only(); err != nil {
		return err
	}
	i, release, err := s.acquire(c, f.values["model"], f.values["version"], models.Embed)
	if err != nil {
		return err
	}
	defer release()
	return c.rows(f.files, func(ctx context.Context, one file) (any, []byte, error) {
		result, err := i.Embedder.Image(ctx, one.data)
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
