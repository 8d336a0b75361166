package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// clients ask at once.
	clients = 12
	// mostServer is the memory of a server whose decoders may take budget, and whose bodies 32 MB.
	mostServer = 640 << 20
	// longestAnswer is how long a client waits that does nothing wrong; the server gives up after 10 s.
	longestAnswer = 30 * time.Second
	// longestDrain is how long a server may take to end once it was told to: it waits 5 s for requests.
	longestDrain = 20 * time.Second
)

// service is a server under load.
type service struct {
	t       *turn
	address string
	images  []sent

	mutex    sync.Mutex
	requests int
	errors   []string // of what was wrong
	said     []string // what clients did, a line each
}

// sent is an image with the row that the command line has of it.
type sent struct {
	name string
	data []byte
	row  string
}

// serve has a server asked by a dozen clients at once, most of which do something wrong: it answers those that do not,
// rightly, neither grows nor leaks, and ends when it is told to. A quarter of the servers is killed meanwhile.
func serve(ctx context.Context, t *turn) error {
	s := &service{t: t}
	model, err := s.model()
	if err != nil {
		return err
	}
	if err := s.rows(ctx, model); err != nil {
		return err
	}
	found := make(chan string, 1)
	ending := pick(t.random, []syscall.Signal{syscall.SIGTERM, syscall.SIGTERM, syscall.SIGINT, syscall.SIGKILL})
	seeds := make([]uint64, clients)
	for i := range seeds {
		seeds[i] = t.random.Uint64()
	}
	var told time.Time
	o, err := t.start(ctx, &child{
		args: []string{"serve", "--http", "127.0.0.1:0", "-m", "tiny=" + model, "--max-memory", fmt.Sprint(budget), "--max-body", "4", "--max-bodies", "32",
			"--queue", "16", "--timeout", "10s", "--drain", "5s", "--max-batch", fmt.Sprint(1 + t.number%3)},
		limit:  longestRun,
		errors: &addressFinder{found: found},
		meanwhile: func(p *os.Process, ended <-chan struct{}) {
			select {
			case s.address = <-found:
			case <-ended:
				return
			case <-time.After(longestAnswer):
				s.wrong("it did not start in %v", longestAnswer)
				p.Kill()
				return
			}
			s.ask(rand.New(rand.NewPCG(seeds[0], 0)), "a right request", (*service).right) // all that is opened once is
			before, known := look(p.Pid)
			if ending == syscall.SIGKILL {
				time.AfterFunc(time.Duration(seeds[0]%3000)*time.Millisecond, func() { p.Kill() })
			}
			var all sync.WaitGroup
			for i := range clients {
				all.Go(func() { s.client(rand.New(rand.NewPCG(seeds[i], 1)), t.many(60), ended, ending == syscall.SIGKILL) })
			}
			all.Wait()
			http.DefaultClient.CloseIdleConnections()
			if ending == syscall.SIGKILL {
				return
			}
			for range 3 {
				s.ask(rand.New(rand.NewPCG(seeds[0], 2)), "a right request at the end", (*service).right)
			}
			http.DefaultClient.CloseIdleConnections()
			if known {
				s.leaked(p.Pid, before)
			}
			told = time.Now()
			p.Signal(ending)
		},
	})
	if err != nil {
		return err
	}
	t.inputs += s.requests
	codes := []int{0}
	if ending == syscall.SIGKILL {
		codes = []int{-1}
	}
	why := o.wrong(mostServer, codes...)
	switch {
	case why != nil:
	case len(s.errors) > 0:
		why = fmt.Errorf("%d of %d requests: %s", len(s.errors), s.requests, s.errors[0])
	case !told.IsZero() && time.Since(told) > longestDrain:
		why = fmt.Errorf("it ended %.1f s after it was told to", time.Since(told).Seconds())
	}
	if why == nil {
		return nil
	}
	if _, err := t.file("requests.txt", []byte(strings.Join(append(s.errors, s.said...), "\n"))); err != nil {
		return err
	}
	return t.failed(o, why)
}

// model makes the folder of a graph that takes next to no time.
func (s *service) model() (string, error) {
	graph, err := os.ReadFile(filepath.Join(s.t.root, "models/testdata/float32_nchw/model.onnx"))
	if err != nil {
		return "", err
	}
	if _, err := s.t.file("tiny/ortho.json", []byte(`{"input_range":[0,1]}`)); err != nil {
		return "", err
	}
	name, err := s.t.file("tiny/model.onnx", graph)
	return filepath.Dir(name), err
}

