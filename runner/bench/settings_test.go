package bench

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// What is written is what is read, and yields the values that it has.
func TestSettings(t *testing.T) {
	s := Settings{Kind: settingsKind, Provider: "cuda,cpu", ProviderOptions: []string{"cuda.device_id=1", "cuda.a=b"}, CustomOps: []string{"ops.so"}, Batch: 8, Library: "/lib/x.so"}
	var text strings.Builder
	if err := s.Write(&text); err != nil {
		t.Fatal(err)
	}
	read, err := ParseSettings(strings.NewReader(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		stop int
		want string
	}{
		{100, "provider=cuda,cpu provider-option=cuda.device_id=1 provider-option=cuda.a=b custom-ops=ops.so batch=8 onnxruntime=/lib/x.so"},
		{1, "provider=cuda,cpu"},
		{2, "provider=cuda,cpu provider-option=cuda.device_id=1"},
		{4, "provider=cuda,cpu provider-option=cuda.device_id=1 provider-option=cuda.a=b custom-ops=ops.so"},
		{5, "provider=cuda,cpu provider-option=cuda.device_id=1 provider-option=cuda.a=b custom-ops=ops.so batch=8"},
	} {
		var got []string
		for name, value := range read.Values() {
			if got = append(got, name+"="+value); len(got) == c.stop {
				break
			}
		}
		if got := strings.Join(got, " "); got != c.want {
			t.Errorf("the first %d are %s, want %s", c.stop, got, c.want)
		}
	}
}

func TestParseSettingsRefuses(t *testing.T) {
	for text, other := range map[string]bool{
		"": true, "[]": true, "{}": true, `{"kind":"run"}`: true,
		`{"kind":"ortho settings","provider":"gpu"}`: false, `{"kind":"ortho settings","provider":"cpu","batch":-1}`: false,
		strings.Repeat(" ", maxSettings) + "{}": false,
	} {
		_, err := ParseSettings(strings.NewReader(text))
		if is := (NotSettingsError{}); err == nil || errors.As(err, &is) != other {
			t.Errorf("%.40q: %v", text, err)
		}
	}
}

func FuzzSettings(f *testing.F) {
	f.Add(`{"kind":"ortho settings","provider":"cuda,cpu","provider_options":["cuda.device_id=1"],"threads":2,"batch":8,"concurrency":3}`)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSettings(strings.NewReader(text))
		if err != nil {
			return
		}
		again, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseSettings(strings.NewReader(string(again))); err != nil {
			t.Errorf("%s: %v", again, err)
		}
	})
}
