package rows

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/output"
	"ortho/models/classify"
	"ortho/models/describe"
	"ortho/models/grounding"
	"ortho/models/witness"
)

// Descriptions are what a chat model says of an image.
type Descriptions struct {
	output.Head
	Description *Description `json:"description,omitempty"`
	output.Failure
}

// Description is a [describe.Description], with what the model was shown.
type Description struct {
	Sentence   string   `json:"sentence"`
	Objects    []string `json:"objects"`
	Attributes []string `json:"attributes"`
	Scene      string   `json:"scene"`
	// Class is one of the candidates, with its Index, or free text.
	Class    string                `json:"class"`
	Index    *int                  `json:"index,omitempty"`
	Evidence []classify.Prediction `json:"evidence,omitempty"` // of the image model; only JSONL has it
	Model    string                `json:"model"`
	Cached   bool                  `json:"cached,omitempty"`
	Tokens   int                   `json:"tokens,omitempty"` // that it cost
	Mended   []string              `json:"mended,omitempty"` // what of the answer was not as it was asked for; only JSONL has it
	// Checked says of each object what a detector's boxes say of it; Sight is what further models saw, which only JSONL has.
	Checked []grounding.Mention `json:"checked,omitempty"`
	Sight   *witness.Sight      `json:"seen,omitempty"`
}

// OfDescription makes the row of a describer's answer about an image, with the classifier's
// evidence.
func OfDescription(name string, from describe.Description, evidence []classify.Prediction) Descriptions {
	d := &Description{Sentence: from.Sentence, Objects: append([]string{}, from.Objects...), Attributes: append([]string{}, from.Attributes...),
		Scene: from.Scene, Class: from.Class.Name, Evidence: evidence, Model: from.Model, Cached: from.Cached, Tokens: from.Usage.Total(), Mended: from.Mended}
	if from.Class.Index >= 0 {
		d.Index = &from.Class.Index
	}
	return Descriptions{Head: output.Head{Input: name}, Description: d}
}

// Results is 1, or 0 where the image failed.
func (r Descriptions) Results() int {
	if r.Description == nil {
		return 0
	}
	return 1
}

// DescriptionsCodec is for descriptions. A table has one of them: it is printed when it is
// there, as an answer takes seconds.
var DescriptionsCodec = &output.Codec[Descriptions]{
	Variant: "-descriptions",
	CSV: &output.CSV[Descriptions]{Columns: []string{"sentence", "objects", "attributes", "scene", "index", "class", "model", "cached", "tokens", "checked"}, Later: 1,
		Number: isNumber, Write: Descriptions.records, Read: (*Descriptions).read},
	Parquet: output.Columns(Descriptions.columns, (*descriptionsColumns).row, (*descriptionsColumns).size),
	Table:   &output.Table[Descriptions]{Columns: []grid.Column{grid.Text(""), grid.Text("")}, Cells: Descriptions.cells, Together: 1},
	Fields:  Descriptions.fields,
}

// between stands between the elements of a list, none of which holds it.
const between = "; "

func joined(list []string) string {
	clean := make([]string, len(list))
	for i, s := range list {
		clean[i] = strings.ReplaceAll(s, ";", ",")
	}
	return strings.Join(clean, between)
}

func split(s string) []string {
	if s == "" {
		return []string{}
	}
	return strings.Split(s, between)
}

func (r Descriptions) records(record func(...string)) error {
	d, index := r.Description, ""
	if d.Index != nil {
		index = strconv.Itoa(*d.Index)
	}
	record(d.Sentence, joined(d.Objects), joined(d.Attributes), d.Scene, index, d.Class, d.Model, strconv.FormatBool(d.Cached), strconv.Itoa(d.Tokens), checkedText(d.Checked))
	return nil
}

func (r *Descriptions) read(_ *Descriptions, fields []string) (joined bool, err error) {
	d := &Description{Sentence: fields[0], Objects: split(fields[1]), Attributes: split(fields[2]), Scene: fields[3], Class: fields[5], Model: fields[6], Cached: fields[7] == "true"}
	if d.Tokens, err = number("tokens", fields[8]); err != nil {
		return false, err
	}
	if fields[4] != "" {
		index, err := number("index", fields[4])
		if err != nil {
			return false, err
		}
		d.Index = &index
	}
	if len(fields) > 9 {
		d.Checked = checkedOf(fields[9])
	}
	r.Description = d
	return false, nil
}

