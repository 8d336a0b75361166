package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/shelf"
	"ortho/models"
	"ortho/models/generate"
	words "ortho/models/text"
	"ortho/preprocess"
	"ortho/runner"
)

// artist is the generator that may draw the class.
type artist struct {
	model     *models.Model
	generator *generate.Generator
	spec      *models.GeneratorSpec
	given     bool // by -g
}

func openArtist(c *cli.Context, options runner.Options) (*artist, error) {
	a := &artist{given: c.IsSet("generator")}
	name := c.String("generator")
	if !a.given {
		name = defaultDrawer
	}
	var s models.Settings
	err := s.Set("task", string(models.Generate)) // what else it may be, -g rules out
	if err != nil {
		return nil, err
	}
	if a.model, err = openNamed(name, s); err != nil {
		return nil, err
	}
	if a.spec, err = a.model.Generator(); err != nil {
		return nil, err
	}
	switch {
	case a.spec.Image != nil:
		return nil, usagef("%s makes images of images: -g names a generator of classes or texts", a.model.Name)
	case a.spec.Class == nil && a.spec.Text == nil:
		return nil, usagef("%s makes images of %s: -g names a generator of classes or texts", a.model.Name, takes(a.spec))
	}
	if a.generator, err = generate.Open(a.model, generate.Options{Runner: options}); err != nil {
		return nil, err
	}
	warnSkipped(a.generator.Session())
	return a, nil
}

// nameClasses gives an image model without labels those of a generator that has as many:
// of one that was not named, if the model is likely to be one of digits. It tells so.
func (a *artist) nameClasses(e *imageExpert) string {
	n := len(a.spec.Labels)
	if len(e.scores.Labels) > 0 || n == 0 || e.scores.Classes != n || !a.given && !e.gray {
		return ""
	}
	e.scores.Labels = a.spec.Labels
	return fmt.Sprintf("%s has %d classes without labels: they are taken to be those of %s (%s, ...); --labels FILE names others",
		e.model.Name, n, a.model.Name, a.spec.Labels[0].Name)
}

// drawing is what the generator is asked for.
type drawing struct {
	request generate.Request // without its seed
	label   string           // the generator's own; "" where it gets a description
	slug    string
}

// plan makes a request of the class and the description. Where the generator does not fit,
// why says so.
func (a *artist) plan(class *decision, d *described) (plan *drawing, why string) {
	if d.By == "the command line" && a.spec.Text != nil && (a.given || a.understands(d.Sentence)) {
		return &drawing{request: generate.Request{Text: d.Sentence}, slug: shelf.Slug(d.Sentence)}, ""
	}
	if class == nil {
		return nil, "there is no class to draw"
	}
	label := models.Label{Name: class.Label, ID: class.ID}
	index := slices.IndexFunc(a.spec.Labels, func(l models.Label) bool { return sameName(l, label) })
	switch {
	case index >= 0 && a.spec.Text != nil:
		name := a.spec.Labels[index].Name
		said := append(a.attributes(d), name)
		return &drawing{request: generate.Request{Text: article(strings.Join(said, " "))}, label: name, slug: shelf.Slug(name)}, ""
	case index >= 0:
		name := a.spec.Labels[index].Name
		return &drawing{request: generate.Request{Class: &index}, label: name, slug: shelf.Slug(name)}, ""
	case a.given && a.spec.Text != nil && d.StandIn: // which decides nothing, and may name two
		return &drawing{request: generate.Request{Text: article(class.Label)}, slug: shelf.Slug(class.Label)}, ""
	case a.given && a.spec.Text != nil:
		return &drawing{request: generate.Request{Text: d.Sentence}, slug: shelf.Slug(class.Label)}, ""
	case a.given:
		return nil, fmt.Sprintf("%s has no label like %q, and takes no texts", a.model.Name, class.Label)
	}
	return nil, fmt.Sprintf("no bundled generator draws %q (%s draws digits): -g names one", class.Label, a.model.Name)
}

// understands tells that the generator knows all words of a text, and one of them is a
// digit.
func (a *artist) understands(sentence string) bool {
	digits := 0
	for _, token := range words.Tokens(sentence) {
		if isDigit(token) {
			digits++
		}
	}
	e := a.spec.Text.Vocabulary.Encode(sentence, a.spec.Text.Length)
	return digits == 1 && e.Known == e.Tokens && len(e.Cut) == 0
}

// isDigit knows the words for a digit, of which a text must not name a second.
func isDigit(word string) bool {
	_, is := digitOf(strings.TrimSuffix(strings.TrimSuffix(word, "s"), "e"))
	_, as := digitOf(word)
	return is || as || slices.Contains([]string{"naught", "nought", "null", "sixes", "zeros"}, word)
}

