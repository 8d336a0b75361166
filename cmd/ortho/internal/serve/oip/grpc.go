package oip

import (
	"context"
	"errors"
	"io"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"ortho/cmd/ortho/internal/serve/catalog"
	"ortho/cmd/ortho/internal/serve/fault"
	"ortho/cmd/ortho/internal/serve/oip/inference"
	"ortho/runner/onnx"
)

// Register has a server of gRPC answer the protocol.
func (s *Server) Register(to grpc.ServiceRegistrar) {
	inference.RegisterGRPCInferenceServiceServer(to, &service{s: s})
}

// Status is an error as gRPC tells it.
func Status(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := status.FromError(err); ok {
		return err
	}
	f := fault.Of(err)
	return status.Error(f.Code, f.Text)
}

// service is the protocol over gRPC.
type service struct {
	inference.UnimplementedGRPCInferenceServiceServer
	s *Server
}

func (v *service) ServerLive(context.Context, *inference.ServerLiveRequest) (*inference.ServerLiveResponse, error) {
	return &inference.ServerLiveResponse{Live: true}, nil
}

func (v *service) ServerReady(context.Context, *inference.ServerReadyRequest) (*inference.ServerReadyResponse, error) {
	return &inference.ServerReadyResponse{Ready: v.s.opt.Ready()}, nil
}

func (v *service) ModelReady(_ context.Context, r *inference.ModelReadyRequest) (*inference.ModelReadyResponse, error) {
	err := v.s.isReady(r.Name, r.Version)
	if f := fault.Of(err); f != nil && f.Code == codes.NotFound {
		return nil, Status(err)
	}
	return &inference.ModelReadyResponse{Ready: err == nil}, nil
}

func (v *service) ServerMetadata(context.Context, *inference.ServerMetadataRequest) (*inference.ServerMetadataResponse, error) {
	return &inference.ServerMetadataResponse{Name: serverName, Version: v.s.opt.Version, Extensions: extensions}, nil
}

func (v *service) ModelMetadata(ctx context.Context, r *inference.ModelMetadataRequest) (*inference.ModelMetadataResponse, error) {
	i, release, err := v.s.graph(ctx, r.Name, r.Version)
	if err != nil {
		return nil, Status(err)
	}
	defer release()
	m := &inference.ModelMetadataResponse{Name: i.Name, Versions: v.s.catalog.Versions(i.Name), Platform: platform}
	for _, t := range described(i.Inputs()) {
		m.Inputs = append(m.Inputs, &inference.ModelMetadataResponse_TensorMetadata{Name: t.Name, Datatype: t.Datatype, Shape: t.Shape})
	}
	for _, t := range described(i.Outputs()) {
		m.Outputs = append(m.Outputs, &inference.ModelMetadataResponse_TensorMetadata{Name: t.Name, Datatype: t.Datatype, Shape: t.Shape})
	}
	return m, nil
}

func (v *service) ModelConfig(ctx context.Context, r *inference.ModelConfigRequest) (*inference.ModelConfigResponse, error) {
	c, err := v.s.config(ctx, r.Name, r.Version)
	if err != nil {
		return nil, Status(err)
	}
	return &inference.ModelConfigResponse{Config: c}, nil
}

func (v *service) RepositoryIndex(_ context.Context, r *inference.RepositoryIndexRequest) (*inference.RepositoryIndexResponse, error) {
	all := &inference.RepositoryIndexResponse{}
	for _, m := range v.s.catalog.Statuses() {
		if !r.Ready || m.State == catalog.Ready {
			all.Models = append(all.Models, &inference.RepositoryIndexResponse_ModelIndex{Name: m.Name, Version: m.Version, State: string(m.State), Reason: m.Reason})
		}
	}
	return all, nil
}

func (v *service) RepositoryModelLoad(ctx context.Context, r *inference.RepositoryModelLoadRequest) (*inference.RepositoryModelLoadResponse, error) {
	if err := noParameters(r.Parameters); err != nil {
		return nil, Status(err)
	}
	return &inference.RepositoryModelLoadResponse{}, Status(v.s.catalog.Load(ctx, r.ModelName))
}

func (v *service) RepositoryModelUnload(_ context.Context, r *inference.RepositoryModelUnloadRequest) (*inference.RepositoryModelUnloadResponse, error) {
	return &inference.RepositoryModelUnloadResponse{}, Status(v.s.catalog.Unload(r.ModelName))
}

func (v *service) ModelInfer(ctx context.Context, r *inference.ModelInferRequest) (*inference.ModelInferResponse, error) {
	asked, err := readMessage(r)
	if err != nil {
		return nil, Status(err)
	}
	made, err := v.s.infer(ctx, asked)
	if err != nil {
		return nil, Status(err)
	}
	answer := &inference.ModelInferResponse{ModelName: made.Model, ModelVersion: made.Version, Id: made.ID}
	for i := range made.Outputs {
		t := &made.Outputs[i]
		answer.Outputs = append(answer.Outputs, &inference.ModelInferResponse_InferOutputTensor{Name: t.Name, Datatype: nameOf(t.Type), Shape: t.Shape})
		answer.RawOutputContents = append(answer.RawOutputContents, t.raw())
	}
	return answer, nil
}

