package openaitest_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/jpeg"
	"strings"
	"testing"

	"ortho/models/describe/openaitest"
)

// TestParse holds the checker against requests that the API refuses.
func TestParse(t *testing.T) {
	var file bytes.Buffer
	if err := jpeg.Encode(&file, image.NewGray(image.Rect(0, 0, 8, 6)), nil); err != nil {
		t.Fatal(err)
	}
	uri := "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(file.Bytes())
	exif := append([]byte("\xff\xd8\xff\xe1\x00\x08Exif\x00\x00"), file.Bytes()[2:]...)
	var values []string
	for i := range 251 {
		values = append(values, fmt.Sprintf(`"%060d"`, i))
	}
	good := `{"model":"gpt-4o","messages":[{"role":"user","content":[{"type":"text","text":"Say"},{"type":"image_url","image_url":{"url":"` + uri + `","detail":"low"}}]}],` +
		`"max_tokens":100,"temperature":0.5,"stream":false,"response_format":{"type":"json_schema","json_schema":{"name":"x","strict":true,"schema":` +
		`{"type":"object","properties":{"b":{"type":"array","items":{"type":"string"}},"class":{"type":"string","enum":["1","2"]}},"required":["b","class"],"additionalProperties":false}}}}`
	r, err := openaitest.Parse([]byte(good))
	if err != nil || r.Width != 8 || r.Height != 6 || strings.Join(r.Classes, " ") != "1 2" || strings.Join(r.Fields, " ") != "b class" || r.MaxTokens != 100 {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, c := range []struct{ old, new, wrong string }{
		{`"model":"gpt-4o",`, ``, "model"},
		{`"model":"gpt-4o"`, `"model":"o3-mini"`, "max_tokens"},
		{`"max_tokens":100,"temperature":0.5`, `"max_tokens":100,"max_completion_tokens":100`, "both"},
		{`"max_tokens":100`, `"max_output_tokens":100`, "unknown parameter"},
		{`"temperature":0.5`, `"temperature":2.5`, "temperature"},
		{`"stream":false`, `"stream":false,"stream_options":{"include_usage":true}`, "stream_options"},
		{`"role":"user"`, `"role":"robot"`, "role"},
		{`"role":"user"`, `"role":"assistant"`, "an image of"},
		{`"detail":"low"`, `"detail":"ultra"`, "detail"},
		{`"detail":"low"`, `"size":"low"`, "unknown field"},
		{`"type":"text"`, `"type":"words"`, "part of type"},
		{uri, "https://example.com/cat.jpg", "data URI"},
		{uri, "data:image/jpeg;base64,AAAA", "no JPEG"},
		{uri, uri + "!", "base64"},
		{uri, "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(exif), "metadata"},
		{`"name":"x"`, `"name":"a b"`, "name"},
		{`"strict":true`, `"strict":false`, "strict"},
		{`"type":"json_schema"`, `"type":"yaml"`, "type"},
		{`,"additionalProperties":false`, ``, "additionalProperties"},
		{`"required":["b","class"]`, `"required":["b"]`, "not required"},
		{`"required":["b","class"]`, `"required":["b","class","c"]`, "no property"},
		{`{"type":"string"}`, `{"type":"string","maxLength":9}`, "unknown field"},
		{`{"type":"string"}`, `{"type":"object"}`, "additionalProperties"},
		{`["1","2"]`, `["1","1"]`, "repeats"},
		{`["1","2"]`, `[` + strings.Join(values, ",") + `]`, "15,000"},
		{`"type":"json_schema"`, `"type":"json_object"`, "JSON"},
	} {
		if !strings.Contains(good, c.old) {
			t.Fatalf("%s is not in the request", c.old)
		}
		if _, err := openaitest.Parse([]byte(strings.Replace(good, c.old, c.new, 1))); err == nil || !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%.60s: %v; want %s", c.new, err, c.wrong)
		}
	}
}
