package oip

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"ortho/cmd/ortho/internal/serve/catalog"
	"ortho/cmd/ortho/internal/serve/fault"
	"ortho/cmd/ortho/internal/serve/oip/inference"
	"ortho/models"
	"ortho/models/dual"
	"ortho/runner/library"
)

// opened is a server with models of the test data, and with REST alone.
func opened(t testing.TB, names ...string) (*Server, *httptest.Server) {
	t.Helper()
	if _, err := library.Find(""); err != nil {
		t.Skipf("needs ONNX Runtime: %v", err)
	}
	c := catalog.New(catalog.Options{Queue: 64, Open: func(_ context.Context, name string) (*models.Model, *dual.Model, error) {
		var s models.Settings
		for key, value := range map[string]string{"mean": "0", "std": "1"} {
			if err := s.Set(key, value); err != nil {
				return nil, nil, err
			}
		}
		m, err := models.Open(name, s)
		return m, nil, err
	}})
	t.Cleanup(c.Close)
	for _, name := range names {
		if err := c.Add(name, "../../../../../models/testdata/"+name); err != nil {
			t.Fatal(err)
		}
		if err := c.Load(context.Background(), name); err != nil {
			t.Fatal(err)
		}
	}
	s := New(c, Options{Ready: func() bool { return true }, Hold: func(int64) (func(), error) { return func() {}, nil }, Version: "1", MaxPixels: 0, MaxBatch: 1})
	mux := http.NewServeMux()
	for _, r := range s.Routes() {
		mux.HandleFunc(r.Method+" "+r.Path, func(w http.ResponseWriter, req *http.Request) {
			body := make([]byte, max(0, req.ContentLength))
			if _, err := readFull(req, body); err != nil {
				t.Error(err)
			}
			if f := fault.Of(r.Answer(w, req, body)); f != nil {
				http.Error(w, f.Text, f.Status)
			}
		})
	}
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	return s, web
}

func readFull(r *http.Request, to []byte) (n int, err error) {
	for n < len(to) && err == nil {
		var more int
		more, err = r.Body.Read(to[n:])
		n += more
	}
	if n == len(to) {
		err = nil
	}
	return n, err
}

// sample is a tensor of a type: as JSON, as raw bytes, and as the float64 that the graph makes of it.
type sample struct {
	name, json string
	raw        []byte
	want       []float64
}

func le[T any](values ...T) (b []byte) {
	b, _ = binary.Append(b, binary.LittleEndian, values)
	return b
}

// samples are of the extremes of each type, and of halves.
var samples = []sample{
	{"UINT8", "[0,255]", le[uint8](0, 255), []float64{0, 255}},
	{"INT8", "[-128,127]", le[int8](-128, 127), []float64{-128, 127}},
	{"UINT16", "[[1,65535]]", le[uint16](1, 65535), []float64{1, 65535}},
	{"INT16", "[-32768,7]", le[int16](-32768, 7), []float64{-32768, 7}},
	{"UINT32", "[0,4294967295]", le[uint32](0, 1<<32-1), []float64{0, 1<<32 - 1}},
	{"INT32", "[-2147483648,5]", le[int32](-1<<31, 5), []float64{-1 << 31, 5}},
	{"UINT64", "[0,9007199254740993]", le[uint64](0, 1<<53+1), []float64{0, 1 << 53}},
	{"INT64", "[-9223372036854775808,1]", le[int64](-1<<63, 1), []float64{-1 << 63, 1}},
	{"BOOL", "[true,false]", []byte{1, 0}, []float64{1, 0}},
	{"FP32", "[0.1,-3e38]", le[float32](0.1, -3e38), []float64{float64(float32(0.1)), float64(float32(-3e38))}},
	{"FP64", "[0.1,1e300]", le(0.1, 1e300), []float64{0.1, 1e300}},
}

func inputName(kind string) string {
	return strings.NewReplacer("FP", "float").Replace(strings.ToLower(strings.Replace(kind, "FP", "float", 1)))
}