// ModelStreamInfer answers the requests of a stream one by one, in their order. One that fails is
// answered with its reason, and does not end the stream.
func (v *service) ModelStreamInfer(stream grpc.BidiStreamingServer[inference.ModelInferRequest, inference.ModelStreamInferResponse]) error {
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		answer := &inference.ModelStreamInferResponse{}
		made, err := v.ModelInfer(stream.Context(), r)
		if err != nil {
			if stream.Context().Err() != nil {
				return Status(stream.Context().Err())
			}
			answer.ErrorMessage = status.Convert(err).Message()
			made = &inference.ModelInferResponse{Id: r.Id, ModelName: r.ModelName}
		}
		answer.InferResponse = made
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
}

// readMessage reads an inference.
func readMessage(r *inference.ModelInferRequest) (asked request, err error) {
	asked = request{Model: r.ModelName, Version: r.ModelVersion, ID: r.Id}
	if len(r.Inputs) == 0 {
		return asked, fault.Input("there are no inputs")
	}
	if raw := len(r.RawInputContents); raw > 0 && raw != len(r.Inputs) {
		return asked, fault.Input("raw_input_contents has %d tensors for %d inputs", raw, len(r.Inputs))
	}
	for i, in := range r.Inputs {
		var t tensor
		t.Name, t.Shape = in.Name, in.Shape
		if t.Type, err = typeNamed(in.Datatype); err != nil {
			return asked, err
		}
		if err := parametersOf(in.Parameters).refused(); err != nil {
			return asked, err
		}
		switch {
		case len(r.RawInputContents) == 0:
			err = fromContents(&t, in.Contents)
		case in.Contents != nil:
			err = fault.Input("tensor %.200q has contents, and raw bytes, too", in.Name)
		default:
			err = fromRaw(&t, r.RawInputContents[i])
		}
		if err != nil {
			return asked, err
		}
		asked.Inputs = append(asked.Inputs, t)
	}
	for _, out := range r.Outputs {
		p := parametersOf(out.Parameters)
		if err := p.refused(); err != nil {
			return asked, err
		}
		asked.Outputs = append(asked.Outputs, wanted{Name: out.Name, Classes: p.Classification})
	}
	return asked, nil
}

func parametersOf(given map[string]*inference.InferParameter) (p parameters) {
	if v := given["classification"]; v != nil {
		p.Classification = int(max(-1, min(v.GetInt64Param(), 1<<30)))
	}
	if v := given["shared_memory_region"]; v != nil {
		p.SharedMemory = v.GetStringParam()
	}
	return p
}

// fromContents makes a tensor of a message's contents, which has a list for some of the types.
func fromContents(t *tensor, c *inference.InferTensorContents) error {
	n, err := count(t.Name, t.Shape)
	if err != nil {
		return err
	}
	of := t.Type
	found, ok := 0, true
	switch {
	case of == onnx.String:
		t.Texts, found = slices.Clip(c.GetBytesContents()), len(c.GetBytesContents())
	case of == onnx.Bool:
		for _, v := range c.GetBoolContents() {
			t.Data = append(t.Data, map[bool]byte{true: 1}[v])
			found++
		}
	case of == onnx.Float:
		found, ok = puts(t, c.GetFp32Contents())
	case of == onnx.Double:
		found, ok = puts(t, c.GetFp64Contents())
	case of == onnx.Int64:
		found, ok = puts(t, c.GetInt64Contents())
	case of == onnx.Uint64:
		found, ok = puts(t, c.GetUint64Contents())
	case slices.Contains([]onnx.ElementType{onnx.Int8, onnx.Int16, onnx.Int32}, of):
		found, ok = puts(t, c.GetIntContents())
	case slices.Contains([]onnx.ElementType{onnx.Uint8, onnx.Uint16, onnx.Uint32}, of):
		found, ok = puts(t, c.GetUintContents())
	default:
		return fault.Input("tensor %.200q: contents have no values of %s: give them as raw_input_contents", t.Name, nameOf(of))
	}
	switch {
	case !ok:
		return fault.Input("tensor %.200q has a value that is none of %s", t.Name, nameOf(of))
	case found != n:
		return fault.Input("tensor %.200q has %d values of %s: shape %v has %d", t.Name, found, nameOf(of), t.Shape, n)
	}
	return nil
}

func puts[T number | float32 | int32 | uint32](t *tensor, values []T) (found int, ok bool) {
	t.Data = make([]byte, 0, len(values)*t.Type.Size())
	for _, v := range values {
		switch v := any(v).(type) {
		case float32:
			t.Data, ok = put(t.Data, t.Type, float64(v))
		case float64:
			t.Data, ok = put(t.Data, t.Type, v)
		case int32:
			t.Data, ok = put(t.Data, t.Type, int64(v))
		case int64:
			t.Data, ok = put(t.Data, t.Type, v)
		case uint32:
			t.Data, ok = put(t.Data, t.Type, uint64(v))
		case uint64:
			t.Data, ok = put(t.Data, t.Type, v)
		}
		if !ok {
			return len(values), false
		}
	}
	return len(values), true
}
