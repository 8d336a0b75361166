package dataset

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/source"
	"ortho/runner/regular"
)

// Texts are images with texts that belong to each: tags, or captions.
type Texts struct {
	Kind   string // "CSV", or "txt beside images"
	Images []source.Item
	Of     [][]string // the texts of each image, each once
	Notes  []string
}

// maxCaption bounds the bytes of a txt beside an image.
const maxCaption = 1 << 20

// OpenTags reads images with their tags: a CSV with the columns input and tags, or a folder with a txt beside each image
// (as `ortho tag --captions` writes them), in both of which commas stand between tags.
func OpenTags(path string) (*Texts, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("data %s: there is no such folder or CSV file", path)
	case err != nil:
		return nil, fmt.Errorf("data %s: %w", path, err)
	case !info.IsDir():
		return openTexts(path, "tags", splitTags)
	}
	t := &Texts{Kind: "txt beside images"}
	without := 0
	for item := range source.Items([]string{path}, source.Options{}) {
		data, err := regular.ReadFile(strings.TrimSuffix(item.Name, filepath.Ext(item.Name))+".txt", maxCaption)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			without++
			continue
		case err != nil:
			return nil, fmt.Errorf("data %s: %w", path, err)
		}
		t.Images, t.Of = append(t.Images, item), append(t.Of, splitTags(string(data)))
		if len(t.Images) > mostImages {
			return nil, fmt.Errorf("data %s: it has more than %d images", path, mostImages)
		}
	}
	if len(t.Images) == 0 {
		return nil, fmt.Errorf("data %s: no image has a txt of its name beside it, with its tags", path)
	}
	if without > 0 {
		t.Notes = append(t.Notes, plural(without, "image has", "images have")+" no txt with tags beside it, and left out")
	}
	return t, nil
}

// OpenCaptions reads images with texts that say what they show: a CSV with the columns input and text, where an image may
// stand in several rows.
func OpenCaptions(path string) (*Texts, error) {
	return openTexts(path, "text", func(text string) []string { return []string{strings.TrimSpace(text)} })
}

// Tagged reports whether data tells tags of images, and not one class of each: a CSV with a column tags, or a folder
// without sub-folders in which a txt lies beside an image.
func Tagged(path string) bool {
	entries, err := os.ReadDir(path)
	if err != nil {
		return HasColumn(path, "tags")
	}
	texts := false
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if info, err := os.Stat(filepath.Join(path, e.Name())); err == nil && info.IsDir() {
			return false
		}
		ending := strings.ToLower(filepath.Ext(e.Name()))
		if slices.Contains(source.Endings, ending) {
			_, err := os.Stat(filepath.Join(path, strings.TrimSuffix(e.Name(), filepath.Ext(e.Name()))+".txt"))
			texts = texts || err == nil
		}
	}
	return texts
}

// HasColumn reports whether a CSV has a column, so that it is told by its first line what it holds.
func HasColumn(path, name string) bool {
	f, err := regular.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	line, _ := bufio.NewReader(io.LimitReader(f, 64<<10)).ReadString('\n')
	reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(line, "\xef\xbb\xbf")))
	reader.Comma = separator([]byte(line))
	fields, err := reader.Read()
	return err == nil && slices.ContainsFunc(fields, func(f string) bool { return strings.EqualFold(strings.TrimSpace(f), name) })
}

// splitTags are tags with commas between them.
func splitTags(text string) []string {
	all := []string{}
	for one := range strings.SplitSeq(strings.ReplaceAll(text, "\n", ","), ",") {
		if one = strings.TrimSpace(one); one != "" && !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

func openTexts(path, column string, split func(string) []string) (*Texts, error) {
	data, err := regular.ReadFile(path, maxCSV)
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", path, err)
	}
	inputs, texts, err := readTexts(data, column, split)
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", path, err)
	}
	t := &Texts{Kind: "CSV", Of: texts}
	for _, input := range inputs {
		if !filepath.IsAbs(input) {
			input = filepath.Join(filepath.Dir(path), input)
		}
		t.Images = append(t.Images, source.File(input))
	}
	return t, nil
}

// readTexts reads the columns input and another. Rows of one input are joined.
func readTexts(data []byte, column string, split func(string) []string) (inputs []string, texts [][]string, err error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	reader := csv.NewReader(bytes.NewReader(data))
	reader.Comma = separator(data[:min(len(data), 1024)])
	reader.ReuseRecord = true
	input, text := -1, -1
	at := map[string]int{}
	for {
		fields, err := reader.Read()
		switch {
		case errors.Is(err, io.EOF) && len(inputs) > 0:
			return inputs, texts, nil
		case errors.Is(err, io.EOF):
			return nil, nil, fmt.Errorf("it has no rows: the first line names the columns input,%s, and each further one an image", column)
		case err != nil:
			return nil, nil, fmt.Errorf("not CSV: %w", err)
		}
		if input < 0 {
			find := func(name string) int {
				return slices.IndexFunc(fields, func(f string) bool { return strings.EqualFold(strings.TrimSpace(f), name) })
			}
			if input, text = find("input"), find(column); input < 0 || text < 0 {
				return nil, nil, fmt.Errorf("its first line must name the columns input and %s; it is %.100q", column, strings.Join(fields, ","))
			}
			continue
		}
		line, _ := reader.FieldPos(0)
		name := strings.Clone(fields[input])
		switch {
		case name == "":
			return nil, nil, fmt.Errorf("line %d has no input", line)
		case len(name) > source.MaxPath:
			return nil, nil, fmt.Errorf("line %d: the input has %d bytes; a path may have %d at most", line, len(name), source.MaxPath)
		}
		i, known := at[name]
		if !known {
			i = len(inputs)
			at[name] = i
			inputs, texts = append(inputs, name), append(texts, nil)
		}
		for _, one := range split(strings.Clone(fields[text])) {
			if one != "" && !slices.Contains(texts[i], one) {
				texts[i] = append(texts[i], one)
			}
		}
	}
}
