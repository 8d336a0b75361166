package wire

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Fault is an error that a server states, whatever its form.
type Fault struct {
	Status                int    // of HTTP, or the one that it would have had: it came with a 200
	Message               string // with the causes that stand within it
	Type, Code, Parameter string
}

func (f *Fault) Error() string { return fmt.Sprintf("%d: %s", f.Status, f.Message) }

// faultOf reads an error; nil: the object has none.
func faultOf(o object) *Fault {
	f := &Fault{}
	inner := o.of("error")
	if inner == nil {
		inner = o.first("choices").of("error")
	}
	switch {
	case inner != nil:
		f.take(inner, 0)
	case o.text("error") != "":
		f.take(o, 0)
		f.say(o.text("error"))
		f.say(o.text("message", "error_description", "detail"))
	case o.text("object") == "error":
		f.take(o, 0)
	case o["choices"] != nil, o.of("message") != nil:
		return nil
	case o["detail"] != nil, o["errors"] != nil, o.text("message") != "", o.text("title") != "", o.text("msg") != "":
		f.take(o, 0)
	default:
		return nil
	}
	if f.Message == "" && f.Code == "" && f.Type == "" {
		return nil
	}
	return f
}

// take reads the fields of an error, and those of what caused it.
func (f *Fault) take(o object, depth int) {
	if depth > 4 {
		return
	}
	f.say(o.text("message", "msg", "detail", "title", "error_description"))
	set := func(to *string, names ...string) {
		if *to == "" {
			*to = o.text(names...)
		}
	}
	set(&f.Code, "code", "status")
	set(&f.Type, "type")
	set(&f.Parameter, "param", "parameter")
	for _, name := range []string{"message", "metadata", "raw", "innererror", "inner_error", "error", "cause", "details", "detail", "errors", "body", "response"} {
		f.cause(o[name], depth+1)
	}
}

// cause reads what stands within an error: an object, a list, or the text of one.
func (f *Fault) cause(v any, depth int) {
	switch v := v.(type) {
	case map[string]any:
		f.place(v)
		f.take(v, depth)
	case []any:
		for _, one := range v[:min(len(v), 5)] {
			if text, ok := one.(string); ok {
				f.say(text)
			}
			f.cause(one, depth)
		}
	case string:
		if o, err := parse([]byte(v)); err == nil {
			f.cause(map[string]any(o), depth)
		}
	}
}

// place says which field a refusal of FastAPI's kind is about.
func (f *Fault) place(o object) {
	list, _ := o["loc"].([]any)
	var names []string
	for _, v := range list {
		names = append(names, fmt.Sprint(v))
	}
	if len(names) > 0 {
		f.say(strings.Join(names, "."))
	}
}

// say adds a sentence, once.
func (f *Fault) say(s string) {
	s = strings.TrimSpace(s)
	switch {
	case s == "" || strings.Contains(f.Message, s):
	case strings.HasPrefix(s, "{") || strings.HasPrefix(s, "["): // read as a cause
	case f.Message == "":
		f.Message = s
	default:
		f.Message += ": " + s
	}
}

// status is the one that a fault which came with a 200 would have had.
func (f *Fault) status() int {
	if n, err := strconv.Atoi(f.Code); err == nil && n >= 400 && n < 600 {
		return n
	}
	kind := strings.ToLower(f.Code + " " + f.Type + " " + f.Message)
	says := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(kind, w) })
	}
	switch {
	case says("rate_limit", "rate limit", "too many requests", "insufficient_quota", "overloaded"):
		return http.StatusTooManyRequests
	case says("authentication", "invalid_api_key", "unauthorized"):
		return http.StatusUnauthorized
	case says("permission", "forbidden", "moderation"):
		return http.StatusForbidden
	case says("not_found", "not found", "no endpoint", "unknown model", "does not exist"):
		return http.StatusNotFound
	case says("invalid_request", "invalid request", "unexpected endpoint", "unsupported", "not supported"):
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}

// json is the fault as OpenAI states it.
func (f *Fault) json() []byte {
	body, _ := json.Marshal(map[string]any{"error": map[string]any{"message": f.Message, "type": f.Type, "code": f.Code, "param": f.Parameter}}) // texts: no error
	return body
}
