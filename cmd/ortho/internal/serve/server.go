package serve

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/experimental"

	"ortho/cmd/ortho/internal/serve/catalog"
	"ortho/cmd/ortho/internal/serve/oip"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/describe"
)

// Options say how a server answers.
type Options struct {
	HTTP, GRPC string      // addresses; GRPC "": none
	TLS        *tls.Config // nil: plain
	Token      string      // that clients have to show; "": none
	Version    string      // of the program

	MaxBody   int64 // bytes of a request
	MaxBodies int64 // bytes of all requests under way
	MaxPixels int64 // of an image
	MaxBatch  int   // rows that calls share a run with

	Timeout time.Duration // of a request; 0: none
	Drain   time.Duration // how long requests under way have when the server ends
	Idle    time.Duration // after which a model that is not used is closed until it is; 0: never

	Describer *describe.Describer // of /v1/describe; nil: it is not offered

	Access io.Writer // the access log: a JSON object a request; nil: none
	Traces io.Writer // spans, as OTLP has them in JSON: a line a request; nil: none
}

// Server answers requests from a catalog.
type Server struct {
	opt     Options
	ui      *term.UI
	catalog *catalog.Catalog
	metrics *metrics
	bodies  bodies
	intake  *intake
	oip     *oip.Server
	token   secret
	timeout time.Duration
	ending  atomic.Bool
	flight  atomic.Int64 // requests over HTTP that are under way
	chats   atomic.Int64 // descriptions that are under way
	access  io.Writer
	logging sync.Mutex
	mux     *http.ServeMux
	cross   *http.CrossOriginProtection
}

// New makes a server. What happens is told by ui.
func New(ui *term.UI, c *catalog.Catalog, opt Options) *Server {
	s := &Server{opt: opt, ui: ui, catalog: c, token: secret(opt.Token), timeout: opt.Timeout, access: opt.Access,
		bodies: bodies{each: opt.MaxBody, all: opt.MaxBodies, patience: cmp.Or(opt.Timeout, time.Minute)},
		mux:    http.NewServeMux(), cross: http.NewCrossOriginProtection()}
	s.intake = newIntake(opt.MaxBodies, s.bodies.patience)
	s.metrics = newMetrics(c, func() int64 { return s.bodies.held.Load() + s.intake.count() })
	s.oip = oip.New(c, oip.Options{Ready: s.ready, Hold: s.bodies.hold, Version: opt.Version, MaxPixels: opt.MaxPixels, MaxBatch: opt.MaxBatch})
	for _, r := range s.routes() {
		s.mux.Handle(r.method+" "+r.path, s.handle(r))
	}
	s.mux.Handle("/", s.handle(route{path: "other", answer: s.nothing}))
	return s
}

// Ran counts a run with tensors; see catalog.Options.
func (s *Server) Ran(model string, rows int64, _ int) {
	s.metrics.rows.WithLabelValues(model).Observe(float64(rows))
}

// routes are all of the server's.
func (s *Server) routes() []route {
	all := []route{
		{method: "GET", path: "/metrics", answer: func(c *call) error { s.metrics.handler().ServeHTTP(c.w, c.Request); return nil }, about: "Counts and times, as Prometheus reads them."},
		{method: "GET", path: "/openapi.json", answer: s.openAPI, about: "This description."},
	}
	all = append(all, pageRoutes()...)
	all = append(all, s.peoplesRoutes()...)
	all = append(all, s.huggingFaceRoutes()...)
	all = append(all, s.openAIRoutes()...)
	all = append(all, s.immichRoutes()...)
	for _, r := range s.oip.Routes() {
		all = append(all, route{method: r.Method, path: r.Path, body: r.Body, open: r.Open, about: r.About, answer: func(c *call) error {
			c.model = s.known(c.PathValue("model"))
			return r.Answer(c.w, c.Request, c.body)
		}})
	}
	return all
}

// known is a model's name; "" of one that is not here, which metrics shall not count.
func (s *Server) known(name string) string {
	for _, n := range s.catalog.Names() {
		if n == name {
			return n
		}
	}
	return ""
}

// Handler answers over HTTP.
func (s *Server) Handler() http.Handler {
	nothing := s.handle(route{path: "other", answer: s.nothing})
	return s.cross.Handler(s.guarded(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if clean := path.Clean(r.URL.Path); clean != r.URL.Path && clean+"/" != r.URL.Path { // else net/http sends clients elsewhere
			nothing.ServeHTTP(w, r)
			return
		}
		s.mux.ServeHTTP(w, r)
	})))
}

