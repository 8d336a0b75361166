package imagine

import "ortho/models/classify"

const Kind = "ortho imagine"

// Story is every step of a run, as JSON. A step that was not taken is left out.
type Story struct {
	Kind         string        `json:"kind"` // Kind
	Ortho        string        `json:"ortho"`
	Input        string        `json:"input,omitempty"`
	Image        *Opinion      `json:"image,omitempty"`
	Description  Description   `json:"description"`
	Text         *Opinion      `json:"text,omitempty"`
	Fusion       *Fusion       `json:"fusion,omitempty"`
	NotFused     string        `json:"not_fused,omitempty"` // why
	Disagreement *Disagreement `json:"disagreement,omitempty"`
	Decision     *Decision     `json:"decision,omitempty"`
	Generation   Generation    `json:"generation"`
	Usage        Usage         `json:"usage"`
	Notes        []string      `json:"notes"`
}

// Opinion is what a model says.
type Opinion struct {
	Model       string                `json:"model"`
	Predictions []classify.Prediction `json:"predictions"`
	Unknown     []string              `json:"unknown,omitempty"` // words of the description that the model does not know
	Cut         []string              `json:"cut,omitempty"`     // words beyond its length
	Doubt       string                `json:"doubt,omitempty"`   // why the first class is no answer
}

// Description is the description, or what stands in.
type Description struct {
	Sentence   string   `json:"sentence"`
	By         string   `json:"by"` // "chat", "stand-in" or "the command line"
	StandIn    bool     `json:"stand_in"`
	Why        string   `json:"why,omitempty"` // there is a stand-in
	WhyKind    string   `json:"why_kind,omitempty"`
	Objects    []string `json:"objects,omitempty"`
	Scene      string   `json:"scene,omitempty"`
	Attributes []string `json:"attributes,omitempty"`
	Class      *Class   `json:"class,omitempty"`
	Prompt     string   `json:"prompt,omitempty"`
	Host       string   `json:"host,omitempty"`
	Model      string   `json:"model,omitempty"`
	Cached     bool     `json:"cached,omitempty"`
}

// Class is a class; -1: none, and the label is in the chooser's own words.
type Class struct {
	Index int    `json:"index"`
	Label string `json:"label"`
}

type Fusion struct {
	Weight      float64               `json:"weight"`
	Untrained   int                   `json:"untrained"` // classes that keep the image's probability
	Predictions []classify.Prediction `json:"predictions"`
}

// Disagreement is the two classes, and the answer to which of them it is.
type Disagreement struct {
	Image  Class  `json:"image"`
	Text   Class  `json:"text"`
	Reason string `json:"reason,omitempty"`
	Model  string `json:"model,omitempty"`
	Cached bool   `json:"cached,omitempty"`
	Error  string `json:"error,omitempty"` // why there is none
}

// Whose word a decision is.
const (
	ByImage  = "image"
	ByText   = "text"
	ByBoth   = "image and description"
	ByFusion = "fusion"
	ByChat   = "second question"
)

type Decision struct {
	Class
	ID string `json:"id,omitempty"`
	By string `json:"by"`
}

// Generation is what was asked of the generator.
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

// Usage is what the server says that the run cost.
type Usage struct {
	Requests   int `json:"requests"`
	Prompt     int `json:"prompt_tokens"`
	Cached     int `json:"cached_tokens"` // of prompt
	Completion int `json:"completion_tokens"`
	Reasoning  int `json:"reasoning_tokens"` // of completion
}
