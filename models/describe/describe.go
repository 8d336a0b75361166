package describe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/avast/retry-go/v5"
	"github.com/sashabaranov/go-openai"
	"golang.org/x/net/http/httpguts"

	"ortho/models/witness"
	"ortho/preprocess"
)

// Where images go unless Options say otherwise.
const (
	DefaultBaseURL = "https://api.openai.com/v1"
	DefaultModel   = "gpt-4.1-mini"
)

// Options say whom to ask, how, and what it may cost. The zero value asks OpenAI without
// a key, which only serves [Describer.DryRun].
type Options struct {
	BaseURL string // of the API, up to before /chat/completions; "": DefaultBaseURL
	Key     Key    // the zero value: none is sent
	// Insecure lets the key go to another machine by http, for all on the way to read; see
	// [ErrInsecure].
	Insecure bool
	Model    string // "": DefaultModel

	Prompt     Prompt // the zero value: "caption"
	Language   string // of the description, such as "German" or "de"; "": as the prompt has it
	NoEvidence bool   // keep the candidates' probabilities to ourselves: the model sees their names only

	Detail    Detail
	MaxSide   int   // pixels; larger images are made smaller; 0: 1024, or 512 with DetailLow
	MaxBytes  int   // of the JPEG that is sent; 0: 1 MiB
	MaxPixels int64 // refuse larger images before decoding; 0: 100 million

	// Header is sent with each request; Organization and Project are OpenAI's. Values that are keys are
	// not shown.
	Header                map[string]Key
	Organization, Project string

	Temperature *float64 // 0 to 2; nil: the server's. Reasoning models have none: it is left out, which Notify is told.
	Seed        *int     // nil: none
	MaxTokens   int      // of an answer; one that it cuts off is asked for again with four times as many; 0: 800, or 4000 for reasoning models
	Budget      int      // tokens of all requests together; 0: no limit
	MaxRequests int      // of all images together; 0: no limit

	Concurrency int           // requests in flight; 0: 4
	Tries       int           // of one request; 0: 6
	Timeout     time.Duration // of silence: until an answer, or its next piece, comes; 0: 2 minutes
	Deadline    time.Duration // of one image, all tries and waits included; 0: 10 minutes, or twice Timeout where that is more

	Cache   string // folder of earlier answers; "": none
	Offline bool   // nothing leaves this machine: answers come from Cache, or from a server on it

	// Stream is called with an image's description so far, while it is being written. After a
	// retry it begins anew. Calls come from many goroutines, those for one image from one.
	Stream func(image, soFar string)
	// Notify is called, from many goroutines, when a request has to wait and when a server
	// turns out not to support something.
	Notify func(line string)
}

// Detail is how closely the model looks, which decides what an image costs.
type Detail string

const (
	DetailAuto Detail = "auto" // the default
	DetailLow  Detail = "low"
	DetailHigh Detail = "high"
)

// Image is an image to describe. Read returns its encoded bytes; it is called once, on the
// goroutine of the call, with its context. The name is for errors and never sent.
type Image struct {
	Name string
	Read func(ctx context.Context) ([]byte, error)
	// Candidates are the classes that the answer chooses from, besides "other"; none: the
	// class is free text. The API takes 999 of them, or 249 long ones: the most probable.
	Candidates []Candidate
	// Sight is what other models see in it: it goes along in the prompt, unless Options.NoEvidence.
	Sight witness.Sight
	Part  *Part // nil: all of it is sent
}

// Part is a part of an image that is sent in place of it, with what is around it (15 % of its longer side, and at least 16
// pixels).
type Part struct {
	Box         [4]float32             // x1, y1, x2, y2 in pixels of the image, turned by
	Orientation preprocess.Orientation // and so it is sent
}

// Candidate is a class that a CNN holds possible.
type Candidate struct {
	Index       int
	Name        string
	Probability float64 // 0 to 1
}

// Description is what a model says of an image. Its texts hold no control characters but
// line feeds.
type Description struct {
	Sentence   string // as the prompt asks for it; longer than a sentence where that does
	Objects    []string
	Scene      string
	Attributes []string
	Class      Class
	// Mended says what of the answer was not as it was asked for, and could be read all the same.
	Mended []string
	Source
}

// Class is one of the candidates, or Index -1 and free text.
type Class struct {
	Index int
	Name  string
}

// Source is where an answer comes from.
type Source struct {
	Model  string // as the server names it
	Cached bool
	Usage  Usage // what this call cost: nothing where Cached
}

