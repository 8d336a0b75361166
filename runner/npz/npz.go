package npz

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"unicode/utf8"

	"ortho/runner/appear"
	"ortho/runner/onnx"
	"ortho/runner/regular"
)

// Array is a named array: elements of one type, little-endian and row-major. Strings are
// UTF-8, filled up with zero bytes to the length of the longest.
type Array struct {
	Name  string
	Type  onnx.ElementType
	Shape []int64 // none: a scalar
	Data  []byte
}

// String describes the array as "pixel_values float32[1,3,224,224]".
func (a Array) String() string {
	dims := make([]string, len(a.Shape))
	for i, d := range a.Shape {
		dims[i] = fmt.Sprint(d)
	}
	text := fmt.Sprintf("%s[%s]", a.Type, strings.Join(dims, ","))
	if a.Name == "" {
		return text
	}
	return a.Name + " " + text
}

// What is read and written at most.
const (
	MaxBytes  = 4 << 30 // of all arrays together
	MaxArrays = 1024
	maxHeader = 64 << 10
	maxString = 1 << 20
	maxName   = 4096
	maxRank   = 64 // NumPy's own limit
)

// ReadFile reads the arrays of an .npz file in their order in it, or the one of an
// .npy file, whose name is "". Which it is shows in its first bytes. Bytes are
// brought into order where a big-endian machine wrote them, elements where they are
// column-major (Fortran). Elements are bool, integers, float16, bfloat16 (as ml_dtypes
// has it), float32, float64 or byte strings; others, and what is damaged or beyond the limits, are an error that names the file
// and the array.
func ReadFile(path string) ([]Array, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read arrays: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read arrays: %w", err)
	}
	arrays, err := Read(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("read arrays: %s: %w", path, err)
	}
	return arrays, nil
}

// Read is [ReadFile] of size bytes.
func Read(r io.ReaderAt, size int64) ([]Array, error) {
	head := make([]byte, min(size, 8))
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), head); err != nil {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte(magic)):
		a, err := readNPY(bufio.NewReader(io.NewSectionReader(r, 0, size)), size, MaxBytes)
		return []Array{a}, err
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return readZip(r, size)
	case size == 0:
		return nil, errors.New("it is empty")
	}
	return nil, errors.New("it is neither an .npz nor an .npy file: write one with numpy.savez(FILE, input_name=array)")
}

func readZip(r io.ReaderAt, size int64) ([]Array, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // names are no paths here
		return nil, fmt.Errorf("a damaged .npz file: %w", err)
	}
	if len(archive.File) > MaxArrays {
		return nil, fmt.Errorf("%d arrays: more than %d are not read", len(archive.File), MaxArrays)
	}
	var arrays []Array
	seen := map[string]bool{}
	left := int64(MaxBytes)
	for _, f := range archive.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		switch {
		case !ok:
			return nil, fmt.Errorf("%.100q in it is no array (.npy)", f.Name)
		case len(name) > maxName || !utf8.ValidString(name):
			return nil, fmt.Errorf("the name %.100q is longer than %d bytes, or not UTF-8", name, maxName)
		case seen[name]:
			return nil, fmt.Errorf("array %q is there twice", name)
		}
		seen[name] = true
		a, err := readEntry(f, left)
		if err != nil {
			return nil, fmt.Errorf("array %q: %w", name, err)
		}
		a.Name = name
		left -= int64(len(a.Data))
		arrays = append(arrays, a)
	}
	return arrays, nil
}

func readEntry(f *zip.File, left int64) (Array, error) {
	// Deflate makes 1032 bytes of one at most: what claims more would only be found to
	// be a lie after its memory is there.
	if f.UncompressedSize64/1032 > f.CompressedSize64 || f.UncompressedSize64 > math.MaxInt64 {
		return Array{}, fmt.Errorf("%d bytes can't come of %d", f.UncompressedSize64, f.CompressedSize64)
	}
	r, err := f.Open()
	if err != nil {
		return Array{}, err
	}
	defer r.Close()
	return readNPY(bufio.NewReader(r), int64(f.UncompressedSize64), left)
}

// WriteFile writes arrays as an .npz file, uncompressed, for numpy.load. It appears
// under its name when it is complete and on the disk, in place of one that was there. Every array
// needs a name of its own.
func WriteFile(path string, arrays []Array) error {
	return writeFile(path, arrays, (*appear.File).Commit)
}

// HandOver is [WriteFile] of what another process reads out of a folder of temporary files: it does
// not wait for the disk.
func HandOver(path string, arrays []Array) error {
	return writeFile(path, arrays, (*appear.File).Hand)
}

func writeFile(path string, arrays []Array, appears func(*appear.File) error) error {
	if err := check(arrays); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	f, err := appear.Create(path)
	if err != nil {
		return fmt.Errorf("write arrays: %w", err)
	}
	err = write(f, arrays)
	if info, missing := os.Stat(path); err == nil && missing == nil {
		err = f.Chmod(info.Mode().Perm())
	}
	if err != nil {
		f.Discard()
	} else {
		err = appears(f)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func check(arrays []Array) error {
	if len(arrays) > MaxArrays {
		return fmt.Errorf("%d arrays: more than %d are not written", len(arrays), MaxArrays)
	}
	seen := map[string]bool{}
	total := int64(0)
	for _, a := range arrays {
		switch {
		case a.Name == "" || len(a.Name) > maxName || !utf8.ValidString(a.Name) || strings.ContainsRune(a.Name, 0):
			return fmt.Errorf("an array can't be named %.100q", a.Name)
		case seen[a.Name]:
			return fmt.Errorf("array %q is there twice", a.Name)
		}
		seen[a.Name] = true
		if !Holds(a.Type) {
			return fmt.Errorf("array %q: NumPy's formats have no %s elements", a.Name, a.Type)
		}
		size, err := byteSize(a.width(), a.Shape, MaxBytes-total)
		if err != nil {
			return fmt.Errorf("array %q: %w", a.Name, err)
		}
		if size != int64(len(a.Data)) {
			return fmt.Errorf("array %q: %d bytes for %s", a.Name, len(a.Data), a)
		}
		total += size
	}
	return nil
}

func write(w io.Writer, arrays []Array) error {
	buffer := bufio.NewWriterSize(w, 1<<20)
	archive := zip.NewWriter(buffer)
	for _, a := range arrays {
		entry, err := archive.CreateHeader(&zip.FileHeader{Name: a.Name + ".npy", Method: zip.Store})
		if err != nil {
			return err
		}
		head, err := header(a)
		if err != nil {
			return err
		}
		if _, err := entry.Write(head); err != nil {
			return err
		}
		if _, err := entry.Write(a.Data); err != nil {
			return err
		}
	}
	return errors.Join(archive.Close(), buffer.Flush())
}
