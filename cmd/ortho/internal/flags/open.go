package flags

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/bundled"
	"ortho/models/config"
	"ortho/models/diffusion"
	"ortho/runner/regular"
)

// OpenModel opens a bundled model, a folder or a file.
func OpenModel(name string, s models.Settings) (*models.Model, error) {
	if slices.Contains(bundled.Names(), name) {
		return OpenBundled(name, s)
	}
	if diffusion.IsFolder(name) {
		return nil, fmt.Errorf("%s is a pipeline of several graphs, with a model_index.json: ortho generate -m %s \"what to show\" makes images with it, and ortho inspect -m %s shows it", name, name, name)
	}
	if err := CheckIndex(name); err != nil {
		return nil, err
	}
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return nil, noModelNamed(name)
	}
	if strings.EqualFold(filepath.Ext(name), ".json") {
		return nil, fmt.Errorf("%s says how a model is used, and is none: name its folder, -m %s", name, filepath.Dir(name))
	}
	m, err := models.Open(name, s)
	if err != nil {
		err = fmt.Errorf("%w%s", err, modelsBelow(name))
	}
	return m, err
}

// CheckIndex refuses a pipeline's folder that lacks the file by which it is known.
func CheckIndex(name string) error {
	parts := slices.DeleteFunc([]string{diffusion.UNet, "transformer", "vae_decoder", "text_encoder"}, func(part string) bool {
		info, err := os.Stat(filepath.Join(name, part))
		return err != nil || !info.IsDir()
	})
	if len(parts) == 0 || len(parts) == 1 && parts[0] != diffusion.UNet {
		return nil
	}
	return fmt.Errorf("%s has a folder %s, as a pipeline has, but no model_index.json: copy that, too, from where the pipeline was exported", name, parts[0])
}

// CheckModel says what is wrong with what -m names, if anything is: it comes before what is wrong with
// flags, which may only follow from it.
func CheckModel(name string) error {
	_, err := OpenModel(name, models.Settings{})
	return err
}

// OpenBundled opens a model that ships with ortho.
func OpenBundled(name string, s models.Settings) (*models.Model, error) {
	files, err := bundled.FS(name)
	if err != nil {
		return nil, err
	}
	return models.OpenFS(files, name, s)
}

func imagenetLabels() ([]models.Label, error) {
	m, err := OpenBundled(bundled.Default, models.Settings{})
	if err != nil {
		return nil, err
	}
	spec, err := m.Classifier()
	if err != nil {
		return nil, err
	}
	return spec.Labels, nil
}

// holdsModel reports whether a folder holds a graph, and no images.
func holdsModel(folder string) bool {
	return len(graphsIn(folder)) > 0 && source.Check([]string{folder}) != nil
}

// graphsIn are the graphs in a folder, or in its own folder onnx.
func graphsIn(folder string) (graphs []string) {
	for _, dir := range []string{".", "onnx"} {
		some, _ := config.Graphs(regular.Folder(folder), dir)
		graphs = append(graphs, some...)
	}
	return graphs
}

// modelsBelow names the folders below one that hold models. A folder of Hugging Face's cache
// holds them three levels down, by model and revision.
func modelsBelow(folder string) string {
	if len(graphsIn(folder)) > 0 {
		return ""
	}
	names := foldersBelow(folder, 3)
	revision := mainRevision(folder)
	if i := slices.Index(names, revision); i > 0 {
		names[0], names[i] = names[i], names[0]
	}
	switch {
	case len(names) == 0 && revision != "":
		_, model, _ := strings.Cut(filepath.Base(filepath.Clean(folder)), "--")
		return fmt.Sprintf("; nor does %s hold one, where this folder of Hugging Face's cache has the model's files: `optimum-cli export onnx -m %s FOLDER` makes a folder to name with -m",
			revision, strings.ReplaceAll(model, "--", "/"))
	case len(names) == 0:
		return ""
	}
	if err := CheckIndex(filepath.Dir(names[0])); err != nil {
		return "; " + err.Error()
	}
	more := ""
	if len(names) > 8 {
		names, more = names[:8], " and others"
	}
	return "; its sub-folders hold models, one of which is named: -m " + strings.Join(names, ", -m ") + more
}

// foldersBelow are the first folders below one, so many levels, that hold a model.
func foldersBelow(folder string, levels int) (found []string) {
	const most, looked = 9, 1000
	entries, _ := os.ReadDir(folder)
	for _, e := range entries[:min(len(entries), looked)] {
		in := filepath.Join(folder, e.Name())
		switch info, err := os.Stat(in); {
		case err != nil || !info.IsDir() || strings.HasPrefix(e.Name(), "."):
		case diffusion.IsFolder(in) || len(graphsIn(in)) > 0:
			found = append(found, in)
		case levels > 1:
			found = append(found, foldersBelow(in, levels-1)...)
		}
		if len(found) >= most {
			return found[:most]
		}
	}
	return found
}

// mainRevision is the folder in which a model's folder of Hugging Face's cache has the files
// that were fetched as main; "" of another folder.
func mainRevision(folder string) string {
	revision, err := regular.ReadFile(filepath.Join(folder, "refs", "main"), 1<<10)
	name := strings.TrimSpace(string(revision))
	if err != nil || name == "" || !filepath.IsLocal(name) {
		return ""
	}
	in := filepath.Join(folder, "snapshots", name)
	if info, err := os.Stat(in); err != nil || !info.IsDir() {
		return ""
	}
	return in
}

func isText(name string) bool {
	return slices.Contains([]string{".txt", ".csv", ".json", ".jsonl"}, strings.ToLower(filepath.Ext(name)))
}

// onHub is how models are called on the Hugging Face Hub.
var onHub = regexp.MustCompile(`^[A-Za-z0-9][\w.-]*/[\w.-]+$`)

// noModelNamed is the error for an -m that names no model; it says what -m may name.
func noModelNamed(name string) error {
	owner, _, _ := strings.Cut(name, "/")
	_, err := os.Stat(owner)
	switch {
	case bundled.Successor(name) != "":
		return fmt.Errorf("no model %q: it is no longer bundled; -m %s took its place", name, bundled.Successor(name))
	case name == "":
		return commandline.Usagef("-m names no model: give a bundled one (%s), a folder or an .onnx file", strings.Join(bundled.Names(), ", "))
	case commandline.IsAddress(name):
		return commandline.Usagef("%s is an address of none of the kinds that are fetched (hf:ORG/NAME, https://, s3://, gs://): download the model, with its weights and config files, and name its folder", term.Clean(name))
	case onHub.MatchString(name) && !commandline.IsGraph(name) && err != nil:
		return fmt.Errorf("no folder %s is here: -m hf:%s names one of that name on the Hugging Face Hub; where it holds no ONNX graph, "+
			"`optimum-cli export onnx -m %s FOLDER` makes a folder to name with -m", name, name, name)
	case commandline.IsGraph(name) || strings.ContainsRune(name, os.PathSeparator):
		return fmt.Errorf("no model %q: there is no such file or folder", name)
	}
	hint := commandline.DidYouMean(name, bundled.Names())
	if i := slices.IndexFunc(bundled.Names(), func(n string) bool { return len(name) > 3 && strings.HasPrefix(n, strings.ToLower(name)) }); hint == "" && i >= 0 {
		hint = "; did you mean " + bundled.Names()[i] + "?"
	}
	if hint == "" {
		hint = "; others are exported to ONNX first, in Python, and named by their folder or file"
	}
	return errors.New(fmt.Sprintf("no model %q: it is neither a file nor a folder, nor bundled (%s)", name, strings.Join(bundled.Names(), ", ")) + hint)
}
