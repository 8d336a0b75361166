package describe

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/sashabaranov/go-openai"
)

// stream reads an answer as it is written, and passes on the description so far.
func (d *Describer) stream(ctx context.Context, image string, request openai.ChatCompletionRequest) (reply, error) {
	stream, err := d.client.CreateChatCompletionStream(ctx, request)
	if err != nil {
		return reply{}, err
	}
	defer stream.Close()
	var r reply
	var content, refusal strings.Builder
	told, chunks, choices := "", 0, 0
	for {
		chunk, err := stream.Recv()
		r.content, r.refusal = content.String(), refusal.String()
		switch {
		case errors.Is(err, io.EOF) && r.finish != "":
			return r, nil
		case errors.Is(err, io.EOF) && chunks > 0 && choices == 0:
			return r, failed("empty", "%s sends no answer: its choices are empty", d.host.Name)
		case errors.Is(err, io.EOF):
			return r, io.ErrUnexpectedEOF // go-openai makes no difference between [DONE] and a cut
		case err != nil && r.finish != "" && ctx.Err() == nil:
			return r, nil // all but the usage is there
		case err != nil:
			return r, err
		}
		chunks++
		if chunk.Model != "" {
			r.model = chunk.Model
		}
		if chunk.Usage != nil {
			r.usage = usageOf(chunk.Usage)
		}
		if len(chunk.Choices) == 0 { // as in the last one, which has the usage
			continue
		}
		choices++
		choice := chunk.Choices[0]
		content.WriteString(choice.Delta.Content)
		refusal.WriteString(choice.Delta.Refusal)
		if choice.FinishReason != "" {
			r.finish = choice.FinishReason
		}
		if content.Len()+refusal.Len() > maxAnswer {
			return r, failed("schema", "the answer of %s has more than %d bytes", d.opt.Model, maxAnswer)
		}
		if choice.Delta.Content != "" && len(told) < maxText {
			if s := d.scrub(soFar(content.String())); s != told {
				told = s
				d.opt.Stream(image, told)
			}
		}
	}
}
