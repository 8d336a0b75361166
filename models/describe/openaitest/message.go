package openaitest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// message is an answer with status 200, as one object or as a stream of chunks.
type message struct {
	content, refusal string
	finish           string
	none             bool // no choices
}

type usage struct {
	Prompt            int            `json:"prompt_tokens"`
	Completion        int            `json:"completion_tokens"`
	Total             int            `json:"total_tokens"`
	PromptDetails     map[string]int `json:"prompt_tokens_details,omitempty"`
	CompletionDetails map[string]int `json:"completion_tokens_details,omitempty"`
}

func (m message) answer(w http.ResponseWriter, r *Request) {
	u := r.usage
	switch {
	case u == nil:
		u = &usage{Prompt: 1000, Completion: 50, Total: 1050}
	case u.Total == 0:
		u = nil
	}
	if r.Stream {
		m.stream(w, r, u)
		return
	}
	null := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	choices := []any{map[string]any{
		"index": 0, "logprobs": nil, "finish_reason": m.finish,
		"message": map[string]any{"role": "assistant", "content": null(m.content), "refusal": null(m.refusal), "annotations": []any{}},
	}}
	if m.none {
		choices = []any{}
	}
	object := map[string]any{"id": "chatcmpl-1", "object": "chat.completion", "created": 1741570283, "model": r.Model, "choices": choices, "service_tier": "default"}
	if u != nil {
		object["usage"] = u
	}
	body, err := json.Marshal(object)
	if err != nil {
		panic(err) // strings and numbers
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if r.cut {
		w.Write(body[:len(body)/2])
		cut(w)
		return
	}
	w.Write(body)
}

// stream sends server-sent events: a chunk with the role, the text in pieces, the reason
// that it ends for, the usage where that was asked for, and [DONE].
func (m message) stream(w http.ResponseWriter, r *Request, u *usage) {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	send := func(choices []any, usage any) {
		chunk := map[string]any{"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1741570283, "model": r.Model, "choices": choices}
		if r.StreamUsage {
			chunk["usage"] = usage
		}
		data, err := json.Marshal(chunk)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(w, "data: %s\n\n", data)
		flush(w)
	}
	delta := func(d map[string]any, finish any) {
		send([]any{map[string]any{"index": 0, "delta": d, "logprobs": nil, "finish_reason": finish}}, nil)
	}
	if m.none {
		send([]any{}, nil)
	} else {
		delta(map[string]any{"role": "assistant", "content": "", "refusal": nil}, nil)
		field, text := "content", m.content
		if m.refusal != "" {
			field, text = "refusal", m.refusal
		}
		parts := pieces(text, 7)
		for i, piece := range parts {
			if (r.cut || r.early) && i >= len(parts)/2 {
				break
			}
			delta(map[string]any{field: piece}, nil)
		}
		if r.cut {
			cut(w)
			return
		}
		if r.early {
			return
		}
		delta(map[string]any{}, m.finish)
	}
	if r.StreamUsage && u != nil {
		send([]any{}, u)
	}
	fmt.Fprint(w, "data: [DONE]\n\n")
	flush(w)
}

// BreakStream sends an error within a stream, after a 200.
func BreakStream(kind, code, text string) Answer {
	return func(w http.ResponseWriter, _ *Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		data, _ := json.Marshal(map[string]any{"error": map[string]any{"message": text, "type": kind, "code": code, "param": nil}})
		fmt.Fprintf(w, "data: %s\n\n", data)
	}
}
