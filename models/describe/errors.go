package describe

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/sashabaranov/go-openai"

	"ortho/models/describe/wire"
	"ortho/preprocess"
)

// Error is why an image has no description. It never holds the key.
type Error struct {
	Kind   string // see ErrorKind
	Status int    // of HTTP; 0: none came

	text    string
	err     error // never a server's or a client's, which may quote requests
	retry   bool
	after   time.Duration // what the server asks to wait
	refused string        // the parameters and words of a 400, to learn from
	learned bool          // there is another way to ask, learned from the refusal
}

func (e *Error) Error() string { return e.text }
func (e *Error) Unwrap() error { return e.err }

// ErrorKind names why an image has no description.
//
// The image: "read", "unsupported" (not a known image format), "too_large" (more than
// MaxPixels) or "decode". Before anything was sent: "offline", "budget", "auth" (no key).
// On the way: "timeout", "network" (it can't be reached, or broke off), "auth" (the key is
// refused), "quota" (nothing is left to pay with), "rate_limit", "request" (the server
// refuses what it was asked), "model" (there is none of that name, or it sees no images) or "server" (it failed, or does not
// speak the API). The answer: "refused" (the model won't), "filtered" (it may not),
// "length" (it was cut off), "empty" or "schema" (not what was asked for). "canceled" is
// ctx's end, "other" anything else. [Evidence] adds the stages of [models.StageOf].
func ErrorKind(err error) string {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Kind
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "canceled"
	}
	return "other"
}

// Fatal reports whether the next image would fail in the same way: the key is refused, the
// quota or the budget is used up, there is no such model, or it sees no images.
func Fatal(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Kind == "auth" || e.Kind == "quota" || e.Kind == "budget" || e.Kind == "model" || e.Status == http.StatusNotFound)
}

func failed(kind, format string, args ...any) *Error {
	return &Error{Kind: kind, text: fmt.Sprintf(format, args...)}
}

// imageError is about an image that could not be prepared.
func imageError(kind string, err error) *Error {
	switch {
	case errors.Is(err, preprocess.ErrUnsupported):
		kind = "unsupported"
	case errors.Is(err, preprocess.ErrTooLarge):
		kind = "too_large"
	}
	return &Error{Kind: kind, text: err.Error(), err: err}
}

var errForeign = errors.New("the response is of another API")

// failure makes an Error of what go-openai returned for a try. x is what came over the
// wire.
func (d *Describer) failure(err error, x *exchange) *Error {
	e := &Error{Status: x.status, after: x.after}
	var api *openai.APIError
	var fault *wire.Fault
	var request *openai.RequestError
	var redirect *redirectError
	var unreachable *url.Error
	var certificate *tls.CertificateVerificationError
	var name *net.DNSError
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	said := ""
	switch {
	case errors.As(err, &redirect):
		// The image must not be sent to another server than the one that was named.
		e.Kind, e.text = "server", fmt.Sprintf("%s redirects to %s: give that address if images may go there", d.host.Name, redirect.to)
	case errors.Is(err, errTooLong):
		e.Kind, e.text = "server", fmt.Sprintf("%s sent more than %d bytes", d.host.Name, maxResponse)
	case errors.As(err, &fault):
		said = fault.Message
		e.Status = fault.Status
		e.refused = d.refusal(strings.Join([]string{fault.Parameter, fault.Code, fault.Type, fault.Message}, " "))
		e.setKind(e.refused)
	case errors.As(err, &request): // which may wrap an APIError that says nothing
		said = string(request.Body)
		e.refused = d.refusal(said)
		e.setKind(e.refused)
	case errors.As(err, &api):
		said = api.Message
		code := fmt.Sprint(api.Code)
		param := ""
		if api.Param != nil {
			param = *api.Param
		}
		e.refused = d.refusal(strings.Join([]string{param, code, api.Type, api.Message}, " "))
		e.setKind(e.refused)
	case errors.Is(err, errForeign), x.status == http.StatusOK && (x.page || errors.As(err, &syntax) || errors.As(err, &mismatch)):
		said = string(x.head)
		e.Kind = "server"
		e.text = d.host.Name + " does not speak the API: is the address right?"
	case x.status != 0, errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		e.Kind, e.retry, e.text = "network", true, fmt.Sprintf("%s broke off", d.host.Name)
	case errors.As(err, &unreachable):
		e.Kind = "network"
		e.retry = !errors.As(err, &certificate) && !(errors.As(err, &name) && name.IsNotFound)
		e.text = fmt.Sprintf("%s can't be reached: %s", d.host.Name, d.excerpt(unreachable.Err.Error()))
	default: // go-openai did not send it
		e.Kind, e.text = "request", d.excerpt(err.Error())
	}
	if e.text == "" {
		e.text = fmt.Sprintf("%s answers %d %s", d.host.Name, e.Status, http.StatusText(e.Status))
	}
	if said = d.excerpt(said); said != "" {
		e.text += ": " + said
	}
	e.text = keyLike.ReplaceAllString(d.scrub(e.text), hidden)
	return e
}

