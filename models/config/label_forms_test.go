package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestLabelForms: files of labels as exporters, frameworks and people write them.
func TestLabelForms(t *testing.T) {
	names := []Label{{Name: "tench"}, {Name: "goldfish"}, {Name: "shark"}}
	ids := []Label{{Name: "tench", ID: "n01440764"}, {Name: "goldfish", ID: "n01443537"}, {Name: "shark", ID: "n01484850"}}
	digits := []Label{{Name: "0"}, {Name: "1"}, {Name: "2"}}
	for _, c := range []struct {
		name, data string
		want       []Label
	}{
		// Lines with the index.
		{"a.txt", "0 -> tench\n1 -> goldfish\n2 -> shark\n", names},
		{"a.txt", "0 => tench\n1 => goldfish\n2 => shark\n", names},
		{"a.txt", "0 - tench\n1 - goldfish\n2 - shark\n", names},
		{"a.txt", "0|tench\n1|goldfish\n2|shark\n", names},
		{"a.txt", "2) shark\n0) tench\n1) goldfish\n", names},
		{"a.txt", "000 tench\n001 goldfish\n002 shark\n", names},
		{"a.txt", "tench -> 0\ngoldfish -> 1\nshark -> 2\n", names},
		{"a.txt", "1:goldfish\n0:tench\n2:shark", names},
		{"a.txt", "0\ttench\r\n1\tgoldfish\r\n2\tshark\r\n", names},
		{"labels", "3 shark\n1 tench\n2 goldfish\n", names},
		{"a.txt", "index label\n0 tench\n1 goldfish\n2 shark\n", names},
		{"a.txt", "id,name\n0,tench\n1,goldfish\n2,shark\n", names},
		{"a.txt", "# made by hand\n# index name\n0 tench\n1 goldfish\n2 shark\n", names},
		{"a.txt", "label: id\ntench: 0\ngoldfish: 1\nshark: 2\n", names},
		{"a.txt", "wnid name\nn01440764 tench\nn01443537 goldfish\nn01484850 shark\n", ids},
		{"a.txt", "n01440764 tench\nn01443537 goldfish\nn01484850 shark", ids},

		{"a.txt", "[2] shark\n[0] tench\n[1] goldfish\n", names},
		{"a.txt", "(0) tench\n(2) shark\n(1) goldfish\n", names},
		{"a.txt", "#2 shark\n#0 tench\n#1 goldfish\n", names},
		{"a.txt", "class 2: shark\nclass 0: tench\nclass 1: goldfish\n", names},
		{"a.txt", "2：shark\n0：tench\n1、goldfish\n", names},
		{"a.txt", "2\u00a0shark\n0\u00a0tench\n1\u00a0goldfish\n", names},
		{"a.txt", "shark (2)\ntench (0)\ngoldfish (1)\n", names},
		{"a.txt", "shark [2]\ntench [0]\ngoldfish [1]\n", names},
		{"a.txt", "crane: 3\ntench: 0\ncrane: 1\nshark: 2\n", []Label{{Name: "tench"}, {Name: "crane"}, {Name: "shark"}, {Name: "crane"}}}, // ImageNet has two cranes
		{"a.txt", "2\tshark\n0\ttench\n1\t\n", []Label{{Name: "tench"}, {}, {Name: "shark"}}},
		{"a.txt", "0:\n1: goldfish\n2: shark\n", []Label{{}, {Name: "goldfish"}, {Name: "shark"}}},
		{"a.txt", "n01443537 1\nn01484850 2\nn01440764 0\n", []Label{{Name: "n01440764"}, {Name: "n01443537"}, {Name: "n01484850"}}},
		{"a.txt", "n01440764 tench 0\nn01443537 goldfish 1\nn01484850 shark 2\n", ids},
		{"a.txt", "id\tname\tgloss\n2\tshark\tc\n0\ttench\ta\n1\tgoldfish\tb\n", []Label{{Name: "tench", Gloss: "a"}, {Name: "goldfish", Gloss: "b"}, {Name: "shark", Gloss: "c"}}},
		{"a.txt", "tench\rgoldfish\rshark\r", names},

		// Numbers that are names, or parts of them.
		{"a.txt", "Mazda (2019)\nBMW (2020)\n", []Label{{Name: "Mazda (2019)"}, {Name: "BMW (2020)"}}},
		{"a.txt", "Class 2\nClass 1\n", []Label{{Name: "Class 2"}, {Name: "Class 1"}}},
		{"a.txt", "0\n1\n2\n", digits},
		{"a.txt", "2\n0\n1\n", []Label{{Name: "2"}, {Name: "0"}, {Name: "1"}}},
		{"a.txt", "7 seconds\nother\n", []Label{{Name: "7 seconds"}, {Name: "other"}}},
		{"a.txt", "0-2\n4-6\n8-13\n", []Label{{Name: "0-2"}, {Name: "4-6"}, {Name: "8-13"}}},
		{"a.txt", "3D\n2D\n", []Label{{Name: "3D"}, {Name: "2D"}}},
		{"a.txt", "BMW 3 Series\nBMW 5 Series\n", []Label{{Name: "BMW 3 Series"}, {Name: "BMW 5 Series"}}},
		{"a.txt", "no_finding: 0%\n", []Label{{Name: "no_finding: 0%"}}},
		{"a.json", `["0", "1", "2"]`, digits},

		// JSON.
		{"a.json", `{"tench": 0, "goldfish": 1, "shark": 2}`, names},
		{"a.json", `{"0": ["n01440764", "tench"], "1": ["n01443537", "goldfish"], "2": ["n01484850", "shark"]}`, ids},
		{"a.json", `[["n01440764", "tench"], ["n01443537", "goldfish"], ["n01484850", "shark"]]`, ids},
		{"a.json", `[[2, "shark"], [0, "tench"], [1, "goldfish"]]`, names},
		{"a.json", `[["shark", 2], ["tench", 0], ["goldfish", 1]]`, names},
		{"a.json", `[{"id": 1, "name": "goldfish"}, {"id": 0, "name": "tench"}, {"id": 2, "name": "shark"}]`, names},
		{"a.json", `[{"id": "n01440764", "label": "tench"}, {"id": "n01443537", "label": "goldfish"}, {"id": "n01484850", "label": "shark"}]`, ids},
		{"a.json", `[{"name": "tench"}, {"name": "goldfish"}, {"name": "shark"}]`, names},
		{"a.json", `{"0": {"name": "tench", "wnid": "n01440764"}, "1": {"name": "goldfish", "wnid": "n01443537"}, "2": {"name": "shark", "wnid": "n01484850"}}`, ids},
		{"a.json", `{"n01443537": "goldfish", "n01440764": "tench", "n01484850": "shark"}`, ids},
		{"a.json", `{"classes": ["tench", "goldfish", "shark"]}`, names},
		{"a.json", `{"nc": 3, "names": {"0": "tench", "1": "goldfish", "2": "shark"}}`, names},
		{"a.json", `{"class_to_idx": {"tench": 0, "goldfish": 1, "shark": 2}}`, names},
		{"a.json", `{"idx_to_class": {"0": "tench", "1": "goldfish", "2": "shark"}, "classes": []}`, names},
		{"a.json", `{"id2label": {"0": "tench", "1": "goldfish", "2": "shark"}, "classes": ["x"]}`, names},
		{"a.json", `{"categories": [{"supercategory": "fish", "id": 1, "name": "tench"}, {"id": 2, "name": "goldfish"}, {"id": 3, "name": "shark"}]}`, names},
		{"a.json", `{"names": 0, "classes": 1, "labels": 2}`, []Label{{Name: "names"}, {Name: "classes"}, {Name: "labels"}}},
		{"a.json", `["tench", null, "shark"]`, []Label{{Name: "tench"}, {}, {Name: "shark"}}},
		{"classes.txt", `{"classes": ["tench", "goldfish", "shark"]}`, names},
		{"a.json", `{"0": 0, "1": 1, "10": 2, "2": 3}`, []Label{{Name: "0"}, {Name: "1"}, {Name: "10"}, {Name: "2"}}}, // folders that are called by numbers
		{"a.json", `{"class_indices": {"1": 0, "2": 1, "0": 2}}`, []Label{{Name: "1"}, {Name: "2"}, {Name: "0"}}},
		{"a.json", `{"class_to_idx": {"tench": 0, "shark": 2, "goldfish": 1}, "classes": ["tench", "goldfish", "shark"]}`, names},
		{"a.json", `[["2", "shark"], ["0", "tench"], ["1", "goldfish"]]`, names},
		{"a.json", `[["shark", "2"], ["tench", "0"], ["goldfish", "1"]]`, names},
		{"a.json", `[{"id": "2", "name": "shark"}, {"id": "0", "name": "tench"}, {"id": "1", "name": "goldfish"}]`, names},
		{"a.json", `{"0": ["tench", "n01440764"], "1": ["goldfish", "n01443537"], "2": ["shark", "n01484850"]}`, ids},

		// Python.
		{"a.txt", "[('n01440764', 'tench'), ('n01443537', 'goldfish'), ('n01484850', 'shark')]", ids},
		{"a.txt", "[(0, 'tench'), (2, 'shark'), (1, 'goldfish')]", names},
		{"a.txt", "[('2', 'shark'), ('0', 'tench'), ('1', 'goldfish')]", names},
		{"a.txt", "{2: ('shark', 'n01484850'), 0: ('tench', 'n01440764'), 1: ('n01443537', 'goldfish')}", ids},
		{"a.py", "CLASSES = [('tench', 0), ('goldfish', 1), ('shark', 2)]", names},

		// CSV.
		{"a.csv", "class,name\n0,tench\n1,goldfish\n2,shark\n", names},
		{"a.csv", "id,name\n1,goldfish\n0,tench\n2,shark\n", names},
		{"a.csv", "name,id\ngoldfish,1\ntench,0\nshark,2\n", names},
		{"a.csv", "class_name,class_id\ngoldfish,1\ntench,0\nshark,2\n", names},
		{"a.csv", "index,mid,display_name\n0,n01440764,\"tench\"\n1,n01443537,goldfish\n2,n01484850,shark\n", ids},
		{"a.csv", "ClassId,Name\n1,tench\n2,goldfish\n3,shark\n", names},
		{"a.csv", "index;label\n0;tench\n1;goldfish\n2;shark\n", names},
		{"a.csv", "index\tlabel\n0\ttench\n1\tgoldfish\n2\tshark\n", names},
		{"a.tsv", "0\ttench\n1\tgoldfish\n2\tshark\n", names},
		{"a.csv", "0,n01440764,tench\n1,n01443537,goldfish\n2,n01484850,shark\n", ids},
		{"a.csv", "n01440764,tench\nn01443537,goldfish\nn01484850,shark\n", ids},
		{"a.csv", "tench\ngoldfish\nshark\n", names},
		{"a.csv", "class\ntench\ngoldfish\nshark\n", names},
		{"a.csv", "label\n0\n1\n2\n", digits},
		{"a.csv", "class_index,synset,words\n0,n01440764,tench\n1,n01443537,goldfish\n2,n01484850,shark\n", ids},
		{"a.csv", "label,name\n2,shark\n0,tench\n1,goldfish\n", names},
		{"a.csv", "index,label,count\n0,tench,5\n1,goldfish,7\n2,shark,9\n", names},
		{"a.csv", "id,index,label\nn01440764,0,tench\nn01443537,1,goldfish\nn01484850,2,shark\n", ids},

		{"a.csv", "label\n\"\"\ncat\n", []Label{{}, {Name: "cat"}}},
		{"a.csv", "numéro,label\n2,shark\n0,tench\n1,goldfish\n", names},
		{"a.csv", ",label\n2,shark\n0,tench\n1,goldfish\n", names},
		{"a.csv", "序号,名称\n3,shark\n1,tench\n2,goldfish\n", names},
		{"a.csv", "Index;Bezeichnung\n2;shark\n0;tench\n1;goldfish\n", names},
		{"a.csv", "sep=;\r\nid;nombre\r\n2;shark\r\n0;tench\r\n1;goldfish\r\n", names},
		{"a.csv", "class_id,class_label\r2,shark\r0,tench\r1,goldfish\r", names},
		{"a.csv", "index|label\n2|shark\n0|tench\n1|goldfish\n", names},
		{"a.csv", "synset,index\nn01484850,2\nn01440764,0\nn01443537,1\n", []Label{{Name: "n01440764"}, {Name: "n01443537"}, {Name: "n01484850"}}},
		{"a.csv", "wnid\nn01440764\nn01443537\n", []Label{{Name: "n01440764"}, {Name: "n01443537"}}},
		{"a.csv", "index,name,label\n2,shark,7\n0,tench,5\n1,goldfish,6\n", names},
		{"a.csv", "label,count\ntench,10\ngoldfish,0\nshark,4\n", names},
		{"a.csv", "id,label,name\n7,2,shark\n9,0,tench\n8,1,goldfish\n", []Label{{Name: "tench", ID: "9"}, {Name: "goldfish", ID: "8"}, {Name: "shark", ID: "7"}}},

		// YAML.
		{"data.yaml", "labels: images/labels\nnames: [tench, goldfish, shark]\n", names},
		{"data.yaml", "idx_to_class:\n  2: shark\n  0: tench\n  1: goldfish\n", names},
		{"data.yaml", "path: ../coco # root\ntrain: images/train\nnc: 3\nnames:\n  0: tench\n  1: goldfish # gold\n  2: shark\n", names},
		{"data.yaml", "names:\n- tench\n- goldfish\n- 'shark'\nnc: 3\n", names},
		{"data.yaml", "nc: 3\nnames: ['tench', \"goldfish\", shark]\n", names},
		{"data.yaml", "nc: 3\nnames: [tench, # one\n  goldfish,\n  shark,\n]\ntrain: x\n", names},
		{"data.yaml", "names: {0: tench, 2: shark, 1: goldfish}\n", names},
		{"data.yml", "---\n# labels\ntench: 0\ngoldfish: 1\nshark: 2\n", names},
		{"data.yml", "- tench\n- goldfish\n- shark\n", names},
		{"data.yml", "0: tench\n1: goldfish\n2: shark\n", names},
		{"data.yml", "id2label:\n  '0': tench\n  '1': goldfish\n  '2': shark\n", names},
		{"data.yml", "label2id:\n  tench: 0\n  goldfish: 1\n  shark: 2\n", names},
		{"data.yml", "names:\n  1: tench\n  2: goldfish\n  3: shark\n", names},
		{"data.yml", "names:\n  0: 0\n  1: 1\n  2: 2\n", digits},
		{"data.yml", "names: [0, 1, 2]\n", digits},
		{"data.yml", "names:\r\n  0: 'it''s'\r\n  1: \"a # b\"\r\n  2: c#d\r\n", []Label{{Name: "it's"}, {Name: "a # b"}, {Name: "c#d"}}},
		{"data.yml", "names:\n  0: 'a: b'\n  1: ~\n", []Label{{Name: "a: b"}, {}}},
		{"data.yml", "names: ['a, b', \"c] d\", e]\n", []Label{{Name: "a, b"}, {Name: "c] d"}, {Name: "e"}}},
		{"data.yml", "names:\n- great white shark, white shark,\n  man-eater\n- tiger shark\n", []Label{{Name: "great white shark, white shark, man-eater"}, {Name: "tiger shark"}}},
		{"data.yml", "- 'it''s, [a] # b'\n- \"a\\\"b # \\u00e9\" # c\n- don't # d\n", []Label{{Name: "it's, [a] # b"}, {Name: "a\"b # é"}, {Name: "don't"}}},
		{"data.yml", "names: ['it''s, [a] # b', \"a\\\"b, # c\"]\n", []Label{{Name: "it's, [a] # b"}, {Name: "a\"b, # c"}}},
		{"data.txt", "names:\n  0: tench\n  1: goldfish\n  2: shark\n", names},
		{"classes.txt", "names:\nclasses:\n", []Label{{Name: "names:"}, {Name: "classes:"}}}, // no YAML but names

		// TensorFlow's label maps.
		{"map.pbtxt", "item {\n  id: 1\n  name: 'tench'\n}\nitem {\n  id: 2\n  name: 'goldfish'\n}\nitem {\n  id: 3\n  name: 'shark'\n}\n", names},
		{"map.pbtxt", "# a\nitem {\n  name: \"n01440764\"\n  id: 1\n  display_name: \"tench\"\n}\nitem{name:\"n01443537\" id:2 display_name:\"goldfish\"}\nitem: { name: \"n01484850\", id: 3, display_name: \"shark\", keypoints { id: 7 label: 'x' } }\n", ids},
		{"map.pbtxt", "entry {\n target_class: 1\n target_class_string: \"goldfish\"\n}\nentry {\n target_class: 0\n target_class_string: \"tench\"\n}\nentry { target_class: 2 target_class_string: 'shark' }", names},
		{"map.txt", "item {\n  name: 'tench'\n}\nitem {\n  name: 'goldfish'\n}\nitem {\n  name: 'shark'\n}\n", names},
		{"map.pbtxt", "item { id: 1 name: 'tench' }\nitem { id: 4 name: 'shark' }\n", []Label{{}, {Name: "tench"}, {}, {}, {Name: "shark"}}},
		{"map.pbtxt", `item { id: 0 name: 'it\'s' }`, []Label{{Name: "it's"}}},
		{"map.pbtxt", `item { id: 1 name: "caf\303\251" }`, []Label{{Name: "café"}}},
		{"map.pbtxt", "item { class_id: 2 name: 'goldfish' }\nitem { class_id: 1 name: 'tench' }\nitem { class_id: 3 name: 'shark' }", names},
		{"map.prototxt", "item { name: 'shark' label: 2 display_name: 'shark' }\nitem { name: 'tench' label: 0 display_name: 'tench' }\nitem { name: 'goldfish' label: 1 display_name: 'goldfish' }", names}, // Caffe's
	} {
		got, err := parseLabels(c.name, []byte(c.data))
		if (err != nil) != (c.want == nil) || !slices.Equal(got.Labels, c.want) {
			t.Errorf("%s %q: %q, %v; want %q", c.name, c.data, got.Labels, err, c.want)
		}
	}
	for _, c := range []struct{ name, data, want string }{
		{"a.json", `["a", 7]`, "entry 2 of the list is 7: neither a name nor [id, name]"},
		{"a.json", `[[0, "a"], ["n1", "b"]]`, "entry 2 of the list has no index, and others have"},
		{"a.json", `[[0, "a"], [5, "b"]]`, "entry 2 of the list has the index 5"},
		{"a.json", `[{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]`, "twice"},
		{"a.json", `[{"id": 1}, {"id": 2}]`, "neither a name"},
		{"a.json", `{"classes": {"a": "x"}}`, "classes: key"},
		{"a.json", `{"classes": {"classes": ["a"]}}`, "neither"},
		{"a.json", `[{"id": 1, "name": "a"}, {"id": 900000, "name": "b"}]`, "entry 2 of the list has the index 900000"},
		{"a.json", `[{"id": 9000000, "name": "a"}]`, "neither a name"},
		{"a.json", `{"classes": ["b", "a"], "class_to_idx": {"a": 0, "b": 1}}`, "classes and class_to_idx have the same names in different orders"},
		{"a.txt", "n01443537 goldfish 1\nn01440764 tench 0\n", "which of them gives the order can't be told"},
		{"a.txt", "[classes]\na = 1\nb = 0\n", "line 1: [classes] has no index, but each line below it ends with its own"},
		{"a.txt", "np.array(['a', 'b'])", "is program code"},
		{"a.js", "export const CLASSES = {\n 0: 'a'\n}\n", "is program code"},
		{"a.csv", "nr,key,label\n0,1,a\n1,0,b\n", `columns "nr" and "key" both number the labels, in different orders`},
		{"a.csv", "wnid,ilsvrc_id,name\nn01440764,2,a\nn01443537,1,b\n", `call the column "index", or take it out`},
		{"a.yaml", "names: [a]\nnames: [b]\n", "line 2: names stands there twice"},
		{"a.yaml", "names:\n\t- a\n", "line 2 is indented by a tab"},
		{"a.csv", "a,b\nc,d\n", `no column "label"`},
		{"a.csv", "index,label\n0,a\n2,b\n", "line 3 has the index 2"},
		{"a.csv", "index,label\n0,a\nx,b\n", `line 3: "x" is no index`},
		{"a.csv", "index,label\n0,a\n1\n", "line 3 has another number of columns"},
		{"a.yaml", "names:\n  0: a\n   1: b\n", "line 2: a 1: b is neither a name nor index: name"},
		{"a.yaml", "names:\n   0: a\n  1: b\n", "line 3: 1: b is indented otherwise"},
		{"a.yaml", "names:\n  0: a\n" + strings.Repeat("   b b b b b\n", 9000), "is indented otherwise"},
		{"a.yaml", "names:\n  0: a\n  - b\n", "line 3: - b is neither"},
		{"a.yaml", "names: [a, b\n", "line 1: the list isn't closed"},
		{"a.yaml", "names: [a, [b]]\n", `'[' within a name`},
		{"a.yaml", "names: [a] b\n", "stands behind the labels"},
		{"a.yaml", "names: *x\n", "line 1: *x is neither a list nor index: name"},
		{"a.yaml", "names:\n  0: !!str a\n", "line 2: !!str a is no plain text"},
		{"a.yaml", "names:\n  0: a\n  2: b\n", "has the index 2"},
		{"a.yaml", "names: [a,, b]\n", "a name is missing"},
		{"a.yaml", "names: ['a\n", "line 1: a quote isn't closed"},
		{"a.yaml", "names:\n- 'tiger\n  # shark'\n", "line 2: a quote isn't closed on its line"},
		{"a.yaml", "names: ['tiger\n  # shark']\n", "line 1: a quote isn't closed on its line"},
		{"a.yaml", "- \"\\a\"\n", "the escape \\a isn't read here"},
		{"a.yaml", "nc: 7\ntrain: x\n", "neither index: name"},
		{"a.yaml", "# nothing\n", "there are none in it"},
		{"a.pbtxt", "item {\n id: 1\n name: 'a'\n", "the braces of item aren't closed"},
		{"a.pbtxt", "item {\n id: 1\n}\n", "line 1: an item without a name"},
		{"a.pbtxt", "item { id: x name: 'a' }", `id: "x" is no index`},
		{"a.pbtxt", "item { id: 1 name: 'a' }\nitem { name: 'b' }", "some items have an id"},
		{"a.pbtxt", "item { id: 1 name: 'a' }\nitem { id: 1 name: 'b' }", "line 2: index 1 stands there twice"},
		{"a.pbtxt", "item { id: 1 name: 'a }", "a quote isn't closed"},
		{"a.pbtxt", "name: 'a'", "name is no item in braces"},
		{"a.pbtxt", "{", `"{" is no name of a field`},
		{"a.pbtxt", strings.Repeat("a{", 99), "nested too deep"},
		{"a.pbtxt", "item { id: 99999 name: 'a' }", "index 99999"},
		{"a.txt", "index label\n0 a\n2 b\n", "line 3 has the index 2"},
		{"a.txt", "0 a\n2 b\n3 c\n", "line 3 has the index 3, but there are 3 labels from 0 on"},
	} {
		if _, err := parseLabels(c.name, []byte(c.data)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %q: %v, want an error that says %q", c.name, c.data, err, c.want)
		}
	}
}

