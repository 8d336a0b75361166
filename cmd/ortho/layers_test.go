package main

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rooms says which third-party modules each room may import, and which rooms.
var rooms = map[string]struct{ modules, rooms []string }{
	"cmd": {[]string{"github.com/urfave/cli/v2", "github.com/vbauerster/mpb/v8", "github.com/jedib0t/go-pretty/v6", "golang.org/x/term", "github.com/xuri/excelize/v2",
		"golang.org/x/sys", "github.com/parquet-go/parquet-go", "github.com/klauspost/compress", "gonum.org/v1/plot", "github.com/disintegration/imaging", "golang.org/x/image",
		"google.golang.org/grpc", "google.golang.org/protobuf", "github.com/prometheus/client_golang",
		"github.com/minio/minio-go/v7", "golang.org/x/oauth2", "github.com/avast/retry-go/v5", // internal/store alone
		"github.com/expr-lang/expr", "golang.org/x/text/unicode/norm"}, // --where; names that are one on some system
		[]string{"cmd", "models", "runner", "preprocess"}},
	// go-openai speaks the API, retry-go waits between tries: both for models/describe. x/text
	// has the tables of Unicode, for models/clip and models/tokenizer; uax29 those of
	// graphemes, for the latter. gonum has products of vectors, for models/nearest. x/sync bounds
	// the pixels of images that are sliced, in models/images.
	"models": {[]string{"github.com/sashabaranov/go-openai", "github.com/avast/retry-go/v5", "golang.org/x/text/unicode", "github.com/clipperhouse/uax29/v2/graphemes", "gonum.org/v1/gonum/blas/gonum", "golang.org/x/sync/semaphore", "golang.org/x/net/http/httpguts", "golang.org/x/net/http/httpproxy"}, []string{"models", "runner", "preprocess"}},
	"runner": {[]string{"github.com/yalue/onnxruntime_go", "github.com/shirou/gopsutil/v4", "golang.org/x/sys", "google.golang.org/protobuf", "gonum.org/v1/gonum"},
		[]string{"runner"}},
	"examples":   {nil, nil}, // scripts, and tests that start services
	"preprocess": {[]string{"golang.org/x/image", "github.com/klauspost/compress", "golang.org/x/sync"}, []string{"preprocess"}},
	"scripts":    {},
}

// opener opens what is read: whoever may import its room reads by it (see TestOpener).
const opener = "runner/regular"

