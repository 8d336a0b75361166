package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"ortho/runner/appear"
	"ortho/runner/regular"
)

// Version is that of the record's format. A change that older versions of ortho would
// misread raises it: 2 came with checksums, of this file and of the rows of OUT.partial, 3 with the
// inputs' stamps.
const Version = 3

// maxRecord bounds the bytes of a record that is read: most of them are stamps.
const maxRecord = 144 << 20

// Record is OUT.run.json. It stays beside the complete output.
type Record struct {
	Version     int    `json:"version"`
	Ortho       string `json:"ortho"`       // its version
	ONNXRuntime string `json:"onnxruntime"` // its version

	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished,omitzero"` // not there: the run is not complete
	Resumes  []Resumed `json:"resumes,omitempty"`

	Model         Model    `json:"model"`
	Preprocessing Settings `json:"preprocessing"`
	Settings      Settings `json:"settings"` // options that change rows
	// ByDefault are flags that the user has set for all runs, with where: "openvino (ORTHO_PROVIDER)".
	ByDefault Settings `json:"by_default,omitempty"`
	Inputs    *Inputs  `json:"inputs,omitempty"`
	// Listed are the inputs of a complete run that could not be known before it.
	Listed *Inputs `json:"listed,omitempty"`
	// PassedOver are the files of folders and archives that were not taken for images, by ending, of
	// all shards; see [source.Passed]. It is there when the run is complete.
	PassedOver map[string]int64 `json:"passed_over,omitempty"`

	// OrientationIgnored are the images that were read as stored though their EXIF orientation
	// asks for a turn, in all starts of the run.
	OrientationIgnored int64 `json:"orientation_ignored,omitempty"`

	// Beside are the folders of what the run makes beside its rows, by the flags that name them.
	Beside Settings `json:"beside,omitempty"`
	// LeftOut are the rows that --where has left out of a complete output.
	LeftOut Places `json:"left_out,omitzero"`
	// Orphans are pictures of earlier runs that no row names any more, and the inputs that they were made of.
	Orphans Settings `json:"orphans,omitempty"`

	// When the run was begun or resumed last, or ended by itself. Rows that --where leaves out count.
	Rows   int64 `json:"rows"`   // failed ones among them
	Failed int64 `json:"failed"` // but for those that were redone with success

	// OlderLines are the lines at the beginning of OUT.partial that a version of ortho has written which
	// knew no checksums.
	OlderLines int64 `json:"older_lines,omitempty"`

	// Updating says that OUT.partial holds the rows of OUT and of an update that has not finished, in
	// no order: only Update goes on with it. All else here is of what there was before the update,
	// until the new OUT is about to appear.
	Updating bool `json:"updating,omitempty"`
	// Gone are the last rows: of inputs that the last update did not find any more, and that it kept.
	Gone int64 `json:"gone,omitempty"`

	// How the last resume ran, or the whole where there was none. None of it changes
	// rows.
	Speed

	// Stamps are of the rows' inputs, by which an update knows them again. They are there when the
	// run is complete.
	Stamps Stamps `json:"stamps,omitzero"`
}

// Model names a graph, or a pipeline of several.
type Model struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // of the graph's file; of a pipeline's files together
	// ExternalData are the SHA-256 of the files with weights beside the graph, or of all
	// files of a pipeline, by name.
	ExternalData Settings `json:"external_data,omitempty"`
}

// Inputs identifies a list of inputs.
type Inputs struct {
	Count  int64  `json:"count"`
	SHA256 string `json:"sha256"` // of their names in order, each ended by NUL
	// Times and Contents are SHA-256 of the files' sizes and times of modification, and of their
	// contents, in order, when the run was begun; "": not taken.
	Times    string `json:"times_sha256,omitempty"`
	Contents string `json:"contents_sha256,omitempty"`

	Stamps string `json:"-"` // digest of theirs as they are now
}