// imageNetLabels are 1000 of which the first and the last are ImageNet's.
func imageNetLabels(gold string) []Label {
	labels := make([]Label, 1000)
	for i := range labels {
		labels[i].Name = fmt.Sprint("class ", i)
	}
	labels[0].Name, labels[1].Name, labels[999].Name = "tench, Tinca tinca", gold, "toilet tissue, toilet paper, bathroom tissue"
	return labels
}

// TestGaps: as Coral's coco_labels.txt has them; a few numbers with gaps are no indices.
func TestGaps(t *testing.T) {
	ids := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 26, 27, 30}
	var lines, json, csv string
	for _, id := range ids {
		lines += fmt.Sprintf("%d  name %d\n", id, id)
		json += fmt.Sprintf(`, "%d": "name %d"`, id, id)
		csv += fmt.Sprintf("name %d,%d\n", id, id)
	}
	for name, data := range map[string]string{"a.txt": lines, "a.json": "{" + json[1:] + "}", "a.csv": csv, "b.txt": "{" + strings.ReplaceAll(json[1:], `"`, "'") + "}"} {
		list, err := parseLabels(name, []byte(data))
		if err != nil || len(list.Labels) != 31 || list.Labels[30].Name != "name 30" || list.Labels[11] != (Label{}) || list.Note != "its indices have gaps: of the classes from 0 to 30, 4 have no name" {
			t.Errorf("%s: %d labels, %q, %v", name, len(list.Labels), list.Note, err)
		}
	}
	for _, data := range []string{lines + "90 x\n", lines + "3 x\n", strings.ReplaceAll(lines, "0  name 0\n1  name 1\n", "")} {
		if list, err := parseLabels("a.txt", []byte(data)); err == nil {
			t.Errorf("%q: %q", data, list.Note)
		}
	}
}