// tooLarge reports whether a server refuses a request for its size: by 413, or by a 400 that says so of the image.
func (e *Error) tooLarge() bool {
	return e.Status == http.StatusRequestEntityTooLarge || e.Status == http.StatusBadRequest && saysLarge.MatchString(e.refused)
}

var saysLarge = regexp.MustCompile(`\b(image|payload|request body)\b[^.]{0,60}(too large|exceed|larger than|above)[^.]{0,40}\b(size|bytes|[kmg]i?b)\b|image (file )?(size )?(is )?too large`)

// What servers say of what no patience changes. Their words are lower case.
var (
	saysQuota  = regexp.MustCompile(`insufficient_quota|exceeded your current quota|insufficient (balance|credit|fund)|out of credits?|payment required|billing`)
	saysFilter = regexp.MustCompile(`content_filter|content_policy|content policy|content management policy|moderation|flagged|safety (system|policy)|responsible ?ai|prohibited_content|data_inspection_failed`)
	saysModel  = regexp.MustCompile(`model_not_found|no such model|unknown model|model .{0,80}(not found|does not exist|is not loaded|not available)|deploymentnotfound|` +
		`(image|vision|multimodal|image_url).{0,60}(not support|n't support|unsupported|not enabled|not available)|(not support|n't support|no support for|unsupported).{0,40}(image|vision|multimodal)|` +
		`no (multimodal )?projector|mmproj|(not|isn't|is no) a? ?(vision|multimodal) model|only (accepts|supports) text|text-only model`)
	saysNever = regexp.MustCompile(`not supported|unsupported|not implemented|invalid|unknown (parameter|field)`)
)

// setKind sets the kind by the status, and by what the API says.
func (e *Error) setKind(said string) {
	switch {
	case e.Status == http.StatusPaymentRequired || saysQuota.MatchString(said):
		e.Kind = "quota"
	case saysFilter.MatchString(said) && e.Status != http.StatusUnauthorized:
		e.Kind = "filtered"
	case saysModel.MatchString(said) && e.Status >= 400:
		e.Kind = "model"
	case e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden:
		e.Kind = "auth"
	case e.Status == http.StatusTooManyRequests:
		e.Kind, e.retry = "rate_limit", true
	case e.Status == http.StatusRequestTimeout || e.Status == http.StatusGatewayTimeout:
		e.Kind, e.retry = "timeout", true
	case e.Status >= 500 && saysNever.MatchString(said):
		e.Kind = "request"
	case e.Status >= 500 && e.Status != http.StatusNotImplemented, e.Status == http.StatusConflict:
		e.Kind, e.retry = "server", true
	case e.Status >= 400 && e.Status < 500:
		e.Kind = "request"
	default:
		e.Kind = "server"
	}
}

var (
	unseen = regexp.MustCompile(`(?is)<(script|style|head)\b.*?</(script|style|head)>|<!--.*?-->`)
	tags   = regexp.MustCompile(`(?s)<[^>]*>`)
)

// maxSaid bounds what is looked at of a text that a server sent: bytes.
const maxSaid = 8 << 10

// excerpt makes one short line of what a server said: text without HTML, control characters
// and the key.
func (d *Describer) excerpt(s string) string {
	if len(s) >= maxSaid {
		// Half a key would not be known as one.
		s = s[:max(0, strings.LastIndexAny(s[:maxSaid], " \n<>"))]
	}
	if strings.Contains(s, "<") {
		s = html.UnescapeString(tags.ReplaceAllString(unseen.ReplaceAllString(s, " "), " "))
	}
	return short(d.scrub(line(s)))
}

// refusal is a text to look for words in.
func (d *Describer) refusal(s string) string {
	return strings.ToLower(d.scrub(strings.ToValidUTF8(s[:min(len(s), maxSaid)], "")))
}

// line puts a text on one line.
func line(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// short cuts a text to what a line of a table or a log can hold.
func short(s string) string {
	const longest = 200
	if runes := []rune(s); len(runes) > longest {
		s = string(runes[:longest]) + "..."
	}
	return s
}
