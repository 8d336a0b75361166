package exact

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

type inner struct {
	Name  string
	Maybe *int `json:",omitempty"`
}

type all struct {
	inner
	Inner   inner
	Text    string `json:"text"`
	None    *inner
	To      *inner
	List    []string
	Nil     []string
	Pair    [2]string
	Options map[string]string
	Any     any
	Bytes   []byte
	Time    time.Time
	Number  float64
	hidden  string //lint:ignore U1000 that it is passed over is what is tested
}

// TestExact: whatever bytes a text has, it comes back, wherever it stands, and what was written stays as it is.
func TestExact(t *testing.T) {
	zero := 0
	for _, text := range []string{"", "plain", "déjà", "\uFFFD", "m\xff/x\xfe.onnx", "\x00", "\x00a", "\x00\xff", `\xff`, `"\`, "\x00\\", "\xed\xb3\xbf", "a\nb\u2028<&>"} {
		was := all{Inner: inner{text, &zero}, Text: text, To: &inner{Name: text}, List: []string{text, "b"}, Pair: [2]string{"a", text},
			Options: map[string]string{text: text, "k": text}, Any: text, Bytes: []byte(text), Time: time.Unix(1, 0).UTC(), Number: 0.5}
		before := was
		before.List = []string{text, "b"}
		data, err := Marshal(was)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(was, before) {
			t.Errorf("%q: writing changed it: %+v", text, was)
		}
		var is all
		if err := Unmarshal(data, &is); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if len(text) == 0 {
			was.Bytes = []byte{}
		}
		if !reflect.DeepEqual(was, is) {
			t.Errorf("%q: %s: %+v, want %+v", text, data, is, was)
		}
	}
	if data, err := Marshal(nil); err != nil || string(data) != "null" {
		t.Errorf("nil: %s, %v", data, err)
	}
}

// FuzzUnmarshal: JSON of others is read, or an error, and what was read comes back.
func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(`{"text": "\u0000m\\xff", "List": ["\u0000"]}`))
	f.Add([]byte(`{"text": "\u0000\\", "Any": {"\u0000\\x": [1, "\u0000a\"b"]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var one, two all
		if Unmarshal(data, &one) != nil {
			return
		}
		again, err := Marshal(one)
		if err != nil {
			if strings.Contains(err.Error(), "year outside") {
				return
			}
			t.Fatal(err)
		}
		if err := Unmarshal(again, &two); err != nil {
			t.Fatalf("%s: %v", again, err)
		}
		if !reflect.DeepEqual(one, two) {
			t.Errorf("%s: %+v, and then %+v", data, one, two)
		}
	})
}
