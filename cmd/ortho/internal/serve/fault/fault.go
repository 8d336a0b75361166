// Package fault says how an error is answered: its status over HTTP and gRPC, and a sentence.
//
//	error of the library, of a request, of the server --Of--> Fault --> REST, gRPC, rows
package fault

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"google.golang.org/grpc/codes"

	"ortho/cmd/ortho/internal/remedy"
	"ortho/models"
	"ortho/models/config"
	"ortho/models/describe"
	"ortho/models/images"
	"ortho/preprocess"
	"ortho/runner"
)

// Fault is how a request is refused, or has failed.
type Fault struct {
	Status int        // of HTTP
	Code   codes.Code // of gRPC
	Kind   string     // one word or two, for metrics: "input", "busy", ...
	Text   string     // a sentence that says what was wrong
	Retry  time.Duration
}

func (f *Fault) Error() string { return f.Text }

// retry is when a client should try again that found the queue full.
const retry = time.Second

var (
	input    = Fault{Status: http.StatusBadRequest, Code: codes.InvalidArgument, Kind: "input"}
	unknown  = Fault{Status: http.StatusNotFound, Code: codes.NotFound, Kind: "unknown"}
	large    = Fault{Status: http.StatusRequestEntityTooLarge, Code: codes.ResourceExhausted, Kind: "large"}
	busy     = Fault{Status: http.StatusServiceUnavailable, Code: codes.Unavailable, Kind: "busy", Retry: retry}
	late     = Fault{Status: http.StatusGatewayTimeout, Code: codes.DeadlineExceeded, Kind: "late"}
	gone     = Fault{Status: 499, Code: codes.Canceled, Kind: "gone"} // as nginx has it: nobody reads it
	internal = Fault{Status: http.StatusInternalServerError, Code: codes.Internal, Kind: "run"}
)

func (f Fault) with(format string, args ...any) *Fault {
	f.Text = fmt.Sprintf(format, args...)
	return &f
}

// Input is a mistake of the request.
func Input(format string, args ...any) *Fault { return input.with(format, args...) }

// Unknown is something that is asked for and is not here.
func Unknown(format string, args ...any) *Fault { return unknown.with(format, args...) }

// Large is a request of more than the server takes.
func Large(format string, args ...any) *Fault { return large.with(format, args...) }

// Busy is a request that can't be taken now.
func Busy(format string, args ...any) *Fault { return busy.with(format, args...) }

// Media is a request whose content is of another type than the route takes.
func Media(format string, args ...any) *Fault {
	f := input
	f.Status = http.StatusUnsupportedMediaType
	return f.with(format, args...)
}

// Of is how an error is answered; nil of none. An error that is no one's mistake but the
// server's is told, too: there are no secrets in it.
func Of(err error) *Fault {
	var own *Fault
	var tooLarge *preprocess.TooLargeError
	var body *http.MaxBytesError
	var inputs *runner.InputError
	var task *models.TaskError
	var size *images.SizeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return own
	case errors.As(err, &body):
		return Large("the body has more than %d bytes, the most that the server takes (--max-body)", body.Limit)
	case errors.Is(err, context.DeadlineExceeded):
		return late.with("the answer was not there in time (--timeout)")
	case errors.Is(err, context.Canceled):
		return gone.with("the client has gone")
	case errors.Is(err, runner.ErrBusy):
		return busy.with("%s", remedy.Text(err))
	case errors.Is(err, runner.ErrClosed):
		return busy.with("the model is being unloaded")
	case errors.As(err, &tooLarge):
		return large.with("%s", remedy.Text(err))
	case errors.As(err, &inputs), errors.As(err, &task):
		return input.with("%s", remedy.Text(err))
	case errors.As(err, &size):
		return internal.with("%s", remedy.Text(err))
	}
	if chat := (*describe.Error)(nil); errors.As(err, &chat) {
		return ofChat(chat)
	}
	var stated *config.Error
	switch stage := models.StageOf(err); stage {
	case models.StageRead, models.StageUnsupported, models.StageDecode, models.StageInput:
		return input.with("%s", remedy.Text(err))
	case models.StageTooLarge:
		return large.with("%s", remedy.Text(err))
	case models.StageOutput:
		f := internal
		f.Kind = "output"
		return f.with("%s", remedy.Text(err))
	default:
		if errors.As(err, &stated) {
			return input.with("%s", remedy.Text(err))
		}
		return internal.with("%s", remedy.Text(err))
	}
}

// ofChat is how an error is answered that a description ended with: the image's, or the chat server's.
func ofChat(err *describe.Error) *Fault {
	switch models.Stage(err.Kind) {
	case models.StageRead, models.StageUnsupported, models.StageDecode, models.StageInput:
		return input.with("%s", remedy.Text(err))
	case models.StageTooLarge:
		return large.with("%s", remedy.Text(err))
	}
	f := internal
	f.Status, f.Code, f.Kind = http.StatusBadGateway, codes.Unavailable, "chat"
	return f.with("the chat server: %s", remedy.Text(err))
}
