package wire

import (
	"encoding/json"
	"strings"
)

// message is what a model says, of an answer or of a piece of one.
type message struct {
	content  string
	thoughts string // apart from the content
	call     string // the arguments of a tool's call, which some servers give for the form that was asked for
	refusal  string
	finish   string // "": it goes on, or the server does not say
}

// messageOf reads a completion or a chunk of one. ok: it has a choice.
func messageOf(o object) (m message, ok bool) {
	choice := o.first("choices")
	said := choice.of("message")
	if said == nil {
		said = choice.of("delta")
	}
	if choice == nil { // as Ollama's own API has it
		if said = o.of("message"); said == nil {
			return m, false
		}
		choice = o
	}
	m.add(said["content"])
	if m.content == "" {
		m.content = choice.text("text")
	}
	m.thoughts += said.text("reasoning_content", "reasoning", "thinking")
	m.refusal += said.text("refusal")
	function := said.first("tool_calls").of("function")
	if function == nil {
		function = said.of("function_call")
	}
	switch arguments := function["arguments"].(type) {
	case string:
		m.call = arguments
	case map[string]any:
		text, _ := json.Marshal(arguments) // of what was JSON
		m.call = string(text)
	}
	m.finish = finish(choice.text("finish_reason", "done_reason", "stop_reason"))
	return m, true
}

// add takes content: a text, or a list of parts.
func (m *message) add(content any) {
	switch v := content.(type) {
	case string:
		m.content += v
	case []any:
		for _, part := range v {
			m.add(part)
		}
	case map[string]any:
		part := object(v)
		switch kind := part.text("type"); {
		case strings.Contains(kind, "think"), strings.Contains(kind, "reason"):
			m.thoughts += part.text("thinking", "reasoning", "text")
		case kind == "refusal":
			m.refusal += part.text("refusal", "text")
		default:
			m.content += part.text("text", "content")
		}
	}
}

// finish is the reason that OpenAI would give.
func finish(reason string) string {
	switch strings.ToLower(reason) {
	case "max_tokens", "max_output_tokens", "max_length", "token_limit":
		return "length"
	case "eos", "eos_token", "end_turn", "stop_sequence", "completed", "complete", "done", "tool_calls", "function_call", "tool_use":
		return "stop"
	}
	return strings.ToLower(reason)
}

// answer is the content, or what stands in its place where there is none: a tool's arguments, or thoughts that hold the
// answer of a model that did not stop thinking.
func (m *message) answer() string {
	switch {
	case strings.TrimSpace(m.content) != "":
		return m.content
	case strings.TrimSpace(m.call) != "":
		return m.call
	case m.finish != "length" && strings.Contains(m.thoughts, "{"):
		return m.thoughts
	}
	return m.content
}

// usage is tokens as OpenAI counts them.
type usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Total      int `json:"total_tokens"`
	Cached     struct {
		Tokens int `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
	Thoughts struct {
		Tokens int `json:"reasoning_tokens"`
	} `json:"completion_tokens_details"`
}

// usageOf is nil where nothing was counted.
func usageOf(o object) *usage {
	u := o.first("usage")
	if u == nil {
		u = o // as Ollama's own API has it
	}
	n := usage{Prompt: u.count("prompt_tokens", "input_tokens", "promptTokens", "prompt_eval_count"), Completion: u.count("completion_tokens", "output_tokens", "completionTokens", "eval_count")}
	n.Cached.Tokens = u.of("prompt_tokens_details").count("cached_tokens")
	n.Thoughts.Tokens = u.of("completion_tokens_details").count("reasoning_tokens")
	if n.Thoughts.Tokens == 0 {
		n.Thoughts.Tokens = u.count("reasoning_tokens")
	}
	if n.Total = n.Prompt + n.Completion; n.Total == 0 {
		return nil
	}
	return &n
}