// Describer asks one model of one server. Its methods may be called concurrently.
type Describer struct {
	opt     Options
	host    Host
	client  *openai.Client
	http    *http.Client
	scrub   func(string) string
	slots   chan struct{} // one for each request in flight, or image that is being prepared
	ledger  ledger
	cache   cache
	most    atomic.Int64 // bytes of a picture, by what the server has refused
	timer   retry.Timer
	now     func() time.Time
	dialect struct {
		sync.Mutex
		dialect
	}
}

// ErrInsecure is that of a key that would go to another machine unencrypted. Only localhost,
// 127.0.0.0/8 and ::1 are this one, as they are written: what other names and the addresses of a
// local network lead to, others on it may decide.
var ErrInsecure = errors.New("the key would be sent unencrypted")

// Open checks the options and makes a Describer, which is closed after use. It sends nothing.
// Errors name the option, or wrap [ErrInsecure].
func Open(opt Options) (*Describer, error) {
	if opt.Model == "" {
		opt.Model = DefaultModel
	}
	to, err := addressOf(opt.BaseURL, opt.Model)
	if err != nil {
		return nil, err
	}
	opt.BaseURL = to.String()
	if err := opt.complete(); err != nil {
		return nil, err
	}
	headers, secrets, err := opt.headers()
	if err != nil {
		return nil, err
	}
	host := hostOf(to.base)
	if opt.secret() && to.base.Scheme == "http" && !host.Loopback && !opt.Insecure && !opt.Offline {
		return nil, fmt.Errorf("%w to %s", ErrInsecure, host.Name)
	}
	d := &Describer{
		opt:    opt,
		host:   host,
		scrub:  scrubber(append(secrets, opt.Key)...),
		slots:  make(chan struct{}, opt.Concurrency),
		ledger: ledger{budget: opt.Budget, most: opt.MaxRequests},
		cache:  cache{folder: opt.Cache},
		timer:  clock{},
		now:    time.Now,
	}
	if err := d.cache.prepare(); err != nil {
		return nil, err
	}
	d.most.Store(int64(opt.MaxBytes))
	d.dialect.dialect = firstDialect(opt)
	if opt.Temperature != nil && !d.dialect.temperature {
		d.notify("%s takes no temperature: it is left out", opt.Model)
	}
	config := openai.DefaultConfig(opt.Key.reveal())
	config.BaseURL = to.base.String()
	d.http = &http.Client{Transport: newTransport(func() time.Time { return d.now() }, to, headers)}
	config.HTTPClient = d.http
	d.client = openai.NewClientWithConfig(config)
	return d, nil
}

// clock is time itself; tests have their own.
type clock struct{}

