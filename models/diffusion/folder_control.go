package diffusion

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ortho/models/config"
	"ortho/runner/onnx"
)

// ControlNet is the folder of a pipeline's ControlNet; further ones are in controlnet_1 and so on, as diffusers'
// MultiControlNetModel saves them.
const ControlNet = "controlnet"

// maxControlNets bounds the ControlNets of a pipeline: each is a graph of a third of the UNet's size.
const maxControlNets = 16

// controlFolders are the folders of a pipeline's ControlNets.
func controlFolders(pipeline string) []string {
	var names []string
	for len(names) < maxControlNets {
		name := controlFolder(len(names))
		if info, err := os.Stat(filepath.Join(pipeline, name)); err != nil || !info.IsDir() {
			break
		}
		names = append(names, name)
	}
	return names
}

// controlFolder is the folder of a pipeline's i-th ControlNet.
func controlFolder(i int) string {
	if i == 0 {
		return ControlNet
	}
	return fmt.Sprintf("%s_%d", ControlNet, i)
}

// controlNets are the ControlNets among the parts, in their order.
func (p *Folder) controlNets() []*Part {
	var nets []*Part
	for i := range p.Parts {
		if isControlNet(p.Parts[i].Name) {
			nets = append(nets, &p.Parts[i])
		}
	}
	return nets
}

func isControlNet(part string) bool { return strings.HasPrefix(part, ControlNet) }

// No exporter that is kept up writes ControlNets: those that there are were written by scripts, under names of their own.
// PyTorch gives a ControlNet's residuals in the order of the UNet's down blocks, and then the middle's.
var (
	downResidual = regexp.MustCompile(`^down_block\D*(\d+)\D*$`) // down_block_3, down_block_3_additional_residual, down_block_additional_residuals.3, down_block_res_sample_3
	midResidual  = regexp.MustCompile(`^mid_block`)
)

// isResidual reports whether a value's name is that of a residual.
func isResidual(name string) bool {
	return downResidual.MatchString(name) || midResidual.MatchString(name)
}

// residualsOf orders the values of a graph that are residuals by the numbers in their names, the middle's last. ok is false where
// not each of them has a number of its own.
func residualsOf(values []onnx.Value) (names []string, ok bool) {
	at, mid := map[int]string{}, ""
	for _, v := range values {
		if m := downResidual.FindStringSubmatch(v.Name); m != nil {
			n, err := strconv.Atoi(m[1])
			if err != nil || at[n] != "" {
				return nil, false
			}
			at[n] = v.Name
		} else if midResidual.MatchString(v.Name) {
			if mid != "" {
				return nil, false
			}
			mid = v.Name
		}
	}
	for i := range len(at) {
		if at[i] == "" {
			return nil, false
		}
		names = append(names, at[i])
	}
	return append(names, mid), len(at) > 0 && mid != ""
}

// controls reads the pipeline's ControlNets.
func (r *folderResolver) controls() {
	d, nets := &r.spec.Denoiser, r.controlNets()
	for _, v := range d.Part.Graph.Inputs {
		if isResidual(v.Name) {
			var ok bool
			if d.Residuals, ok = residualsOf(d.Part.Graph.Inputs); !ok {
				r.fail("unet: which of its inputs take which of a ControlNet's residuals, their names do not say: they must be numbered from 0, and one be the mid_block's; its inputs are %s", onnx.List(d.Part.Graph.Inputs))
				return
			}
			break
		}
	}
	switch {
	case d.Conditions != "":
		r.within()
		return
	case d.Residuals == nil && strings.Contains(r.Class, "ControlNet"):
		r.fail("unet: it takes nothing from a ControlNet, as %s has it: export the UNet anew with down_block_additional_residuals and mid_block_additional_residual among its inputs", r.Class)
		return
	case d.Residuals == nil:
		for _, p := range nets {
			r.fact(p.Name, "not run: the unet takes nothing from it", "unet's graph")
		}
		return
	case len(nets) == 0:
		r.fail("unet takes the residuals of a ControlNet (%s, ...), and there is none: copy one's .onnx file to %s, name one that lies elsewhere, or use a UNet that was exported without them", d.Residuals[0], filepath.Join(r.Path, ControlNet))
		return
	}
	for _, p := range nets {
		if r.weights(p) {
			r.control(p)
		}
	}
}

