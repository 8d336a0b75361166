package serve

import (
	"context"
	"io"
	"log"
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"ortho/cmd/ortho/internal/serve/oip"
)

// silent is a log of nothing: what net/http would write there, clients have sent.
func silent() *log.Logger { return log.New(io.Discard, "", 0) }

// unary guards and counts a call of gRPC.
func (s *Server) unary(ctx context.Context, message any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (answer any, err error) {
	arrived(ctx, false)
	began := time.Now()
	s.metrics.flight.Inc()
	defer s.metrics.flight.Dec()
	defer func() {
		if p := recover(); p != nil {
			err = status.Errorf(codes.Internal, "panic: %v", p)
		}
		s.count(ctx, info.FullMethod, message, began, err)
	}()
	if err := s.allowedRPC(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	if s.timeout > 0 {
		limited, cancel := s.limited(ctx)
		defer cancel()
		ctx = limited
	}
	answer, err = next(ctx, message)
	return answer, oip.Status(err)
}

// stream guards a stream of calls.
func (s *Server) stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	arrived(stream.Context(), true)
	began := time.Now()
	defer func() {
		if p := recover(); p != nil {
			err = status.Errorf(codes.Internal, "panic: %v", p)
		}
		s.count(stream.Context(), info.FullMethod, nil, began, err)
	}()
	if err := s.allowedRPC(stream.Context(), info.FullMethod); err != nil {
		return err
	}
	return oip.Status(next(server, stream))
}

func (s *Server) allowedRPC(ctx context.Context, method string) error {
	health := strings.HasSuffix(method, "/ServerLive") || strings.HasSuffix(method, "/ServerReady")
	if s.ending.Load() && !health {
		return status.Error(codes.Unavailable, "the server is ending")
	}
	if s.token == "" || health {
		return nil
	}
	given, _ := metadata.FromIncomingContext(ctx)
	for _, v := range given.Get("authorization") {
		if scheme, token, _ := strings.Cut(v, " "); strings.EqualFold(scheme, "bearer") && s.token.is(strings.TrimSpace(token)) {
			return nil
		}
	}
	return status.Error(codes.Unauthenticated, "this server asks for a token: authorization: Bearer TOKEN")
}

// count counts a call, and writes it to the access log.
func (s *Server) count(ctx context.Context, method string, message any, began time.Time, err error) {
	model := ""
	if m, ok := message.(interface{ GetModelName() string }); ok {
		model = s.known(m.GetModelName())
	} else if m, ok := message.(interface{ GetName() string }); ok {
		model = s.known(m.GetName())
	}
	_, name, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	code := status.Code(err)
	s.metrics.observe("grpc/"+name, model, code.String(), began)
	head := http.Header{}
	if given, ok := metadata.FromIncomingContext(ctx); ok && len(given.Get("traceparent")) > 0 {
		head.Set("Traceparent", given.Get("traceparent")[0])
	}
	s.trace(head, traced{name: name, began: began, end: time.Now(), failed: code == codes.Internal, fields: map[string]string{"rpc.grpc.status_code": strconv.Itoa(int(code)), "ortho.model": model}})
	from := ""
	if p, ok := peer.FromContext(ctx); ok {
		from = p.Addr.String()
	}
	text := ""
	if err != nil {
		text = status.Convert(err).Message()
	}
	s.log(entry{Time: began, From: from, Method: "gRPC", Path: method, Model: model, Status: int(code), Milliseconds: float64(time.Since(began).Microseconds()) / 1000, Error: text})
}
