package hub

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// Variants are those of a graph that exporters have names for: transformers.js and Optimum put them behind
// the graph's name (model_fp16.onnx). "" is the one without.
var Variants = []string{"fp32", "fp16", "bf16", "int8", "uint8", "quantized", "q8", "q4", "q4f16", "bnb4", "O1", "O2", "O3", "O4"}

// choice are the files of a repository that a model needs.
type choice struct {
	graphs  []string
	files   []string // all, the graphs among them
	variant string
}

// choose takes the graphs of a variant, their weights, and what says how they are used. With a path it takes what
// lies there: a graph, or the folder.
func choose(files []string, within, variant string) (c choice, err error) {
	graphs := map[string]map[string]string{} // by their names without a variant, by variant
	has := map[string]bool{}
	for _, file := range files {
		if !strings.EqualFold(path.Ext(file), ".onnx") || !below(file, within) {
			continue
		}
		stem, of := split(file)
		if file == within { // named itself, of whatever variant
			c.graphs, c.variant = []string{file}, of
		}
		if graphs[stem] == nil {
			graphs[stem] = map[string]string{}
		}
		graphs[stem][of] = file
		has[of] = true
	}
	switch {
	case c.graphs != nil && variant != "" && variant != c.variant:
		return c, fmt.Errorf("%s is named, and is not of the variant %s", within, variant)
	case c.graphs != nil:
	case len(graphs) == 0:
		return c, none(files, within)
	default:
		if c.variant = variant; !has[variant] && variant == "" && len(has) == 1 {
			c.variant = slices.Collect(maps.Keys(has))[0] // the only one
		}
		for _, stem := range slices.Sorted(maps.Keys(graphs)) {
			if file, is := graphs[stem][c.variant]; is {
				c.graphs = append(c.graphs, file)
			} else if file, is := graphs[stem][""]; is && len(graphs) > 1 && has[c.variant] && slices.Contains(files, "model_index.json") {
				c.graphs = append(c.graphs, file) // a pipeline's part that has no such variant
			}
		}
		if len(c.graphs) == 0 {
			return c, fmt.Errorf("there is no graph of the variant %q: there are %s", c.variant, strings.Join(words(has), ", "))
		}
	}
	for _, file := range files {
		if slices.Contains(c.graphs, file) || weights(file, c.graphs) || says(file) {
			c.files = append(c.files, file)
		}
	}
	return c, nil
}

func words(has map[string]bool) (all []string) {
	for _, variant := range slices.Sorted(maps.Keys(has)) {
		if variant == "" {
			variant = "the one without a name"
		}
		all = append(all, variant)
	}
	return all
}

// split takes its variant from a graph's name.
func split(file string) (stem, variant string) {
	base := file[:len(file)-len(path.Ext(file))]
	for _, v := range Variants {
		if stem, is := strings.CutSuffix(base, "_"+v); is {
			return stem, v
		}
	}
	return base, ""
}

func below(file, within string) bool {
	return within == "" || file == within || strings.HasPrefix(file, within+"/")
}

// weights reports whether a file holds weights of one of the graphs: model.onnx_data, model.onnx.data and the
// like, of whatever number, and what PyTorch's exporter calls by a tensor's name beside it.
func weights(file string, graphs []string) bool {
	for _, graph := range graphs {
		if path.Dir(file) != path.Dir(graph) {
			continue
		}
		base, of := path.Base(file), path.Base(graph)
		stem := strings.TrimSuffix(of, path.Ext(of))
		switch {
		case strings.HasPrefix(base, of) && base != of, base == stem+".data", base == stem+".weights", base == "weights.pb":
			return true
		}
	}
	return false
}

// says reports whether a file may say how a model is used: settings, labels, tokens.
func says(file string) bool {
	if strings.HasPrefix(path.Base(file), ".") {
		return false
	}
	switch strings.ToLower(path.Ext(file)) {
	case ".json", ".txt", ".yaml", ".yml", ".model", ".csv", ".spm":
		return !strings.HasSuffix(file, ".index.json") && !strings.HasPrefix(path.Base(file), "pytorch_model") // of weights of others
	}
	return false
}

// none says why a repository gives no model.
func none(files []string, within string) error {
	where := "the repository"
	if within != "" {
		where = within
	}
	for _, ending := range []string{".safetensors", ".bin", ".pt", ".pth", ".gguf", ".h5"} {
		if i := slices.IndexFunc(files, func(f string) bool { return strings.HasSuffix(f, ending) }); i >= 0 {
			return fmt.Errorf("%s holds no ONNX graph, but %s: `optimum-cli export onnx` makes one, or see whether onnx-community/ or Xenova/ have the model", where, files[i])
		}
	}
	return fmt.Errorf("%s holds no ONNX graph", where)
}
