package rows

import (
	"reflect"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/output"
	"ortho/models/embed"
)

var someEmbeddings = []Embeddings{
	OfEmbedding("a.jpg", embed.Result{Embedding: []float32{0.6, -0.8}, Width: 2, Height: 1}),
	output.Failed[Embeddings]("\xff", "decode", "no image"),
}

func TestEmbeddings(t *testing.T) {
	all := someEmbeddings
	for _, format := range []string{"jsonl", "json", "parquet", "npz"} {
		data := written(t, EmbeddingsCodec, format, all)
		if got, err := readAll(EmbeddingsCodec, format, data); err != nil || !reflect.DeepEqual(got, all) {
			t.Errorf("%s: %+v, %v", format, got, err)
		}
	}
	if got := string(written(t, EmbeddingsCodec, "jsonl", all[:1])); got != `{"input":"a.jpg","embedding":[0.6,-0.8],"width":2,"height":1}`+"\n" {
		t.Error(got)
	}
	if got := string(written(t, EmbeddingsCodec, "table", all)); !strings.Contains(got, "0.6  -0.8") || !strings.Contains(got, "no image") {
		t.Error(got)
	}
	if err := EmbeddingsCodec.Takes("csv"); err == nil {
		t.Error("CSV takes embeddings")
	}
}
