package main

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/shelf"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/generate"
	"ortho/models/noise"
	"ortho/models/provenance"
	words "ortho/models/text"
	"ortho/preprocess"
	"ortho/runner/npz"
)

// plan is every picture that is to be made.
type plan struct {
	subjects []subject
	each     int // pictures of a subject
	wish     *wish
	seed     uint64
	latents  [][]float32 // of the pictures of a subject; nil: the seeds'
	digest   string      // of the file that they come from
	format   preprocess.FileFormat
	file     string          // of a picture that is alone; "": named by what it shows
	idDigest string          // of the texts' token ids
	prompted record.Settings // of a pipeline
}

// subject is what pictures show.
type subject struct {
	text  string
	class *int
	label string
}

// planned is one picture.
type planned struct {
	name    string // of its row
	file    string
	request generate.Request
	made    provenance.Image
}

// plan settles what the model is to make.
func (w *wish) plan(g *generation, graph *singleGraph) (*plan, error) {
	spec := graph.Spec()
	switch {
	case spec.Image != nil:
		return nil, usagef("%s makes images of images: name them", g.name)
	case len(w.texts) > 0 && spec.Text == nil:
		return nil, usagef("%s takes no texts: it makes images of %s", g.name, takes(spec))
	case len(w.texts) > 0 && len(w.classes) > 0 && spec.Class == nil:
		return nil, usagef("%s takes texts, which classes stand for: give --text or --class", g.name)
	case spec.Text != nil && len(w.texts)+len(w.classes) == 0:
		return nil, usagef("%s makes images of %s: give --text", g.name, takes(spec))
	case w.truncation > 0 && spec.Truncation == "" && (spec.Latents == nil || spec.Latents.Uniform):
		return nil, usagef("--truncation is of normal latents, which %s does not take", g.name)
	case spec.Latents == nil && (w.latents != "" || w.ends != nil):
		return nil, usagef("%s takes no latents: it makes images of %s", g.name, takes(spec))
	}
	p := w.newPlan(g.to)
	if err := p.chooseSubjects(w, spec, g.name); err != nil {
		return nil, err
	}
	if err := p.chooseLatents(graph); err != nil {
		return nil, err
	}
	return p, p.settle(g, spec.Output.Width, spec.Output.Height)
}

func (w *wish) newPlan(to destination) *plan {
	p := &plan{wish: w, each: w.count, seed: w.seed, format: cmp.Or(to.format, preprocess.PNG)}
	if to.single() {
		p.file = filepath.Base(to.file)
	}
	return p
}

// settle checks how many pictures there are, of a size that is 0 where it is not known yet,
// and draws a seed where none is given.
func (p *plan) settle(g *generation, width, height int) error {
	if n := int64(len(p.subjects)) * int64(p.each); n > maxSamples {
		return usagef("%d images are more than %d", n, maxSamples)
	} else if n > 1 && g.to.single() {
		return usagef("%s is one file, and there are %d images: give -o FOLDER, an animation (.gif) or --grid", g.to.file, n)
	}
	if g.c.IsSet("grid") && width > 0 && height > 0 {
		if err := layoutOf(g.c, p).Check(len(p.subjects)*p.each, width, height); err != nil {
			return usageError{fmt.Errorf("--grid: %w", err)}
		}
	}
	if w := p.wish; !w.seeded && w.latents == "" && w.ends == nil {
		return p.drawSeed(g)
	}
	return nil
}

