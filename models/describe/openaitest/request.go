package openaitest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Request is a request that keeps to the API's rules.
type Request struct {
	Body          []byte
	Header        http.Header
	Model         string
	Text          string // the text parts of all messages
	Messages      int
	Image         []byte // the JPEG
	Width, Height int    // of it
	Detail        string
	Format        string // response_format's type; "": none
	Schema        json.RawMessage
	Fields        []string // of the answer, in order: the schema's, or those of the prompt
	Classes       []string // that the answer chooses from; nil: free text
	MaxTokens     int      // by whichever field
	Temperature   *float64
	Seed          *int
	Stream        bool
	StreamUsage   bool
	Attempt       int // which request about this image it is, from 1

	has        map[string]bool // the parameters
	ctx        context.Context
	done       <-chan struct{}
	usage      *usage
	cut, early bool
}

// Has reports whether the request states a parameter.
func (r *Request) Has(parameter string) bool { return r.has[parameter] }

// parameters are those that a chat completion may have
// (https://platform.openai.com/docs/api-reference/chat/create).
var parameters = strings.Fields(`audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens
	max_tokens messages metadata modalities model n parallel_tool_calls prediction presence_penalty prompt_cache_key
	reasoning_effort response_format safety_identifier seed service_tier stop store stream stream_options temperature
	tool_choice tools top_logprobs top_p user verbosity web_search_options`)

type body struct {
	Model               *string         `json:"model"`
	Messages            []roleMessage   `json:"messages"`
	ResponseFormat      *responseFormat `json:"response_format"`
	MaxTokens           *int            `json:"max_tokens"`
	MaxCompletionTokens *int            `json:"max_completion_tokens"`
	Temperature         *float64        `json:"temperature"`
	Seed                *int            `json:"seed"`
	Stream              bool            `json:"stream"`
	StreamOptions       *struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
}

type roleMessage struct {
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
}

type responseFormat struct {
	Type       string      `json:"type"`
	JSONSchema *jsonSchema `json:"json_schema"`
}

type jsonSchema struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Schema      json.RawMessage `json:"schema"`
	Strict      bool            `json:"strict"`
}

var schemaName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

// reasoningModel is a model that takes neither max_tokens nor a temperature.
var reasoningModel = regexp.MustCompile(`^(o[134]|gpt-[56])($|[-.])`)

// Parse reads the body of a request, and refuses what breaks the API's rules.
func Parse(data []byte) (*Request, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, err
	}
	r := &Request{Body: data, has: map[string]bool{}}
	for name := range fields {
		if !slices.Contains(parameters, name) {
			return nil, fmt.Errorf("unknown parameter %q", name)
		}
		r.has[name] = true
	}
	var b body
	if err := json.Unmarshal(data, &b); err != nil {
		return nil, err
	}
	switch {
	case b.Model == nil || *b.Model == "":
		return nil, errors.New("model is missing")
	case len(b.Messages) == 0:
		return nil, errors.New("messages are missing")
	case b.MaxTokens != nil && b.MaxCompletionTokens != nil:
		return nil, errors.New("max_tokens and max_completion_tokens both")
	case b.StreamOptions != nil && !b.Stream:
		return nil, errors.New("stream_options without stream")
	case b.Temperature != nil && (*b.Temperature < 0 || *b.Temperature > 2):
		return nil, fmt.Errorf("temperature %v", *b.Temperature)
	}
	if reasoningModel.MatchString(*b.Model) && (b.MaxTokens != nil || b.Temperature != nil && *b.Temperature != 1) {
		return nil, fmt.Errorf("%s takes neither max_tokens nor a temperature", *b.Model)
	}
	r.Model, r.Messages, r.Temperature, r.Seed, r.Stream = *b.Model, len(b.Messages), b.Temperature, b.Seed, b.Stream
	r.StreamUsage = b.StreamOptions != nil && b.StreamOptions.IncludeUsage
	for _, limit := range []*int{b.MaxTokens, b.MaxCompletionTokens} {
		if limit != nil {
			if *limit < 1 {
				return nil, fmt.Errorf("a limit of %d tokens", *limit)
			}
			r.MaxTokens = *limit
		}
	}
	for i, m := range b.Messages {
		if err := r.message(m); err != nil {
			return nil, fmt.Errorf("messages[%d]: %w", i, err)
		}
	}
	if err := r.format(b.ResponseFormat); err != nil {
		return nil, fmt.Errorf("response_format: %w", err)
	}
	return r, nil
}

