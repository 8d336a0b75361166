package serve

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"ortho/cmd/ortho/internal/serve/catalog"
	"ortho/cmd/ortho/internal/serve/oip/inference"
)

// listening runs a server, and returns its addresses.
func listening(t *testing.T, opt Options) (web, rpc string) {
	t.Helper()
	opt.HTTP, opt.GRPC, opt.Drain = "127.0.0.1:0", "127.0.0.1:0", 5*time.Second
	s, _ := opened(t, opt, catalog.Options{}, "float32_nchw")
	ctx, stop := context.WithCancel(context.Background())
	addresses, ended := make(chan [2]string, 1), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func(web, rpc string) { addresses <- [2]string{web, rpc} }) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	found := <-addresses
	return found[0], found[1]
}

// TestPaths: what is no plain path leads nowhere, and to no file.
func TestPaths(t *testing.T) {
	web, _ := listening(t, Options{MaxBody: 1 << 20, MaxBodies: 1 << 20})
	for _, path := range []string{"/../etc/passwd", "/v2/models/../../etc/passwd", "/v2/models/%2e%2e%2f%2e%2e%2fetc", "/v2//models", "/page/../page.js", "//v2", "/v2/models/..", "/./v2", "/v2/repository/models/%2e%2e/load", "/\x01"} {
		connection, err := net.Dial("tcp", web)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path)
		answer, _ := io.ReadAll(connection)
		connection.Close()
		if status := strings.Fields(string(answer) + " x x")[1]; status[0] != '4' {
			t.Errorf("%s: %.200s", path, answer)
		}
	}
}

// TestOrigins: a page of another origin, and a name that was made to mean this machine, get nothing; the server's own page
// and programs do.
func TestOrigins(t *testing.T) {
	web, _ := listening(t, Options{MaxBody: 1 << 20, MaxBodies: 1 << 20})
	for _, c := range []struct {
		want    int
		headers []string
	}{
		{200, nil},
		{200, []string{"Origin", "http://" + web, "Sec-Fetch-Site", "same-origin"}},
		{403, []string{"Origin", "https://example.com"}},
		{403, []string{"Origin", "null"}},
		{403, []string{"Sec-Fetch-Site", "cross-site"}},
		{403, []string{"Sec-Fetch-Site", "same-site", "Origin", "http://127.0.0.1:1"}},
		{421, []string{"Host", "example.com"}},
		{421, []string{"Host", "127.0.0.1.example.com:8000"}},
		{421, []string{"Host", "0.0.0.0"}},
		{200, []string{"Host", "localhost"}},
		{200, []string{"Host", "[::1]:8000"}},
	} {
		status, text, header := asked(t, "POST", "http://"+web+"/v2/repository/index", "application/json", strings.NewReader("{}"), c.headers...)
		if status != c.want || header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%v: %d %s", c.headers, status, text)
		}
	}
}

// TestManyConnections: 2,000 connections that say little or nothing keep nobody from being answered.
func TestManyConnections(t *testing.T) {
	web, _ := listening(t, Options{MaxBody: 1 << 20, MaxBodies: 4 << 20, Timeout: 2 * time.Second})
	n := 2000
	if testing.Short() {
		n = 200
	}
	var all []net.Conn
	defer func() {
		for _, c := range all {
			c.Close()
		}
	}()
	for i := range n {
		connection, err := net.Dial("tcp", web)
		if err != nil {
			t.Logf("%d connections: %v", i, err)
			break
		}
		all = append(all, connection)
		switch i % 4 {
		case 0: // nothing
		case 1:
			io.WriteString(connection, "POST /v1/classify HTTP/1.1\r\nHost: loc")
		case 2:
			io.WriteString(connection, "POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nabc")
		case 3:
			io.WriteString(connection, "POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n")
		}
	}
	for range 5 {
		client := http.Client{Timeout: 20 * time.Second}
		response, err := client.Get("http://" + web + "/v2/health/ready")
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != 200 {
			t.Errorf("%d", response.StatusCode)
		}
	}
}

