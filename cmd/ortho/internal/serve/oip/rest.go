package oip

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/serve/catalog"
	"ortho/cmd/ortho/internal/serve/fault"
)

// headLength is the header that says how many bytes of a body are JSON: raw tensors follow.
const headLength = "Inference-Header-Content-Length"

// Options say how a server answers.
type Options struct {
	Ready     func() bool                               // whether the server as a whole takes requests
	Hold      func(n int64) (release func(), err error) // counts memory that is made of a request
	Version   string                                    // of the program
	MaxPixels int64                                     // of an image
	MaxBatch  int                                       // rows that requests share a run with
}

// Server answers the protocol from a catalog.
type Server struct {
	catalog *catalog.Catalog
	opt     Options
}

// New makes a server.
func New(c *catalog.Catalog, opt Options) *Server { return &Server{c, opt} }

// Route is a route of REST. Its function writes the answer, or returns why it can't.
type Route struct {
	Method, Path string
	Answer       func(w http.ResponseWriter, r *http.Request, body []byte) error
	Body         bool // it has one
	Open         bool // no token is asked for: probes have none
	About        string
}

// Routes are those of the protocol.
func (s *Server) Routes() []Route {
	routes := []Route{
		{Method: "GET", Path: "/v2", Answer: s.serverMetadata, About: "What the server is, and its extensions of the Open Inference Protocol."},
		{Method: "GET", Path: "/v2/health/live", Answer: answer(map[string]bool{"live": true}), Open: true, About: "Whether the process lives."},
		{Method: "GET", Path: "/v2/health/ready", Answer: s.serverReady, Open: true, About: "Whether the server takes requests."},
		{Method: "POST", Path: "/v2/repository/index", Answer: s.index, Body: true, About: "The models, their versions and states."},
		{Method: "POST", Path: "/v2/repository/models/{model}/load", Answer: s.load, Body: true, About: "Opens a model, anew where it is open."},
		{Method: "POST", Path: "/v2/repository/models/{model}/unload", Answer: s.unload, Body: true, About: "Closes a model."},
	}
	for _, model := range []string{"/v2/models/{model}", "/v2/models/{model}/versions/{version}"} {
		routes = append(routes,
			Route{Method: "GET", Path: model, Answer: s.modelMetadata, About: "The inputs and outputs of a model's graph."},
			Route{Method: "GET", Path: model + "/ready", Answer: s.modelReady, About: "Whether a model answers."},
			Route{Method: "GET", Path: model + "/config", Answer: s.modelConfig, About: "A model's configuration."},
			Route{Method: "POST", Path: model + "/infer", Answer: s.inferREST, Body: true, About: "Runs a model with tensors, or with encoded images (BYTES)."},
		)
	}
	return routes
}

func answer(v any) func(http.ResponseWriter, *http.Request, []byte) error {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) error { return write(w, v) }
}

func write(w http.ResponseWriter, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(text)
	return err
}

func (s *Server) serverReady(w http.ResponseWriter, _ *http.Request, _ []byte) error {
	if !s.opt.Ready() {
		return fault.Busy("the server is not ready")
	}
	return write(w, map[string]bool{"ready": true})
}

func (s *Server) index(w http.ResponseWriter, _ *http.Request, body []byte) error {
	var asked struct {
		Ready bool `json:"ready"`
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &asked); err != nil {
			return fault.Input("the body is not JSON as the repository extension has it: %v", err)
		}
	}
	type entry struct {
		Name    string `json:"name"`
		Version string `json:"version,omitempty"`
		State   string `json:"state"`
		Reason  string `json:"reason"`
	}
	all := []entry{}
	for _, m := range s.catalog.Statuses() {
		if !asked.Ready || m.State == catalog.Ready {
			all = append(all, entry{m.Name, m.Version, string(m.State), m.Reason})
		}
	}
	return write(w, all)
}

func (s *Server) load(w http.ResponseWriter, r *http.Request, body []byte) error {
	var asked struct {
		Parameters map[string]any `json:"parameters"`
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &asked); err != nil {
			return fault.Input("the body is not JSON as the repository extension has it: %v", err)
		}
	}
	if err := noParameters(asked.Parameters); err != nil {
		return err
	}
	return s.catalog.Load(r.Context(), r.PathValue("model"))
}

// noParameters refuses a configuration, or files, that come with a request to load a model.
func noParameters[V any](given map[string]V) error {
	for name := range given {
		if name != "unload_dependents" {
			return fault.Input("parameter %.100q: a model is loaded from the folder that the server was started with, as its files say", name)
		}
	}
	return nil
}

func (s *Server) unload(_ http.ResponseWriter, r *http.Request, _ []byte) error {
	return s.catalog.Unload(r.PathValue("model"))
}

// inferBody is the JSON of an inference.
type inferBody struct {
	ID         string         `json:"id"`
	Parameters parameters     `json:"parameters"`
	Inputs     []inferTensor  `json:"inputs"`
	Outputs    []inferOutputs `json:"outputs"`
}

type inferTensor struct {
	Name       string          `json:"name"`
	Shape      []int64         `json:"shape"`
	Datatype   string          `json:"datatype"`
	Parameters parameters      `json:"parameters"`
	Data       json.RawMessage `json:"data"`
}

type inferOutputs struct {
	Name       string     `json:"name"`
	Parameters parameters `json:"parameters"`
}

