package describe_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"ortho/models/describe"
	"ortho/models/describe/openaitest"
)

const secret = "sk-insecure-0123456789abcdef"

// TestInsecure: no key goes to another machine unencrypted, unless that is asked for.
func TestInsecure(t *testing.T) {
	key := describe.NewKey(secret)
	for _, c := range []struct {
		opt     describe.Options
		refused bool
	}{
		{describe.Options{BaseURL: "http://example.com/v1", Key: key}, true},
		{describe.Options{BaseURL: "HTTP://EXAMPLE.COM/v1", Key: key}, true},
		{describe.Options{BaseURL: "http://192.168.0.7:8000/v1", Key: key}, true},
		{describe.Options{BaseURL: "http://10.0.0.1", Key: key}, true},
		{describe.Options{BaseURL: "http://0.0.0.0", Key: key}, true},
		{describe.Options{BaseURL: "http://[fe80::1]", Key: key}, true},
		{describe.Options{BaseURL: "http://localhost.example.com", Key: key}, true},
		{describe.Options{BaseURL: "http://x.localhost", Key: key}, true},
		{describe.Options{BaseURL: "http://127.0.0.1.example.com", Key: key}, true},
		{describe.Options{BaseURL: "http://2130706433", Key: key}, true}, // as some resolvers write 127.0.0.1
		{describe.Options{BaseURL: "http://localhost:11434/v1", Key: key}, false},
		{describe.Options{BaseURL: "http://LocalHost", Key: key}, false},
		{describe.Options{BaseURL: "http://127.1.2.3", Key: key}, false},
		{describe.Options{BaseURL: "http://[::1]:8080", Key: key}, false},
		{describe.Options{BaseURL: "https://example.com", Key: key}, false},
		{describe.Options{Key: key}, false},
		{describe.Options{BaseURL: "http://example.com/v1"}, false},
		{describe.Options{BaseURL: "http://example.com/v1", Key: key, Insecure: true}, false},
		{describe.Options{BaseURL: "http://example.com/v1", Key: key, Offline: true}, false}, // nothing is sent
	} {
		d, err := describe.Open(c.opt)
		if errors.Is(err, describe.ErrInsecure) != c.refused || err != nil && (!c.refused || strings.Contains(err.Error(), secret)) {
			t.Errorf("%s: %v", c.opt.BaseURL, err)
		}
		if err == nil {
			d.Close()
		}
	}
}

// TestRedirectsCarryNoKey: nothing is sent to where a server points, encrypted or not, whatever it is
// asked: neither the key nor the image.
func TestRedirectsCarryNoKey(t *testing.T) {
	asked := make(chan string, 100)
	note := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- fmt.Sprint(r.URL, r.Header)
		w.WriteHeader(http.StatusTeapot)
	})
	plain, other := httptest.NewServer(note), httptest.NewTLSServer(note)
	defer plain.Close()
	defer other.Close()
	for _, status := range []int{300, 301, 302, 303, 305, 307, 308} {
		for _, to := range []string{plain.URL, strings.Replace(plain.URL, "127.0.0.1", "localhost", 1), other.URL, "/elsewhere", "//" + strings.TrimPrefix(plain.URL, "http://"), "%zz"} {
			for _, stream := range []func(string, string){nil, func(string, string) {}} {
				first := 0
				redirect := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if first++; r.URL.Path == "/elsewhere" || r.Header.Get("Authorization") != "Bearer "+secret {
						t.Errorf("%d to %s: %s is asked, with %q", status, to, r.URL, r.Header)
					}
					w.Header().Set("Location", to)
					w.WriteHeader(status)
				}))
				d, err := describe.Open(describe.Options{BaseURL: redirect.URL, Key: describe.NewKey(secret), Stream: stream})
				if err != nil {
					t.Fatal(err)
				}
				d.Trust(redirect, other)
				_, err = d.Describe(t.Context(), small("a"))
				if describe.ErrorKind(err) != "server" || !strings.Contains(err.Error(), "redirects to") || strings.Contains(err.Error(), secret) || first != 1 {
					t.Errorf("%d to %s: asked %d times, %v", status, to, first, err)
				}
				d.Close()
				redirect.Close()
			}
		}
	}
	close(asked)
	for request := range asked {
		t.Errorf("redirected: %s", request)
	}
}

// TestInsecureAsks: with Insecure the server gets the key.
func TestInsecureAsks(t *testing.T) {
	s := openaitest.New(t, openaitest.Describe(openaitest.Description{Sentence: "A cat."}))
	s.RequireKey(secret)
	url := strings.Replace(s.URL, "127.0.0.1", "0.0.0.0", 1) // this machine, by an address that is not its loopback's
	d, err := describe.Open(describe.Options{BaseURL: url, Key: describe.NewKey(secret), Insecure: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if got, err := d.Describe(t.Context(), small("a")); err != nil || got.Sentence != "A cat." {
		if describe.ErrorKind(err) == "network" {
			t.Skip(err) // as on Windows
		}
		t.Errorf("%+v, %v", got, err)
	}
}