// walls says which packages of the project each package imports: those that may be
// imported, above which it stands. A package that is not in it is in no room.
var walls = map[string]string{
	"preprocess/codecs":    "",
	"preprocess":           "preprocess/codecs",
	"preprocess/imagehash": "preprocess",

	// program finds what is started by its name: for the search for libraries and of the machine.
	// appear writes files whole, or as they grow.
	"runner/appear": "", "runner/exact": "", "runner/onnx": "", "runner/program": "", "runner/regular": "", "runner/stats": "",
	"runner/child":    "runner/exact",
	"runner/library":  "runner/appear runner/program",
	"runner/machine":  "runner/program",
	"runner/npz":      "runner/appear runner/onnx",
	"runner":          "runner/library runner/npz runner/onnx",
	"runner/equality": "runner/npz runner/onnx",
	"runner/feed":     "runner/npz runner/onnx",
	"runner/bench":    "runner runner/appear runner/child runner/equality runner/exact runner/feed runner/library runner/machine runner/npz runner/onnx runner/stats",
	"runner/compare":  "runner runner/child runner/equality runner/feed runner/npz runner/onnx",
	"runner/doctor":   "runner runner/library runner/machine",

	"models/boxes": "runner/onnx", "models/matte": "preprocess runner/onnx", "models/segments": "models/boxes", "models/bundled": "", "models/clip": "", "models/labels": "", "models/nearest": "", "models/describe/openaitest": "", "models/describe/wire": "", "models/noise": "", "models/provenance": "",
	"models/text": "", "models/tokenizer": "",
	"models/config":    "models/text preprocess runner/npz runner/onnx",
	"models/meaning":   "runner/onnx",
	"models/dual":      "models models/clip models/config models/tokenizer runner runner/npz runner/onnx",
	"models":           "models/boxes models/config models/matte models/meaning models/segments models/text preprocess runner runner/appear runner/feed runner/npz runner/onnx",
	"models/scheduler": "models/noise",
	"models/diffusion": "models models/clip models/config models/noise models/provenance models/scheduler preprocess runner runner/npz runner/onnx",
	"models/evaluate":  "models models/config runner/stats",
	"models/fuse":      "models",
	"models/generate":  "models models/config models/noise models/provenance models/text preprocess runner runner/npz runner/onnx",
	"models/images":    "models models/boxes models/config preprocess runner runner/onnx",
	"models/classify":  "models models/config models/images models/text runner",
	"models/embed":     "models models/images runner",
	"models/detect":    "models models/boxes models/images preprocess runner",
	"models/depth":     "models models/images runner",
	"models/segment":   "models models/boxes models/images models/segments preprocess runner",
	"models/tag":       "models models/classify",
	"models/cutout":    "models models/images models/matte preprocess runner",
	"models/faces":     "models models/detect models/generate preprocess",
	"models/witness":   "models/classify models/detect models/segment models/zeroshot preprocess",
	"models/describe":  "models models/classify models/describe/wire models/witness preprocess runner/appear",
	"models/grounding": "models models/describe models/detect models/witness",
	"models/zeroshot":  "models models/classify models/dual models/embed models/images runner",
	"models/imagine":   "models models/classify models/describe models/diffusion models/fuse models/generate models/grounding models/text models/witness preprocess",

	// The arithmetic of each task's evaluation knows no models.
	"models/evaluate/coco": "models/boxes models/evaluate/threshold", "models/evaluate/maps": "", "models/evaluate/retrieval": "models/nearest", "models/evaluate/tags": "models/evaluate/threshold", "models/evaluate/threshold": "",

	"cmd/ortho/internal/build": "", "cmd/ortho/internal/grid": "", "cmd/ortho/internal/term": "",
	"cmd/ortho/internal/where": "cmd/ortho/internal/commandline cmd/ortho/internal/output cmd/ortho/internal/term",
	"cmd/ortho/internal/store": "runner/appear", "cmd/ortho/internal/store/storetest": "runner/program",
	"cmd/ortho/internal/hub":          "cmd/ortho/internal/store runner/appear runner/onnx",
	"cmd/ortho/internal/source":       "cmd/ortho/internal/store",
	"cmd/ortho/internal/defaults":     "cmd/ortho/internal/commandline",
	"cmd/ortho/internal/commandline":  "cmd/ortho/internal/grid cmd/ortho/internal/term",
	"cmd/ortho/internal/dataset":      "cmd/ortho/internal/source models/boxes models/config models/evaluate/coco models/evaluate/maps",
	"cmd/ortho/internal/notices":      "models/bundled",
	"cmd/ortho/internal/notices/make": "cmd/ortho/internal/notices models/bundled runner/library",
	"cmd/ortho/internal/output":       "cmd/ortho/internal/grid cmd/ortho/internal/scratch cmd/ortho/internal/term runner/appear",
	"cmd/ortho/internal/sheet":        "preprocess",
	"cmd/ortho/internal/overlay":      "preprocess",
	"cmd/ortho/internal/scratch":      "",
	"cmd/ortho/internal/record":       "cmd/ortho/internal/output cmd/ortho/internal/source cmd/ortho/internal/term runner/appear",
	"cmd/ortho/internal/folders":      "cmd/ortho/internal/output cmd/ortho/internal/source runner/appear",
	"cmd/ortho/internal/shelf":        "cmd/ortho/internal/output runner/appear",
	"cmd/ortho/internal/remedy":       "cmd/ortho/internal/term models models/config models/scheduler preprocess preprocess/codecs runner runner/bench runner/feed runner/library",
	"cmd/ortho/internal/report":       "cmd/ortho/internal/output cmd/ortho/internal/remedy cmd/ortho/internal/term preprocess",
	"cmd/ortho/internal/flags": "cmd/ortho/internal/commandline cmd/ortho/internal/dataset cmd/ortho/internal/defaults cmd/ortho/internal/hub cmd/ortho/internal/output cmd/ortho/internal/overlay cmd/ortho/internal/plan cmd/ortho/internal/record cmd/ortho/internal/remedy " +
		"cmd/ortho/internal/source cmd/ortho/internal/store cmd/ortho/internal/term models models/boxes models/bundled models/classify models/config models/describe models/diffusion " +
		"preprocess runner runner/bench runner/library runner/machine runner/onnx",
	"cmd/ortho/internal/rows":    "cmd/ortho/internal/grid cmd/ortho/internal/output cmd/ortho/internal/term models/boxes models/classify models/depth models/describe models/detect models/embed models/grounding models/provenance models/segment models/tag models/witness",
	"cmd/ortho/internal/beside":  "cmd/ortho/internal/commandline cmd/ortho/internal/flags cmd/ortho/internal/record cmd/ortho/internal/shelf cmd/ortho/internal/source models models/images preprocess runner",
	"cmd/ortho/internal/plan":    "cmd/ortho/internal/output cmd/ortho/internal/record cmd/ortho/internal/scratch cmd/ortho/internal/source cmd/ortho/internal/store runner/exact",
	"cmd/ortho/internal/schema":  "",
	"cmd/ortho/internal/convert": "cmd/ortho/internal/output cmd/ortho/internal/record cmd/ortho/internal/rows cmd/ortho/internal/source cmd/ortho/internal/term cmd/ortho/internal/where",
	"cmd/ortho/internal/pages": "cmd/ortho/internal/grid cmd/ortho/internal/output cmd/ortho/internal/record cmd/ortho/internal/remedy cmd/ortho/internal/report cmd/ortho/internal/rows " +
		"cmd/ortho/internal/sheet cmd/ortho/internal/term models models/classify models/describe models/diffusion models/evaluate models/evaluate/threshold models/grounding models/imagine models/witness " +
		"models/provenance preprocess runner/bench runner/compare runner/doctor runner/equality runner/library runner/machine runner/onnx " +
		"runner/stats",
	"cmd/ortho/internal/vectors": "cmd/ortho/internal/output cmd/ortho/internal/record cmd/ortho/internal/rows models/nearest",
	"cmd/ortho/internal/job": "cmd/ortho/internal/build cmd/ortho/internal/commandline cmd/ortho/internal/flags cmd/ortho/internal/grid cmd/ortho/internal/output " +
		"cmd/ortho/internal/pages cmd/ortho/internal/plan cmd/ortho/internal/record cmd/ortho/internal/remedy cmd/ortho/internal/report cmd/ortho/internal/scratch cmd/ortho/internal/source cmd/ortho/internal/store " +
		"cmd/ortho/internal/term cmd/ortho/internal/where models runner runner/appear",

	"cmd/ortho/internal/serve/fault":         "cmd/ortho/internal/remedy models models/config models/describe models/images preprocess runner",
	"cmd/ortho/internal/serve/catalog":       "cmd/ortho/internal/serve/fault models models/classify models/cutout models/detect models/diffusion models/dual models/embed models/generate models/images models/segment models/zeroshot runner runner/npz runner/onnx",
	"cmd/ortho/internal/serve/oip/inference": "",
	"cmd/ortho/internal/serve/oip":           "cmd/ortho/internal/remedy cmd/ortho/internal/serve/catalog cmd/ortho/internal/serve/fault cmd/ortho/internal/serve/oip/inference models runner runner/npz runner/onnx",
	"cmd/ortho/internal/serve": "cmd/ortho/internal/output cmd/ortho/internal/overlay cmd/ortho/internal/remedy cmd/ortho/internal/rows cmd/ortho/internal/serve/catalog cmd/ortho/internal/serve/fault " +
		"cmd/ortho/internal/serve/oip cmd/ortho/internal/term models models/classify models/cutout models/describe models/detect models/diffusion models/embed models/generate models/segment models/tag models/zeroshot preprocess",

	"cmd/ortho":      "*",
	"examples":       "",
	"cmd/benchpeers": "*",
	"cmd/benchserve": "runner runner/onnx",
	"cmd/decodeall":  "preprocess",
	"cmd/soak":       "", // it starts ortho, and knows nothing of it
	"scripts/module": "",
}