// parameters are those of the protocol that mean something here.
type parameters struct {
	BinaryDataSize   *int64 `json:"binary_data_size"`
	BinaryData       *bool  `json:"binary_data"`
	BinaryDataOutput bool   `json:"binary_data_output"`
	Classification   int    `json:"classification"`

	SharedMemory string `json:"shared_memory_region"`
	SequenceID   any    `json:"sequence_id"`
}

// refused returns why parameters can't be followed.
func (p parameters) refused() error {
	switch {
	case p.SharedMemory != "":
		return fault.Input("shared memory is not offered: give tensors in the body")
	case p.Classification < 0:
		return fault.Input("classification %d: it is how many classes are wanted", p.Classification)
	}
	return nil
}

func (s *Server) inferREST(w http.ResponseWriter, r *http.Request, body []byte) error {
	asked, err := readInfer(body, r.Header.Get(headLength))
	if err != nil {
		return err
	}
	asked.Model, asked.Version = r.PathValue("model"), r.PathValue("version")
	made, err := s.infer(r.Context(), asked)
	if err != nil {
		return err
	}
	head, tail, err := writeInfer(made, asked)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	size := len(head)
	for _, raw := range tail {
		size += len(raw)
	}
	if tail != nil {
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set(headLength, strconv.Itoa(len(head)))
	}
	w.Header().Set("Content-Length", strconv.Itoa(size))
	if _, err := w.Write(head); err != nil {
		return err
	}
	for _, raw := range tail {
		if _, err := w.Write(raw); err != nil {
			return err
		}
	}
	return nil
}

// readInfer reads the body of an inference, whose first length bytes are JSON; "": all.
func readInfer(body []byte, length string) (asked request, err error) {
	head, tail := body, []byte(nil)
	if length != "" {
		n, err := strconv.ParseUint(length, 10, 31)
		if err != nil || n > uint64(len(body)) {
			return asked, fault.Input("%s %.40q: it is how many of the body's %d bytes are JSON", headLength, length, len(body))
		}
		head, tail = body[:n], body[n:]
	}
	var b inferBody
	decoder := json.NewDecoder(strings.NewReader(string(head)))
	if err := decoder.Decode(&b); err != nil {
		return asked, fault.Input("the body is not JSON as the protocol has it: %v", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return asked, fault.Input("something follows the JSON of the body; raw tensors need the header %s", headLength)
	}
	if err := b.Parameters.refused(); err != nil {
		return asked, err
	}
	if len(b.Inputs) == 0 {
		return asked, fault.Input("there are no inputs")
	}
	asked.ID = b.ID
	for _, in := range b.Inputs {
		var t tensor
		t.Name, t.Shape = in.Name, in.Shape
		if t.Type, err = typeNamed(in.Datatype); err != nil {
			return asked, err
		}
		if err := in.Parameters.refused(); err != nil {
			return asked, err
		}
		switch size := in.Parameters.BinaryDataSize; {
		case size == nil:
			err = fromJSON(&t, in.Data)
		case len(in.Data) > 0 && string(in.Data) != "null":
			err = fault.Input("tensor %.200q has data, and raw bytes, too (binary_data_size)", in.Name)
		case *size < 0 || *size > int64(len(tail)):
			err = fault.Input("tensor %.200q: binary_data_size is %d, and %d bytes are left of the body", in.Name, *size, len(tail))
		default:
			err = fromRaw(&t, tail[:*size:*size])
			tail = tail[*size:]
		}
		if err != nil {
			return asked, err
		}
		asked.Inputs = append(asked.Inputs, t)
	}
	if len(tail) > 0 {
		return asked, fault.Input("the body has %d bytes behind its tensors", len(tail))
	}
	for _, out := range b.Outputs {
		if err := out.Parameters.refused(); err != nil {
			return asked, err
		}
		as := wanted{Name: out.Name, Classes: out.Parameters.Classification, Binary: b.Parameters.BinaryDataOutput}
		if out.Parameters.BinaryData != nil {
			as.Binary = *out.Parameters.BinaryData
		}
		asked.Outputs = append(asked.Outputs, as)
	}
	asked.Binary = b.Parameters.BinaryDataOutput
	return asked, nil
}

// writeInfer makes the head and the raw tensors of an answer; a tail of nil: there are none.
func writeInfer(made *response, asked request) (head []byte, tail [][]byte, err error) {
	type output struct {
		Name       string          `json:"name"`
		Datatype   string          `json:"datatype"`
		Shape      []int64         `json:"shape"`
		Parameters map[string]int  `json:"parameters,omitempty"`
		Data       json.RawMessage `json:"data,omitempty"`
	}
	answer := struct {
		Model   string   `json:"model_name"`
		Version string   `json:"model_version"`
		ID      string   `json:"id,omitempty"`
		Outputs []output `json:"outputs"`
	}{made.Model, made.Version, made.ID, []output{}}
	for i := range made.Outputs {
		t := &made.Outputs[i]
		o := output{Name: t.Name, Datatype: nameOf(t.Type), Shape: slices.Concat([]int64{}, t.Shape)}
		binary := asked.Binary
		if len(asked.Outputs) > 0 {
			binary = asked.Outputs[i].Binary
		}
		if binary {
			raw := t.raw()
			o.Parameters = map[string]int{"binary_data_size": len(raw)}
			tail = append(tail, raw)
		} else if o.Data, err = appendJSON(nil, t); err != nil {
			return nil, nil, err
		}
		answer.Outputs = append(answer.Outputs, o)
	}
	head, err = json.Marshal(answer)
	return head, tail, err
}

// platform is what the protocol calls a graph of ONNX that ONNX Runtime runs.
const platform = "onnxruntime_onnx"
