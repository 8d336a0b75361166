package output

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Kind is what a file is written as, and the endings of names that say so, the usual one
// first.
type Kind struct {
	name    string
	endings []string
}

// The other kinds of files that are written.
var (
	HTML = Kind{"HTML", []string{".html", ".htm"}}
	JSON = Kind{"JSON", []string{".json"}}
	NPY  = Kind{"a NumPy array", []string{".npy"}}
	Text = Kind{"text", []string{".txt"}}
	// JSONLines are those of `bench run`; rows have formats, see [Format].
	JSONLines = Kind{"JSON lines", []string{".jsonl", ".ndjson"}}
)

// formats are what rows are written as, by the names of [Formats].
var formats = map[string]Kind{
	"table":   {"a table", Text.endings},
	"jsonl":   JSONLines,
	"csv":     {"CSV", []string{".csv"}},
	"parquet": {"Parquet", []string{".parquet", ".pq"}},
	"coco":    {"COCO's results", JSON.endings}, // of detect alone, by its name alone
}

// others are endings of formats that are known, but not written here: a file of another format
// must not have such a name.
var others = strings.Fields(`.html .htm .json .jsonl .ndjson .csv .tsv .parquet .pq .npy .npz .md
	.png .jpg .jpeg .gif .webp .tif .tiff .bmp .svg .heic .avif .jxl .jp2 .pdf .mp4
	.xlsx .xls .ods .xml .yaml .yml .toml .arrow .feather .orc .avro .h5 .hdf5 .mat .pickle .pkl .sqlite .db
	.onnx .ort .pt .pth .safetensors .tar .tgz .gz .bz2 .xz .zst .zip .7z`)

// NamesFormat reports whether a name ends as files of some format do, so that it is not meant as
// a folder's.
func NamesFormat(name string) bool {
	ending := strings.ToLower(filepath.Ext(name))
	return (ending == ".txt" || slices.Contains(others, ending)) && !isDevice(name)
}

// Fits refuses a name that says another format. One whose ending says nothing passes, such
// as that of a device or a pipe, and so does .txt for lines of text.
func (k Kind) Fits(name string) error {
	ending := strings.ToLower(filepath.Ext(name))
	if slices.Contains(k.endings, ending) || !slices.Contains(others, ending) && (ending != ".txt" || k.text()) || isDevice(name) {
		return nil
	}
	return fmt.Errorf("%s: what is written is %s, and the ending says otherwise: give a name that ends with %s", name, k.name, strings.Join(k.endings, " or "))
}

// text reports whether it is read as lines of text, too.
func (k Kind) text() bool {
	return !slices.Contains([]string{NPY.name, HTML.name, JSON.name, formats["parquet"].name, formats["coco"].name}, k.name)
}

func isDevice(name string) bool {
	info, err := os.Stat(name)
	return err == nil && !info.Mode().IsRegular()
}

// Format chooses the format of rows: the one asked for, if the output file's name does not
// say another; else by its ending, which must be known where there is one; else a table for
// a terminal and JSONL for anything else.
func Format(asked, path string, terminal bool) (string, error) {
	if asked != "" {
		kind, ok := formats[asked]
		if !ok {
			return "", fmt.Errorf("format %q is not one of %s", asked, strings.Join(Formats, ", "))
		}
		return asked, kind.Fits(path)
	}
	ending := strings.ToLower(filepath.Ext(path))
	for name, kind := range formats {
		if name != "coco" && slices.Contains(kind.endings, ending) {
			return name, nil
		}
	}
	switch {
	case path == "" && terminal:
		return "table", nil
	case ending != "" && path != "-" && !isDevice(path):
		return "", fmt.Errorf("%s: no rows are written under the ending %s: .jsonl (or .ndjson), .csv, .parquet (or .pq) and .txt (a table) are known; -f FORMAT names one for another ending", path, filepath.Ext(path))
	}
	return "jsonl", nil
}