// chooseSubjects has a subject of each text with each class.
func (p *plan) chooseSubjects(w *wish, spec *models.GeneratorSpec, model string) error {
	texts := w.texts
	if len(texts) == 0 {
		texts = []string{""}
	}
	ids := sha256.New()
	told := 0
	for _, t := range texts {
		if spec.Text != nil && len(w.texts) > 0 {
			encoded := spec.Text.Vocabulary.Encode(t, spec.Text.Length)
			binary.Write(ids, binary.LittleEndian, encoded.IDs)
			if strings.TrimSpace(t) == "" {
				return usagef("the text is empty: say what %s is to draw (it knows %s), or leave it out and give --class", model, spec.Text.Knows())
			}
			if encoded.Telling == 0 && len(w.texts) == 1 {
				return usagef("%.60q says nothing to %s, which knows %s", t, model, spec.Text.Knows())
			}
			open := ""
			if encoded.Telling > 0 { // else it is refused
				open = left(t, spec.Labels)
			}
			if told < 10 && open != "" {
				slog.Warn(fmt.Sprintf("%.60q %s", t, open))
			}
			if told < 10 && (tellLost(t, encoded, spec.Text.Length) || open != "") {
				told++
			}
		}
		if len(w.classes) == 0 {
			p.subjects = append(p.subjects, subject{text: t})
		}
		for _, name := range w.classes {
			class, err := classOf(name, spec, model)
			if err != nil {
				return err
			}
			s := subject{text: t, class: &class}
			if class < len(spec.Labels) {
				s.label = spec.Labels[class].Name
			}
			p.subjects = append(p.subjects, s)
		}
	}
	if len(w.texts) > 0 {
		p.idDigest = hex.EncodeToString(ids.Sum(nil))
	}
	return nil
}

// tellLost warns of the words of a text that say nothing to the model.
func tellLost(text string, e words.Encoding, length int) bool {
	lost := slices.Concat(e.Unknown, e.Idle)
	if len(lost) > 0 {
		slog.Warn(fmt.Sprintf("%.60q: the model does not know %s", text, term.WordList(lost)))
	}
	if len(e.Cut) > 0 {
		slog.Warn(fmt.Sprintf("%.60q: the model takes %d words, and has not seen %s", text, length, term.WordList(e.Cut)))
	}
	return len(lost)+len(e.Cut) > 0
}

// chooseLatents reads --latents, and takes the steps of --interpolate.
func (p *plan) chooseLatents(graph *singleGraph) error {
	w, in := p.wish, graph.Spec().Latents
	if w.latents != "" {
		if err := p.readLatents(graph.LatentsOf); err != nil {
			return err
		}
	}
	if w.ends != nil {
		var ends [2][]float32
		for i, at := range w.ends {
			switch {
			case w.latents == "":
				ends[i] = latentsOfSeed(in, at)
			case at >= uint64(len(p.latents)):
				return usagef("--interpolate: %s has the rows 0 to %d", w.latents, len(p.latents)-1)
			default:
				ends[i] = p.latents[at]
			}
		}
		p.latents = generate.Interpolate(ends[0], ends[1], w.frames, in.Uniform)
	}
	if p.latents != nil {
		p.each = len(p.latents)
	}
	return nil
}

// readLatents reads --latents; of makes the images' of its array.
func (p *plan) readLatents(of func(npz.Array) ([][]float32, error)) error {
	name := p.wish.latents
	arrays, err := npz.ReadFile(name)
	if err != nil {
		return err
	}
	if len(arrays) != 1 {
		return fmt.Errorf("latents %s: it has %d arrays, and not one: give an .npy file", name, len(arrays))
	}
	if p.latents, err = of(arrays[0]); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	p.digest, err = fileDigest(name)
	return err
}

// latentsOfSeed are those of [generate.Request]'s seed.
func latentsOfSeed(in *models.LatentInput, seed uint64) []float32 {
	n := 1
	for _, d := range in.Shape {
		n *= int(d)
	}
	z, random := make([]float32, n), noise.New(seed)
	if !in.Uniform {
		random.Normal(z)
		return z
	}
	random.Uniform(z)
	for i, v := range z {
		z[i] = 2*v - 1
	}
	return z
}