func TestFitted(t *testing.T) {
	parsed := func(name, data string) LabelList {
		t.Helper()
		list, err := parseLabels(name, []byte(data))
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	imageNet := LabelList{Labels: imageNetLabels("goldfish, Carassius auratus")}
	other := LabelList{Labels: imageNetLabels("dog")}
	behind := LabelList{Labels: append([]Label{{Name: "background"}}, imageNet.Labels...)}
	one := parsed("a.txt", "1 cat\n2 dog\n")
	gaps := parsed("a.pbtxt", "item { id: 1 name: 'cat' }\nitem { id: 3 name: 'dog' }")
	for _, c := range []struct {
		list   LabelList
		n      int
		labels int
		first  string
		note   string
	}{
		{imageNet, 1000, 1000, "tench, Tinca tinca", ""},
		{imageNet, 0, 1000, "tench, Tinca tinca", ""},
		{imageNet, 1001, 1001, "background", "class 0 is the background"},
		{imageNet, 1002, 1000, "tench, Tinca tinca", ""},
		{other, 1001, 1000, "tench, Tinca tinca", ""},
		{behind, 1000, 1000, "tench, Tinca tinca", "it begins with the background"},
		{behind, 1001, 1001, "background", ""},
		{one, 2, 2, "cat", `its indices count from 1: "cat" is class 0`},
		{one, 0, 2, "cat", "count from 1"},
		{one, 3, 3, "", `class 0 has no name, and "cat" is class 1`},
		{gaps, 4, 4, "", "its indices have gaps: of the classes from 0 to 3, 2 have no name"},
		{gaps, 3, 3, "cat", "one class less"},
		{LabelList{}, 3, 0, "", ""},
		{parsed("a.txt", "label\ncat\ndog\n"), 2, 2, "cat", `its first line, "label", is taken for a heading`},
		{parsed("a.txt", "label\ncat\ndog\n"), 3, 3, "label", ""},
		{parsed("a.txt", "# mine\ncat\ndog\n"), 2, 2, "cat", "heading"},
		{parsed("a.txt", "bird\ncat\ndog\n"), 2, 3, "bird", ""},
	} {
		before := len(c.list.Labels)
		got := c.list.Fitted(c.n)
		if len(got.Labels) != c.labels || c.labels > 0 && got.Labels[0].Name != c.first || !strings.Contains(got.Note, c.note) || c.note == "" && got.Note != "" || len(c.list.Labels) != before {
			t.Errorf("%d labels for %d: %d, %q", before, c.n, len(got.Labels), got.Note)
		}
	}
}
