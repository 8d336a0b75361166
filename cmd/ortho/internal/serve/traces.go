package serve

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// traced is a request, or a part of one, with when it began and ended.
type traced struct {
	name       string
	began, end time.Time
	parts      []traced
	fields     map[string]string
	failed     bool
}

// span is a line of OTLP, as OpenTelemetry's collector reads files of JSON.
type span struct {
	Trace      string      `json:"traceId"`
	ID         string      `json:"spanId"`
	Parent     string      `json:"parentSpanId,omitempty"`
	Name       string      `json:"name"`
	Kind       int         `json:"kind"` // 1: internal, 2: of a server
	Start      string      `json:"startTimeUnixNano"`
	End        string      `json:"endTimeUnixNano"`
	Attributes []attribute `json:"attributes,omitempty"`
	Status     struct {
		Code int `json:"code,omitempty"` // 2: an error
	} `json:"status"`
}

type attribute struct {
	Key   string `json:"key"`
	Value struct {
		Text string `json:"stringValue"`
	} `json:"value"`
}

func attributes(fields map[string]string) (all []attribute) {
	for key, value := range fields {
		if value != "" {
			a := attribute{Key: key}
			a.Value.Text = value
			all = append(all, a)
		}
	}
	return all
}

// parentOf reads the header by which a client says of which trace its request is a part (W3C Trace Context); a trace of
// its own where there is none.
func parentOf(h http.Header) (trace, parent string) {
	parts := strings.Split(h.Get("Traceparent"), "-")
	if len(parts) >= 4 && hexOf(parts[1], 16) && hexOf(parts[2], 8) {
		return parts[1], parts[2]
	}
	return random(16), ""
}

func hexOf(text string, bytes int) bool {
	_, err := hex.DecodeString(text)
	return err == nil && len(text) == 2*bytes && strings.Trim(text, "0") != "" && strings.ToLower(text) == text
}

func random(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// trace writes the spans of a request, if there is somewhere to.
func (s *Server) trace(h http.Header, t traced) {
	if s.opt.Traces == nil {
		return
	}
	trace, parent := parentOf(h)
	of := func(t traced, parent string, kind int) span {
		one := span{Trace: trace, ID: random(8), Parent: parent, Name: t.name, Kind: kind, Start: nanoseconds(t.began), End: nanoseconds(t.end), Attributes: attributes(t.fields)}
		if t.failed {
			one.Status.Code = 2
		}
		return one
	}
	spans := []span{of(t, parent, 2)}
	for _, part := range t.parts {
		spans = append(spans, of(part, spans[0].ID, 1))
	}
	type object = map[string]any
	line, err := json.Marshal(object{"resourceSpans": []object{{
		"resource":   object{"attributes": attributes(map[string]string{"service.name": "ortho", "service.version": s.opt.Version})},
		"scopeSpans": []object{{"scope": object{"name": "ortho"}, "spans": spans}},
	}}})
	if err != nil {
		return
	}
	s.logging.Lock()
	defer s.logging.Unlock()
	s.opt.Traces.Write(append(line, '\n'))
}

func nanoseconds(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }
