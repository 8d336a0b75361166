package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/shelf"
	"ortho/models"
	"ortho/models/diffusion"
	"ortho/models/generate"
	words "ortho/models/text"
	"ortho/preprocess"
	"ortho/runner"
)

// artist is the generator that may draw the class.
type artist struct {
	engine
	name   string
	spec   *models.GeneratorSpec // of a model of one graph; empty of a pipeline
	texts  bool                  // it takes texts
	given  bool                  // by -g
	digest func() (string, error)
	tell   func(text string) // warns of what of it says nothing to the model
}

func openArtist(c *cli.Context, options runner.Options) (*artist, error) {
	a := &artist{given: c.IsSet("generator")}
	name := c.String("generator")
	if !a.given {
		name = defaultDrawer
	}
	if isPipeline(name) {
		if err := a.openPipeline(c, name, options); err != nil {
			return nil, err
		}
		return a, nil
	}
	var s models.Settings
	err := s.Set("task", string(models.Generate)) // what else it may be, -g rules out
	if err != nil {
		return nil, err
	}
	model, err := openNamed(name, s)
	if err != nil {
		return nil, err
	}
	if a.spec, err = model.Generator(); err != nil {
		return nil, err
	}
	switch {
	case a.spec.Image != nil:
		return nil, usagef("%s makes images of images: -g names a generator of classes or texts", model.Name)
	case a.spec.Class == nil && a.spec.Text == nil:
		return nil, usagef("%s makes images of %s: -g names a generator of classes or texts", model.Name, generate.Takes(a.spec))
	}
	generator, err := generate.Open(c.Context, model, generate.Options{Runner: options})
	if err != nil {
		return nil, err
	}
	warnSkipped(generator.Session())
	a.engine, a.name, a.texts = &graphEngine{generator, model}, model.Name, a.spec.Text != nil
	a.digest = func() (string, error) { return modelDigest(model) }
	a.tell = func(text string) {
		if in := a.spec.Text; in != nil {
			e := in.Vocabulary.Encode(text, in.Length)
			tellLost(text, e, in.Length)
		}
	}
	return a, nil
}

// openPipeline has a pipeline draw, as its files say.
func (a *artist) openPipeline(c *cli.Context, name string, options runner.Options) error {
	model, err := models.OpenPipeline(name)
	if err != nil {
		return err
	}
	p := &pipelineEngine{model: model}
	if p.Pipeline, err = diffusion.Open(c.Context, model, diffusion.Options{Runner: options}); err != nil {
		return err
	}
	if p.asked.request, err = p.Fill(p.asked.request); err != nil {
		return errors.Join(usageError{err}, p.Close())
	}
	warnSkipped(p.Session())
	a.engine, a.name, a.texts, a.spec = p, model.Name, true, &models.GeneratorSpec{}
	a.digest = func() (string, error) {
		identity, err := runner.Await(c.Context, func(context.Context) (record.Model, error) { return pipelineDigest(model) })
		return identity.SHA256, err
	}
	a.tell = func(text string) { p.tell([]string{text}, false) }
	return nil
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
		e.model.Name, n, a.name, a.spec.Labels[0].Name)
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
	plan, why = a.fit(class, d)
	if plan == nil || plan.request.Text == "" || a.spec.Text == nil {
		return plan, why
	}
	if in := a.spec.Text; in.Vocabulary.Encode(plan.request.Text, in.Length).Telling == 0 {
		return nil, fmt.Sprintf("%.60q says nothing to %s, which knows %s", plan.request.Text, a.name, in.Knows())
	}
	return plan, ""
}

