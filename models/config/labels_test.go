package config

import (
	"reflect"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
)

func TestLabels(t *testing.T) {
	want := []Label{{Name: "tench", ID: "n01440764"}, {Name: "great white shark", ID: "n01484850"}}
	glossed := []Label{{Name: "tench", ID: "n01440764", Gloss: "a fish"}, {Name: "great white shark", ID: "n01484850"}}
	names := []Label{{Name: "tench"}, {Name: "great white shark"}}
	abc := []Label{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	for _, c := range []struct {
		name, data string
		want       []Label
	}{
		{"a.txt", "tench\ngreat white shark\n", names},
		{"a.txt", "\ufefftench\r\ngreat white shark", names},
		{"a.names", "tench\ngreat white shark\n\n \n", names},
		{"a.txt", "\x1b[31mred\n", []Label{{Name: "\x1b[31mred"}}},
		{"a.json", `["tench", "great white shark"]`, names},
		{"a.json", `{"1": "great white shark", "0": "tench"}`, names},
		{"a.json", `{"0": ["n01440764", "tench"], "1": ["n01484850", "great white shark"]}`, want},
		{"config.json", `{"id2label": {"0": "tench", "1": "great white shark"}, "label2id": {}}`, names},
		{"config.json", `{"label_names": ["n01440764", "n01484850"], "label_descriptions": {"n01440764": "tench", "n01484850": "great white shark"}}`, want},
		{"config.json", `{"label_names": ["n01440764", "n01484850"], "label_descriptions": {"n01440764": "tench", "n01484850": "great white shark"}, "label_glosses": {"n01440764": "a fish"}}`, glossed},
		{"a.csv", "index,id,label\n1,n01484850,great white shark\n0,n01440764,tench\n", want},
		{"a.csv", "gloss,label,id\na fish,tench,n01440764\n,great white shark,n01484850\n", glossed},
		{"a.CSV", "label\ntench\ngreat white shark\n", names},
		{"a.csv", "1,great white shark\n0,tench\n", names},

		// As people have them.
		{"clsidx.txt", "{0: 'tench',\n 1: 'great white shark'}\n", names},
		{"a.txt", "{'tench': 0, 'great white shark': 1}", names},
		{"a.txt", "['tench', 'great white shark']", names},
		{"a.txt", `["tench", "great white shark"]`, names},
		{"a.txt", `{"0": "tench", "1": "great white shark"}`, names},
		{"synset_words.txt", "n01440764 tench\nn01484850 great white shark\n", want},
		{"a.txt", "n01440764\ttench\r\nn01484850\tgreat white shark\r\n", want},
		{"a.txt", "n01440764\nn01484850\n", []Label{{Name: "n01440764"}, {Name: "n01484850"}}},
		{"a.txt", "0 tench\n1 great white shark\n", names},
		{"a.txt", "0: tench\n1: great white shark", names},
		{"a.txt", "0,tench\n1,great white shark", names},
		{"a.txt", "0\ttench\n1\tgreat white shark", names},
		{"a.txt", "1. tench\n2. great white shark", names},
		{"a.txt", "1 great white shark\n0 tench", names},
		{"a.txt", "0: 'tench'\n1: \"great white shark\"", names},
		{"a.txt", "tench 0\ngreat white shark 1\n", names},
		{"a.txt", "'tench'\n'great white shark'\n", names},
		{"a.txt", "\"tench\",\n\"great white shark\"\n", names},
		{"a.txt", "digit 0\ndigit 1\n", []Label{{Name: "digit 0"}, {Name: "digit 1"}}},
		{"a.txt", "3 wheeler\nBoeing 747\n", []Label{{Name: "3 wheeler"}, {Name: "Boeing 747"}}},
		{"a.txt", "0\n1\n2\n", []Label{{Name: "0"}, {Name: "1"}, {Name: "2"}}},
		{"a.txt", "[mask]\ntench\n", []Label{{Name: "[mask]"}, {Name: "tench"}}},
		{"a.json", `{"tench": 0, "great white shark": 1}`, names},
		{"a.json", `{"label2id": {"great white shark": 1, "tench": 0}}`, names},
		{"a.csv", "tench,0\ngreat white shark,1\n", names},
		{"a.csv", "great white shark, 2\ntench, 1\n", names},
		{"a.csv", "0, tench\n1, \"great white shark\"\n", names},

		// The index behind the name, in any order.
		{"a.txt", "great white shark 1\ntench 0\n", names},
		{"a.txt", "c 2\na 0\nb 1\n", abc},
		{"a.txt", "c\t3\na\t1\nb\t2\n", abc},
		{"a.txt", "c: 2\nb: 1\na: 0", abc},
		{"a.txt", "a: 0\nb: 1\nc: 2", abc},
		{"a.txt", "b,1\na,0\nc,2", abc},
		{"a.txt", "c=2\nb=1\na=0", abc},
		{"a.txt", "'c': 2,\n'b': 1,\n'a': 0,\n", abc},
		{"a.txt", `"a": "0",` + "\n" + `"b": "1",` + "\n" + `"c": "2"`, abc},
		{"a.txt", ": 1\n, 0\n", []Label{{Name: ","}, {Name: ":"}}},
		{"a.txt", "level 2 1\nlevel 1 0\n", []Label{{Name: "level 1"}, {Name: "level 2"}}},
		{"a.txt", "Airbus 380\nBoeing 747\n", []Label{{Name: "Airbus 380"}, {Name: "Boeing 747"}}},
		{"a.txt", "Apollo 1\nSoyuz 1\n", []Label{{Name: "Apollo 1"}, {Name: "Soyuz 1"}}},
		{"a.txt", "level 1\nlevel 0\n", []Label{{Name: "level 1"}, {Name: "level 0"}}},
		{"a.txt", "b 1\na 0\nother\n", []Label{{Name: "b 1"}, {Name: "a 0"}, {Name: "other"}}},

		// The index before the name, as it is left of other files.
		{"a.txt", `"1": "great white shark",` + "\n" + `"0": "tench",`, names},
		{"a.txt", "1=great white shark\n0=tench\n", names},
		{"a.txt", "0: '0'\n1: '1'\n", []Label{{Name: "0"}, {Name: "1"}}},
		{"a.txt", "n01440764: tench\nn01484850: great white shark\n", want},
		{"a.txt", "1 n01484850 great white shark\n0 n01440764 tench\n", want},

		{"a.txt", "a,\nb,\nc\n", abc},
		{"a.txt", "a ,\nb,\nc,\n", abc},
		{"a.txt", ",\n.\n", []Label{{Name: ","}, {Name: "."}}},
		{"a.txt", "a,\nb\nc,\n", []Label{{Name: "a,"}, {Name: "b"}, {Name: "c,"}}},

		// Python, as programmers write it.
		{"a.txt", `{1: "great white shark", 0: "tench",}`, names},
		{"a.txt", `{"0": "tench", "1": "great white shark",}`, names},
		{"a.txt", "{0: ('n01440764', 'tench'), 1: ('n01484850', 'great white shark')}", want},
		{"a.txt", "labels = {\n  0: 'tench',\n  1: 'great white shark',\n}\n", names},
		{"a.txt", "# the classes\n# of it\n\nlabels: dict[int, str] = {0: 'tench', 1: 'great white shark'}\n", names},
		{"a.txt", "# the classes\r\n{0: 'tench', 1: 'great white shark'}\r\n", names},
		{"a.txt", "('tench', 'great white shark')", names},
		{"a.txt", "'tench', 'great white shark'", names},
		{"a.txt", "'tench',\n'great white shark',\n", names},
		{"a.txt", "(background)\ntench (fish)\n", []Label{{Name: "(background)"}, {Name: "tench (fish)"}}},
		{"a.txt", "(\n)\n+\n", []Label{{Name: "("}, {Name: ")"}, {Name: "+"}}},
		{"a.txt", "[0, 10)\n[10, 20)\n", []Label{{Name: "[0, 10)"}, {Name: "[10, 20)"}}},
		{"a.txt", "# \n$ \n", []Label{{Name: "#"}, {Name: "$"}}},
		{"a.json", `{"tench": "1", "great white shark": "2"}`, names},
	} {
		got, err := parseLabels(c.name, []byte(c.data))
		if err != nil || !slices.Equal(got.Labels, c.want) {
			t.Errorf("%s %q: %q, %v; want %q", c.name, c.data, got.Labels, err, c.want)
		}
	}
	for _, c := range []struct{ name, data, want string }{
		{"a.txt", "", "none in it"},
		{"a.json", "[]", "none in it"},
		{"a.json", "{", "not JSON"},
		{"a.json", `{"0": "a", "2": "b"}`, `key "2" has the index 2, but there are 2 labels from 0 on`},
		{"a.json", `{"0": "a", "7": "b"}`, `key "7" has the index 7, but there are 2 labels: they must count from 0 to 1, or from 1 to 2`},
		{"a.json", `{"a": 0, "b": "c"}`, "neither index to name nor name to index"},
		{"a.json", `{"a": 0, "b": 0}`, "twice"},
		{"a.names", "tench\n\ngreat white shark\n", "line 2 is blank, and others follow"},
		{"a.txt", "\ntench", "line 1 is blank"},
		{"a.txt", "20 km\n30 km\n", "line 1 has the index 20, but there are 2 labels"},
		{"a.txt", "20 km\n30 km\n", "give them as a JSON list"},
		{"a.txt", "0 a\n0 b\n", "line 2: index 0 stands there twice"},
		{"a.txt", "n02119789 1 kit_fox\nn02100735 2 setter\n", "a WordNet id and a number"},
		{"a.txt", "{0: 'a', 1: b}", "neither JSON nor a Python dict or list: at character"},
		{"a.txt", "{0: 'a', 'b': 'c'}", "entry b is neither index: name nor name: index"},
		{"a.txt", "\xff\xd8\xff\xe0\x00\x10JFIF\x00", "it is an image"},
		{"a.txt", "a\x00b\n", "it is binary"},
		{"a.txt", "\xff\xfea\x00\n\x00", "UTF-16"},
		{"a.csv", "0,a\nx,b\n", `line 2: "x" is no index`},
		{"a.json", `{"0": "a", "00": "b"}`, "twice"},
		{"a.json", `{"0": 7}`, `key "0" has the index 7`},
		{"a.csv", "index,label\n5,a\n", "line 2"},
		{"a.csv", "index,label\n0,a\n0,b\n", "twice"},
		{"a.csv", "a,0\nb,x\n", `line 2: "x" is no index`},
		{"a.csv", "a,0\nb,7\n", "line 2 has the index 7"},
		{"a.json", `{"label2id": {"a": 0, "b": "c"}}`, `label2id: key "b": "c" is no index`},
		{"a.json", `{"label2id": {"a": 1, "b": 2}}`, "they must count from 0 to 1"},
		{"a.txt", "a: 0\nb: 7\n", "each line ends with a number, as if it were the class's index, but line 2 has the index 7"},
		{"a.txt", "a\t0\nb\t0\n", "line 2: index 0 stands there twice"},
		{"a.txt", `"0": "a",` + "\n" + `"3": "b"`, "line 2 has the index 3"},
		{"a.txt", "'a', 'b'\n'c', 'd'\n", "line 1: 'a', 'b' holds more than one name"},
		{"a.txt", "labels = {0: a, 1: b}\n", "neither JSON nor a Python dict or list: at character"},
		{"a.txt", "labels = {0: 'a', 1: 'b'}\nprint(labels)\n", "more than one value"},
		{"a.txt", "{0: 'a',\n1: 'b'}\n# end", "more than one value"},
		{"a.txt", "import json\nlabels = {\n0: 'a',\n}\n", "line 2: labels = { is program code"},
		{"a.txt", "const labels = ['a',\n'b'];\n", "line 1: const labels = ['a' is program code"},
		{"a.txt", "{'a': True}", "entry a is neither index: name nor name: index"},
		{"a.txt", "{0: (1, 'a')}", "entry 0 is neither"},
		{"a.txt", "\n<!DOCTYPE html>\n<p>404\n", "it is a web page (HTML)"},
		{"a.json", "\ufeff<!-- saved --><HTML lang=en>\n", "it is a web page (HTML)"},
		{"a.txt", "a\ncaf\xe9\n", `line 2 is not UTF-8: "caf\xe9": save the file as UTF-8`},
	} {
		if _, err := parseLabels(c.name, []byte(c.data)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %q: %v, want an error that says %q", c.name, c.data, err, c.want)
		}
	}
}

func TestSet(t *testing.T) {
	var s Settings
	for _, c := range [][2]string{
		{"input-size", "224"}, {"input-size", "224x320"}, {"resize", "256"}, {"resize", "256x300"}, {"resize", "long:256"}, {"resize", "none"},
		{"crop-pct", "0.875"}, {"crop-mode", "border"}, {"interpolation", "bicubic"}, {"input-range", "-1, 1"}, {"mean", "0.5"},
		{"mean", "104, 117,123"}, {"std", "1"}, {"color-order", "bgr"}, {"layout", "nhwc"}, {"channels", "1"}, {"invert", "true"},
		{"orientation", "exif"}, {"activation", "none"}, {"preset", "torchvision"}, {"output-name", "embedding"},
	} {
		if err := s.Set(c[0], c[1]); err != nil {
			t.Errorf("%s %s: %v", c[0], c[1], err)
		}
	}
	for _, c := range [][3]string{
		{"input-size", "0", "no size"}, {"input-size", "10x", "no size"}, {"input-size", "99999", "no size"}, {"resize", "long:x", "no size"},
		{"crop-pct", "87.5", "no part of 1"}, {"crop-pct", "NaN", "no part of 1"}, {"crop-mode", "fit", "center, squash, border"},
		{"interpolation", "cubic", "bicubic"}, {"input-range", "255", "two different numbers"}, {"input-range", "1,1", "two different"},
		{"doubt-below", "0.3", "two probabilities"}, {"doubt-below", "0.9,0.3", "two probabilities"}, {"mean", "1,2", "2 values"}, {"mean", "a", "no number"}, {"std", "1,0,1", "holds 0"}, {"std", "inf", "no number"},
		{"channels", "4", "1, 3"}, {"invert", "maybe", "invert"}, {"preset", "torch", "torchvision-v2"}, {"output-name", "", "empty"},
		{"classes", "3", `no setting is named "classes"`}, {"crop-offset", "floor", "no setting"},
	} {
		if err := s.Set(c[0], c[1]); err == nil || !strings.Contains(err.Error(), c[2]) {
			t.Errorf("%s %q: %v, want an error that says %q", c[0], c[1], err, c[2])
		}
	}
}

func TestLiteral(t *testing.T) {
	for text, want := range map[string]any{
		"[224, 224]":             []any{int64(224), int64(224)},
		"(1,)":                   []any{int64(1)},
		"{0: 'tench', }":         []pair{{int64(0), "tench"}},
		`{0: 'a', 1: "it's"}`:    []pair{{int64(0), "a"}, {int64(1), "it's"}},
		`'\x41\u00e9\n\'\d'`:     "Aé\n'\\d",
		"None":                   nil,
		"[True, False, 1.5, -2]": []any{true, false, 1.5, int64(-2)},
		" {} ":                   []pair{},
	} {
		got, err := parseLiteral(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %#v, %v; want %#v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "[", "[1 2]", "{1}", "{1: 2", "'a", `'\`, `'\x4`, "a", "1 2", strings.Repeat("[", 99), "[,]", "{,}", "{1: 2,,}"} {
		if v, err := parseLiteral(text); err == nil {
			t.Errorf("%q was read as %v", text, v)
		}
	}
}

func FuzzLiteral(f *testing.F) {
	f.Add(`{0: 'tench', 1: "it's", 2: '\u00e9'}`)
	f.Add("[224, (1, 2.5), None, True]")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := parseLiteral(text)
		if err == nil {
			_, _ = namesOf(v)
			_, _ = sizeOf(v)
		}
	})
}