// drawSeed takes the seed of the run that is continued, or draws one and tells it.
func (p *plan) drawSeed(g *generation) error {
	if g.out.run != nil && (g.c.Bool("resume") || g.c.Bool("retry-failed")) {
		if old, err := record.Read(g.out.name); err == nil {
			if seed, err := strconv.ParseUint(old.Settings.Get("seed"), 10, 64); err == nil {
				p.seed = seed
				return nil
			}
		}
	}
	var err error
	if p.seed, err = randomSeed(); err != nil {
		return err
	}
	slog.Info(fmt.Sprintf("--seed %d makes the same again", p.seed))
	return nil
}

func randomSeed() (uint64, error) {
	var four [4]byte // PyTorch's generator has seeds of 32 bits
	if _, err := rand.Read(four[:]); err != nil {
		return 0, fmt.Errorf("draw a seed: %w", err)
	}
	return uint64(binary.LittleEndian.Uint32(four[:])), nil
}

// all yields the pictures in their order.
func (p *plan) all() iter.Seq[planned] {
	return func(yield func(planned) bool) {
		for i := range len(p.subjects) * p.each {
			if !yield(p.at(i)) {
				return
			}
		}
	}
}

func (p *plan) at(i int) planned {
	s, k := p.subjects[i/p.each], i%p.each
	one := planned{request: generate.Request{Seed: p.seed, Text: s.text, Class: s.class, Truncation: p.wish.truncation},
		made: provenance.Image{Text: s.text, Class: s.class, Label: text(s.label), Truncation: p.wish.truncation}}
	slug := shelf.Slug(s.text)
	if slug == "" {
		slug = shelf.Slug(s.label)
	}
	if slug == "" && s.class != nil {
		slug = fmt.Sprintf("class-%d", *s.class)
	}
	switch {
	case p.wish.ends != nil:
		at := short(float64(k) / float64(p.each-1))
		one.request.Latents, one.made.Latents = p.latents[k], &provenance.Latents{From: p.wish.ends[0], To: &p.wish.ends[1], At: &at, SHA256: p.digest}
		one.request.Seed = p.wish.ends[0]
	case p.latents != nil:
		one.request.Latents, one.made.Latents = p.latents[k], &provenance.Latents{From: uint64(k), SHA256: p.digest}
		if p.prompted != nil { // the seed's other chance is left
			one.request.Seed += uint64(k)
			one.made.Seed = new(one.request.Seed)
		}
	default:
		one.request.Seed += uint64(k)
		seed := one.request.Seed
		one.made.Seed = &seed
		if slug == "" {
			slug = fmt.Sprintf("seed-%d", seed)
		}
	}
	if one.name = fmt.Sprintf("%04d", i); slug != "" {
		one.name += "-" + slug
	}
	one.file = cmp.Or(p.file, one.name+endings[p.format])
	return one
}

// survey counts the pictures, and tells their names' digest.
func (p *plan) survey(stop func() bool) (source.Inventory, bool) {
	names := sha256.New()
	for one := range p.all() {
		if stop() {
			return source.Inventory{}, false
		}
		io.WriteString(names, one.name+"\x00")
	}
	return source.Inventory{Items: int64(len(p.subjects) * p.each), Digest: hex.EncodeToString(names.Sum(nil))}, true
}

// settings are what the pictures follow from beside their names.
func (p *plan) settings() record.Settings {
	s := record.Settings{
		{Key: "texts' token ids' SHA-256", Value: p.idDigest},
		{Key: "classes", Value: strings.Join(p.wish.classes, " ")},
		{Key: "count", Value: strconv.Itoa(p.wish.count)},
		{Key: "latents' SHA-256", Value: p.digest},
	}
	if p.wish.truncation > 0 {
		s = append(s, record.Setting{Key: "truncation", Value: fmt.Sprint(p.wish.truncation)})
	}
	if e := p.wish.ends; e != nil {
		return append(s, record.Setting{Key: "interpolate", Value: fmt.Sprintf("%d,%d", e[0], e[1])}, record.Setting{Key: "frames", Value: strconv.Itoa(p.wish.frames)})
	}
	s = append(s, p.prompted...)
	return append(s, record.Setting{Key: "seed", Value: strconv.FormatUint(p.seed, 10)})
}
