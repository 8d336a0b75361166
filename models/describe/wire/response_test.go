package wire

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

const eventStream, plain, lines = "text/event-stream", "application/json", "application/x-ndjson"

// said is what a client that knows OpenAI's form alone gets of a body.
type said struct {
	status                          int
	content, refusal, finish, model string
	fault                           string
	prompt, completion              int
	failed                          error // of reading it
	foreign                         bool
}

func got(t *testing.T, kind, body string, status int, streamed bool) (s said) {
	t.Helper()
	note := &Note{}
	r := &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(iotest.OneByteReader(strings.NewReader(body)))}
	if err := Response(r, streamed, 1<<20, note); err != nil {
		return said{failed: err}
	}
	data, err := io.ReadAll(r.Body)
	s.status, s.failed, s.foreign = r.StatusCode, err, note.Foreign
	if note.Foreign {
		return s
	}
	if note.Fault != nil {
		s.fault, s.status, s.failed = note.Fault.Message, note.Fault.Status, nil
		return s
	}
	type choices struct {
		Model   string
		Choices []struct {
			Message, Delta struct{ Content, Refusal string }
			Finish         string `json:"finish_reason"`
		}
		Usage struct {
			Prompt     int `json:"prompt_tokens"`
			Completion int `json:"completion_tokens"`
		}
		Error *struct{ Message, Type, Code, Param string }
	}
	texts := []string{string(data)}
	if streamed && s.status < 300 && err == nil {
		ended := false
		texts = nil
		for event := range strings.SplitSeq(strings.TrimSpace(string(data)), "\n\n") {
			text, ok := strings.CutPrefix(event, "data: ")
			if !ok || ended {
				t.Fatalf("event %q", event)
			}
			if ended = text == "[DONE]"; !ended {
				texts = append(texts, text)
			}
		}
		if !ended && !s.foreign {
			t.Errorf("it does not end: %q", data)
		}
	}
	for _, text := range texts {
		var c choices
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			s.content = text
			return s
		}
		if c.Error != nil {
			s.fault = c.Error.Message
		}
		if c.Model != "" {
			s.model = c.Model
		}
		if c.Usage.Prompt > 0 {
			s.prompt, s.completion = c.Usage.Prompt, c.Usage.Completion
		}
		for _, one := range c.Choices {
			s.content += one.Message.Content + one.Delta.Content
			s.refusal += one.Message.Refusal + one.Delta.Refusal
			if one.Finish != "" {
				s.finish = one.Finish
			}
		}
	}
	return s
}

