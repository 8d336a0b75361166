package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// stream is a body whose events are mended as they come.
type stream struct {
	from *events
	body io.Closer
	note *Note
	out  bytes.Buffer
	err  error // once out has been read

	model  string
	all    message // so far
	counts *usage
	began  bool // there was a choice
}

func (s *stream) Close() error { return s.body.Close() }

func (s *stream) Read(p []byte) (int, error) {
	for s.out.Len() == 0 && s.err == nil {
		s.step()
	}
	if s.out.Len() == 0 {
		return 0, s.err
	}
	return s.out.Read(p)
}

// step takes an event.
func (s *stream) step() {
	name, data, err := s.from.next()
	data = strings.TrimSpace(data)
	switch {
	case errors.Is(err, io.EOF):
		s.end(true)
		return
	case err != nil:
		s.err = err
		return
	case data == "[DONE]":
		s.end(false)
		return
	}
	o, err := parse([]byte(data))
	if err != nil {
		if name == "error" && data != "" {
			s.fail(&Fault{Message: data})
		}
		return // a sign of life
	}
	if f := faultOf(o); f != nil {
		s.fail(f)
		return
	}
	m, ok := messageOf(o)
	counts := usageOf(o)
	if name == "error" || m.finish == "error" {
		s.fail(&Fault{Message: "its answer ended with an error that it does not explain"})
		return
	}
	if !ok && counts == nil {
		return
	}
	s.began = s.began || ok
	if model := o.text("model"); model != "" {
		s.model = model
	}
	if counts != nil {
		s.counts = counts
	}
	s.all.content += m.content
	s.all.thoughts += m.thoughts
	s.all.call += m.call
	s.all.refusal += m.refusal
	if m.finish != "" {
		s.all.finish = m.finish
	}
	if finished := m.finish; finished != "" && strings.TrimSpace(s.all.content) == "" {
		m.content = s.all.answer() // of what came beside the content
		s.all.content += m.content
	}
	s.note.Thoughts = s.note.Thoughts || m.thoughts != "" || counts != nil && counts.Thoughts.Tokens > 0
	chunk(&s.out, s.model, &m, counts, ok)
	if finished, _ := o["done"].(bool); finished {
		s.end(false)
	}
}

// end is after the last event, or where the stream was cut.
func (s *stream) end(cut bool) {
	s.err = io.EOF
	if s.all.finish == "" && s.began {
		content := s.all.answer()
		if cut && !whole(content) {
			s.err = io.ErrUnexpectedEOF
			return
		}
		m := message{finish: "stop"}
		if strings.TrimSpace(s.all.content) == "" {
			m.content = content
			s.all.content = content
		}
		s.all.finish = m.finish
		chunk(&s.out, s.model, &m, nil, true)
	}
	if cut && !s.began {
		s.err = io.ErrUnexpectedEOF
		return
	}
	if !s.began {
		chunk(&s.out, s.model, nil, nil, false)
	}
	s.out.WriteString(done)
}

func (s *stream) fail(f *Fault) {
	f.Status = f.status()
	s.note.Fault, s.err = f, f
}

// whole reports whether a text holds a JSON object that is complete.
func whole(text string) bool {
	at := strings.IndexByte(text, '{')
	if at < 0 {
		return false
	}
	var v any
	return json.NewDecoder(strings.NewReader(text[at:])).Decode(&v) == nil
}

// maxStream bounds a stream that becomes one answer: bytes of what is said.
const maxStream = 8 << 20

// whole reads the stream to its end, and makes one answer of it.
func (s *stream) whole(r *http.Response) error {
	for s.err == nil {
		s.step()
		s.out.Reset()
		if len(s.all.content)+len(s.all.thoughts)+len(s.all.call) > maxStream {
			s.err = errLongEvent
		}
	}
	switch f := (*Fault)(nil); {
	case errors.As(s.err, &f):
		s.note.Fault = nil // it has a status of its own
		r.StatusCode = f.Status
		set(r, f.json())
	case !errors.Is(s.err, io.EOF):
		return s.err
	default:
		data, _ := json.Marshal(response{Object: "chat.completion", Model: s.model, Usage: s.counts,
			Choices: []choice{{Message: &spoken{"assistant", s.all.answer(), s.all.refusal}, Finish: &s.all.finish}}})
		if !s.began {
			data = []byte(`{"object":"chat.completion","choices":[]}`)
		}
		r.Header.Set("Content-Type", "application/json")
		set(r, data)
	}
	return nil
}
