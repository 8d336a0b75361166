package dataset

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/source"
	"ortho/models/config"
	"ortho/models/evaluate/coco"
	"ortho/runner/regular"
)

// maxLabels bounds the bytes of the labels of one image, maxYAML those of a data.yaml.
const maxLabels, maxYAML = 16 << 20, 1 << 20

// yolo is where images and labels lie, as Ultralytics has them: labels/a.txt of images/a.jpg.
type yolo struct {
	images, labels string
	names          []config.Label
	points, each   int // kpt_shape
	notes          []string
}

func openYOLO(path, images string) (*Objects, error) {
	y, err := findYOLO(path)
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", path, err)
	}
	if images != "" {
		y.images = images
	}
	o, err := y.objects()
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", path, err)
	}
	return o, nil
}

// findYOLO finds images, labels and names from a data.yaml or a folder.
func findYOLO(name string) (*yolo, error) {
	y := &yolo{}
	root := name
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.IsDir():
		root = filepath.Dir(name)
		if err := y.readYAML(name); err != nil {
			return nil, err
		}
	default:
		for _, at := range []string{"data.yaml", "dataset.yaml", "classes.txt", "labels/classes.txt", "../data.yaml"} {
			file := filepath.Join(name, filepath.FromSlash(at))
			if _, err := os.Stat(file); err != nil {
				continue
			}
			if y.names, err = config.ReadLabels(file); err != nil {
				return nil, err
			}
			if path.Ext(at) == ".yaml" {
				if err := y.readShape(file); err != nil {
					return nil, err
				}
			}
			break
		}
		y.images, y.labels = filepath.Join(name, "images"), filepath.Join(name, "labels")
	}
	for _, dir := range []string{y.images, y.labels} {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return nil, fmt.Errorf("there is no folder %s: labels/a.txt tells what is in images/a.jpg (in %s)", dir, root)
		}
	}
	return y, nil
}

var yamlLine = regexp.MustCompile(`^(path|val|test|train|kpt_shape)\s*:\s*(.*?)\s*(?:\s#.*)?$`)

// yamlValues are the values of a data.yaml that are no names.
func yamlValues(data []byte) map[string]string {
	values := map[string]string{}
	for line := range strings.Lines(string(data)) {
		if m := yamlLine.FindStringSubmatch(strings.TrimRight(line, "\r\n")); m != nil {
			values[m[1]] = strings.Trim(m[2], `"'`)
		}
	}
	return values
}

