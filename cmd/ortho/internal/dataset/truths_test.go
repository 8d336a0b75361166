package dataset

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// put writes files, by their names in a new folder.
func put(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

const truth = `{"images":[{"id":7,"file_name":"b.jpg","width":20,"height":10},{"id":3,"file_name":"sub/a.jpg","width":20,"height":10}],
"categories":[{"id":9,"name":"dog"},{"id":2,"name":"cat"}],
"annotations":[{"image_id":7,"category_id":9,"bbox":[1,2,3,4],"area":10,"iscrowd":0,"segmentation":[[1,2,4,2,4,6,1,6]]},
{"image_id":7,"category_id":2,"bbox":[0,0,20,10],"iscrowd":1,"segmentation":{"size":[10,20],"counts":[0,200]}}]}`

func TestCOCO(t *testing.T) {
	root := put(t, map[string]string{"truth.json": truth, "b.jpg": "", "sub/a.jpg": ""})
	o, err := OpenObjects(filepath.Join(root, "truth.json"), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Images) != 2 || o.Images[0].Name != filepath.Join(root, "sub", "a.jpg") || o.Categories[1].Name != "dog" || !o.Masks || o.Points != 0 || len(o.Notes) != 1 {
		t.Errorf("%+v", o)
	}
	if none, err := o.Of(0, 20, 10); err != nil || len(none) != 0 {
		t.Errorf("%v, %v", none, err)
	}
	objects, err := o.Of(1, 20, 10)
	if err != nil || len(objects) != 2 || objects[0].Class != 1 || objects[0].Area != 10 || !objects[1].Crowd || objects[1].Area != 200 || objects[1].Mask.Area() != 200 {
		t.Errorf("%+v, %v", objects, err)
	}
	if _, err := o.Of(1, 10, 20); err == nil || !strings.Contains(err.Error(), "--orientation ignore") {
		t.Errorf("a turned image: %v", err)
	}
	elsewhere := put(t, map[string]string{"truth.json": truth})
	if _, err := OpenObjects(filepath.Join(elsewhere, "truth.json"), root); err != nil {
		t.Error(err)
	}
	replaced := func(from, to string) string { return strings.ReplaceAll(truth, from, to) }
	for name, c := range map[string][2]string{
		"no images":   {truth, "--images FOLDER"},
		"outside":     {replaced("sub/a.jpg", "../a.jpg"), "no path within"},
		"absolute":    {replaced("sub/a.jpg", "/etc/passwd"), "no path within"},
		"image":       {replaced(`"image_id":7`, `"image_id":8`), "image 8, which is not there"},
		"category":    {replaced(`"category_id":2`, `"category_id":5`), "category 5, which is not there"},
		"twice":       {replaced(`"id":3`, `"id":7`), "two images have the id 7"},
		"results":     {`[{"image_id":1}]`, "no truth as COCO has it"},
		"of results":  {`{}`, "images, annotations and categories"},
		"cut":         {truth[:100], "no truth"},
		"points":      {replaced(`"area":10`, `"area":10,"keypoints":[1,2]`), "numbers of key points"},
		"panoptic":    {replaced(`"area":10`, `"segments_info":[]`), "panoptic"},
		"behind":      {truth + "{}", "behind its end"},
		"no object":   {truth[:strings.Index(truth, `"annotations"`)] + `"annotations":[]}`, "nothing to find"},
		"far outside": {replaced("[1,2,3,4]", "[1,2,3,4e20]"), "has a box of"},
	} {
		dir := put(t, map[string]string{"x.json": c[0]})
		if _, err := OpenObjects(filepath.Join(dir, "x.json"), ""); err == nil || !strings.Contains(err.Error(), c[1]) {
			t.Errorf("%s: %v, want %s", name, err, c[1])
		}
	}
}

func TestYOLO(t *testing.T) {
	files := map[string]string{"images/val/b.jpg": "", "images/val/a.png": "", "labels/val/b.txt": "1 0.5 0.5 0.2 0.4\n\n0 0 0 0.5 0 0.5 1\n",
		"data.yaml": "path: .\ntrain: images/train\nval: images/val # the half\nnames:\n  0: cat\n  1: dog\n"}
	root := put(t, files)
	for _, path := range []string{root, filepath.Join(root, "data.yaml")} {
		o, err := OpenObjects(path, "")
		if err != nil {
			t.Fatal(err)
		}
		objects, err := o.Of(1, 100, 50)
		if err != nil || len(o.Images) != 2 || len(objects) != 2 || o.Categories[1].Name != "dog" || objects[0].Class != 1 || objects[0].Box != [4]float64{40, 15, 20, 20} || objects[1].Box != [4]float64{0, 0, 50, 50} || o.Masks {
			t.Errorf("%s: %+v, %+v, %v", path, o, objects, err)
		}
	}
	roboflow := put(t, map[string]string{"data.yaml": "val: ../valid/images\nnames: ['a', 'b']\nkpt_shape: [2, 3]\n", "valid/images/x.jpg": "", "valid/labels/x.txt": "0 .5 .5 .2 .2 .4 .4 2 0 0 0\n"})
	o, err := OpenObjects(filepath.Join(roboflow, "data.yaml"), "")
	if err != nil {
		t.Fatal(err)
	}
	if objects, err := o.Of(0, 10, 10); err != nil || o.Points != 2 || !slices.Equal(objects[0].Keypoints, []float64{4, 4, 2, 0, 0, 0}) || objects[0].Unmarked {
		t.Errorf("%+v, %v", objects, err)
	}
	for name, c := range map[string]struct{ file, text, want string }{
		"no class":  {"labels/val/b.txt", "x 1 2 3 4\n", "is no class"},
		"numbers":   {"labels/val/b.txt", "0 1 2 3\n", "4 of a box"},
		"no number": {"labels/val/b.txt", "0 1 2 3 NaN\n", "is no number"},
		"no name":   {"labels/val/b.txt", "2 .5 .5 .1 .1\n", "2 classes have names"},
		"nothing":   {"labels/val/b.txt", "", "has labels in"},
		"outside":   {"data.yaml", "val: ../../images\nnames: [a]\n", "no path within"},
		"no split":  {"data.yaml", "names: [a]\n", "names no split"},
		"no labels": {"data.yaml", "val: pictures\nnames: [a]\n", "has its labels beside it"},
		"shape":     {"data.yaml", "val: images/val\nnames: [a, b]\nkpt_shape: [0, 9]\n", "kpt_shape"},
	} {
		broken := map[string]string{}
		for k, v := range files {
			broken[k] = v
		}
		broken[c.file] = c.text
		if _, err := OpenObjects(filepath.Join(put(t, broken), "data.yaml"), ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func encoded(t testing.TB, m image.Image) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// indexed has the values 0 to 3 by a palette of two bits.
func indexed(t testing.TB) string {
	m := image.NewPaletted(image.Rect(0, 0, 2, 2), color.Palette{color.Black, color.White, color.RGBA{1, 2, 3, 255}, color.RGBA{9, 9, 9, 255}})
	copy(m.Pix, []uint8{0, 1, 2, 3})
	return encoded(t, m)
}

func TestMasks(t *testing.T) {
	gray := image.NewGray(image.Rect(0, 0, 2, 2))
	copy(gray.Pix, []uint8{0, 1, 255, 3})
	root := put(t, map[string]string{"images/a.jpg": "", "images/b.jpg": "", "images/c.jpg": "", "masks/a.png": indexed(t), "masks/b.png": encoded(t, gray),
		"classes.json": `{"1":"road","3":"sky"}`})
	m, err := OpenMaps(root, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Images) != 2 || len(m.Categories) != 2 || m.Categories[1] != (Category{ID: 3, Name: "sky"}) || len(m.Notes) != 1 {
		t.Errorf("%+v", m)
	}
	for i, want := range [][]uint32{{0, 1, 2, 3}, {0, 1, 255, 3}} {
		if got, _, err := m.Of(i, 2, 2); err != nil || !slices.Equal(got, want) {
			t.Errorf("%v, %v", got, err)
		}
	}
	if _, _, err := m.Of(0, 2, 3); err == nil {
		t.Error("a mask of another size was taken")
	}
	color := put(t, map[string]string{"images/a.jpg": "", "masks/a.png": encoded(t, image.NewNRGBA(image.Rect(0, 0, 2, 2)))})
	if m, err = OpenMaps(color, ""); err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.Of(0, 2, 2); err == nil || !strings.Contains(err.Error(), "in colour") {
		t.Errorf("a mask in colour: %v", err)
	}
	if _, err := OpenMaps(put(t, map[string]string{"images/a.jpg": "", "masks/b.png": ""}), ""); err == nil || !strings.Contains(err.Error(), "masks/a.png is that of images/a.jpg") {
		t.Error(err)
	}
}

const panoptic = `{"images":[{"id":1,"file_name":"a.jpg"}],"categories":[{"id":1,"name":"sky","isthing":0},{"id":4,"name":"cat","isthing":1}],
"annotations":[{"image_id":1,"file_name":"a.png","segments_info":[{"id":258,"category_id":4,"iscrowd":1},{"id":70000,"category_id":1}]}]}`

func TestPanoptic(t *testing.T) {
	ids := image.NewNRGBA(image.Rect(0, 0, 2, 1))
	ids.SetNRGBA(0, 0, color.NRGBA{2, 1, 0, 255})
	ids.SetNRGBA(1, 0, color.NRGBA{112, 17, 1, 255})
	root := put(t, map[string]string{"val.json": panoptic, "val/a.png": encoded(t, ids), "a.jpg": ""})
	m, err := OpenMaps(filepath.Join(root, "val.json"), "")
	if err != nil {
		t.Fatal(err)
	}
	values, segments, err := m.Of(0, 2, 1)
	if err != nil || !slices.Equal(values, []uint32{258, 70000}) || len(segments) != 2 || segments[0].Class != 1 || !segments[0].Crowd || !m.Categories[1].Thing || m.Categories[0].Thing {
		t.Errorf("%v, %+v, %v", values, segments, err)
	}
	for name, text := range map[string]string{"outside": strings.Replace(panoptic, "a.png", "../a.png", 1), "category": strings.Replace(panoptic, `"category_id":4`, `"category_id":5`, 1), "objects": truth} {
		dir := put(t, map[string]string{"val.json": text, "val/a.png": "", "a.jpg": ""})
		if _, err := OpenMaps(filepath.Join(dir, "val.json"), ""); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestTexts(t *testing.T) {
	root := put(t, map[string]string{"t.csv": "input,tags\na.jpg,\"red, blue,red\"\nb.jpg,\na.jpg,green\n", "c.csv": "text;input\nA fox;a.jpg\n A fox ;a.jpg\nA dog;a.jpg\n",
		"photos/a.jpg": "", "photos/a.txt": "1girl, long hair\n", "photos/b.jpg": ""})
	tags, err := OpenTags(filepath.Join(root, "t.csv"))
	if err != nil || len(tags.Images) != 2 || !slices.Equal(tags.Of[0], []string{"red", "blue", "green"}) || len(tags.Of[1]) != 0 || tags.Images[0].Name != filepath.Join(root, "a.jpg") {
		t.Errorf("%+v, %v", tags, err)
	}
	captions, err := OpenCaptions(filepath.Join(root, "c.csv"))
	if err != nil || !slices.Equal(captions.Of[0], []string{"A fox", "A dog"}) {
		t.Errorf("%+v, %v", captions, err)
	}
	if tags, err = OpenTags(filepath.Join(root, "photos")); err != nil || len(tags.Images) != 1 || !slices.Equal(tags.Of[0], []string{"1girl", "long hair"}) || len(tags.Notes) != 1 {
		t.Errorf("%+v, %v", tags, err)
	}
	if !HasColumn(filepath.Join(root, "t.csv"), "Tags") || !HasColumn(filepath.Join(root, "c.csv"), "text") || HasColumn(filepath.Join(root, "c.csv"), "tags") || HasColumn(root, "tags") {
		t.Error("columns are others")
	}
	for text, want := range map[string]string{"input,label\na,b\n": "columns input and tags", "input,tags\n": "no rows", "input,tags\n,x\n": "no input", "": "no rows", "input,tags\n\"": "not CSV"} {
		if _, _, err := readTexts([]byte(text), "tags", splitTags); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func FuzzCOCO(f *testing.F) {
	f.Add([]byte(truth))
	f.Add([]byte(panoptic))
	f.Add([]byte(`{"images":[{"id":1,"file_name":"a"}],"categories":[{"id":1}],"annotations":[{"image_id":1,"category_id":1,"segmentation":{"size":[9,9],"counts":"0_21"}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		truth, err := readCOCO(bytes.NewReader(data), 1<<20)
		if err != nil {
			return
		}
		if o, err := truth.objects("x"); err == nil {
			for i := range o.Images {
				if !filepath.IsLocal(o.Images[i].Name) {
					t.Fatalf("%q", o.Images[i].Name)
				}
				o.Of(i, max(truth.Images[i].Width, 1)%64, max(truth.Images[i].Height, 1)%64)
			}
		}
		truth.panoptic("x", "y")
	})
}

func FuzzYOLO(f *testing.F) {
	f.Add([]byte("0 .5 .5 .1 .1\n1 0 0 1 0 1 1\n"), 0)
	f.Add([]byte("0 .5 .5 .1 .1 1 2 3"), 3)
	f.Fuzz(func(t *testing.T, data []byte, points int) {
		points = max(points%10, 0) / 3 * 3
		y := &yolo{points: points / 3, each: 3}
		lines, err := readYOLO(data, points)
		if err != nil {
			return
		}
		for _, l := range lines {
			if one, err := y.object(l, 30, 20, points == 0); err == nil && len(one.Keypoints) != points {
				t.Fatalf("%d key points of %d", len(one.Keypoints), points)
			}
		}
	})
}

func FuzzYAML(f *testing.F) {
	f.Add([]byte("path: .\nval: ../valid/images # x\nkpt_shape: [17, 3]\n"))
	f.Fuzz(func(t *testing.T, data []byte) { yamlValues(data) })
}

func FuzzMask(f *testing.F) {
	f.Add([]byte(indexed(f)))
	f.Add([]byte(encoded(f, image.NewGray16(image.Rect(0, 0, 3, 2)))))
	f.Add([]byte(encoded(f, image.NewNRGBA(image.Rect(0, 0, 3, 2)))))
	f.Fuzz(func(t *testing.T, data []byte) {
		if w, h, err := sizeOf(data); err != nil || w*h > 1<<20 {
			return
		}
		for _, ids := range []bool{false, true} {
			if w, h, values, err := decodeMask(data, ids); err == nil && len(values) != w*h {
				t.Fatalf("%d values of %dx%d", len(values), w, h)
			}
		}
	})
}

func sizeOf(data []byte) (int, int, error) {
	head, err := png.DecodeConfig(bytes.NewReader(data))
	return head.Width, head.Height, err
}

func FuzzTexts(f *testing.F) {
	f.Add([]byte("input,tags\na.jpg,\"red, blue\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		inputs, texts, err := readTexts(data, "tags", splitTags)
		if err == nil && (len(inputs) != len(texts) || len(inputs) == 0) {
			t.Fatalf("%d inputs, %d texts", len(inputs), len(texts))
		}
		readValues(data)
		readSegments(data)
	})
}
