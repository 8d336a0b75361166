package imagine

import (
	"strconv"
	"strings"

	"ortho/models/classify"
	"ortho/models/describe"
	"ortho/models/grounding"
	"ortho/models/witness"
)

// Story is every step of a run, as JSON. A step that was not taken is left out. All texts
// are UTF-8.
type Story struct {
	Input        string         `json:"input,omitempty"`
	Image        *Opinion       `json:"image,omitempty"`
	Description  Description    `json:"description"`
	Text         *Opinion       `json:"text,omitempty"`
	Seen         *witness.Sight `json:"seen,omitempty"`  // by further models
	Sides        []Side         `json:"sides,omitempty"` // what the detector's boxes say of each side's class
	Fusion       *Fusion        `json:"fusion,omitempty"`
	NotFused     string         `json:"not_fused,omitempty"` // why
	Disagreement *Disagreement  `json:"disagreement,omitempty"`
	Decision     *Decision      `json:"decision,omitempty"` // nil: there is no class
	Generation   Generation     `json:"generation"`         // see [Generator.Plan]
	Usage        describe.Usage `json:"usage"`              // of the describer's answers
	Notes        []string       `json:"notes"`              // what there is to know about the result
}

func newStory() *Story { return &Story{Generation: Generation{Files: []string{}}, Notes: []string{}} }

// Opinion is a classifier's answer.
type Opinion struct {
	Model       string                `json:"model"`
	Predictions []classify.Prediction `json:"predictions"`       // the first of All, with rounded probabilities
	Unknown     []string              `json:"unknown,omitempty"` // words of the description that the model does not know
	Cut         []string              `json:"cut,omitempty"`     // words beyond its length
	Doubt       string                `json:"doubt,omitempty"`   // why the first class is no answer

	All     []classify.Prediction `json:"-"` // most probable first
	strange bool                  // the model knows too few of the description's words
}

// Probability returns what the model gives a class.
func (o *Opinion) Probability(class int) float64 {
	for _, p := range o.All {
		if p.Index == class {
			return p.Probability
		}
	}
	return 0
}

// Who wrote a description.
const (
	ByDescriber = "chat"
	ByStandIn   = "stand-in" // made of the image expert's classes; it decides nothing
	ByCaller    = "caller"
)

// Description is the description, or what stands in.
type Description struct {
	Sentence   string              `json:"sentence"`
	By         string              `json:"by"` // ByDescriber, ByStandIn or, of a text that was given, ByCaller or the caller's own word
	StandIn    bool                `json:"stand_in"`
	Why        string              `json:"why,omitempty"` // there is a stand-in
	WhyKind    string              `json:"why_kind,omitempty"`
	Objects    []string            `json:"objects,omitempty"`
	Scene      string              `json:"scene,omitempty"`
	Attributes []string            `json:"attributes,omitempty"`
	Class      *Class              `json:"class,omitempty"`
	Checked    []grounding.Mention `json:"checked,omitempty"` // the objects, against boxes
	Prompt     string              `json:"prompt,omitempty"`  // the caller's name of it
	Host       string              `json:"host,omitempty"`
	Model      string              `json:"model,omitempty"`
	Cached     bool                `json:"cached,omitempty"`
}

// Class is a class; Index is -1 where the label is in the describer's own words.
type Class struct {
	Index int    `json:"index"`
	Label string `json:"label"`
}

// Fusion is the product of both experts; see [fuse.Product].
type Fusion struct {
	Weight      float64               `json:"weight"`
	Untrained   int                   `json:"untrained"` // classes that keep the image's probability
	Predictions []classify.Prediction `json:"predictions"`

	All []float64 `json:"-"` // by class
}

// Disagreement is the two classes, and the answer to which of them it is.
type Disagreement struct {
	Image  Class  `json:"image"`
	Text   Class  `json:"text"`
	Reason string `json:"reason,omitempty"`
	Model  string `json:"model,omitempty"`
	Cached bool   `json:"cached,omitempty"`
	Error  string `json:"error,omitempty"` // why there is no answer
}

// Who decided.
const (
	ByImage    = "image"
	ByText     = "text"
	ByBoth     = "image and description"
	ByFusion   = "fusion"
	ByDecision = "second question" // the describer's
	ByAll      = "decision"        // of a [Side]: what all come to
)

// Side is the class that one of the sides names, against the boxes of a detector.
type Side struct {
	By string `json:"by"` // ByImage, ByText or ByAll
	grounding.Mention
}

// Decision is the class that a run ends with.
type Decision struct {
	Class
	ID string `json:"id,omitempty"`
	By string `json:"by"` // ByImage, ByText, ...
}

// Generation is what the generator was asked for. [Generator.Plan] fills in None, or the model,
// text, class and label; the rest is for the caller, who draws and saves the pictures.
type Generation struct {
	None   string   `json:"none,omitempty"` // why there are no pictures
	Model  string   `json:"model,omitempty"`
	Digest string   `json:"model_sha256,omitempty"`
	Text   string   `json:"text,omitempty"`
	Class  *int     `json:"class,omitempty"`
	Label  string   `json:"label,omitempty"`
	Seed   *uint64  `json:"seed,omitempty"`
	Files  []string `json:"files"`
}

// valid makes a text UTF-8: names of files in messages, and labels, may not be.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func allValid(words []string) (out []string) {
	for _, w := range words {
		out = append(out, valid(w))
	}
	return out
}

// short keeps six significant digits: a float32 graph gives no more.
func short(p float64) float64 {
	v, err := strconv.ParseFloat(strconv.FormatFloat(p, 'g', 6, 64), 64)
	if err != nil {
		return p
	}
	return v
}
