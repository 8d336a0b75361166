package describe

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/sashabaranov/go-openai"
)

// dialect is how much of the API a server and its model know. It is learned from what
// they refuse.
type dialect struct {
	format      format
	limit       limit
	temperature bool
	seed        bool
	streamUsage bool // stream_options
	detail      bool
	plainURL    bool // an image is a text, and not an object
}

// format is how the form of an answer is asked for besides the prompt, the strictest first.
type format int

const (
	bySchema format = iota
	byObject        // some JSON object
	byPrompt        // nothing else
)

func (f format) String() string { return []string{"json_schema", "json_object", "text"}[f] }

// limit is the parameter that bounds an answer.
type limit int

const (
	maxTokens           limit = iota // which OpenAI's newer models refuse
	maxCompletionTokens              // which many local servers do not know
	noLimit
)

func firstDialect(opt Options) dialect {
	think := reasoning(opt.Model)
	by := maxTokens
	if think || validated(opt.Model) {
		by = maxCompletionTokens
	}
	return dialect{
		limit:       by,
		temperature: opt.Temperature != nil && !think,
		seed:        opt.Seed != nil,
		streamUsage: true,
		detail:      true,
	}
}

// reasoning reports whether a model thinks before it answers: those refuse max_tokens and a
// temperature. The families are those that go-openai's ReasoningValidator goes by, also
// where a router puts the maker before the name (openai/o3).
func reasoning(model string) bool {
	if strings.Contains(model, "-chat") { // which only bear their name
		return false
	}
	for _, family := range []string{"o1", "o3", "o4", "gpt-5", "gpt-6"} {
		if strings.HasPrefix(model, family) || strings.Contains(model, "/"+family) {
			return true
		}
	}
	return false
}

// request is what is sent, but for Stream, which go-openai sets.
func (d *Describer) request(q question, messages []openai.ChatCompletionMessage, tokens int, known dialect) openai.ChatCompletionRequest {
	r := openai.ChatCompletionRequest{Model: d.opt.Model, Messages: messages}
	switch known.format {
	case bySchema:
		r.ResponseFormat = &openai.ChatCompletionResponseFormat{
			Type:       openai.ChatCompletionResponseFormatTypeJSONSchema,
			JSONSchema: &openai.ChatCompletionResponseFormatJSONSchema{Name: q.name, Schema: q.schema, Strict: true},
		}
	case byObject:
		r.ResponseFormat = &openai.ChatCompletionResponseFormat{Type: openai.ChatCompletionResponseFormatTypeJSONObject}
	}
	switch known.limit {
	case maxTokens:
		//lint:ignore SA1019 OpenAI's newer models want the other field; local servers know only this one.
		r.MaxTokens = tokens
	case maxCompletionTokens:
		r.MaxCompletionTokens = tokens
	}
	if known.temperature && !validated(d.opt.Model) {
		// go-openai leaves out a 0, and what is smaller overflows in some servers' division.
		r.Temperature = max(float32(*d.opt.Temperature), 1e-6)
	}
	if known.seed {
		r.Seed = d.opt.Seed
	}
	if d.streams(q) && known.streamUsage {
		r.StreamOptions = &openai.StreamOptions{IncludeUsage: true}
	}
	return r
}

// validated reports whether go-openai refuses a temperature, and max_tokens, for a model by its name.
func validated(model string) bool {
	return strings.HasPrefix(model, "o1") || strings.HasPrefix(model, "o3") || strings.HasPrefix(model, "o4") || strings.HasPrefix(model, "gpt-5")
}