// TestBodiesThatDoNotEnd: calls of gRPC whose messages never end are ended by time, and give their memory back.
func TestBodiesThatDoNotEnd(t *testing.T) {
	web, rpc := listening(t, Options{MaxBody: 8 << 20, MaxBodies: 16 << 20, Timeout: time.Second})
	client, err := grpc.NewClient(rpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	service := inference.NewGRPCInferenceServiceClient(client)
	if _, err := service.ServerLive(t.Context(), &inference.ServerLiveRequest{}); err != nil {
		t.Fatal(err)
	}
	// A message that says to have 8 MB, of which 3 come: with gRPC's own client that can't be said, so by hand.
	var group sync.WaitGroup
	ended := make([]error, 12)
	for n := range ended {
		group.Go(func() { ended[n] = halfMessage(rpc, 8<<20-10, 3<<20) })
	}
	group.Wait()
	for n, err := range ended {
		if err != nil {
			t.Errorf("%d: %v", n, err)
		}
	}
	for range 50 {
		if _, err = service.ServerLive(t.Context(), &inference.ServerLiveRequest{}); err == nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err != nil {
		t.Error(err)
	}
	// And one that is too large is refused as that.
	_, err = service.ModelInfer(t.Context(), &inference.ModelInferRequest{ModelName: "float32_nchw", RawInputContents: [][]byte{make([]byte, 9<<20)}})
	if status.Code(err) != codes.ResourceExhausted {
		t.Error(err)
	}
	client.Close()
	text := ""
	for range 50 {
		runtime.GC()
		if _, text, _ = asked(t, "GET", "http://"+web+"/metrics", "", nil); strings.Contains(text, "\northo_body_bytes 0\n") {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	at := strings.Index(text, "\northo_body_bytes")
	t.Errorf("memory is held: %.40s", text[at:])
}

// halfMessage begins a call whose message has fewer bytes than it says, and returns when the server has ended it: nil; or
// an error where it does not.
func halfMessage(address string, says, comes int) error {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer connection.Close()
	frame := func(kind, flags byte, stream uint32, payload []byte) []byte {
		b := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags}
		return append(binary.BigEndian.AppendUint32(b, stream), payload...)
	}
	literal := func(name, value string) []byte {
		return append(append([]byte{0, byte(len(name))}, name...), append([]byte{byte(len(value))}, value...)...)
	}
	var head bytes.Buffer
	for _, h := range [][2]string{{":method", "POST"}, {":scheme", "http"}, {":path", "/inference.GRPCInferenceService/ModelInfer"}, {":authority", "localhost"}, {"content-type", "application/grpc"}, {"te", "trailers"}} {
		head.Write(literal(h[0], h[1]))
	}
	hello := append([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(4, 0, 0, nil)...)
	hello = append(hello, frame(1, 4, 1, head.Bytes())...)
	if _, err := connection.Write(hello); err != nil {
		return err
	}
	go func() {
		first := append([]byte{0}, binary.BigEndian.AppendUint32(nil, uint32(says))...)
		for sent := 0; sent < comes; sent += 16000 {
			if _, err := connection.Write(frame(0, 0, 1, append(first, make([]byte, 16000-len(first))...))); err != nil {
				return
			}
			first = nil
		}
	}()
	connection.SetReadDeadline(time.Now().Add(30 * time.Second))
	var header [9]byte
	for {
		if _, err := io.ReadFull(connection, header[:]); err != nil {
			if err, ok := err.(net.Error); ok && err.Timeout() {
				return fmt.Errorf("it goes on: %w", err)
			}
			return nil // closed
		}
		size := int64(header[0])<<16 | int64(header[1])<<8 | int64(header[2])
		if _, err := io.CopyN(io.Discard, connection, size); err != nil {
			return err
		}
		if stream := binary.BigEndian.Uint32(header[5:]); stream == 1 && (header[3] == 3 || header[3] == 1 && header[4]&1 != 0) { // RST_STREAM, or trailers
			return nil
		}
	}
}

// TestComeAndGo: while a model is unloaded and loaded again, calls are answered, or told that it is not there; those whose
// clients go leave nothing behind.
func TestComeAndGo(t *testing.T) {
	web, _ := listening(t, Options{MaxBody: 1 << 20, MaxBodies: 64 << 20, Timeout: 10 * time.Second})
	image := photo(t, "chelsea.png")
	stop, answers := make(chan struct{}), make(chan int, 1<<16)
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				client := http.Client{}
				if n%2 == 0 { // it goes soon
					client.Timeout = time.Duration(n+1) * time.Millisecond
				}
				response, err := client.Post("http://"+web+"/v1/classify?model=float32_nchw", "image/png", bytes.NewReader(image))
				if err == nil {
					io.Copy(io.Discard, response.Body)
					response.Body.Close()
					answers <- response.StatusCode
				}
			}
		})
	}
	for range 10 {
		for _, what := range []string{"unload", "load"} {
			if status, text, _ := asked(t, "POST", "http://"+web+"/v2/repository/models/float32_nchw/"+what, "", nil); status != 200 {
				t.Errorf("%s: %d %s", what, status, text)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	close(stop)
	group.Wait()
	close(answers)
	found := map[int]int{}
	for status := range answers {
		found[status]++
	}
	if found[200] == 0 || len(found) > 2 || len(found) == 2 && found[503] == 0 {
		t.Errorf("statuses %v", found)
	}
	var text string
	for range 100 {
		if _, text, _ = asked(t, "GET", "http://"+web+"/metrics", "", nil); strings.Contains(text, `ortho_model_calls{model="float32_nchw",version="1"} 0`) && strings.Contains(text, "\northo_body_bytes 0\n") {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("calls are left: %s", text[strings.Index(text, "ortho_model_calls{"):])
}
