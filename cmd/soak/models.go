package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	// mostModelMemory allows for what ONNX Runtime makes of a graph that asks for large tensors.
	mostModelMemory = 2 << 30
	largestModel    = 1 << 20 // bytes of the files that are damaged
	longestModel    = time.Minute
)

// findModels finds the folders of small models.
func findModels(root string) (folders []string, err error) {
	for _, in := range []string{"models/testdata", "models/testdata/exports", "cmd/ortho/testdata/providers"} {
		graphs, err := filepath.Glob(filepath.Join(root, in, "*", "model.onnx"))
		if err != nil {
			return nil, err
		}
		for _, g := range graphs {
			if info, err := os.Stat(g); err == nil && info.Size() <= largestModel {
				folders = append(folders, filepath.Dir(g))
			}
		}
	}
	if len(folders) == 0 {
		return nil, fmt.Errorf("%s: there are no models/testdata: -root names the repository", root)
	}
	return folders, nil
}

// models damages a file of a model's folder, a few dozen times: inspect and classify answer or say what is
// wrong, and never crash.
func models(ctx context.Context, t *turn) error {
	for i := range t.many(30) {
		folder := t.path(fmt.Sprintf("%03d", i))
		if err := t.damagedModel(folder); err != nil {
			return err
		}
		t.inputs++
		args := [][]string{
			{"inspect", "-m", folder},
			{"inspect", "-m", folder, "--json"},
			{"classify", "-m", folder, "-f", "jsonl", filepath.Join(t.root, "docs/photos/cat.jpg")},
		}
		if t.random.IntN(2) == 0 { // as those have to be told that have no files
			args[2] = append(args[2], "--input-range", "0,1", "--input-size", "32")
		}
		for _, a := range args[min(1, t.random.IntN(3)):] {
			o, err := t.start(ctx, &child{args: a, limit: longestModel})
			if err != nil {
				return err
			}
			if why := o.wrong(mostModelMemory, 0, 1, 2, 3); why != nil {
				if err := t.failed(o, fmt.Errorf("%s: %w", a[0], why), folder); err != nil {
					return err
				}
			}
		}
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
	}
	return nil
}

// damagedModel copies a model, with a fault in one of its files, or two.
func (t *turn) damagedModel(to string) error {
	from := pick(t.random, t.folders)
	if err := copyAll(to, from); err != nil {
		return err
	}
	if t.random.IntN(4) == 0 { // the files of one exporter beside the graph of another
		other := pick(t.random, t.folders)
		for _, name := range []string{"config.json", "preprocessor_config.json", "ortho.json"} {
			if data, err := os.ReadFile(filepath.Join(other, name)); err == nil {
				if err := os.WriteFile(filepath.Join(to, name), data, 0o666); err != nil {
					return err
				}
			}
		}
	}
	if err := t.labels(to); err != nil {
		return err
	}
	var files []string
	err := filepath.WalkDir(to, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files = append(files, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	slices.Sort(files)
	for range 1 + t.random.IntN(2) {
		name := pick(t.random, files)
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		second, err := os.ReadFile(filepath.Join(pick(t.random, t.folders), "model.onnx"))
		if err != nil {
			return err
		}
		damage := damaged
		switch filepath.Ext(name) {
		case ".onnx":
			damage = damagedGraph
		case ".json":
			damage = damagedJSON
		}
		if err := os.WriteFile(name, damage(t.random, data, second), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// labels adds a file of them now and then, and what names it.
func (t *turn) labels(to string) error {
	sidecar := filepath.Join(to, "ortho.json")
	if _, err := os.Stat(sidecar); err == nil || t.random.IntN(3) > 0 {
		return nil
	}
	file := pick(t.random, []struct{ name, text string }{
		{"labels.txt", "red\ngreen\nblue\n"},
		{"labels.csv", "index,label,id\n0,red,r\n1,green,g\n2,blue,b\n"},
		{"labels.json", `{"0":"red","1":"green","2":"blue"}`},
		{"labels.yaml", "names:\n  0: red\n  1: green\n  2: blue\n"},
		{"labels.pbtxt", "item {\n  id: 1\n  name: \"red\"\n}\nitem {\n  id: 2\n  name: \"green\"\n}\n"},
	})
	if err := os.WriteFile(filepath.Join(to, file.name), []byte(file.text), 0o666); err != nil {
		return err
	}
	text := fmt.Sprintf(`{"labels":%q,"input_range":[0,1],"mean":[0.5,0.5,0.5],"std":[0.25,0.25,0.25],"resize":36}`, file.name)
	return os.WriteFile(sidecar, []byte(text), 0o666)
}
