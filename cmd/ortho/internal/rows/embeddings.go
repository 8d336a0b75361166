package rows

import (
	"fmt"
	"math"
	"strings"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/output"
	"ortho/models/embed"
)

// Embeddings is the row of an image's embedding.
type Embeddings struct {
	output.Head
	embed.Result
	output.Failure
}

// OfEmbedding makes the row of an image's embedding.
func OfEmbedding(name string, made embed.Result) Embeddings {
	return Embeddings{Head: output.Head{Input: name}, Result: made}
}

// Results counts what the row says.
func (r Embeddings) Results() int {
	if r.Embedding == nil {
		return 0
	}
	return 1
}

// EmbeddingsCodec is for embeddings, which CSV and sheets have no place for. A table shows how long they
// are, and their first values.
var EmbeddingsCodec = &output.Codec[Embeddings]{
	Variant: "-embeddings",
	Parquet: output.Columns(Embeddings.columns, (*embeddingsColumns).row, (*embeddingsColumns).size),
	Values: &output.Values[Embeddings]{
		Of: func(r Embeddings) ([]float32, int, int) { return r.Embedding, r.Width, r.Height },
		Row: func(head output.Head, values []float32, width, height int) Embeddings {
			return Embeddings{Head: head, Result: embed.Result{Embedding: values, Width: width, Height: height}}
		},
	},
	Table: &output.Table[Embeddings]{
		Columns: []grid.Column{grid.File("image"), grid.Number("values"), grid.Number("length"), grid.Text("the first")},
		Cells:   Embeddings.cells,
	},
	Fields: Embeddings.fields,
}

func (r Embeddings) cells(line func(...any)) {
	if r.Error != nil {
		line(r.Input, "", "", r.Error.Message)
		return
	}
	sum, first := 0.0, []string{}
	for i, v := range r.Embedding {
		sum += float64(v) * float64(v)
		if i < 4 {
			first = append(first, fmt.Sprintf("%.4g", v))
		}
	}
	line(r.Input, fmt.Sprint(len(r.Embedding)), fmt.Sprintf("%.4g", math.Sqrt(sum)), strings.Join(first, "  "))
}

// embeddingsColumns are those of Parquet.
type embeddingsColumns struct {
	Input      string        `parquet:"input"`
	Embedding  []float32     `parquet:"embedding,optional,list"`
	Error      *output.Error `parquet:"error,optional"`
	Width      int32         `parquet:"width,optional"`
	Height     int32         `parquet:"height,optional"`
	InputBytes []byte        `parquet:"input_bytes,optional"`
}

func (r Embeddings) columns() (c embeddingsColumns) {
	c.Input, c.InputBytes = r.UTF8()
	c.Embedding, c.Error, c.Width, c.Height = r.Embedding, r.Error, int32(r.Width), int32(r.Height)
	return c
}

func (c *embeddingsColumns) row() (r Embeddings) {
	r.Head, r.Error = output.HeadOf(c.Input, c.InputBytes), c.Error
	r.Embedding, r.Width, r.Height = c.Embedding, int(c.Width), int(c.Height)
	return r
}

func (c *embeddingsColumns) size() int { return len(c.Input) + 4*len(c.Embedding) + 64 }
