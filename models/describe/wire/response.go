package wire

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"
)

// Note is what a response said that its mended form has no place for.
type Note struct {
	Fault    *Fault // an error within a stream; nil: none
	Thoughts bool   // the model thought before it answered
	Foreign  bool   // the body is JSON, but neither an answer nor an error
}

// Response mends a response to a request for a chat completion, streamed or not: it may be of the other kind. An error
// with a 200 gets the status that it should have had. limit bounds what is read at once: bytes. The note is
// complete once the body has been read to its end.
func Response(r *http.Response, streamed bool, limit int64, note *Note) error {
	body := bufio.NewReader(r.Body)
	first := begins(body)
	if r.StatusCode >= 200 && r.StatusCode < 300 && isEvents(r.Header, body, first) {
		return mendStream(r, body, streamed, note)
	}
	if first != '{' && first != '[' {
		r.Body = replaced{body, r.Body}
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil || int64(len(data)) > limit {
		r.Body = replaced{io.MultiReader(bytes.NewReader(data), failing{err, body}), r.Body}
		return nil
	}
	o, err := parse(data)
	if err != nil { // whoever reads it says so
		set(r, data)
		return nil
	}
	if f := faultOf(o); f != nil {
		if r.StatusCode < 300 {
			r.StatusCode = f.status()
		}
		set(r, f.json())
		return nil
	}
	if finished, native := o["done"].(bool); r.StatusCode < 300 && (native && !finished || o.first("choices").of("delta") != nil) { // one of several lines
		return mendStream(r, bufio.NewReader(bytes.NewReader(data)), streamed, note)
	}
	m, ok := messageOf(o)
	if _, none := o["choices"].([]any); r.StatusCode >= 300 || !ok && !none {
		note.Foreign = r.StatusCode < 300
		set(r, data)
		return nil
	}
	note.Thoughts = m.thoughts != "" || usageOf(o) != nil && usageOf(o).Thoughts.Tokens > 0
	if !streamed {
		set(r, completion(o, m, ok))
		return nil
	}
	var out bytes.Buffer
	m.content = m.answer()
	if m.finish == "" {
		m.finish = "stop" // all of it is there
	}
	chunk(&out, o.text("model"), &m, usageOf(o), ok)
	out.WriteString(done)
	r.Header.Set("Content-Type", "text/event-stream")
	set(r, out.Bytes())
	return nil
}

// mendStream mends a body of events.
func mendStream(r *http.Response, from *bufio.Reader, streamed bool, note *Note) error {
	s := &stream{from: &events{from: from}, body: r.Body, note: note}
	if !streamed {
		return s.whole(r)
	}
	r.Body = s
	return nil
}

const done = "data: [DONE]\n\n"

// begins passes over white space, and returns the byte behind it without taking it; 0: there is none.
func begins(body *bufio.Reader) byte {
	for {
		c, err := body.Peek(1)
		if err != nil {
			return 0
		}
		if c[0] != ' ' && c[0] != '\t' && c[0] != '\r' && c[0] != '\n' {
			return c[0]
		}
		body.Discard(1)
	}
}

// isEvents reports whether a stream comes, whatever was asked for.
func isEvents(header http.Header, body *bufio.Reader, first byte) bool {
	switch kind, _, _ := mime.ParseMediaType(header.Get("Content-Type")); kind {
	case "application/x-ndjson", "application/jsonl":
		return true
	case "text/event-stream":
		return first != '{' && first != '[' && first != '<'
	}
	head, _ := body.Peek(6)
	for _, field := range []string{"data:", "event:", "id:", "retry:", ":"} {
		if strings.HasPrefix(string(head), field) {
			return true
		}
	}
	return false
}

// replaced is a body of other bytes.
type replaced struct {
	io.Reader
	io.Closer
}

// failing ends with an error, or goes on.
type failing struct {
	err  error
	rest io.Reader
}

func (f failing) Read(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	return f.rest.Read(p)
}

func set(r *http.Response, data []byte) {
	r.Body = replaced{bytes.NewReader(data), r.Body}
	r.ContentLength = int64(len(data))
	r.Header.Del("Content-Length")
}

// choice is one as OpenAI states it; a chunk's has a delta.
type choice struct {
	Index   int     `json:"index"`
	Message *spoken `json:"message,omitempty"`
	Delta   *spoken `json:"delta,omitempty"`
	Finish  *string `json:"finish_reason"`
}

type spoken struct {
	Role    string `json:"role,omitempty"`
	Content string `json:"content"`
	Refusal string `json:"refusal,omitempty"`
}

type response struct {
	Object  string   `json:"object"`
	Model   string   `json:"model"`
	Choices []choice `json:"choices"`
	Usage   *usage   `json:"usage,omitempty"`
}

func completion(o object, m message, ok bool) []byte {
	r := response{Object: "chat.completion", Model: o.text("model"), Choices: []choice{}, Usage: usageOf(o)}
	if ok {
		r.Choices = append(r.Choices, choice{Message: &spoken{"assistant", m.answer(), m.refusal}, Finish: &m.finish})
	}
	data, _ := json.Marshal(r) // texts and numbers: no error
	return data
}

func chunk(to *bytes.Buffer, model string, m *message, u *usage, ok bool) {
	r := response{Object: "chat.completion.chunk", Model: model, Choices: []choice{}, Usage: u}
	if ok {
		c := choice{Delta: &spoken{Content: m.content, Refusal: m.refusal}}
		if m.finish != "" {
			c.Finish = &m.finish
		}
		r.Choices = append(r.Choices, c)
	}
	data, _ := json.Marshal(r)
	to.WriteString("data: ")
	to.Write(data)
	to.WriteString("\n\n")
}
