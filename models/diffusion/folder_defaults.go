package diffusion

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"ortho/models/config"
)

// Limits of what a pipeline can be asked for.
const (
	MaxSteps    = 1000
	MaxGuidance = 1000
	MaxEdge     = 16384 // pixels
)

// defaults settles the defaults of requests: what ortho.json says,
// else what the model is known for, else what diffusers has.
func (r *folderResolver) defaults() error {
	s := &r.spec
	s.Consistency = strings.Contains(r.Class, "LatentConsistencyModel")
	turbo := slices.ContainsFunc(r.names, func(name string) bool { return strings.Contains(strings.ToLower(name), "turbo") })
	oneName := "its name (turbo)"
	lcm := s.Schedule != nil && s.Unscheduled == nil && s.Schedule.Name() == "lcm"

	steps, stepsFrom := 50, "diffusers' default"
	guidance, guidanceFrom := 7.5, "diffusers' default"
	switch {
	case s.Consistency:
		steps, guidance = 4, 8.5
	case turbo:
		steps, stepsFrom, guidance, guidanceFrom = 1, oneName, 0, oneName
	case lcm: // a consistency distillation that was merged into the weights
		steps, stepsFrom, guidance, guidanceFrom = 4, "its scheduler (lcm)", 1, "its scheduler (lcm)"
	case s.XL && !strings.Contains(r.Class, "Inpaint"):
		guidance = 5
	}
	for _, key := range slices.Sorted(maps.Keys(r.sidecar)) {
		var err error
		switch key {
		case "steps":
			_, err = r.sidecar.Get(key, &steps)
			stepsFrom = config.SidecarFile
		case "guidance":
			_, err = r.sidecar.Get(key, &guidance)
			guidanceFrom = config.SidecarFile
		case "negative":
			_, err = r.sidecar.Get(key, &s.Negative)
			r.fact("negative", s.Negative, config.SidecarFile)
		case "size", "scheduler":
		default:
			err = fmt.Errorf("unknown key %q: of a pipeline it may state size, steps, guidance, scheduler and negative", key)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", config.SidecarFile, err)
		}
	}
	if steps < 1 || steps > MaxSteps {
		return fmt.Errorf("%s: steps: %d is not from 1 to %d", config.SidecarFile, steps, MaxSteps)
	}
	if !(guidance >= 0 && guidance <= MaxGuidance) {
		return fmt.Errorf("%s: guidance: %v is not from 0 to %d", config.SidecarFile, guidance, MaxGuidance)
	}
	s.Steps, s.Guidance = steps, guidance
	r.fact("steps", strconv.Itoa(steps), stepsFrom)
	r.fact("guidance", strconv.FormatFloat(guidance, 'g', -1, 64), guidanceFrom)
	return r.imageSize()
}

// imageSize settles the size of images in pixels.
func (r *folderResolver) imageSize() error {
	s := &r.spec
	w, h, source := 512, 512, "default"
	if s.XL {
		w, h = 1024, 1024
	}
	var edge int
	var edges []int
	unet := r.partConfig(UNet)
	if ok, err := unet.Get("sample_size", &edge); ok && err == nil {
		w, h, source = edge*s.Scale, edge*s.Scale, UNet+"/"+config.ConfigFile
	} else if ok, err := unet.Get("sample_size", &edges); ok && err == nil && len(edges) == 2 {
		h, w, source = edges[0]*s.Scale, edges[1]*s.Scale, UNet+"/"+config.ConfigFile
	}
	if r.sidecar.Has("size") {
		var err error
		if w, h, err = sidecarSize(r.sidecar["size"]); err != nil {
			return fmt.Errorf("%s: size: %w", config.SidecarFile, err)
		}
		source = config.SidecarFile
	}
	if v, ok := valueNamed(r.Part(UNet).Graph.Inputs, s.Denoiser.Sample); ok && len(v.Dims) == 4 && v.Dims[2].Fixed() && v.Dims[3].Fixed() {
		s.Fixed = true
		w, h, source = int(v.Dims[3].Size)*s.Scale, int(v.Dims[2].Size)*s.Scale, "unet's graph, which takes no other"
	}
	if m := s.Multiple; w < m || h < m || w > MaxEdge || h > MaxEdge || w%m != 0 || h%m != 0 {
		return fmt.Errorf("%s: a size of %dx%d: it is in multiples of %d pixels, up to %d", source, w, h, m, MaxEdge)
	}
	s.Width, s.Height = w, h
	r.fact("size", fmt.Sprintf("%dx%d", w, h), source)
	return nil
}

// sidecarSize reads 512 or [768, 512], the width first.
func sidecarSize(raw json.RawMessage) (w, h int, err error) {
	if json.Unmarshal(raw, &w) == nil {
		return w, w, nil
	}
	var both []int
	if err := json.Unmarshal(raw, &both); err != nil || len(both) != 2 {
		return 0, 0, fmt.Errorf("%s is neither a number of pixels nor [width, height]", config.Shorten(raw))
	}
	return both[0], both[1], nil
}
