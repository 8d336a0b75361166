// Package imagine describes an image, settles what it shows, and draws that.
//
//	image ──> ImageExpert ──────────────┐
//	  └─────> describe.Describer ───────┤ settle ──> Story ──> Generator.Plan ──> Generator.Draw
//	text ───────┴──> TextExpert ────────┘
//
// Where there are witnesses, what they see goes to the describer beside the image expert's classes; what it names, and the class
// that each side names, are checked against a detector's boxes.
//
// [OfImage] and [OfText] go as far as the [Story]: what each side says, and which class
// that comes to. Drawing it with a [Generator] is a separate step, since a story is of use without
// pictures.
package imagine

import (
	"context"
	"errors"
	"fmt"

	"ortho/models/describe"
	"ortho/models/grounding"
	"ortho/models/witness"
)

// Options say which models take part, and how. The models stay the caller's, who closes them
// when no run is under way. Runs may share them.
type Options struct {
	Image     *ImageExpert        // classifies the image; needed for [OfImage], and otherwise not used
	Describer *describe.Describer // says what the image shows; nil: a sentence of the image's classes stands in
	Text      *TextExpert         // classifies the description; may be nil
	Witnesses *witness.Witnesses  // see what else is in the image, as evidence for the describer; may be nil
	Checker   *grounding.Checker  // checks what is named against their boxes; nil: nothing is checked
	Recheck   int                 // at most so many ambiguous objects are asked about once more
	Generator *Generator          // the generator that a text is for, which may draw it as it is; may be nil

	// TextWeight is how much the description counts beside the image, from 0 (not at all); 1
	// is as much. See [fuse.Product].
	TextWeight float64
	Strict     bool // fail where there is no description, rather than have a sentence stand in
	Top        int  // the story shows so many classes of each step; 0: all

	// Notify is called at once with what happens during the run; may be nil.
	Notify func(Notice)
}

// Notice is an event of a run.
type Notice struct {
	Kind NoticeKind
	Text string
}

// NoticeKind says what a notice is about.
type NoticeKind int

const (
	Asking  NoticeKind = iota // the image is sent to the describer
	Again                     // the describer is asked once more
	Remark                    // one of Story.Notes, which says no more than the story's steps
	Warning                   // one of Story.Notes: something is not as it was meant to be
)

// run is one run. Each step reads what those before it have written into the story.
type run struct {
	Options
	name  string
	data  []byte // the image's; nil: there is none
	sight witness.Sight
	story *Story
}

// OfImage settles what an encoded image shows. name is the image's, for the story and for
// errors.
func OfImage(ctx context.Context, name string, data []byte, o Options) (*Story, error) {
	if o.Image == nil {
		return nil, errors.New("there is no model that looks at images")
	}
	r := &run{Options: o, name: name, data: data, story: newStory()}
	r.story.Input = valid(name)
	for _, step := range []func(context.Context) error{r.look, r.describe, r.check, r.read, r.decide} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	r.compare()
	return r.story, nil
}

// OfText settles what a description, in UTF-8, is about. The text expert alone chooses the class.
func OfText(ctx context.Context, sentence string, o Options) (*Story, error) {
	o.Image, o.Describer, o.Witnesses, o.Checker = nil, nil, nil, nil
	r := &run{Options: o, story: newStory()}
	r.story.Description = Description{Sentence: sentence, By: ByCaller}
	if err := r.read(ctx); err != nil {
		return nil, err
	}
	r.decideByText()
	return r.story, nil
}

func (r *run) notify(kind NoticeKind, text string) {
	if kind == Remark || kind == Warning {
		r.story.Notes = append(r.story.Notes, valid(text))
	}
	if r.Notify != nil {
		r.Notify(Notice{kind, text})
	}
}

func (r *run) warn(format string, args ...any) { r.notify(Warning, fmt.Sprintf(format, args...)) }

// errNobody is the reason where there is no describer.
var errNobody = errors.New("nobody is there to ask for one")

// describe asks for a description of the image, or makes a sentence that stands in.
func (r *run) describe(ctx context.Context) error {
	err, s := errNobody, r.story
	if d := r.Describer; d != nil {
		r.notify(Asking, fmt.Sprintf("asking %s what the image shows", d.Host().Name))
		var got describe.Description
		if got, err = d.Describe(ctx, r.request()); err == nil {
			s.Usage.Add(got.Usage)
			s.Description = Description{Sentence: got.Sentence, By: ByDescriber, Objects: got.Objects, Scene: got.Scene, Attributes: got.Attributes,
				Class: &Class{Index: r.Image.indexOf(got.Class), Label: got.Class.Name}, Host: d.Host().Name, Model: got.Model, Cached: got.Cached}
			return nil
		}
	}
	if ctx.Err() != nil || r.Strict {
		return err
	}
	s.Description = Description{Sentence: r.Image.standIn(s.Image.All), By: ByStandIn, StandIn: true, Why: valid(err.Error()), WhyKind: describe.ErrorKind(err)}
	r.warn("no description: %v; a sentence made of %s's classes stands in, and decides nothing: %q", err, r.Image.Name, s.Description.Sentence)
	return nil
}

// candidates is how many classes the describer chooses from.
const candidates = 10

// request is the image as it is passed to the describer.
func (r *run) request() describe.Image {
	all := r.story.Image.All
	return describe.Image{Name: r.name, Read: func(context.Context) ([]byte, error) { return r.data, nil }, Candidates: describe.Candidates(all[:min(candidates, len(all))]),
		Sight: r.sight}
}
