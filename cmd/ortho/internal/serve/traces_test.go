package serve

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/serve/catalog"
)

// TestTraces: a request is a span of its client's trace, with its parts below it.
func TestTraces(t *testing.T) {
	var lines bytes.Buffer
	_, address := opened(t, Options{Traces: &lines}, catalog.Options{}, "float32_nchw")
	const trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for _, header := range []string{"00-" + trace + "-" + parent + "-01", "", "00-xyz-1-01", "00-" + strings.Repeat("0", 32) + "-" + parent + "-01"} {
		asked(t, "POST", address+"/v1/classify", "image/png", bytes.NewReader(photo(t, "chelsea.png")), "Traceparent", header)
	}
	all := strings.Split(strings.TrimSpace(lines.String()), "\n")
	if len(all) != 4 {
		t.Fatal(lines.String())
	}
	for n, line := range all {
		var got struct {
			Resource []struct {
				Scope []struct{ Spans []span } `json:"scopeSpans"`
			} `json:"resourceSpans"`
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		spans := got.Resource[0].Scope[0].Spans
		if len(spans) != 3 || spans[0].Name != "POST /v1/classify" || spans[1].Parent != spans[0].ID || spans[2].Trace != spans[0].Trace || spans[0].Start > spans[2].Start || len(spans[0].Attributes) != 3 {
			t.Errorf("%s", line)
		}
		if own := spans[0].Trace == trace && spans[0].Parent == parent; own != (n == 0) || !hexOf(spans[0].Trace, 16) {
			t.Errorf("%d: %+v", n, spans[0])
		}
	}
}