// tally computes Inputs from their names, one by one.
type tally struct {
	count int64
	names hash.Hash
}

func (t *tally) add(name string) {
	if t.names == nil {
		t.names = sha256.New()
	}
	t.count++
	io.WriteString(t.names, name+"\x00")
}

func (t *tally) inputs() *Inputs {
	if t.names == nil {
		t.names = sha256.New()
	}
	return &Inputs{Count: t.count, SHA256: hex.EncodeToString(t.names.Sum(nil))}
}

// Resumed is a start after the first.
type Resumed struct {
	Time time.Time `json:"time"`
	Rows int64     `json:"rows"` // that were there already
}

// Speed is how fast rows came, and on what.
type Speed struct {
	Seconds     float64 `json:"seconds"`
	PerSecond   float64 `json:"images_per_s"`
	Provider    string  `json:"provider"` // the first of those asked for that runs nodes of the graph
	Threads     int     `json:"threads"`  // 0: ONNX Runtime's choice
	Batch       int     `json:"batch"`
	Concurrency int     `json:"concurrency"`
	Placement
}

// Placement is what ran a graph's nodes.
type Placement struct {
	Nodes       map[string]int `json:"nodes,omitempty"`        // that each provider runs; none: the CPU runs all
	Skipped     []string       `json:"skipped,omitempty"`      // providers before the one that is named, and why they run none
	MaySaturate bool           `json:"may_saturate,omitempty"` // sums of 8-bit products may, on this CPU
}

// Settings are values by name, in an order that reads well: a JSON object. Those with
// an empty value are left out.
type Settings []Setting

// Setting is one value.
type Setting struct{ Key, Value string }

// Get returns a value; "" where there is none.
func (s Settings) Get(key string) string {
	if i := slices.IndexFunc(s, func(x Setting) bool { return x.Key == key }); i >= 0 {
		return s[i].Value
	}
	return ""
}