// checkedText is what came of checking objects in one field: "cat: found; dog: not found".
func checkedText(all []grounding.Mention) string {
	words := make([]string, len(all))
	for i, m := range all {
		words[i] = m.Name + ": " + string(m.Status)
	}
	return joined(words)
}

func checkedOf(text string) (all []grounding.Mention) {
	for _, one := range split(text) {
		if at := strings.LastIndex(one, ": "); at >= 0 {
			all = append(all, grounding.Mention{Name: one[:at], Status: grounding.Status(one[at+2:])})
		}
	}
	return all
}

// ObjectsOf are the objects of a description, each with what came of checking it.
func ObjectsOf(d *Description) string {
	words := slices.Clone(d.Objects)
	for i, name := range words {
		at := slices.IndexFunc(d.Checked, func(m grounding.Mention) bool { return m.Name == name })
		if at >= 0 {
			words[i] = name + " (" + MentionText(d.Checked[at]) + ")"
		}
	}
	return strings.Join(words, ", ")
}

// MentionText says what came of checking an object: by which box, and what was answered of it.
func MentionText(m grounding.Mention) string {
	text := string(m.Status)
	if m.Label != "" {
		text += fmt.Sprintf(": %s %.2f", m.Label, m.Score)
	}
	switch a := m.Asked; {
	case a == nil:
	case a.Error != "":
		text += "; asked once more, no answer"
	default:
		text += "; asked once more: " + a.Answer
	}
	return text
}

func (r Descriptions) cells(line func(...any)) {
	line("image", r.Input)
	if r.Error != nil {
		line("failed", r.Error.Message)
		return
	}
	d := r.Description
	class := d.Class
	if d.Index != nil {
		class = fmt.Sprintf("%d %s", *d.Index, class)
	}
	for _, cells := range [][2]string{{"description", d.Sentence}, {"class", class}, {"objects", ObjectsOf(d)}, {"attributes", joined(d.Attributes)}, {"scene", d.Scene}} {
		if cells[1] != "" {
			line(cells[0], cells[1])
		}
	}
}

// checkedColumn is an object in Parquet, with what came of checking it.
type checkedColumn struct {
	Object string `parquet:"object"`
	Status string `parquet:"status,dict"`
}

// descriptionsColumns are those of Parquet.
type descriptionsColumns struct {
	Input      string          `parquet:"input"`
	Sentence   string          `parquet:"sentence,optional"`
	Objects    []string        `parquet:"objects,optional,list"`
	Attributes []string        `parquet:"attributes,optional,list"`
	Scene      string          `parquet:"scene,optional"`
	Index      *int32          `parquet:"index,optional"`
	Class      string          `parquet:"class,optional"`
	Model      string          `parquet:"model,optional,dict"`
	Cached     bool            `parquet:"cached,optional"`
	Tokens     int64           `parquet:"tokens,optional"`
	Checked    []checkedColumn `parquet:"checked,optional,list"`
	Error      *output.Error   `parquet:"error,optional"`
	InputBytes []byte          `parquet:"input_bytes,optional"`
}

func (r Descriptions) columns() (c descriptionsColumns) {
	c.Input, c.InputBytes = r.UTF8()
	c.Error = r.Error
	if d := r.Description; d != nil {
		c.Sentence, c.Objects, c.Attributes, c.Scene = d.Sentence, d.Objects, d.Attributes, d.Scene
		c.Class, c.Model, c.Cached, c.Tokens = d.Class, d.Model, d.Cached, int64(d.Tokens)
		if d.Index != nil {
			c.Index = new(int32(*d.Index))
		}
		for _, m := range d.Checked {
			c.Checked = append(c.Checked, checkedColumn{m.Name, string(m.Status)})
		}
	}
	return c
}

func (c *descriptionsColumns) row() (r Descriptions) {
	r.Head, r.Error = output.HeadOf(c.Input, c.InputBytes), c.Error
	if c.Error != nil {
		return r
	}
	r.Description = &Description{Sentence: c.Sentence, Objects: c.Objects, Attributes: c.Attributes, Scene: c.Scene,
		Class: c.Class, Model: c.Model, Cached: c.Cached, Tokens: int(c.Tokens)}
	if c.Index != nil {
		r.Description.Index = new(int(*c.Index))
	}
	for _, o := range c.Checked {
		r.Description.Checked = append(r.Description.Checked, grounding.Mention{Name: o.Object, Status: grounding.Status(o.Status)})
	}
	return r
}

// size takes a description for some thousand bytes.
func (c *descriptionsColumns) size() int { return 1 << 12 }
