package runner

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ortho/runner/onnx"
)

// open makes the session on the first of the providers that can run the graph, and those after
// it. Skipped says why those before it can't: they can't be added, make no session of the graph,
// or claim none of its nodes.
func (s *Session) open(ctx context.Context, m Model, opt Options) error {
	if len(opt.Providers) == 0 {
		opt.Providers = []Provider{{Name: CPU}}
	}
	for {
		err := s.try(ctx, m, opt)
		at := slices.IndexFunc(opt.Providers, func(p Provider) bool { return p.Name == s.Provider })
		if at < 0 {
			return errors.Join(append(s.Skipped, err)...) // none can be added
		}
		s.Skipped = append(s.Skipped, s.unusable...)
		if err == nil {
			s.Nodes = s.assigned.nodes()
			if err = idle(opt.Providers[at], s.Nodes); err == nil {
				return nil
			}
			if failed := s.destroy(); failed != nil {
				return fmt.Errorf("close the session that %w: %w", err, failed)
			}
		}
		missing := (*OperatorError)(nil)
		if at+1 == len(opt.Providers) || ctx.Err() != nil || errors.As(err, &missing) {
			return errors.Join(append(s.Skipped, err)...)
		}
		if unusable := (*ProviderError)(nil); !errors.As(err, &unusable) {
			err = &ProviderError{Provider: s.Provider, Reason: err}
		}
		s.Skipped = append(s.Skipped, err)
		opt.Providers, s.Provider, s.unusable = opt.Providers[at+1:], "", nil
	}
}

// try makes the session on the first of the providers that can be added. What the caller would
// like but does not need is given up where it fails: the sizes of dimensions, and sums of 8-bit
// products that don't saturate. The setting for these makes weights uint8, for which some operators
// have no kernel where activations are int8, and fails where int8 pairs of QuantizeLinear and
// DequantizeLinear share a zero point (ONNX Runtime 1.32).
func (s *Session) try(ctx context.Context, m Model, opt Options) error {
	s.Saturates = false
	err := s.create(ctx, m, opt, true)
	inexact := func(err error) error {
		if !saturates || ctx.Err() != nil || !quantized(m.Graph) {
			return err
		}
		if err := s.create(ctx, m, opt, false); err != nil {
			return err
		}
		s.Saturates = true
		return nil
	}
	if err != nil {
		err = inexact(err)
	}
	if err != nil && s.Fixed && ctx.Err() == nil {
		opt.Dims = nil
		if err = s.create(ctx, m, opt, true); err != nil {
			err = inexact(err)
		}
	}
	if err != nil && strings.Contains(err.Error(), onlyOthers) && ctx.Err() == nil {
		return s.leftToCPU(ctx, m, opt)
	}
	return err
}

// quantized reports whether a graph may have 8-bit products.
func quantized(g *onnx.Graph) bool {
	if g.Body == nil { // a header that was made by hand
		return true
	}
	for n := range g.EveryNode() {
		if strings.Contains(n.Op, "Quantize") || strings.Contains(n.Op, "Integer") || strings.HasPrefix(n.Op, "Q") {
			return true
		}
	}
	return false
}

// onlyOthers is in what ONNX Runtime says where nodes are left to the CPU, which must not run
// them.
const onlyOthers = "explicitly disabled by the user"

// leftToCPU says which nodes the providers do not run: those that the CPU runs where it may.
func (s *Session) leftToCPU(ctx context.Context, m Model, opt Options) error {
	asked := opt.Providers
	opt.Providers, opt.Profile = append(slices.Clone(asked), Provider{Name: CPU}), ""
	with := &Session{Inputs: s.Inputs, Outputs: s.Outputs, Library: s.Library, given: s.given}
	if err := with.create(ctx, m, opt, false); err != nil {
		return needsCPU(asked, nil)
	}
	defer with.destroy()
	return needsCPU(asked, with.assigned)
}

// refusal is an error of ONNX Runtime's without what only those know who built it, or what it
// means.
func refusal(err error) error {
	if missing := operatorError(err); missing != nil {
		return missing
	}
	text := strings.TrimPrefix(err.Error(), "Error creating C session from file: ")
	if builders.MatchString(text) {
		text = strings.Join(strings.Fields(builders.ReplaceAllString(text, "")), " ")
	}
	return errors.New(text)
}

// builders are places in OpenVINO's source, before what it says itself.
var builders = regexp.MustCompile(`(?s)Exception during initialization: \S+\.(cc|cpp|h):\d+ .*\[OpenVINO-EP\] `)