// rows makes images, and the rows that the command line has of them.
func (s *service) rows(ctx context.Context, model string) error {
	var names []string
	for i := range 10 {
		name := fmt.Sprintf("%02d.png", i)
		data := picture(s.t.random)
		if i == 0 {
			var err error
			if data, err = os.ReadFile(filepath.Join(s.t.root, "docs/photos/cat.jpg")); err != nil {
				return err
			}
		}
		file, err := s.t.file(name, data)
		if err != nil {
			return err
		}
		names, s.images = append(names, file), append(s.images, sent{name: name, data: data})
	}
	at := 0
	o, err := s.t.start(ctx, &child{args: append([]string{"classify", "-m", model, "-f", "jsonl"}, names...), limit: longestRun, line: func(line []byte) {
		if at < len(names) {
			s.images[at].row = strings.Replace(string(line), names[at], s.images[at].name, 1)
		}
		at++
	}})
	if err == nil && (o.code != 0 || at != len(names)) {
		err = fmt.Errorf("the command line: exit %d, %s", o.code, o.stderr)
	}
	return err
}

// client asks a number of times.
func (s *service) client(random *rand.Rand, n int, ended <-chan struct{}, killed bool) {
	for range n {
		select {
		case <-ended:
			if !killed {
				s.wrong("the server has ended")
			}
			return
		default:
		}
		a := pick(random, asked)
		if killed { // what it answers before it is killed is as it happens
			s.count(a.name)
			a.do(&service{t: s.t, address: s.address, images: s.images}, random)
			continue
		}
		s.ask(random, a.name, a.do)
	}
}

func (s *service) ask(random *rand.Rand, name string, do func(*service, *rand.Rand) error) {
	s.count(name)
	if err := do(s, random); err != nil {
		s.wrong("%s: %w", name, err)
	}
}

func (s *service) count(name string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.requests++
	s.said = append(s.said, name)
}

func (s *service) wrong(format string, args ...any) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.errors = append(s.errors, fmt.Errorf(format, args...).Error())
}

// leaked looks whether connections or files stay open when nobody asks any more.
func (s *service) leaked(pid int, before sample) {
	for range 100 { // connections that clients have left are found by and by
		if now, ok := look(pid); !ok || now.files <= before.files+mostMoreFiles {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	now, _ := look(pid)
	s.wrong("%d files were open, and %d are", before.files, now.files)
}

// form is an image as browsers send it.
func form(one sent) (kind string, body []byte) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("image", one.name)
	if err != nil {
		panic(err) // of a buffer
	}
	part.Write(one.data)
	w.Close()
	return w.FormDataContentType(), b.Bytes()
}

// right is a request as it is meant to be: it is answered as the command line does, or the server says that it is
// busy.
func (s *service) right(random *rand.Rand) error {
	one := pick(random, s.images)
	kind, body := form(one)
	status, text, err := s.post("/v1/classify", kind, bytes.NewReader(body))
	switch {
	case err != nil:
		return err
	case status == 200 && text == one.row, status == 503, status == 504:
		return nil
	}
	return fmt.Errorf("%d, %.200q, and not %.200q", status, text, one.row)
}

// post sends a request; what is answered must be an answer.
func (s *service) post(path, kind string, body io.Reader) (int, string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), longestAnswer)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, "POST", "http://"+s.address+path, body)
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", kind)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	if err != nil {
		return 0, "", err
	}
	return response.StatusCode, string(text), answer(response.StatusCode, response.Header, text)
}

// answer says what is wrong with an answer whatever was asked: 500 is a fault of the server's.
func answer(status int, header http.Header, text []byte) error {
	switch {
	case status == 500 || status == 502:
		return fmt.Errorf("%d, %.300q", status, text)
	case crashes.Match(text):
		return fmt.Errorf("its answer is of a crash: %.300q", text)
	case status >= 400 && len(bytes.TrimSpace(text)) == 0:
		return fmt.Errorf("%d, without a word", status)
	case status == 503 && header.Get("Retry-After") == "":
		return fmt.Errorf("503 without Retry-After: %.300q", text)
	case strings.HasPrefix(header.Get("Content-Type"), "application/json") && !json.Valid(text):
		return fmt.Errorf("%d, and its JSON is none: %.300q", status, text)
	}
	return nil
}

// raw writes bytes to a connection of its own, waits, and reads what comes, if it is to.
func (s *service) raw(text []byte, wait time.Duration, read bool) error {
	connection, err := net.DialTimeout("tcp", s.address, longestAnswer)
	if err != nil {
		return err
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(longestAnswer))
	connection.Write(text) // the server may have had enough
	time.Sleep(wait)
	if !read {
		return nil
	}
	if half, ok := connection.(*net.TCPConn); ok {
		half.CloseWrite()
	}
	got, _ := io.ReadAll(io.LimitReader(connection, 1<<20))
	if crashes.Match(got) || bytes.HasPrefix(got, []byte("HTTP/1.1 500")) {
		return fmt.Errorf("%.300q", got)
	}
	return nil
}

// addressFinder finds where the server says that it is.
type addressFinder struct {
	found chan<- string
	text  []byte
}

var serverAddress = regexp.MustCompile(`at http://(\S+?);`)

func (f *addressFinder) Write(text []byte) (int, error) {
	if f.text = append(f.text, text...); len(f.text) < 64<<10 {
		if m := serverAddress.FindSubmatch(f.text); m != nil {
			select {
			case f.found <- string(m[1]):
			default:
			}
		}
	}
	return len(text), nil
}