// readYAML finds what a data.yaml names: its val, else its test, else its train split.
func (y *yolo) readYAML(name string) error {
	data, err := regular.ReadFile(name, maxYAML)
	if err != nil {
		return err
	}
	values := yamlValues(data)
	root := filepath.Dir(name)
	if to := values["path"]; to != "" && filepath.IsLocal(filepath.FromSlash(to)) {
		if info, err := os.Stat(filepath.Join(root, filepath.FromSlash(to))); err == nil && info.IsDir() {
			root = filepath.Join(root, filepath.FromSlash(to))
		}
	}
	for _, split := range []string{"val", "test", "train"} {
		to := values[split]
		if to == "" {
			continue
		}
		local := strings.TrimPrefix(path.Clean(strings.ReplaceAll(to, `\`, "/")), "../") // Roboflow's begin so, and lie beside the file
		if y.images, err = within(root, local); err != nil {
			return fmt.Errorf("%s: %w: folders of a data.yaml lie beside it", split, err)
		}
		parts := strings.Split(local, "/")
		at := slices.Index(parts, "images")
		if at < 0 {
			return fmt.Errorf("%s: %s: a folder that is called images, or lies in one, has its labels beside it", split, to)
		}
		parts[at] = "labels"
		y.labels = filepath.Join(root, filepath.Join(parts...))
		y.notes = append(y.notes, fmt.Sprintf("its split %s is taken, %s", split, y.images))
		break
	}
	if y.images == "" {
		return errors.New("it names no split: val, test or train")
	}
	if y.names, err = config.ReadLabels(name); err != nil {
		return err
	}
	return y.readShape(name)
}

// readShape reads how many key points objects have.
func (y *yolo) readShape(name string) error {
	data, err := regular.ReadFile(name, maxYAML)
	if err != nil {
		return err
	}
	shape := strings.Trim(yamlValues(data)["kpt_shape"], "[]")
	if shape == "" {
		return nil
	}
	points, each, _ := strings.Cut(shape, ",")
	n, err := strconv.Atoi(strings.TrimSpace(points))
	m, err2 := strconv.Atoi(strings.TrimSpace(each))
	if err != nil || err2 != nil || n < 1 || n > 1000 || m < 2 || m > 3 {
		return fmt.Errorf("kpt_shape: %s: the number of key points, and 2 or 3", shape)
	}
	y.points, y.each = n, m
	return nil
}

func (y *yolo) objects() (*Objects, error) {
	o := &Objects{Kind: "YOLO", Notes: y.notes, Points: y.points}
	for item := range source.Items([]string{y.images}, source.Options{}) {
		if o.Images = append(o.Images, item); len(o.Images) > mostImages {
			return nil, fmt.Errorf("it has more than %d images", mostImages)
		}
	}
	if len(o.Images) == 0 {
		return nil, fmt.Errorf("there are no images in %s", y.images)
	}
	labels := func(i int) (string, error) {
		rel := filepath.FromSlash(o.Images[i].Path)
		return within(y.labels, strings.TrimSuffix(rel, filepath.Ext(rel))+".txt")
	}
	// All labels are read once, to know the classes, and again with the sizes of the images.
	last, some, polygons, empty := -1, 0, 0, 0
	for i := range o.Images {
		file, err := labels(i)
		if err != nil {
			return nil, err
		}
		lines, err := y.read(file)
		if err != nil {
			return nil, err
		}
		if lines == nil {
			empty++
		}
		for _, l := range lines {
			last = max(last, l.class)
			some++
			if len(l.numbers) > 4 && y.points == 0 {
				polygons++
			}
		}
	}
	if some == 0 {
		return nil, fmt.Errorf("no image in %s has labels in %s", y.images, y.labels)
	}
	if empty > 0 {
		o.Notes = append(o.Notes, plural(empty, "image has", "images have")+" no labels: nothing is in it")
	}
	o.Masks = polygons == some
	if len(y.names) > 0 && last >= len(y.names) {
		return nil, fmt.Errorf("a label is of class %d, and %d classes have names", last, len(y.names))
	}
	for i := range max(last+1, len(y.names)) {
		c := Category{ID: i}
		if i < len(y.names) {
			c.Name = y.names[i].Name
		}
		o.Categories = append(o.Categories, c)
	}
	o.read = func(image, width, height int) ([]coco.Object, error) {
		file, err := labels(image)
		if err != nil {
			return nil, err
		}
		lines, err := y.read(file)
		if err != nil {
			return nil, err
		}
		objects := make([]coco.Object, 0, len(lines))
		for _, l := range lines {
			one, err := y.object(l, width, height, o.Masks)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			objects = append(objects, one)
		}
		return objects, nil
	}
	return o, nil
}

// yoloLine is an object: numbers are shares of the image's width and height.
type yoloLine struct {
	class   int
	numbers []float64
}

// read reads the labels of an image; nil where there is no file.
func (y *yolo) read(name string) ([]yoloLine, error) {
	data, err := regular.ReadFile(name, maxLabels)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	lines, err := readYOLO(data, y.points*y.each)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return lines, nil
}

// readYOLO reads lines of a class and a box (its middle and size), a polygon, or a box and so many numbers of key
// points; see https://docs.ultralytics.com/datasets/detect.
func readYOLO(data []byte, points int) ([]yoloLine, error) {
	lines := []yoloLine{}
	scanner := bufio.NewScanner(bytes.NewReader(data))
	scanner.Buffer(nil, 1<<20)
	for number := 1; scanner.Scan(); number++ {
		fields := strings.Fields(scanner.Text())
		if len(fields) == 0 {
			continue
		}
		class, err := strconv.ParseFloat(fields[0], 64) // some exporters write 0.0
		if err != nil || class != math.Trunc(class) || class < 0 || class >= mostCategories {
			return nil, fmt.Errorf("line %d: %.40q is no class", number, fields[0])
		}
		one := yoloLine{class: int(class)}
		for _, f := range fields[1:] {
			v, err := strconv.ParseFloat(f, 64)
			if err != nil || !(math.Abs(v) <= 1e6) {
				return nil, fmt.Errorf("line %d: %.40q is no number", number, f)
			}
			one.numbers = append(one.numbers, v)
		}
		n := len(one.numbers)
		switch {
		case points > 0 && n != 4+points:
			return nil, fmt.Errorf("line %d has %d numbers behind its class: kpt_shape wants a box and %d", number, n, points)
		case points == 0 && n != 4 && (n < 6 || n%2 != 0):
			return nil, fmt.Errorf("line %d has %d numbers behind its class: 4 of a box, or x and y of the corners of a polygon", number, n)
		}
		lines = append(lines, one)
	}
	if err := scanner.Err(); err != nil {
		return nil, err
	}
	return lines, nil
}

// object is what a line tells of an image of a size.
func (y *yolo) object(l yoloLine, width, height int, masks bool) (one coco.Object, err error) {
	w, h := float64(width), float64(height)
	one.Class = l.class
	if len(l.numbers) == 4 || y.points > 0 {
		n := l.numbers
		one.Box = [4]float64{(n[0] - n[2]/2) * w, (n[1] - n[3]/2) * h, n[2] * w, n[3] * h}
	} else {
		x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
		polygon := make([]float64, len(l.numbers))
		for i := 0; i < len(polygon); i += 2 {
			polygon[i], polygon[i+1] = l.numbers[i]*w, l.numbers[i+1]*h
			x0, x1, y0, y1 = min(x0, polygon[i]), max(x1, polygon[i]), min(y0, polygon[i+1]), max(y1, polygon[i+1])
		}
		one.Box = [4]float64{x0, y0, x1 - x0, y1 - y0}
		if masks {
			if one.Mask, err = coco.Polygons(height, width, [][]float64{polygon}); err != nil {
				return one, err
			}
		}
	}
	one.Area = one.Box[2] * one.Box[3]
	if one.Mask != nil {
		one.Area = float64(one.Mask.Area())
	}
	marked := false
	for i := 4; y.points > 0 && i < len(l.numbers); i += y.each {
		visible := 2.0
		if y.each == 3 {
			visible = l.numbers[i+2]
		}
		marked = marked || visible > 0
		one.Keypoints = append(one.Keypoints, l.numbers[i]*w, l.numbers[i+1]*h, visible)
	}
	one.Unmarked = !marked
	return one, nil
}