// request is a whole request with the samples, as JSON or as raw bytes.
func (s sample) tensor(binary bool) string {
	if binary {
		return fmt.Sprintf(`{"name":%q,"shape":[1,2],"datatype":%q,"parameters":{"binary_data_size":%d}}`, inputName(s.name), s.name, len(s.raw))
	}
	return fmt.Sprintf(`{"name":%q,"shape":[1,2],"datatype":%q,"data":%s}`, inputName(s.name), s.name, s.json)
}

// ask posts an inference, and returns its answer's head and raw tensors.
func ask(t testing.TB, address, head string, tail []byte) (status int, answer struct {
	Outputs []struct {
		Name, Datatype string
		Shape          []int64
		Data           json.RawMessage
		Parameters     struct {
			Size int `json:"binary_data_size"`
		}
	}
}, raw []byte, text string) {
	t.Helper()
	r, err := http.NewRequest("POST", address, strings.NewReader(head+string(tail)))
	if err != nil {
		t.Fatal(err)
	}
	if tail != nil {
		r.Header.Set(headLength, fmt.Sprint(len(head)))
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var b strings.Builder
	if _, err := fmt.Fprint(&b, readAll(t, response)); err != nil {
		t.Fatal(err)
	}
	text = b.String()
	body := text
	if n := response.Header.Get(headLength); n != "" {
		var length int
		fmt.Sscan(n, &length)
		body, raw = text[:length], []byte(text[length:])
	}
	if response.StatusCode == 200 {
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
	}
	return response.StatusCode, answer, raw, text
}

func readAll(t testing.TB, r *http.Response) string {
	var b strings.Builder
	buffer := make([]byte, 64<<10)
	for {
		n, err := r.Body.Read(buffer)
		b.Write(buffer[:n])
		if err != nil {
			return b.String()
		}
	}
}

// TestTypes: values of every type arrive as they are, as JSON and as raw bytes, and come back so.
func TestTypes(t *testing.T) {
	_, web := opened(t, "types_in")
	address := web.URL + "/v2/models/types_in/infer"
	for _, binary := range []bool{false, true} {
		var tensors []string
		var tail []byte
		for _, s := range samples {
			tensors = append(tensors, s.tensor(binary))
			if binary {
				tail = append(tail, s.raw...)
			}
		}
		for _, output := range []bool{false, true} {
			head := fmt.Sprintf(`{"inputs":[%s],"parameters":{"binary_data_output":%t}}`, strings.Join(tensors, ","), output)
			status, answer, raw, text := ask(t, address, head, tail)
			if status != 200 || len(answer.Outputs) != len(samples) {
				t.Fatalf("%d: %s", status, text)
			}
			for i, o := range answer.Outputs {
				var got []float64
				if output {
					for k := range o.Parameters.Size / 8 {
						got = append(got, math.Float64frombits(binaryAt(raw, k)))
					}
					raw = raw[o.Parameters.Size:]
				} else if err := json.Unmarshal(o.Data, &got); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(got, samples[i].want) || o.Datatype != "FP64" || !slices.Equal(o.Shape, []int64{1, 2}) {
					t.Errorf("binary %t, output %t: %s: %v, want %v", binary, output, samples[i].name, got, samples[i].want)
				}
			}
		}
	}
}

func binaryAt(b []byte, k int) uint64 { return binary.LittleEndian.Uint64(b[8*k:]) }

// TestOutputTypes: outputs of every type are written as JSON.
func TestOutputTypes(t *testing.T) {
	_, web := opened(t, "types_unsaid")
	status, answer, _, text := ask(t, web.URL+"/v2/models/types_unsaid/infer", `{"id":"x","inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[0,1]}]}`, nil)
	if status != 200 || !strings.Contains(text, `"id":"x"`) {
		t.Fatalf("%d: %s", status, text)
	}
	for _, o := range answer.Outputs {
		want := "[0,1]"
		switch {
		case o.Datatype == "BOOL":
			want = "[false,true]"
		case o.Datatype[1] == 'P' || o.Datatype == "BF16":
			want = "[0.0,1.0]"
		}
		if string(o.Data) != want {
			t.Errorf("%s %s: %s", o.Name, o.Datatype, o.Data)
		}
	}
}

// TestRefused: what is wrong with a request is told, with the status of a mistake of the client's.
func TestRefused(t *testing.T) {
	_, web := opened(t, "float32_nchw", "nan", "strings")
	good := `{"name":"input","shape":[1,3,32,32],"datatype":"FP32","parameters":{"binary_data_size":12288}}`
	zeros := make([]byte, 12288)
	for name, test := range map[string]struct {
		model, head string
		tail        []byte
		status      int
		want        string
	}{
		"good":            {"float32_nchw", `{"inputs":[` + good + `]}`, zeros, 200, "logits"},
		"unknown model":   {"none", `{"inputs":[` + good + `]}`, zeros, 404, `there is no model "none"`},
		"version":         {"float32_nchw/versions/7", `{"inputs":[` + good + `]}`, zeros, 404, "has no version"},
		"no JSON":         {"float32_nchw", `{"inputs"`, nil, 400, "not JSON"},
		"behind":          {"float32_nchw", `{"inputs":[]} x`, nil, 400, "something follows the JSON"},
		"none":            {"float32_nchw", `{}`, nil, 400, "no inputs"},
		"datatype":        {"float32_nchw", `{"inputs":[{"name":"input","shape":[1],"datatype":"FLOAT","data":[1]}]}`, nil, 400, `datatype "FLOAT" is not one of BOOL`},
		"too long":        {"float32_nchw", `{"inputs":[` + good + `]}`, zeros[:100], 400, "binary_data_size is 12288, and 100 bytes are left"},
		"left":            {"float32_nchw", `{"inputs":[` + good + `]}`, append(slices.Clone(zeros), 1), 400, "1 bytes behind its tensors"},
		"negative":        {"float32_nchw", `{"inputs":[{"name":"input","shape":[1],"datatype":"FP32","parameters":{"binary_data_size":-1}}]}`, zeros, 400, "binary_data_size is -1"},
		"shape":           {"float32_nchw", `{"inputs":[{"name":"input","shape":[1,-3,32,32],"datatype":"FP32","data":[1]}]}`, nil, 400, "which can't be"},
		"vast":            {"float32_nchw", `{"inputs":[{"name":"input","shape":[4611686018427387904,4611686018427387904],"datatype":"FP32","data":[1]}]}`, nil, 400, "which can't be"},
		"claims":          {"float32_nchw", `{"inputs":[{"name":"input","shape":[1000000,1000],"datatype":"FP32","data":[1]}]}`, nil, 400, "has 1 values"},
		"both":            {"float32_nchw", `{"inputs":[{"name":"input","shape":[1],"datatype":"FP32","data":[1],"parameters":{"binary_data_size":4}}]}`, zeros[:4], 400, "has data, and raw bytes"},
		"no number":       {"float32_nchw", `{"inputs":[{"name":"input","shape":[1],"datatype":"FP32","data":["1"]}]}`, nil, 400, "is no value of FP32"},
		"range":           {"float32_nchw", `{"inputs":[{"name":"input","shape":[1],"datatype":"UINT8","data":[256]}]}`, nil, 400, `"256" is no value of UINT8`},
		"half":            {"float32_nchw", `{"inputs":[{"name":"input","shape":[1],"datatype":"INT32","data":[1.5]}]}`, nil, 400, `"1.5" is no value of INT32`},
		"float16 in JSON": {"float32_nchw", `{"inputs":[{"name":"input","shape":[1],"datatype":"FP16","data":[1]}]}`, nil, 400, "JSON has no values of FP16"},
		"deep":            {"float32_nchw", `{"inputs":[{"name":"input","shape":[1],"datatype":"FP32","data":` + strings.Repeat("[", 40) + "1" + strings.Repeat("]", 40) + `}]}`, nil, 400, "lists in more than"},
		"output":          {"float32_nchw", `{"inputs":[` + good + `],"outputs":[{"name":"nothing"}]}`, zeros, 400, `there is no output "nothing"; the model gives logits`},
		"shared memory":   {"float32_nchw", `{"inputs":[{"name":"input","shape":[1],"datatype":"FP32","parameters":{"shared_memory_region":"r"}}]}`, nil, 400, "shared memory is not offered"},
		"rank":            {"float32_nchw", `{"inputs":[{"name":"input","shape":[3],"datatype":"FP32","data":[1,2,3]}]}`, nil, 400, "given with shape [3]"},
		"no image":        {"float32_nchw", `{"inputs":[{"name":"image","shape":[1],"datatype":"BYTES","data":["no image"]}]}`, nil, 400, "image 1"},
		"NaN":             {"nan", `{"inputs":[` + good + `]}`, zeros, 400, "ask for it as raw bytes"},
	} {
		status, _, _, text := ask(t, web.URL+"/v2/models/"+test.model+"/infer", test.head, test.tail)
		if status != test.status || !strings.Contains(text, test.want) {
			t.Errorf("%s: %d %s, want %d %q", name, status, text, test.status, test.want)
		}
	}
}

// dialled is a client of gRPC, whose code is the protocol's.
func dialled(t *testing.T, s *Server) inference.GRPCInferenceServiceClient {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	s.Register(server)
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	connection, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return inference.NewGRPCInferenceServiceClient(connection)
}

// TestGRPC: gRPC has the bits of REST, for contents, raw bytes and encoded images, alone and in a stream.
func TestGRPC(t *testing.T) {
	s, web := opened(t, "types_in", "float32_nchw")
	client := dialled(t, s)
	var raw, contents inference.ModelInferRequest
	raw.ModelName, contents.ModelName = "types_in", "types_in"
	for _, one := range samples {
		tensor := &inference.ModelInferRequest_InferInputTensor{Name: inputName(one.name), Datatype: one.name, Shape: []int64{1, 2}}
		raw.Inputs, raw.RawInputContents = append(raw.Inputs, tensor), append(raw.RawInputContents, one.raw)
		filled := &inference.ModelInferRequest_InferInputTensor{Name: tensor.Name, Datatype: one.name, Shape: tensor.Shape, Contents: contentsOf(t, one)}
		contents.Inputs = append(contents.Inputs, filled)
	}
	for name, r := range map[string]*inference.ModelInferRequest{"raw": &raw, "contents": &contents} {
		answer, err := client.ModelInfer(t.Context(), r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i, o := range answer.RawOutputContents {
			if got := []float64{math.Float64frombits(binaryAt(o, 0)), math.Float64frombits(binaryAt(o, 1))}; !slices.Equal(got, samples[i].want) {
				t.Errorf("%s: %s: %v, want %v", name, samples[i].name, got, samples[i].want)
			}
		}
	}
	image, err := os.ReadFile("../../../testdata/photos/chelsea.png")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _, text := ask(t, web.URL+"/v2/models/float32_nchw/infer", fmt.Sprintf(`{"inputs":[{"name":"input","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":%d}}]}`, 2*(4+len(image))),
		slices.Concat(le(uint32(len(image))), image, le(uint32(len(image))), image))
	asked := &inference.ModelInferRequest{ModelName: "float32_nchw", Inputs: []*inference.ModelInferRequest_InferInputTensor{{Name: "input", Datatype: "BYTES", Shape: []int64{2}, Contents: &inference.InferTensorContents{BytesContents: [][]byte{image, image}}}}}
	answer, err := client.ModelInfer(t.Context(), asked)
	if err != nil || len(rest.Outputs) != 1 {
		t.Fatalf("%v, %s", err, text)
	}
	var values []float32
	json.Unmarshal(rest.Outputs[0].Data, &values)
	if !slices.Equal(le(values...), answer.RawOutputContents[0]) || len(values) != 6 {
		t.Errorf("encoded images: %v by REST, %v by gRPC", values, answer.RawOutputContents[0])
	}

	stream, err := client.ModelStreamInfer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for n, r := range []*inference.ModelInferRequest{asked, {ModelName: "none", Id: "2", Inputs: asked.Inputs}, asked} {
		if err := stream.Send(r); err != nil {
			t.Fatal(err)
		}
		got, err := stream.Recv()
		if err != nil || (got.ErrorMessage != "") != (n == 1) {
			t.Fatalf("%d: %v, %v", n, got, err)
		}
		if n != 1 && !slices.Equal(got.InferResponse.RawOutputContents[0], answer.RawOutputContents[0]) {
			t.Errorf("%d: another answer in a stream", n)
		}
	}
	if _, err := client.ModelInfer(t.Context(), &inference.ModelInferRequest{ModelName: "none", Inputs: asked.Inputs}); status.Code(err).String() != "NotFound" {
		t.Error(err)
	}
	if _, err := client.ModelInfer(t.Context(), &inference.ModelInferRequest{ModelName: "types_in", Inputs: asked.Inputs}); status.Code(err).String() != "InvalidArgument" {
		t.Error(err)
	}
}

func contentsOf(t *testing.T, s sample) *inference.InferTensorContents {
	c := &inference.InferTensorContents{}
	var to any
	switch s.name {
	case "UINT8", "UINT16", "UINT32":
		to = &c.UintContents
	case "INT8", "INT16", "INT32":
		to = &c.IntContents
	case "UINT64":
		to = &c.Uint64Contents
	case "INT64":
		to = &c.Int64Contents
	case "BOOL":
		to = &c.BoolContents
	case "FP32":
		to = &c.Fp32Contents
	case "FP64":
		to = &c.Fp64Contents
	}
	if err := json.Unmarshal([]byte(strings.Trim(strings.Replace(strings.Replace(s.json, "[[", "[", 1), "]]", "]", 1), " ")), to); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestRepository: models are listed, closed and opened again.
func TestRepository(t *testing.T) {
	s, web := opened(t, "float32_nchw")
	client := dialled(t, s)
	ready := func() bool {
		r, err := client.ModelReady(t.Context(), &inference.ModelReadyRequest{Name: "float32_nchw"})
		if err != nil {
			t.Fatal(err)
		}
		return r.Ready
	}
	if !ready() {
		t.Error("it is not ready")
	}
	if _, err := client.RepositoryModelUnload(t.Context(), &inference.RepositoryModelUnloadRequest{ModelName: "float32_nchw"}); err != nil || ready() {
		t.Errorf("unloaded: %v", err)
	}
	if status, _, _, text := ask(t, web.URL+"/v2/models/float32_nchw/infer", `{"inputs":[{"name":"input","shape":[1],"datatype":"FP32","data":[1]}]}`, nil); status != 503 || !strings.Contains(text, "unloaded") {
		t.Errorf("%d %s", status, text)
	}
	if _, err := client.RepositoryModelLoad(t.Context(), &inference.RepositoryModelLoadRequest{ModelName: "float32_nchw"}); err != nil || !ready() {
		t.Errorf("loaded: %v", err)
	}
	for address, want := range map[string]string{
		"/v2":                                `"name":"ortho"`,
		"/v2/models/float32_nchw":            `"shape":[-1,3,32,32]`,
		"/v2/models/float32_nchw/config":     `"max_batch_size":64`,
		"/v2/health/live":                    `{"live":true}`,
		"/v2/health/ready":                   `{"ready":true}`,
		"/v2/models/float32_nchw/ready":      `"ready":true`,
		"/v2/models/none/ready":              "no model",
		"/v2/models/float32_nchw/versions/1": `"versions":["1"]`,
	} {
		response, err := http.Get(web.URL + address)
		if err != nil {
			t.Fatal(err)
		}
		if text := readAll(t, response); !strings.Contains(text, want) {
			t.Errorf("%s: %s", address, text)
		}
		response.Body.Close()
	}
}
