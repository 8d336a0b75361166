package describe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/avast/retry-go/v5"
	"github.com/sashabaranov/go-openai"
)

// DryRun returns the request that Describe would send first, as indented JSON with a note
// in the image's place. It sends nothing.
func (d *Describer) DryRun(ctx context.Context, img Image) ([]byte, error) {
	q, err := d.describing(img, &Description{})
	if err != nil {
		return nil, err
	}
	p, err := d.take(ctx, img)
	if err != nil {
		return nil, err
	}
	r := d.request(q, d.messages(q, p.elided()), d.opt.MaxTokens, d.current())
	r.Stream = d.streams(q)
	return json.MarshalIndent(r, "", "  ")
}

// take prepares an image once a slot is free.
func (d *Describer) take(ctx context.Context, img Image) (picture, error) {
	if err := d.acquire(ctx); err != nil {
		return picture{}, err
	}
	defer d.release()
	return d.prepare(ctx, img)
}

func (d *Describer) acquire(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	select {
	case d.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (d *Describer) release() { <-d.slots }

// reply is a server's answer.
type reply struct {
	content, refusal string
	finish           openai.FinishReason
	model            string
	usage            Usage
	thought          bool // before it answered
}

// ask answers a question from the cache or by the server, with one try to repair an
// answer that can't be used and one with more tokens for an answer that was cut off.
func (d *Describer) ask(ctx context.Context, img Image, q question) (Source, error) {
	p, err := d.take(ctx, img)
	if err != nil {
		return Source{}, err
	}
	id := d.identify(p, q)
	if e, ok := d.cache.get(id); ok {
		if _, err := q.read(string(e.Answer)); err == nil {
			if d.streams(q) {
				d.opt.Stream(img.Name, d.scrub(soFar(string(e.Answer))))
			}
			return Source{Model: d.excerpt(e.Model), Cached: true}, nil
		}
	}
	switch {
	case d.opt.Offline && !d.host.Loopback:
		return Source{}, failed("offline", "offline, and no earlier answer is kept: %s is not asked", d.host.Name)
	case d.opt.Key.reveal() == "" && strings.EqualFold(d.host.Name, "api.openai.com"):
		return Source{}, failed("auth", "%s wants an API key: set OPENAI_API_KEY, or OPENAI_BASE_URL to a server of your own", d.host.Name)
	}
	deadline, cancel := d.Until(ctx)
	defer cancel()
	source, kept, err := d.converse(deadline, img.Name, p, q)
	if err != nil {
		return Source{}, err
	}
	if err := d.cache.put(id, entry{Model: source.Model, Answer: kept}); err != nil {
		d.notify("%v", err) // the answer is there all the same
	}
	return source, nil
}

// converse asks until there is an answer that can be used, and also returns it in the form
// that the cache stores.
func (d *Describer) converse(ctx context.Context, image string, p picture, q question) (Source, []byte, error) {
	messages := d.messages(q, p.uri())
	limit, estimate := d.opt.MaxTokens, len(q.prompt)/4+imageTokens(p, d.opt.Detail)
	var raised int
	var repaired bool
	var usage Usage
	for {
		r, err := d.send(ctx, image, q, messages, limit, estimate+limit)
		usage.Add(r.usage)
		if e := (*Error)(nil); errors.As(err, &e) && e.tooLarge() && ctx.Err() == nil {
			smaller, ok, problem := d.smaller(p)
			if problem != nil {
				return Source{}, nil, problem
			}
			if ok {
				d.notify("%s: %s; sending %d bytes in place of %d", image, e.text, len(smaller.jpeg), len(p.jpeg))
				p = smaller
				messages = d.messages(q, p.uri())
				continue
			}
		}
		if err != nil {
			return Source{}, nil, err
		}
		switch {
		case r.refusal != "":
			return Source{}, nil, d.unusable("refused", "%s refuses: %s", d.opt.Model, d.excerpt(r.refusal))
		case r.finish == openai.FinishReasonContentFilter:
			return Source{}, nil, d.unusable("filtered", "%s: the server's content filter holds the answer back", d.opt.Model)
		case r.finish == openai.FinishReasonLength && (raised == 2 || raised == 1 && !r.thought):
			if r.thought {
				return Source{}, nil, d.unusable("length", "%s thought for all of %d tokens, and gave no answer", d.opt.Model, limit)
			}
			return Source{}, nil, d.unusable("length", "the answer of %s has more than %d tokens", d.opt.Model, limit)
		case r.finish == openai.FinishReasonLength:
			raised, limit = raised+1, 4*limit
			what := "the answer of %s was cut off"
			if r.thought {
				what = "the thoughts of %s took all tokens"
			}
			d.notify("%s: "+what+"; asking again for up to %d tokens", image, d.opt.Model, limit)
			continue
		}
		kept, problem := q.read(r.content)
		if problem == nil {
			return Source{Model: d.excerpt(r.model), Usage: usage}, kept, nil
		}
		kind := "schema"
		if strings.TrimSpace(r.content) == "" {
			kind = "empty"
		}
		if repaired {
			return Source{}, nil, d.unusable(kind, "the answer of %s can't be used: %s", d.opt.Model, d.excerpt(problem.Error()))
		}
		repaired = true
		messages = repair(messages, r.content, problem)
	}
}

// unusable is an error about an answer.
func (d *Describer) unusable(kind, format string, args ...any) *Error {
	e := failed(kind, format, args...)
	e.text, e.Status = d.scrub(e.text), http.StatusOK
	return e
}

// send sends one request, again where that may help. Between tries it holds no slot.
func (d *Describer) send(ctx context.Context, image string, q question, messages []openai.ChatCompletionMessage, limit, estimate int) (reply, error) {
	retrier := retry.NewWithData[reply](
		retry.Context(ctx), retry.WithTimer(d.timer), retry.LastErrorOnly(true), retry.Attempts(uint(d.opt.Tries)),
		retry.RetryIf(func(err error) bool { return d.worthwhile(ctx, err) }),
		retry.Delay(500*time.Millisecond),
		retry.DelayType(func(n uint, err error, config retry.DelayContext) time.Duration {
			// What the server asks for, and on top of it the jitter, so that clients that were
			// given the same delay do not all come back at once.
			wait := min(retry.FullJitterBackoffDelay(n, err, config), 30*time.Second)
			if e := (*Error)(nil); errors.As(err, &e) {
				wait += e.after
			}
			d.notify("%s: %v; again in %v", image, err, wait.Round(time.Millisecond))
			return wait
		}))
	var last *Error
	r, err := retrier.Do(func() (reply, error) {
		for {
			r, err := d.try(ctx, image, q, messages, limit, estimate)
			if e := (*Error)(nil); !errors.As(err, &e) || !e.learned {
				if ctx.Err() == nil {
					last = e
				}
				return r, err
			}
		}
	})
	if err == nil || ctx.Err() == nil {
		return r, err
	}
	if e := (*Error)(nil); errors.As(context.Cause(ctx), &e) && last != nil { // the deadline, between tries
		return r, failed(e.Kind, "%s; at last: %s", e.text, last.text)
	}
	return r, context.Cause(ctx)
}

// worthwhile reports whether trying again may help after an error.
func (d *Describer) worthwhile(ctx context.Context, err error) bool {
	var e *Error
	if ctx.Err() != nil || !errors.As(err, &e) || !e.retry {
		return false
	}
	if deadline, ok := ctx.Deadline(); ok && d.now().Add(e.after).After(deadline) {
		e.text += fmt.Sprintf(" (to come back in %v is later than the deadline)", e.after)
		return false
	}
	return true
}

// try sends a request once, in the dialect that the server is known to understand by then.
func (d *Describer) try(ctx context.Context, image string, q question, messages []openai.ChatCompletionMessage, limit, estimate int) (reply, error) {
	if err := d.acquire(ctx); err != nil {
		return reply{}, err
	}
	defer d.release()
	reserved, err := d.ledger.reserve(estimate)
	if err != nil {
		return reply{}, err
	}
	silence := fmt.Errorf("no answer within %v", d.opt.Timeout)
	timeout, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(d.opt.Timeout, func() { cancel(silence) })
	defer timer.Stop()
	timeout, x := withExchange(timeout)
	known := d.current()
	request := d.request(q, messages, limit, known)
	x.alive = func() { timer.Reset(d.opt.Timeout) }
	x.streamed, x.edit = d.streams(q), d.edit(known)
	var r reply
	if d.streams(q) {
		r, err = d.stream(timeout, image, request)
	} else {
		r, err = d.complete(timeout, request)
	}
	r.thought = x.note.Thoughts || r.usage.Reasoning > 0
	d.ledger.settle(reserved, r, err == nil)
	switch e := (*Error)(nil); {
	case err == nil:
		return r, nil
	case ctx.Err() != nil:
		return r, context.Cause(ctx)
	case context.Cause(timeout) == silence:
		return r, &Error{Kind: "timeout", Status: x.status, retry: true, text: fmt.Sprintf("%s: %v", d.host.Name, silence)}
	case x.note.Fault != nil:
		err = x.note.Fault
	case x.note.Foreign:
		err = errForeign
	case errors.As(err, &e):
		return r, e
	}
	e := d.failure(err, x)
	e.learned = d.learn(e, known)
	return r, e
}

// complete waits for an answer as a whole.
func (d *Describer) complete(ctx context.Context, request openai.ChatCompletionRequest) (reply, error) {
	response, err := d.client.CreateChatCompletion(ctx, request)
	if err != nil {
		return reply{}, err
	}
	r := reply{model: response.Model, usage: usageOf(&response.Usage)}
	if len(response.Choices) == 0 {
		return r, failed("empty", "%s sends no answer: its choices are empty", d.host.Name)
	}
	choice := response.Choices[0]
	r.content, r.refusal, r.finish = choice.Message.Content, choice.Message.Refusal, choice.FinishReason
	return r, nil
}

func (d *Describer) notify(format string, args ...any) {
	if d.opt.Notify != nil {
		d.opt.Notify(d.scrub(fmt.Sprintf(format, args...)))
	}
}