// axes of what digits look like: the word for the usual, and those that say otherwise. What
// nobody speaks of the generator leaves to chance, and what comes out is read less often:
// mnist.onnx reads 286 of 300 "a seven" as one, and 298 of "a regular upright seven".
var axes = []struct {
	usual string
	other []string
}{
	{"regular", strings.Fields("bold thick heavy fat chunky strong extrabold semibold light thin slim fine delicate faint hairline extralight medium weighted")},
	{"upright", strings.Fields("slanted slanting italic italics oblique inclined leaning sloped tilted straight vertical unslanted")},
}

// colours are those of ink and paper in a description; to a generator of type, black is a
// weight.
var colours = strings.Fields("black white gray grey red green blue dark monochrome background foreground")

// attributes are those of a description that the generator knows all words of, none a digit
// or a colour, and the usual of what they leave open: as many as the text has room for
// beside its article and the class.
func (a *artist) attributes(d *described) (known []string) {
	knows := func(words string, n int) bool {
		e := a.spec.Text.Vocabulary.Encode(words, n)
		return n > 0 && e.Known == n
	}
	room := a.spec.Text.Length - 2 - len(axes)
	var said []string
	for _, attribute := range d.Attributes {
		tokens := words.Tokens(attribute)
		if len(tokens) > room || !knows(attribute, len(tokens)) || slices.ContainsFunc(tokens, func(w string) bool { return isDigit(w) || slices.Contains(colours, w) }) {
			continue
		}
		room -= len(tokens)
		known, said = append(known, strings.Join(tokens, " ")), append(said, tokens...)
	}
	for _, axis := range axes {
		open := !slices.ContainsFunc(said, func(w string) bool { return w == axis.usual || slices.Contains(axis.other, w) })
		if open && knows(axis.usual, 1) {
			known = append(known, axis.usual)
		}
	}
	return known
}

// draw makes the pictures, where there is a place for them and a generator that fits.
func (im *imagination) draw(ctx context.Context) (made []sampled, err error) {
	c, a := im.c, im.artist
	plan, why := a.plan(im.doc.Decision, &im.doc.Description)
	g := &im.doc.Generation
	g.Files = []string{}
	if plan == nil {
		g.None = text(why)
		slog.Info("nothing is drawn: " + why)
		return made, nil
	}
	g.Model, g.Text, g.Class, g.Label = a.model.Name, plan.request.Text, plan.request.Class, text(plan.label)
	if !c.IsSet("output") && im.page == nil {
		g.None = "neither -o nor --html has a place for pictures"
		slog.Info("nothing is drawn: " + g.None)
		return made, nil
	}
	if g.Digest, err = modelDigest(a.model); err != nil {
		return made, err
	}
	seed := c.Uint64("seed")
	if !c.IsSet("seed") {
		if seed, err = randomSeed(); err != nil {
			return made, err
		}
		slog.Info(fmt.Sprintf("--seed %d draws the same again", seed))
	}
	g.Seed = &seed
	if a.spec.Text != nil {
		e := a.spec.Text.Vocabulary.Encode(g.Text, a.spec.Text.Length)
		tellLost(g.Text, e.Unknown, e.Cut, a.spec.Text.Length)
	}
	requests := func(yield func(generate.Request) bool) {
		for i := range uint64(c.Int("count")) {
			one := plan.request
			if one.Seed = seed + i; !yield(one) {
				return
			}
		}
	}
	for s := range a.generator.Samples(ctx, requests) {
		if s.Err != nil {
			return made, fmt.Errorf("draw %q: %w", plan.slug, s.Err)
		}
		name := fmt.Sprintf("%04d", len(made))
		if plan.slug != "" {
			name += "-" + plan.slug
		}
		one := planned{name: name, request: s.Request, made: output.Picture{Text: s.Request.Text, Class: s.Class, Label: text(plan.label), Seed: &s.Request.Seed}}
		made = append(made, sampled{one, s.Image, nil})
	}
	return made, ctx.Err()
}

// save has the pictures appear, each when it is complete.
func (im *imagination) save(made []sampled) error {
	if len(made) == 0 || im.to == (destination{}) {
		return nil
	}
	overwrite := im.c.Bool("overwrite")
	if im.to.folder != "" {
		if _, err := makeFolder(im.to.folder); err != nil {
			return err
		}
	}
	chunks := provenance(im.artist.model.Name, im.doc.Generation.Digest, im.artist.generator.Session())
	if im.item.Path != "" {
		chunks = append(chunks, [2]string{"ortho:input", shelf.Clean(path.Base(filepath.ToSlash(im.item.Path)))})
	}
	for _, s := range made {
		name, options := im.to.file, preprocess.FileOptions{Format: im.to.format, Text: slices.Concat(chunks, s.texts(&plan{}))}
		if im.to.folder != "" {
			name, options.Format = filepath.Join(im.to.folder, s.name+".png"), preprocess.PNG
		}
		if err := writeFile(name, overwrite, func(w io.Writer) error { return encode(w, s.image, options) }); err != nil {
			if im.to.folder != "" {
				os.Remove(im.to.folder) // if it is empty
			}
			return err
		}
		im.doc.Generation.Files = append(im.doc.Generation.Files, text(name))
	}
	return nil
}