func FuzzLabels(f *testing.F) {
	f.Add("a.json", []byte(`{"0": ["n01440764", "tench"]}`))
	f.Add("a.csv", []byte("index,id,label\n0,n1,tench\n"))
	for _, text := range []string{"tench\r\n", "{0: 'tench',\n 1: 'shark'}", "{'tench': 0}", "n01440764 tench\n", "1: tench\n0: shark\n", "tench 0\nshark 1", "'tench',\n'shark'\n", "a\n\nb", "[1",
		"shark: 1\ntench: 0", "\"0\": \"tench\",\n", "labels = {0: 'tench',}", "# a\n('tench',)", "'tench', 'shark'", "0 n01440764 tench", "n01440764: tench", "<html>", "caf\xe9", "'0'=\n=", ","} {
		f.Add("a.txt", []byte(text))
	}
	for name, text := range map[string]string{
		"a.yaml": "nc: 2\nnames:\n  0: 'it''s' # x\n  1: \"b\"\n", "b.yaml": "names: [a, 'b, c',\n  d]\n", "c.yml": "- a\n- b\n", "d.yml": "names: {0: a, \"1\": b}",
		"a.pbtxt": "item {\n id: 1\n name: 'a'\n display_name: \"b\"\n}\n", "b.json": `{"categories": [{"id": 1, "name": "a"}, {"id": 3, "name": "b"}]}`, "c.json": `[[0, "a"], ["n1", "b"]]`,
		"d.json": `{"n01440764": "a"}`, "b.csv": "id;name\n1;a\n", "c.tsv": "0\tn01440764\ta\n", "e.txt": "# a\nindex name\n0 -> a\n1 | b\n",
	} {
		f.Add(name, []byte(text))
	}
	f.Add("a.csv", []byte("0,tench\n"))
	f.Add("a.csv", []byte("tench,0\n"))
	f.Add("a.csv", []byte("0;tench\n"))
	f.Add("a.json", []byte(`{"label2id": {"tench": 0}}`))
	f.Add("a.json", []byte(`{"tench": "0"}`))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		before := allocated()
		list, err := parseLabels(name, data)
		// A number of twelve digits may name the last of MaxClasses: those before it have a place, too.
		if took := allocated() - before; took > 2048*int64(len(data))+64*MaxClasses {
			t.Errorf("%d bytes were allocated for a file of %d", took, len(data))
		}
		if err == nil && (len(list.Labels) == 0 || len(list.Labels) > MaxClasses) {
			t.Errorf("%d labels, and no error", len(list.Labels))
		}
		if err == nil {
			list.Fitted(len(list.Labels) + 1)
			list.Fitted(len(list.Labels) - 1)
		}
	})
}

// allocated is what Go has allocated in all.
func allocated() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}