func TestResponse(t *testing.T) {
	const answer = `{"a":1}`
	right := said{status: 200, content: answer, finish: "stop"}
	with := func(change func(*said)) said {
		s := right
		change(&s)
		return s
	}
	fault := func(status int, message string) said { return said{status: status, fault: message} }
	whole := func(message, more string) string {
		return `{"choices":[{"index":0,"message":` + message + `,"finish_reason":"stop"}]` + more + `}`
	}
	for name, c := range map[string]struct {
		kind, body string
		status     int
		want       said
	}{
		"as documented":       {plain, whole(`{"role":"assistant","content":"{\"a\":1}"}`, `,"model":"m","usage":{"prompt_tokens":3,"completion_tokens":4}`), 200, with(func(s *said) { s.model, s.prompt, s.completion = "m", 3, 4 })},
		"numbers of any kind": {plain, whole(`{"content":"{\"a\":1}"}`, `,"created":1.5,"id":7,"model":9,"usage":[{"input_tokens":"3","output_tokens":4.0}]`), 200, with(func(s *said) { s.model, s.prompt, s.completion = "9", 3, 4 })},
		"parts":               {plain, whole(`{"content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"{\"a\""},":1}"]}`, ""), 200, right},
		"a tool's call":       {plain, whole(`{"content":null,"tool_calls":[{"function":{"arguments":"{\"a\":1}"}}]}`, ""), 200, right},
		"an object as call":   {plain, whole(`{"content":"","tool_calls":[{"function":{"arguments":{"a":1}}}]}`, ""), 200, right},
		"an old call":         {plain, whole(`{"function_call":{"arguments":"{\"a\":1}"}}`, ""), 200, right},
		"within thoughts":     {plain, whole(`{"content":"","reasoning_content":"{\"a\":1}"}`, ""), 200, right},
		"thoughts apart":      {plain, whole(`{"content":"{\"a\":1}","reasoning":"{\"b\":2}"}`, ""), 200, right},
		"a refusal":           {plain, whole(`{"content":null,"refusal":"no"}`, ""), 200, said{status: 200, refusal: "no", finish: "stop"}},
		"Ollama's own":        {plain, `{"model":"m","message":{"role":"assistant","content":"{\"a\":1}"},"done":true,"done_reason":"stop","prompt_eval_count":3,"eval_count":4}`, 200, with(func(s *said) { s.model, s.prompt, s.completion = "m", 3, 4 })},
		"its stream":          {lines, `{"model":"m","message":{"content":"{\"a\""},"done":false}` + "\n" + `{"model":"m","message":{"content":":1}"},"done":false}` + "\n" + `{"model":"m","message":{"content":""},"done":true,"done_reason":"stop"}` + "\n", 200, with(func(s *said) { s.model = "m" })},
		"no choices":          {plain, `{"choices":[]}`, 200, said{status: 200}},

		"a stream":                  {eventStream, "data: {\"choices\":[{\"delta\":{\"content\":\"{\\\"a\\\"\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\":1}\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n", 200, right},
		"without its type":          {"", "data: {\"choices\":[{\"delta\":{\"content\":\"{\\\"a\\\":1}\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n", 200, right},
		"CRLF, comments, names":     {eventStream, "\ufeff: hello\r\n\r\n" + strings.Repeat(": keep alive\r\n\r\n", 300) + "event: message\r\nid: 1\r\nretry: 5\r\ndata: : keepalive\r\n\r\ndata:{\"choices\":\r\ndata:[{\"delta\":{\"content\":\"{\\\"a\\\":1}\"}}]}\r\n\r\ndata:{\"choices\":[{\"delta\":{},\"finish_reason\":\"eos\"}]}\r\n\r\ndata:[DONE]\r\n\r\n", 200, right},
		"CR":                        {eventStream, "data: {\"choices\":[{\"delta\":{\"content\":\"{\\\"a\\\":1}\"},\"finish_reason\":\"stop\"}]}\r\rdata: [DONE]\r\r", 200, right},
		"no finish_reason":          {eventStream, "data: {\"choices\":[{\"delta\":{\"content\":\"{\\\"a\\\":1}\"}}]}\n\ndata: [DONE]\n\n", 200, right},
		"neither that nor an end":   {eventStream, "data: {\"choices\":[{\"delta\":{\"content\":\"{\\\"a\\\":1}\"}}]}", 200, right},
		"a call in pieces":          {eventStream, "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":{\"arguments\":\"{\\\"a\\\"\"}}]}}]}\n\ndata: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"function\":{\"arguments\":\":1}\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n", 200, right},
		"usage at the end":          {eventStream, "data: {\"choices\":[{\"delta\":{\"content\":\"{\\\"a\\\":1}\"},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n", 200, with(func(s *said) { s.prompt, s.completion = 3, 4 })},
		"cut within":                {eventStream, "data: {\"choices\":[{\"delta\":{\"content\":\"{\\\"a\\\"\"}}]}\n\n", 200, said{failed: io.ErrUnexpectedEOF, status: 200}},
		"nothing but signs of life": {eventStream, ": a\n\n: b\n\n", 200, said{failed: io.ErrUnexpectedEOF, status: 200}},

		"an error as documented": {plain, `{"error":{"message":"no","type":"t","code":"c","param":"p"}}`, 400, fault(400, "no")},
		"a text":                 {plain, `{"error":"no"}`, 400, fault(400, "no")},
		"a text and a message":   {plain, `{"error":"bad_request","message":"no"}`, 400, fault(400, "no: bad_request")},
		"a detail":               {plain, `{"detail":"no"}`, 422, fault(422, "no")},
		"details of fields":      {plain, `{"detail":[{"loc":["body","temperature"],"msg":"extra","type":"x"}]}`, 422, fault(422, "body.temperature: extra")},
		"a message":              {plain, `{"object":"error","message":"no","code":40001}`, 400, fault(400, "no")},
		"an object as message":   {plain, `{"object":"error","message":{"detail":[{"loc":["body","seed"],"msg":"extra"}]},"type":"t"}`, 422, fault(422, "body.seed: extra")},
		"a list":                 {plain, `[{"error":{"code":429,"message":"no"}}]`, 429, fault(429, "no")},
		"causes within":          {plain, `{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"error\":{\"message\":\"no\"}}"}}}`, 400, fault(400, "Provider returned error: no")},
		"with a 200":             {plain, `{"error":{"message":"slow down","code":429}}`, 200, fault(429, "slow down")},
		"a text with a 200":      {plain, `{"error":"Unexpected endpoint or method. (POST /chat/completions)"}`, 200, fault(400, "Unexpected endpoint or method. (POST /chat/completions)")},
		"an error of a choice":   {plain, `{"choices":[{"error":{"code":502,"message":"no"},"finish_reason":"error"}]}`, 200, fault(502, "no")},
		"in a stream":            {eventStream, ": hello\n\ndata: {\"error\":{\"message\":\"no\",\"code\":400}}\n\ndata: [DONE]\n\n", 200, fault(400, "no")},
		"by an event's name":     {eventStream, "event: error\ndata: out of memory\n\n", 200, fault(500, "out of memory")},
		"in the middle of one":   {eventStream, "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}],\"error\":{\"code\":429,\"message\":\"no\"}}\n\n", 200, fault(429, "no")},
		"another API":            {plain, `{"choices":"none"}`, 200, said{status: 200, foreign: true}},
	} {
		for _, streamed := range []bool{false, true} {
			s := got(t, c.kind, c.body, c.status, streamed)
			want := c.want
			if want.failed != nil && !streamed {
				want.status = 0
			}
			if !errors.Is(s.failed, want.failed) || (s.failed == nil) != (want.failed == nil) {
				t.Errorf("%s, streamed %v: %v, want %v", name, streamed, s.failed, want.failed)
				continue
			}
			if s.failed != nil || want.foreign && s.foreign {
				continue
			}
			if s != want {
				t.Errorf("%s, streamed %v:\n%+v, want\n%+v", name, streamed, s, want)
			}
		}
	}
}

// TestUntouched: what is of no known form stays as it is.
func TestUntouched(t *testing.T) {
	for _, body := range []string{"<html><h1>413 Request Entity Too Large</h1></html>", "upstream failed", "", "{", `"text"`} {
		r := &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
		if err := Response(r, false, 1<<20, &Note{}); err != nil {
			t.Errorf("%q: %v", body, err)
			continue
		}
		if data, err := io.ReadAll(r.Body); err != nil || string(data) != body || r.StatusCode != 200 {
			t.Errorf("%q becomes %q, %v", body, data, err)
		}
	}
}

// FuzzResponse: whatever comes, there is a body or an error, of limited size.
func FuzzResponse(f *testing.F) {
	for _, body := range []string{`{"choices":[{"message":{"content":"x"}}]}`, "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\ndata: [DONE]\n\n", `{"error":{"metadata":{"raw":"{}"}}}`, "event: error\r\ndata: x\r\r", `{"detail":[{"loc":[1],"msg":"x"}]}`} {
		f.Add(body, 200, true, false)
		f.Add(body, 400, false, true)
	}
	f.Fuzz(func(t *testing.T, body string, status int, streamed, named bool) {
		header := http.Header{}
		if named {
			header.Set("Content-Type", eventStream)
		}
		r := &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body))}
		if Response(r, streamed, 1<<16, &Note{}) == nil {
			if data, _ := io.ReadAll(r.Body); len(data) > 64*len(body)+4096 {
				t.Errorf("%d bytes of %d", len(data), len(body))
			}
		}
	})
}