func TestLayers(t *testing.T) {
	module, err := exec.Command("go", "list", "-m").Output()
	if err != nil {
		t.Fatal(err)
	}
	ownPrefix := strings.TrimSpace(string(module)) + "/"
	stdout, err := exec.Command("go", "list", "-json=ImportPath,Imports", ownPrefix+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for decoder := json.NewDecoder(strings.NewReader(string(stdout))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		path := strings.TrimPrefix(p.ImportPath, ownPrefix)
		name, _, _ := strings.Cut(path, "/")
		room, ok := rooms[name]
		wall, known := walls[path]
		if !ok || !known {
			t.Errorf("%s is in no room, or has no walls", p.ImportPath)
		}
		for _, i := range p.Imports {
			allowed := true
			if own, found := strings.CutPrefix(i, ownPrefix); found {
				allowed = within(own, room.rooms) && (name == "cmd" || own != "models/bundled") && (wall == "*" || own == opener || slices.Contains(strings.Fields(wall), own))
			} else if first, _, _ := strings.Cut(i, "/"); strings.Contains(first, ".") {
				allowed = within(i, room.modules)
			}
			switch {
			case i == "github.com/urfave/cli/v2":
				allowed = slices.Contains([]string{"cmd/ortho", "cmd/ortho/internal/beside", "cmd/ortho/internal/commandline", "cmd/ortho/internal/flags"}, path)
			case strings.HasPrefix(i, "google.golang.org/grpc") || strings.HasPrefix(i, "google.golang.org/protobuf") && name == "cmd" || strings.HasPrefix(i, "github.com/prometheus/"):
				allowed = strings.HasPrefix(path, "cmd/ortho/internal/serve") || path == "cmd/benchserve"
			case name == "cmd" && within(i, []string{"github.com/minio/minio-go/v7", "golang.org/x/oauth2", "github.com/avast/retry-go/v5"}):
				allowed = path == "cmd/ortho/internal/store"
			case i == "log/slog" || i == "log": // a run speaks by its own term.UI
				// Servers must not speak.
				allowed = path == "cmd/benchpeers" || path == "cmd/benchserve" || path == "cmd/soak" || path == "cmd/ortho/internal/serve" || path == "cmd/ortho/internal/store/storetest"
			}
			if path == "cmd/benchserve" && i == "github.com/shirou/gopsutil/v4/process" { // CPU time of other servers
				allowed = true
			}
			if !allowed {
				t.Errorf("%s must not import %s", p.ImportPath, i)
			}
		}
	}
}

// TestImagingDecodesNothing: package preprocess decodes files, and bounds what they may ask
// for; imaging gets the pictures. A palette without all colours makes it panic
// (CVE-2023-36308).
func TestImagingDecodesNothing(t *testing.T) {
	users := 0
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, i := range file.Imports {
			if i.Path.Value != `"github.com/disintegration/imaging"` {
				continue
			}
			users++
			if i.Name != nil {
				t.Errorf("%s imports imaging as %s: this test looks for calls by its own name", path, i.Name)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					if p, ok := s.X.(*ast.Ident); ok && p.Name == "imaging" && slices.Contains([]string{"Open", "Decode"}, s.Sel.Name) {
						t.Errorf("%s calls imaging.%s", path, s.Sel.Name)
					}
				}
				return true
			})
		}
		return nil
	})
	if err != nil || users == 0 {
		t.Errorf("%d files import imaging, %v", users, err)
	}
}

func within(path string, roots []string) bool {
	for _, root := range roots {
		if path == root || strings.HasPrefix(path, root+"/") {
			return true
		}
	}
	return false
}