// within reads a UNet's graph that has its ControlNets in it, as convert_stable_diffusion_controlnet_to_onnx.py of diffusers writes it.
func (r *folderResolver) within() {
	d := &r.spec.Denoiser
	conditions, _ := valueNamed(d.Part.Graph.Inputs, d.Conditions)
	scales, _ := valueNamed(d.Part.Graph.Inputs, d.Scales)
	d.Within = max(r.size(conditions.Dims, 0, "", nil), r.size(scales.Dims, 0, "", nil))
	if d.Within < 1 || d.Within > maxControlNets || len(conditions.Dims) != 5 || d.Scales == "" {
		r.fail("unet: it must take the images of its ControlNets as %s [ControlNets,N,3,height,width], the first number fixed, and conditioning_scales; its inputs are %s", d.Conditions, onnx.List(d.Part.Graph.Inputs))
		return
	}
	r.fact("ControlNets", strconv.Itoa(d.Within), "unet's graph, which has them in it")
}

// control reads a ControlNet's interface.
func (r *folderResolver) control(p *Part) {
	c := Control{Inputs: Inputs{Part: p}}
	for _, v := range p.Graph.Inputs {
		switch to := c.named(v.Name); {
		case to != nil:
			*to = v.Name
		case v.Name == "controlnet_cond":
			c.Condition = v.Name
		case v.Name == "conditioning_scale":
			c.Scale = v.Name
		case isResidual(v.Name):
			r.fail("%s: it takes residuals itself (%s): it is the UNet for ControlNets. Lay it in %s, and the ControlNet in its place", p.Name, v.Name, filepath.Join(r.Path, UNet))
			return
		default:
			r.fail("%s: what its input %s takes is not known", p.Name, v)
			return
		}
	}
	if c.Sample == "" || c.Timestep == "" || c.Context == "" || c.Condition == "" {
		r.fail("%s: it must take sample, timestep, encoder_hidden_states and controlnet_cond; its inputs are %s", p.Name, onnx.List(p.Graph.Inputs))
		return
	}
	c.batch()
	d := &r.spec.Denoiser
	outputs := p.Graph.Outputs
	if len(outputs) != len(d.Residuals) {
		r.fail("%s: it gives %d residuals, and unet takes %d: they are parts of two models", p.Name, len(outputs), len(d.Residuals))
		return
	}
	var told bool
	how := "the numbers in its outputs' names"
	if c.Outputs, told = residualsOf(outputs); !told || len(c.Outputs) != len(outputs) {
		c.Outputs, how = nil, "the order of its outputs"
		for _, v := range outputs {
			c.Outputs = append(c.Outputs, v.Name)
		}
	} else if slices.Equal(c.Outputs, d.Residuals) {
		how = "their names"
	}
	for i, name := range c.Outputs {
		out, _ := valueNamed(outputs, name)
		in, _ := valueNamed(d.Part.Graph.Inputs, d.Residuals[i])
		if gives, takes := r.channels(out.Dims, "", nil), r.channels(in.Dims, "", nil); gives > 0 && takes > 0 && gives != takes {
			r.fail("%s: it gives %s, and unet takes %s: they are parts of two models", p.Name, out, in)
			return
		}
	}
	if _, err := p.config.Get("global_pool_conditions", &c.Pools); err != nil {
		r.fail("%s/%s: %w", p.Name, config.ConfigFile, err)
	}
	r.spec.Controls = append(r.spec.Controls, c)
	r.fact(p.Name, fmt.Sprintf("%d residuals for the unet, by %s", len(c.Outputs), how), p.Name+"'s graph")
}