func (r *Request) message(m roleMessage) error {
	if !slices.Contains([]string{"developer", "system", "user", "assistant", "tool", "function"}, m.Role) {
		return fmt.Errorf("role %q", m.Role)
	}
	var text string
	if json.Unmarshal(m.Content, &text) == nil {
		r.Text += text + "\n"
		if text == "" {
			return errors.New("content is empty")
		}
		return nil
	}
	var parts []struct {
		Type     string  `json:"type"`
		Text     *string `json:"text"`
		ImageURL *struct {
			URL    string `json:"url"`
			Detail string `json:"detail"`
		} `json:"image_url"`
	}
	decoder := json.NewDecoder(bytes.NewReader(m.Content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&parts); err != nil {
		return fmt.Errorf("content: %w", err)
	}
	if len(parts) == 0 {
		return errors.New("content has no parts")
	}
	for _, p := range parts {
		switch {
		case p.Type == "text" && p.Text != nil && p.ImageURL == nil:
			r.Text += *p.Text + "\n"
		case p.Type == "image_url" && p.ImageURL != nil && p.Text == nil:
			if m.Role != "user" {
				return fmt.Errorf("an image of the %s", m.Role)
			}
			if r.Detail = p.ImageURL.Detail; !slices.Contains([]string{"", "auto", "low", "high"}, r.Detail) {
				return fmt.Errorf("detail %q", r.Detail)
			}
			if err := r.image(p.ImageURL.URL); err != nil {
				return fmt.Errorf("image_url: %w", err)
			}
		default:
			return fmt.Errorf("a part of type %q with other fields than its own", p.Type)
		}
	}
	return nil
}

// image checks a data URI: what the API takes is more, but only this is private.
func (r *Request) image(uri string) error {
	encoded, ok := strings.CutPrefix(uri, "data:image/jpeg;base64,")
	if !ok {
		return fmt.Errorf("%.40q is no JPEG as a data URI", uri)
	}
	data, err := base64.StdEncoding.Strict().DecodeString(encoded)
	switch {
	case err != nil:
		return err
	case len(data) > 20<<20:
		return fmt.Errorf("%d bytes", len(data))
	case !isJPEG(data):
		return errors.New("it is no JPEG")
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return err
	}
	for _, marker := range []string{"Exif\x00", "http://ns.adobe.com/xap", "ICC_PROFILE", "Photoshop 3.0"} {
		if bytes.Contains(data, []byte(marker)) {
			return fmt.Errorf("it holds metadata: %q", marker)
		}
	}
	r.Image, r.Width, r.Height = data, img.Bounds().Dx(), img.Bounds().Dy()
	return nil
}

func (r *Request) format(f *responseFormat) error {
	r.Fields, r.Classes = parsePrompt(r.Text)
	if f == nil {
		return nil
	}
	r.Format = f.Type
	switch f.Type {
	case "text":
	case "json_object":
		if !strings.Contains(strings.ToLower(r.Text), "json") {
			return errors.New("json_object without the word JSON in a message")
		}
	case "json_schema":
		switch {
		case f.JSONSchema == nil:
			return errors.New("json_schema is missing")
		case !schemaName.MatchString(f.JSONSchema.Name):
			return fmt.Errorf("the schema's name is %q", f.JSONSchema.Name)
		case !f.JSONSchema.Strict:
			return errors.New("the schema is not strict")
		}
		r.Schema = f.JSONSchema.Schema
		fields, classes, err := checkSchema(r.Schema)
		if err != nil {
			return err
		}
		r.Fields, r.Classes = fields, classes
	default:
		return fmt.Errorf("type %q", f.Type)
	}
	return nil
}

// field is a line of a prompt that says what a field holds.
var field = regexp.MustCompile(`(?m)^- "(\w+)": (.*)$`)

// parsePrompt reads from a prompt which fields and classes it asks for.
func parsePrompt(prompt string) (fields, classes []string) {
	for _, m := range field.FindAllStringSubmatch(prompt, -1) {
		fields = append(fields, m[1])
		if _, list, ok := strings.Cut(m[2], `: "`); ok && m[1] == "class" {
			for decoder := json.NewDecoder(strings.NewReader(`["` + list + `]`)); ; {
				token, err := decoder.Token()
				if errors.Is(err, io.EOF) || err != nil {
					break
				}
				if s, ok := token.(string); ok {
					classes = append(classes, s)
				}
			}
		}
	}
	return fields, classes
}