// MarshalJSON keeps the order.
func (s Settings) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	b.WriteByte('{')
	for _, x := range s {
		if x.Value == "" {
			continue
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		if err := encoder.Encode(x.Key); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := encoder.Encode(x.Value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON keeps the order.
func (s *Settings) UnmarshalJSON(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if t, err := decoder.Token(); err != nil || t != json.Delim('{') {
		return errors.Join(errors.New("settings are no JSON object"), err)
	}
	*s = nil
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return err
		}
		var value string
		if err := decoder.Decode(&value); err != nil {
			return fmt.Errorf("%v: %w", key, err)
		}
		if slices.ContainsFunc(*s, func(x Setting) bool { return x.Key == key }) {
			return fmt.Errorf("%v is there twice", key)
		}
		if value == "" {
			continue
		}
		*s = append(*s, Setting{key.(string), value})
	}
	return nil
}

// differences lists why the rows of one run can't be put beside those of another, a line each;
// sameInputs: those of an update are others.
func (r *Record) differences(now *Record, sameInputs bool) []string {
	var lines []string
	compare := func(key, was, is string) {
		if was == is {
			return
		}
		for _, v := range []*string{&was, &is} {
			if *v == "" {
				*v = "not set"
			}
		}
		lines = append(lines, fmt.Sprintf("%s was %s, and is %s", key, was, is))
	}
	all := func(prefix string, was, is Settings) {
		for _, x := range was {
			compare(prefix+x.Key, x.Value, is.Get(x.Key))
		}
		for _, x := range is {
			if was.Get(x.Key) == "" {
				compare(prefix+x.Key, "", x.Value)
			}
		}
	}
	all("", r.Settings, now.Settings)
	all("", r.Beside, now.Beside)
	compare("model's SHA-256", r.Model.SHA256, now.Model.SHA256)
	all("SHA-256 of ", r.Model.ExternalData, now.Model.ExternalData)
	all("preprocessing: ", r.Preprocessing, now.Preprocessing)
	compare("ONNX Runtime", r.ONNXRuntime, now.ONNXRuntime)
	if !sameInputs {
		return lines
	}
	compare("number of inputs", r.Inputs.count(), now.Inputs.count())
	if r.Inputs.count() == now.Inputs.count() {
		compare("names of the inputs' SHA-256", r.Inputs.digest(), now.Inputs.digest())
	}
	return lines
}

// touched reports whether files have other sizes or times than they had, as far as both are known.
func (i *Inputs) touched(now *Inputs) bool {
	return i != nil && now != nil && i.Times != "" && now.Times != "" && i.Times != now.Times
}

// changed reports whether files have other contents than they had; asked, whether that is compared.
func (i *Inputs) changed(now *Inputs) (asked, changed bool) {
	if i == nil || now == nil || now.Contents == "" {
		return false, false
	}
	return true, i.Contents != now.Contents
}

func (i *Inputs) count() string {
	if i == nil {
		return "not known"
	}
	return fmt.Sprint(i.Count)
}

func (i *Inputs) digest() string {
	if i == nil {
		return ""
	}
	return i.SHA256
}

// Read returns the record of the run that makes, or has made, an output.
func Read(out string) (*Record, error) { return readRecord(out + ".run.json") }

func readRecord(name string) (*Record, error) {
	data, err := regular.ReadFile(name, maxRecord)
	if err != nil {
		return nil, err
	}
	r, err := parseRecord(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

var errNoRecord = errors.New("it is no record of a run")

func parseRecord(data []byte) (*Record, error) {
	if !likeRecord(data) {
		return nil, errNoRecord
	}
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("it can't be read: %w", err)
	}
	switch {
	case r.Version > Version:
		return nil, fmt.Errorf("its version is %d, and this ortho knows %d: use ortho %s or newer", r.Version, Version, r.Ortho)
	case r.Version > 1 && !summed(data):
		return nil, errors.New("it was changed since it was written: its checksum is that of another")
	case !r.Stamps.fit(r.Rows), !r.LeftOut.fit(r.Rows), r.Gone < 0 || r.Gone > r.Rows,
		r.Version < 1 || r.Rows < 0 || r.Failed < 0 || r.Failed > r.Rows || r.OlderLines < 0 || r.Inputs != nil && r.Inputs.Count < 0:
		return nil, errNoRecord
	}
	return &r, nil
}

// likeRecord reports whether a file is the record of a run, of any version, whatever is wrong with it.
func likeRecord(data []byte) bool {
	var r struct {
		Version       int
		Rows          *int64
		Preprocessing json.RawMessage
	}
	return json.Unmarshal(data, &r) == nil && r.Version > 0 && r.Rows != nil && r.Preprocessing != nil
}

// The checksum of a record stands at its end: the SHA-256 of the file without it.
const (
	checksumKey = `,
  "checksum": "`
	checksumEnd = "\"\n}\n"
)

func checksum(content []byte) string {
	digest := sha256.Sum256(content)
	return hex.EncodeToString(digest[:])
}

// withChecksum adds it to an indented JSON object.
func withChecksum(content []byte) []byte {
	return slices.Concat(bytes.TrimSuffix(content, []byte("\n}\n")), []byte(checksumKey+checksum(content)+checksumEnd))
}

// summed reports whether a record is as withChecksum has made it.
func summed(data []byte) bool {
	i := bytes.LastIndex(data, []byte(checksumKey))
	return i >= 0 && bytes.Equal(data, withChecksum(append(data[:i:i], "\n}\n"...)))
}

// write replaces the record at once: a crash leaves the old one or the new one.
func (r *Record) write(name string) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	f, err := appear.Create(name)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if _, err = f.Write(withChecksum(b.Bytes())); err == nil {
		err = f.Commit()
	}
	if err != nil {
		f.Discard()
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

func missing(name string) bool {
	_, err := os.Lstat(name)
	return errors.Is(err, fs.ErrNotExist)
}