// fit is plan before the words of a text are looked at.
func (a *artist) fit(class *decision, d *described) (plan *drawing, why string) {
	if d.By == "the command line" && a.texts && (a.given || a.understands(d.Sentence)) {
		return &drawing{request: generate.Request{Text: d.Sentence}, slug: shelf.Slug(d.Sentence)}, ""
	}
	if class == nil {
		return nil, "there is no class to draw, and no generator that draws the text as it is (-g names one)"
	}
	label := models.Label{Name: class.Label, ID: class.ID}
	index := slices.IndexFunc(a.spec.Labels, func(l models.Label) bool { return sameName(l, label) })
	switch {
	case index >= 0 && a.texts:
		name := a.spec.Labels[index].Name
		said := append(a.attributes(d), name)
		return &drawing{request: generate.Request{Text: article(strings.Join(said, " "))}, label: name, slug: shelf.Slug(name)}, ""
	case index >= 0:
		name := a.spec.Labels[index].Name
		return &drawing{request: generate.Request{Class: &index}, label: name, slug: shelf.Slug(name)}, ""
	case a.given && a.texts && d.StandIn: // which decides nothing, and may name two
		return &drawing{request: generate.Request{Text: article(class.Label)}, slug: shelf.Slug(class.Label)}, ""
	case a.given && a.texts:
		return &drawing{request: generate.Request{Text: d.Sentence}, slug: shelf.Slug(class.Label)}, ""
	case a.given:
		return nil, fmt.Sprintf("%s has no label like %q, and takes no texts", a.name, class.Label)
	}
	return nil, fmt.Sprintf("no bundled generator draws %q (%s draws digits): -g names one that takes texts, such as the folder of a Stable Diffusion pipeline", class.Label, a.name)
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
func (im *imagination) draw(ctx context.Context) (made []sample, err error) {
	c, a := im.c, im.artist
	plan, why := a.plan(im.doc.Decision, &im.doc.Description)
	g := &im.doc.Generation
	g.Files = []string{}
	if plan == nil {
		g.None = text(why)
		if c.IsSet("output") {
			why = fmt.Sprintf("%s; %s is not written", why, c.String("output"))
		}
		slog.Info("nothing is drawn: " + why)
		return made, nil
	}
	g.Model, g.Text, g.Class, g.Label = a.name, plan.request.Text, plan.request.Class, text(plan.label)
	if !c.IsSet("output") && im.page == nil {
		g.None = "neither -o nor --html has a place for pictures"
		slog.Info("nothing is drawn: " + g.None)
		return made, nil
	}
	if g.Digest, err = a.digest(); err != nil {
		return made, err
	}
	seed := c.Uint64("seed")
	if !c.IsSet("seed") {
		if seed, err = generate.RandomSeed(); err != nil {
			return made, err
		}
		slog.Info(fmt.Sprintf("--seed %d draws the same again", seed))
	}
	g.Seed = &seed
	a.tell(g.Text)
	all := func(yield func(request) bool) {
		for i := range c.Int("count") {
			one := request{plan.request, fmt.Sprintf("%04d", i)}
			if plan.slug != "" {
				one.name += "-" + plan.slug
			}
			one.Seed, one.Label = seed+uint64(i), text(plan.label)
			if !yield(one) {
				return
			}
		}
	}
	for s := range a.samples(ctx, all) {
		if s.err != nil {
			return made, fmt.Errorf("draw %q: %w", plan.slug, s.err)
		}
		made = append(made, s)
	}
	return made, ctx.Err()
}

// save has the pictures appear, each when it is complete.
func (im *imagination) save(made []sample) error {
	if len(made) == 0 || im.to == (destination{}) {
		return nil
	}
	overwrite := im.c.Bool("overwrite")
	nameOf := func(s sample) string {
		if im.to.folder == "" {
			return im.to.file
		}
		return filepath.Join(im.to.folder, s.name+".png")
	}
	var names []string
	for _, s := range made {
		names = append(names, nameOf(s))
	}
	if err := im.reads.Refuse(names...); err != nil { // before one of them is written
		return err
	}
	if im.to.folder != "" {
		if _, err := makeFolder(im.to.folder); err != nil {
			return err
		}
	}
	chunks := modelChunks(im.artist.name, im.doc.Generation.Digest, im.artist.Session())
	if im.item.Path != "" {
		chunks = append(chunks, [2]string{"ortho:input", shelf.Clean(path.Base(filepath.ToSlash(im.item.Path)))})
	}
	for _, s := range made {
		name, options := nameOf(s), preprocess.FileOptions{Format: im.to.format, Text: slices.Concat(chunks, s.made.Chunks())}
		if im.to.folder != "" {
			options.Format = preprocess.PNG
		}
		if err := writeFile(im.reads, name, overwrite, func(w io.Writer) error { return encode(w, s.image, options) }); err != nil {
			if im.to.folder != "" {
				os.Remove(im.to.folder) // if it is empty
			}
			return err
		}
		im.doc.Generation.Files = append(im.doc.Generation.Files, text(name))
	}
	return nil
}