// edit is what a request needs that go-openai can't say; nil: nothing.
func (d *Describer) edit(known dialect) func(request map[string]any) {
	temperature := known.temperature && validated(d.opt.Model)
	if !temperature && known.detail && !known.plainURL {
		return nil
	}
	return func(request map[string]any) {
		if temperature {
			request["temperature"] = *d.opt.Temperature
		}
		messages, _ := request["messages"].([]any)
		for _, m := range messages {
			message, _ := m.(map[string]any)
			parts, _ := message["content"].([]any)
			for _, p := range parts {
				part, _ := p.(map[string]any)
				image, ok := part["image_url"].(map[string]any)
				if ok && !known.detail {
					delete(image, "detail")
				}
				if ok && known.plainURL {
					part["image_url"] = image["url"]
				}
			}
		}
	}
}

func (d *Describer) streams(q question) bool { return q.stream && d.opt.Stream != nil }

// messages is the question as the user's one message: some models know no other role.
func (d *Describer) messages(q question, imageURL string) []openai.ChatCompletionMessage {
	return []openai.ChatCompletionMessage{{Role: openai.ChatMessageRoleUser, MultiContent: []openai.ChatMessagePart{
		{Type: openai.ChatMessagePartTypeText, Text: q.prompt},
		{Type: openai.ChatMessagePartTypeImageURL, ImageURL: &openai.ChatMessageImageURL{URL: imageURL, Detail: openai.ImageURLDetail(d.opt.Detail)}},
	}}}
}

// repair goes on after an answer that can't be used.
func repair(messages []openai.ChatCompletionMessage, answer string, problem error) []openai.ChatCompletionMessage {
	const shown = 8 << 10
	if answer = strings.ToValidUTF8(answer[:min(len(answer), shown)], ""); strings.TrimSpace(answer) == "" {
		answer = "(nothing)"
	}
	return append(slices.Clone(messages),
		openai.ChatCompletionMessage{Role: openai.ChatMessageRoleAssistant, Content: answer},
		openai.ChatCompletionMessage{Role: openai.ChatMessageRoleUser, Content: "That can't be used: " + problem.Error() +
			". Answer again, with one JSON object that has exactly the fields asked for, and nothing else."})
}

var (
	outOfRange  = regexp.MustCompile(`too (large|high|big|many)|exceed|at most|maximum|less than|greater than|out of range`)
	detailNamed = regexp.MustCompile(`image_url\.detail|\bdetail\b['"` + "`" + `]?( field| parameter| is not| must| should|: )|['"` + "`" + `]detail['"` + "`" + `]`)
)

// current returns what is known of the server by now.
func (d *Describer) current() dialect {
	d.dialect.Lock()
	defer d.dialect.Unlock()
	return d.dialect.dialect
}

// learn takes from a refusal what the server does not support, and reports whether there is
// another way to ask. Every way is tried once: each asks for less.
func (d *Describer) learn(e *Error, sent dialect) bool {
	switch e.Status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusUnsupportedMediaType, http.StatusInternalServerError, http.StatusNotImplemented:
	default:
		return false
	}
	next := sent
	says := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(e.refused, w) })
	}
	switch {
	case sent.format < byPrompt && says("response_format", "json_schema", "json_object", "structured output", "guided", "grammar"):
		next.format++
	case sent.limit == maxTokens && says("max_tokens", "max_completion_tokens"):
		if next.limit = maxCompletionTokens; outOfRange.MatchString(e.refused) {
			next.limit = noLimit
		}
	case sent.limit == maxCompletionTokens && says("max_completion_tokens", "max_tokens"):
		next.limit = noLimit
	case sent.temperature && says("temperature"):
		next.temperature = false
	case sent.seed && says("seed"):
		next.seed = false
	case sent.streamUsage && says("stream_options", "include_usage"):
		next.streamUsage = false
	case sent.detail && detailNamed.MatchString(e.refused):
		next.detail = false
	case !sent.plainURL && says("image_url") && says("string", "str type", "must be a text"):
		next.plainURL = true
	default:
		return false
	}
	d.dialect.Lock()
	defer d.dialect.Unlock()
	if d.dialect.dialect == sent { // else another image has learned meanwhile
		d.dialect.dialect = next
		d.notify("%s: %s; asking without", d.opt.Model, e.text)
	}
	return true
}
