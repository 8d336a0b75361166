package serve

import (
	"encoding/json"
	"strings"

	"ortho/cmd/ortho/internal/serve/fault"
	"ortho/models"
)

// immichRoutes are those of the machine learning service of immich.
func (s *Server) immichRoutes() []route {
	return []route{
		{method: "GET", path: "/ping", open: true, answer: func(c *call) error { return c.write("text/plain; charset=utf-8", []byte("pong")) }, about: "Whether the process lives, as immich asks."},
		{method: "POST", path: "/predict", body: true, answer: s.predict, about: "Embeddings of an image or a text, as immich asks for them: the part entries says the model."},
	}
}

// predict answers immich: a form with entries, {task: {type: {modelName, options}}}, and an image. The
// embedding comes as a text that holds a list of numbers.
func (s *Server) predict(c *call) error {
	f, err := c.form()
	if err != nil {
		return err
	}
	var entries map[string]map[string]struct {
		Model string `json:"modelName"`
	}
	if err := json.Unmarshal([]byte(f.values["entries"]), &entries); err != nil {
		return fault.Input("the part entries is not JSON as immich has it: %v", err)
	}
	if len(entries) != 1 || len(entries["clip"]) != 1 {
		return fault.Input("entries: one task, clip, with one type can be asked for")
	}
	if asked, ok := entries["clip"]["textual"]; ok {
		return s.predictText(c, asked.Model, f.values["text"])
	}
	asked, ok := entries["clip"]["visual"]
	if !ok {
		return fault.Input("entries: of clip, visual and textual can be asked for")
	}
	if len(f.files) != 1 {
		return fault.Input("there is no image: it is the part image of the form")
	}
	i, release, err := s.acquire(c, localName(s, asked.Model), "", models.Embed)
	if err != nil {
		return err
	}
	defer release()
	made, err := i.Embedder.Image(c.Context(), f.files[0].data)
	if err != nil {
		return err
	}
	values, err := numbers(made.Embedding)
	if err != nil {
		return err
	}
	return c.json(map[string]any{"clip": values, "imageHeight": made.Height, "imageWidth": made.Width})
}

// predictText embeds a text that is looked for.
func (s *Server) predictText(c *call, model, text string) error {
	if strings.TrimSpace(text) == "" || len(text) > maxText {
		return fault.Input("the part text of the form has %d bytes: from 1 to %d can be embedded", len(text), maxText)
	}
	i, release, err := s.acquireTexts(c, localName(s, model), "")
	if err != nil {
		return err
	}
	defer release()
	made, _, err := i.EmbedText(c.Context(), text)
	if err != nil {
		return err
	}
	values, err := numbers(made)
	if err != nil {
		return err
	}
	return c.json(map[string]any{"clip": values})
}

// localName is what a model is called here: immich's names may have an owner before them, and are
// always given, so that an unknown one stands for the only model there is.
func localName(s *Server, name string) string {
	_, after, found := strings.Cut(name, "/")
	if found {
		name = after
	}
	return s.known(name)
}
