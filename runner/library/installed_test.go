package library

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// FuzzInstalled: whatever an install.json holds, what it names lies in its folder, and what is read
// is written and read to the same.
func FuzzInstalled(f *testing.F) {
	const digest = "7c211433f02071597741e6ff5a8ea34789abbf43"
	for _, text := range []string{
		`{"flavor":"cpu","version":"1.32.0","os":"linux","arch":"amd64","library":"libonnxruntime.so.1.32.0","source":"pip","package":"onnxruntime==1.32.0","sha256":"` + digest + `","beside":{"libonnxruntime_providers_shared.so":"` + digest + `"},"time":"2026-01-02T03:04:05Z"}`,
		`{"package":"pillow==13.0.0","files":{"libjpeg-6dc8d115.so.62.4.0":"` + digest + `","LICENSE":"` + digest + `"},"time":"2026-01-02T03:04:05Z"}`,
		`{"library":"../libonnxruntime.so"}`, `{"library":"libonnxruntime.so","beside":{"..":"","a/b":"","/":"","":"",".":""}}`, `{"files":{"../../x":""}}`, `{"files":{"..":""}}`, `{"files":null,"time":"x"}`,
		`{"library":"libonnxruntime.so","version":"99999999999999999999.-1.\u0000"}`, `[]`, `null`, `{`, strings.Repeat("[", 20000),
	} {
		f.Add(text)
	}
	inside := func(t *testing.T, names ...string) {
		for _, name := range names {
			if path := filepath.Join("/folder", name); filepath.Dir(path) != "/folder" {
				t.Errorf("%q is %s", name, path)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := parseRecord(strings.NewReader(text)); err == nil {
			inside(t, append(slices.Collect(maps.Keys(r.Beside)), r.Library)...)
			if compareVersions(r.Version, r.Version) != 0 || compareVersions(r.Version, "1.32.0") != -compareVersions("1.32.0", r.Version) {
				t.Errorf("version %q", r.Version)
			}
			again, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parseRecord(strings.NewReader(string(again))); err != nil {
				t.Errorf("%s: %v", again, err)
			}
		}
		if r, err := parseCodecsRecord(strings.NewReader(text)); err == nil {
			inside(t, slices.Collect(maps.Keys(r.Files))...)
		}
	})
}