// guarded refuses requests that name another host than a server on loopback has: a page in the
// browser could make its own name mean 127.0.0.1.
func (s *Server) guarded(next http.Handler) http.Handler {
	if s.token != "" || !loopback(s.opt.HTTP) {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(r.Host); err == nil {
			host = h
		}
		if ip := net.ParseIP(trimmed(host)); host != "" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, fmt.Sprintf("this server answers on loopback, and not as %q", term.Clean(host)), http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func trimmed(host string) string {
	if len(host) > 1 && host[0] == '[' && host[len(host)-1] == ']' {
		return host[1 : len(host)-1]
	}
	return host
}

// loopback reports whether an address is reached from this machine alone.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Public reports whether the server can be reached from other machines.
func (o Options) Public() bool { return !loopback(o.HTTP) || o.GRPC != "" && !loopback(o.GRPC) }

// ready reports whether the server takes requests.
func (s *Server) ready() bool { return !s.ending.Load() }

// Run answers until ctx is done; then it refuses further requests, waits for those under way, and
// returns. listening is called when requests can come, with the addresses.
func (s *Server) Run(ctx context.Context, listening func(http, grpc string)) error {
	web, err := net.Listen("tcp", s.opt.HTTP)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10, TLSConfig: s.opt.TLS, ErrorLog: silent()}
	var rpc *grpc.Server
	var rpcs net.Listener
	if s.opt.GRPC != "" {
		if rpcs, err = net.Listen("tcp", s.opt.GRPC); err != nil {
			web.Close()
			return err
		}
		rpc = s.newGRPC()
		listening(web.Addr().String(), rpcs.Addr().String())
	} else {
		listening(web.Addr().String(), "")
	}
	failed := make(chan error, 2)
	go func() {
		if s.opt.TLS != nil {
			failed <- server.ServeTLS(web, "", "")
		} else {
			failed <- server.Serve(web)
		}
	}()
	if rpc != nil {
		go func() { failed <- rpc.Serve(rpcs) }()
	}
	ticking, stopTicking := context.WithCancel(ctx)
	defer stopTicking()
	go s.sleep(ticking)
	select {
	case <-ctx.Done():
		err = nil
	case err = <-failed:
	}
	return errors.Join(err, s.end(server, rpc))
}

// end refuses further requests, and waits for those under way. Until then it listens: who comes
// meanwhile is told so, and not cut off.
func (s *Server) end(server *http.Server, rpc *grpc.Server) error {
	s.ending.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), s.opt.Drain)
	defer cancel()
	if rpc != nil {
		stopped := make(chan struct{})
		go func() {
			rpc.GracefulStop()
			close(stopped)
		}()
		defer func() {
			select {
			case <-stopped:
			case <-ctx.Done():
				rpc.Stop()
			}
		}()
	}
	for tick := time.NewTicker(5 * time.Millisecond); s.flight.Load() > 0 && ctx.Err() == nil; {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	last, stop := context.WithTimeout(ctx, time.Second) // connections that have asked nothing yet are not waited for longer
	defer stop()
	err := server.Shutdown(last)
	if errors.Is(err, context.DeadlineExceeded) {
		server.Close()
		if s.flight.Load() == 0 {
			return nil
		}
		return fmt.Errorf("requests were still under way after %v (--drain)", s.opt.Drain)
	}
	return err
}

// sleep closes models that are not used.
func (s *Server) sleep(ctx context.Context) {
	if s.opt.Idle <= 0 {
		return
	}
	tick := time.NewTicker(max(time.Second, s.opt.Idle/4))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.catalog.Sleep(s.opt.Idle)
		}
	}
}

func (s *Server) newGRPC() *grpc.Server {
	options := []grpc.ServerOption{grpc.MaxRecvMsgSize(int(min(s.opt.MaxBody, 1<<31-1))), grpc.MaxSendMsgSize(1<<31 - 1),
		grpc.UnaryInterceptor(s.unary), grpc.StreamInterceptor(s.stream), grpc.MaxConcurrentStreams(256), grpc.ForceServerCodecV2(oip.NewCodec()),
		// A tensor is hundreds of frames: fewer reads, and no waiting for room.
		grpc.ReadBufferSize(128 << 10), grpc.InitialWindowSize(1 << 20), grpc.InitialConnWindowSize(4 << 20)}
	if s.opt.TLS != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(s.opt.TLS)))
	}
	options = append(options, experimental.BufferPool(s.intake), grpc.InTapHandle(s.intake.let))
	server := grpc.NewServer(options...)
	s.oip.Register(server)
	return server
}
