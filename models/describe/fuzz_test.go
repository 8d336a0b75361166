package describe_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"ortho/models/describe"
)

// answering makes a Describer of a server that answers each request with these bytes, and closes.
func answering(t *testing.T, raw string, opt describe.Options) *describe.Describer {
	t.Helper()
	opt.BaseURL, opt.Key = "http://localhost:1/v1", describe.NewKey(secret)
	opt.Tries, opt.Timeout, opt.Deadline = 2, 5*time.Second, 5*time.Second
	d, err := describe.Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	d.SetWait((&waits{}).after)
	d.SetNow(func() time.Time { return time.Unix(0, 0) })
	d.SetDial(func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			r, err := http.ReadRequest(bufio.NewReader(theirs))
			if err != nil {
				return
			}
			io.Copy(io.Discard, r.Body)
			io.WriteString(theirs, raw)
		}()
		return ours, nil
	})
	return d
}

// tidy fails where a text acts on a terminal, or holds the key.
func tidy(t *testing.T, text string) {
	t.Helper()
	acts := func(r rune) bool { return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) }
	if !utf8.ValidString(text) || strings.ContainsFunc(text, acts) || strings.Contains(text, secret) {
		t.Errorf("%q", text)
	}
}

// answered describes an image, and looks at all that is said.
func answered(t *testing.T, raw string, opt describe.Options) {
	d := answering(t, raw, opt)
	defer d.Close()
	begun := time.Now()
	got, err := d.Describe(t.Context(), small("a", cats...))
	if taken := time.Since(begun); taken > 20*time.Second {
		t.Errorf("it took %v", taken)
	}
	if e := (*describe.Error)(nil); err != nil && (!errors.As(err, &e) || len(err.Error()) > 2000) {
		t.Errorf("%T %v", err, err)
	}
	if err != nil {
		tidy(t, err.Error())
		return
	}
	tidy(t, got.Sentence+got.Scene+got.Class.Name+got.Model+strings.Join(got.Objects, "")+strings.Join(got.Attributes, ""))
}

const rightAnswer = `{"model":"m","choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"{\"description\":\"A cat.\",\"objects\":[],\"attributes\":[],\"scene\":\"\",\"class\":\"285 Egyptian cat\",\"other\":\"\"}"}}],"usage":{"prompt_tokens":1,"completion_tokens":2}}`

// FuzzResponse: whatever a server sends in place of a response, its status and headers among it, is an
// answer or an error of a few words.
func FuzzResponse(f *testing.F) {
	for _, head := range []string{
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n",
		"HTTP/1.0 200\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n",
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n",
		"HTTP/1.1 307 Temporary Redirect\r\nLocation: https://\xff\u202e@elsewhere/?" + secret + "\r\n",
		"HTTP/1.1 401 \x1b[31mNo\r\nContent-Type: text/html; charset=\x9b\r\n",
		"HTTP/1.1 429 Slow\r\nRetry-After: 1e308\r\nRetry-After-Ms: NaN\r\nx-ratelimit-reset-tokens: -1\r\n",
		"HTTP/1.1 429 Slow\r\nRetry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n",
		"HTTP/1.1 503\r\nSet-Cookie: a=b\r\nTrailer: x\r\n x: continued\r\n",
		"HTTP/1.1 -1 OK\r\n", "HTTP/9.9 200 OK\r\n", "", "\x00",
	} {
		f.Add(head, rightAnswer)
		f.Add(head, `{"error":{"code":"\u001b[31m","message":"`+secret+` \u202e","type":7}}`)
	}
	f.Add("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", "5\r\n{\"a\":\r\nfffffffff\r\n")
	f.Fuzz(func(t *testing.T, head, body string) { answered(t, head+"\r\n"+body, describe.Options{}) })
}

// FuzzEvents: whatever a server streams. What is shown of it grows tidily.
func FuzzEvents(f *testing.F) {
	chunk := func(delta string) string {
		return `data: {"model":"m","choices":[{"delta":{"content":` + delta + `}}]}` + "\n\n"
	}
	end := `data: {"choices":[{"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"
	for _, body := range []string{
		chunk(`"{\"description\":\"A c"`) + chunk(`"at.\",\"objects\":[],\"attributes\":[],\"scene\":\"\",\"class\":\"285\",\"other\":\"\"}"`) + end,
		chunk(`"{\"description\":\"\\u001b[31m\u202e`+secret+`"`) + end,
		chunk("null") + chunk("7") + end, end, "data: [DONE]\n\n", "data:", ": a comment\n\nevent: x\nid: 1\nretry: 99999999999\n\n" + end,
		"data: {\"error\":{\"message\":\"\x1b\",\"code\":429}}\n\n", "data: {\"choices\":[]}\n\ndata: [DONE]\n\n", strings.Repeat("\n", 5000), "\r\n\r\ndata: {}\r\r",
		"error, and no event \u061c\u200e\u200f", `{"error":{"message":"x"}}`, rightAnswer,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		answered(t, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"+body, describe.Options{Stream: func(_, soFar string) { tidy(t, soFar) }})
	})
}

// FuzzPrompt: a file with a template is refused, or fills in at once, and not without an end.
func FuzzPrompt(f *testing.F) {
	for _, text := range []string{
		"# About.\nSay it{{with .Language}} in {{.}}{{end}}.{{range .Candidates}} {{.Index}}={{.Name}} at {{percent .Probability}}{{else}} Nothing.{{end}}",
		"{{range $i, $c := $.Candidates}}{{if lt $i 3}}{{$c.Name}}{{else}}{{break}}{{end}}{{end}}",
		"{{range .Candidates}}{{range $.Candidates}}{{end}}{{end}}", "{{range or 1000000000000 .Candidates}}{{end}}", `{{(printf "%999999d" 1).X}}`,
		"{{$x := .Candidates}}{{len $x}}", "{{define \"a\"}}{{template \"a\"}}{{end}}x", "{{eq (len .Candidates) 1 | not}}", "{{and}}", "\xef\xbb\xbf#", "{{/*", "{{.Candidates.Name.X}}", "{{percent 1e309}}",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		begun := time.Now()
		text, err := describe.Rendered(file, 999)
		if taken := time.Since(begun); taken > 5*time.Second || len(text) > 64<<10 {
			t.Errorf("%d bytes in %v, %v", len(text), taken, err)
		}
	})
}
