package serve

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"ortho/cmd/ortho/internal/serve/catalog"
	"ortho/cmd/ortho/internal/serve/fault"
	"ortho/models"
	"ortho/preprocess"
)

// openAIRoutes are those of OpenAI's API for pictures.
func (s *Server) openAIRoutes() []route {
	return []route{
		{method: "GET", path: "/v1/models", answer: s.openAIModels, failed: failedAsOpenAI, about: "The models, as OpenAI lists its own."},
		{method: "GET", path: "/v1/models/{model}", answer: s.openAIModel, failed: failedAsOpenAI, about: "A model, as OpenAI describes one."},
		{method: "POST", path: "/v1/images/generations", body: true, answer: s.openAIGenerations, failed: failedAsOpenAI, about: "Pictures of a prompt, as OpenAI's API gives them; seed, steps, guidance and negative_prompt are taken, too."},
		{method: "POST", path: "/v1/images/edits", body: true, answer: s.openAIEdits, failed: failedAsOpenAI, about: "A picture from an image and a prompt, as OpenAI's API has it; what is transparent in the mask is made anew."},
	}
}

// failedAsOpenAI writes an error as OpenAI's clients read it.
func failedAsOpenAI(w http.ResponseWriter, f *fault.Fault) {
	kind := "invalid_request_error"
	if f.Status >= 500 {
		kind = "server_error"
	}
	text, _ := json.Marshal(map[string]any{"error": map[string]any{"message": f.Text, "type": kind, "code": f.Kind, "param": nil}})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.Status)
	w.Write(append(text, '\n'))
}

type openAIModel struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`

	Task  string   `json:"task,omitempty"`
	Takes []string `json:"takes,omitempty"` // of a generator: picture, text, seed
}

func (s *Server) openAIModels(c *call) error {
	all := []openAIModel{}
	for _, name := range s.catalog.Names() {
		all = append(all, s.described(name))
	}
	return c.json(map[string]any{"object": "list", "data": all, "describes": s.opt.Describer != nil})
}

func (s *Server) openAIModel(c *call) error {
	if name := s.known(c.PathValue("model")); name != "" {
		return c.json(s.described(name))
	}
	return fault.Unknown("there is no model %.200q", c.PathValue("model"))
}

// described is a model as OpenAI describes one, with what it is for.
func (s *Server) described(name string) openAIModel {
	m := openAIModel{ID: name, Object: "model", OwnedBy: "ortho"}
	for _, status := range s.catalog.Statuses() {
		if status.Name == name {
			m.Task, m.Takes = string(status.Task), status.Takes
		}
	}
	return m
}

// maxPictures bounds those of one request.
const maxPictures = 10

// openAIAsked is a request for pictures. Beside OpenAI's own fields it has those that its clients put
// into extra_body.
type openAIAsked struct {
	Model    string          `json:"model"`
	Prompt   string          `json:"prompt"`
	N        *int            `json:"n"`
	Size     string          `json:"size"`
	Response string          `json:"response_format"`
	Format   string          `json:"output_format"`
	Seed     *uint64         `json:"seed"`
	Steps    int             `json:"steps"`
	Guidance *float64        `json:"guidance"`
	Negative *string         `json:"negative_prompt"`
	Stream   json.RawMessage `json:"stream"`
}

func (s *Server) openAIGenerations(c *call) error {
	var asked openAIAsked
	if err := json.Unmarshal(c.body, &asked); err != nil {
		return fault.Input("the body is not JSON as the API has it: %v", err)
	}
	p := prompt{text: asked.Prompt, steps: asked.Steps, guidance: asked.Guidance, seed: asked.Seed}
	if asked.Negative != nil {
		p.negative, p.given = *asked.Negative, true
	}
	return s.openAIPictures(c, asked, p)
}

func (s *Server) openAIEdits(c *call) error {
	f, err := c.form()
	if err != nil {
		return err
	}
	asked := openAIAsked{Model: f.values["model"], Prompt: f.values["prompt"], Size: f.values["size"], Response: f.values["response_format"], Format: f.values["output_format"]}
	if f.values["n"] != "" {
		n, err := f.whole("n", 1)
		if err != nil {
			return err
		}
		asked.N = &n
	}
	f.values["negative"] = f.values["negative_prompt"]
	delete(f.values, "size") // "auto" is one, and it is read with the rest
	p, err := f.prompt()
	if err != nil {
		return err
	}
	if len(p.images) == 0 {
		return fault.Input("there is no image: it is a file of the form")
	}
	if p.mask != nil { // what is transparent is made anew: MaskOf reads alpha so
		p.mask = &file{name: "mask", data: p.mask.data}
	}
	return s.openAIPictures(c, asked, p)
}

func (s *Server) openAIPictures(c *call, asked openAIAsked, p prompt) (err error) {
	n := 1
	if asked.N != nil {
		n = *asked.N
	}
	switch {
	case n < 1 || n > maxPictures:
		return fault.Input("n %d: from 1 to %d", n, maxPictures)
	case asked.Response == "url":
		return fault.Input("response_format url is not offered: pictures are kept nowhere; ask for b64_json")
	case asked.Response != "" && asked.Response != "b64_json":
		return fault.Input("response_format %.40q: b64_json is offered", asked.Response)
	case string(asked.Stream) == "true":
		return fault.Input("stream is not offered")
	case strings.TrimSpace(asked.Prompt) == "":
		return fault.Input("there is no prompt")
	}
	if p.width, p.height, err = sizeOf(asked.Size); err != nil {
		return err
	}
	_, format, err := wantedFormat(asked.Format, "")
	if err != nil {
		return err
	}
	name := asked.Model
	if s.known(name) == "" && strings.HasPrefix(name, "dall-e") || strings.HasPrefix(name, "gpt-image") {
		name = "" // what clients ask for where nobody has said which
	}
	i, release, err := s.acquire(c, name, "", models.Generate)
	if err != nil {
		return err
	}
	defer release()
	return s.openAIAnswer(c, i, p, n, format)
}

func (s *Server) openAIAnswer(c *call, i *catalog.Instance, p prompt, n int, format preprocess.FileFormat) error {
	type picture struct {
		B64  string  `json:"b64_json"`
		Seed *uint64 `json:"seed,omitempty"`
	}
	var all []picture
	seed := p.seeded()
	for k := range n {
		if own := seed + uint64(k); i.Pipeline != nil || i.Generator.Spec().Image == nil {
			p.seed = &own
		}
		made, used, err := s.picture(c.Context(), i, p, format)
		if err != nil {
			return err
		}
		all = append(all, picture{base64.StdEncoding.EncodeToString(made), used})
	}
	return c.json(map[string]any{"created": time.Now().Unix(), "data": all})
}