func (clock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// complete fills in what is left out, and checks the rest.
func (o *Options) complete() error {
	if o.Prompt.template == nil {
		var err error
		if o.Prompt, err = FindPrompt("caption"); err != nil {
			return err
		}
	}
	if o.Detail == "" {
		o.Detail = DetailAuto
	}
	o.MaxSide = positive(o.MaxSide, 1024)
	if o.Detail == DetailLow {
		o.MaxSide = min(o.MaxSide, 512) // it sees no more
	}
	o.MaxBytes = positive(o.MaxBytes, 1<<20)
	o.Concurrency = positive(o.Concurrency, 4)
	o.Tries = positive(o.Tries, 6)
	o.Timeout = positive(o.Timeout, 2*time.Minute)
	o.Deadline = positive(o.Deadline, max(10*time.Minute, 2*o.Timeout))
	tokens := 800
	if reasoning(o.Model) {
		tokens = 4000 // thoughts count
	}
	o.MaxTokens = positive(o.MaxTokens, tokens)
	switch {
	case o.Detail != DetailAuto && o.Detail != DetailLow && o.Detail != DetailHigh:
		return fmt.Errorf("detail %.20q: low, high or auto", o.Detail)
	case o.MaxSide < minSide || o.MaxSide > 8192:
		return fmt.Errorf("a side of at most %d pixels can't be: %d to 8192", o.MaxSide, minSide)
	case o.MaxBytes < 4<<10 || o.MaxBytes > 20<<20:
		return fmt.Errorf("images of at most %d bytes can't be: 4 KiB to 20 MiB", o.MaxBytes)
	case o.Temperature != nil && !(*o.Temperature >= 0 && *o.Temperature <= 2):
		return fmt.Errorf("temperature %v: 0 to 2", *o.Temperature)
	case o.MaxTokens > 1<<20 || o.Budget < 0 || o.MaxRequests < 0 || o.Concurrency > 1024 || o.Tries > 100:
		return fmt.Errorf("%d tokens an answer (at most %d), a budget of %d (at least 0), %d requests at once (at most 1024), %d tries (at most 100)",
			o.MaxTokens, 1<<20, o.Budget, o.Concurrency, o.Tries)
	case strings.ContainsFunc(o.Language, isControl) || len(o.Language) > 64:
		return fmt.Errorf("language %.20q...: a name or a tag, such as German or de", o.Language)
	case strings.ContainsFunc(o.Model, isControl) || len(o.Model) > 256:
		return fmt.Errorf("model %.20q...: a name of at most 256 bytes", o.Model)
	}
	return o.Key.check()
}

func positive[T int | time.Duration](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}

// secret reports whether requests have what nobody on the way may read: the key, or a header whose name says
// that it is one.
func (o *Options) secret() bool {
	for name := range o.Header {
		name = strings.ToLower(name)
		if strings.Contains(name, "auth") || strings.Contains(name, "key") || strings.Contains(name, "token") || strings.Contains(name, "secret") {
			return true
		}
	}
	return o.Key.reveal() != ""
}

// headers are those that each request has beside go-openai's, and those of them that are not shown.
func (o *Options) headers() (http.Header, []Key, error) {
	headers := http.Header{}
	var secrets []Key
	for name, value := range map[string]string{"OpenAI-Organization": o.Organization, "OpenAI-Project": o.Project} {
		if strings.ContainsFunc(value, isControl) || len(value) > 256 {
			return nil, nil, fmt.Errorf("%s: a name of at most 256 bytes", name)
		}
		if value != "" {
			headers.Set(name, value)
		}
	}
	for name, value := range o.Header {
		if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value.reveal()) {
			return nil, nil, fmt.Errorf("header %.40q, or its value, can't be sent", name)
		}
		headers.Set(name, value.reveal())
		secrets = append(secrets, value)
	}
	return headers, secrets, nil
}

// Limit returns how many images to hand to the Describer at once, for [runner.Map]: more
// than there may be requests in flight, as an image that waits for its turn to be asked
// again holds up no other. What waits holds its JPEG.
func (d *Describer) Limit() int { return d.opt.Concurrency + 60 }

// Describe asks about one image. The error is an [*Error], or ctx's.
func (d *Describer) Describe(ctx context.Context, img Image) (Description, error) {
	var description Description
	q, err := d.describing(img, &description)
	if err == nil {
		description.Source, err = d.ask(ctx, img, q)
	}
	if err != nil {
		return Description{}, err
	}
	return description, nil
}

// Decision is a model's answer to which of two classes an image shows.
type Decision struct {
	Class  Class // Index -1: neither
	Reason string
	Source
}

// Decide asks which of two classes an image shows. It does not say which model named which
// class: the order is by index. The image's own candidates are not used. Errors are
// Describe's.
func (d *Describer) Decide(ctx context.Context, img Image, a, b Candidate) (Decision, error) {
	var decision Decision
	q, err := d.deciding(a, b, &decision)
	if err == nil {
		decision.Source, err = d.ask(ctx, img, q)
	}
	if err != nil {
		return Decision{}, err
	}
	return decision, nil
}

// Confirmation is a model's answer to whether a part of an image shows a thing.
type Confirmation struct {
	Answer string // Yes, No or Unclear
	Reason string
	Source
}

// The answers of a [Confirmation].
const (
	Yes     = "yes"
	No      = "no"
	Unclear = "unclear"
)

// Confirm asks whether an image, or the part of it that img.Part names, shows a thing. What else is known of
// the image is not used. Errors are Describe's.
func (d *Describer) Confirm(ctx context.Context, img Image, thing string) (Confirmation, error) {
	var confirmation Confirmation
	q, err := d.confirming(img, thing, &confirmation)
	if err == nil {
		confirmation.Source, err = d.ask(ctx, img, q)
	}
	if err != nil {
		return Confirmation{}, err
	}
	return confirmation, nil
}

// Until is ctx with the deadline that an image has, for all that is asked about it.
func (d *Describer) Until(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d.opt.Deadline, failed("timeout", "no answer within %v", d.opt.Deadline))
}

// Close ends the connections that are kept for the next request. No call may be under way.
func (d *Describer) Close() { d.http.CloseIdleConnections() }

// Usage returns what all calls together cost, failed ones too, as far as the server said.
func (d *Describer) Usage() Usage { return d.ledger.usage() }
