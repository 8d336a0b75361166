package openaitest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Description is an answer about an image. What is left out is made up.
type Description struct {
	Sentence   string
	Objects    []string
	Attributes []string
	Scene      string
	// Class is looked for among the classes to choose from: the one that is, or holds, it.
	// Where there is none, it is what the main thing is in free text; "": the first class.
	Class string
	// Shows is the answer to whether a part of an image shows something; "": "yes".
	Shows string
}

// Describe answers with a description that keeps to the schema that was asked for, and a
// question about two classes with the one of them that Class names.
func Describe(d Description) Answer {
	return func(w http.ResponseWriter, r *Request) { Say(d.json(r))(w, r) }
}

func (d Description) json(r *Request) string {
	class, free := d.Class, ""
	if len(r.Classes) > 0 {
		class, free = "other", d.Class
		for _, c := range r.Classes {
			if strings.Contains(strings.ToLower(c), strings.ToLower(d.Class)) {
				class, free = c, ""
				break
			}
		}
	} else if class == "" {
		class = "thing"
	}
	list := func(v []string) []string { return append([]string{}, v...) }
	fields := map[string]any{
		"description": or(d.Sentence, "A thing on a table."), "objects": list(d.Objects), "attributes": list(d.Attributes), "scene": or(d.Scene, "indoors"),
		"class": class, "other": free, "reason": "It looks like that.", "answer": or(d.Shows, "yes"),
	}
	// In the schema's order, as the API answers.
	var parts []string
	for _, name := range r.Fields {
		value, _ := json.Marshal(fields[name])
		parts = append(parts, fmt.Sprintf("%q:%s", name, value))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// Say answers with a text.
func Say(content string) Answer { return message{content: content, finish: "stop"}.answer }

// Refuse answers with a refusal.
func Refuse(why string) Answer { return message{refusal: why, finish: "stop"}.answer }

// Filtered is an answer that the content filter holds back.
func Filtered() Answer { return message{finish: "content_filter"}.answer }

// Length is an answer that is cut off by the limit of tokens.
func Length(content string) Answer { return message{content: content, finish: "length"}.answer }

// NoChoices is an answer without one.
func NoChoices() Answer { return message{none: true}.answer }

// Costing sets the tokens that an answer costs: of the prompt, cached ones among them, and of the
// completion, reasoning ones among them. Others cost 1000 and 50; a 0 for both leaves
// usage out.
func Costing(a Answer, prompt, cached, completion, reasoning int) Answer {
	return func(w http.ResponseWriter, r *Request) {
		own := *r
		own.usage = &usage{prompt, completion, prompt + completion, map[string]int{"cached_tokens": cached, "audio_tokens": 0}, map[string]int{
			"reasoning_tokens": reasoning, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}}
		a(w, &own)
	}
}

// With adds headers to an answer: name, value, ...
func With(a Answer, headers ...string) Answer {
	return func(w http.ResponseWriter, r *Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		a(w, r)
	}
}

// Cut breaks off an answer in its middle.
func Cut(a Answer) Answer {
	return func(w http.ResponseWriter, r *Request) {
		own := *r
		own.cut = true
		a(w, &own)
	}
}

// EndEarly ends a stream in its middle as if it were complete, but for what says so.
func EndEarly(a Answer) Answer {
	return func(w http.ResponseWriter, r *Request) {
		own := *r
		own.early = true
		a(w, &own)
	}
}

// Hang never answers: it waits until the client goes away.
func Hang() Answer {
	return func(_ http.ResponseWriter, r *Request) {
		select {
		case <-r.ctx.Done():
		case <-r.done:
		}
	}
}

// After answers once ready is closed.
func After(ready <-chan struct{}, a Answer) Answer {
	return func(w http.ResponseWriter, r *Request) {
		select {
		case <-ready:
			a(w, r)
		case <-r.ctx.Done():
		case <-r.done:
		}
	}
}

// Error is an error as the API gives it.
func Error(status int, kind, code, text string) Answer {
	return func(w http.ResponseWriter, _ *Request) { fail(w, status, kind, code, "", text) }
}

// RateLimited is a 429 that says when to come back (seconds, or an HTTP date); "": it does
// not say.
func RateLimited(retryAfter string) Answer {
	a := Error(http.StatusTooManyRequests, "requests", "rate_limit_exceeded", "Rate limit reached for requests.")
	if retryAfter == "" {
		return a
	}
	return With(a, "Retry-After", retryAfter)
}

// Failing is a 5xx.
func Failing(status int) Answer {
	return Error(status, "server_error", "", "The server had an error while processing your request.")
}

// WrongKey is a 401 that shows the key, as some servers do.
func WrongKey() Answer {
	return func(w http.ResponseWriter, r *Request) {
		key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		fail(w, http.StatusUnauthorized, "invalid_request_error", "invalid_api_key", "", "Incorrect API key provided: "+key+".")
	}
}

// NoQuota is the 429 that no waiting helps against.
func NoQuota() Answer {
	return Error(http.StatusTooManyRequests, "insufficient_quota", "insufficient_quota", "You exceeded your current quota, please check your plan and billing details.")
}

// Page is an HTML page, as proxies answer.
func Page(status int, html string) Answer {
	return func(w http.ResponseWriter, _ *Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		w.Write([]byte(html))
	}
}

// Raw is a body with a status, as it is.
func Raw(status int, contentType, body string) Answer {
	return func(w http.ResponseWriter, _ *Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
}

// Redirect sends the request elsewhere.
func Redirect(to string) Answer {
	return With(Raw(http.StatusTemporaryRedirect, "text/plain", ""), "Location", to)
}

// Without refuses requests that have one of the parameters, as servers that do not know
// them. "json_schema" and "json_object" are response_format's types.
func Without(a Answer, parameters ...string) Answer {
	return func(w http.ResponseWriter, r *Request) {
		for _, p := range parameters {
			if r.Format == p {
				fail(w, http.StatusBadRequest, "invalid_request_error", "", "response_format",
					fmt.Sprintf("Invalid parameter: 'response_format' of type '%s' is not supported with this model.", p))
				return
			}
			if r.has[p] {
				fail(w, http.StatusBadRequest, "invalid_request_error", "unsupported_parameter", p,
					fmt.Sprintf("Unsupported parameter: '%s' is not supported with this model.", p))
				return
			}
		}
		a(w, r)
	}
}

func fail(w http.ResponseWriter, status int, kind, code, param, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	null := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"message": text, "type": kind, "code": null(code), "param": null(param)}})
}
