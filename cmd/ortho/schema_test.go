package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/schema"
)

// filled sets all that a row can have.
func filled(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		filled(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		filled(v.Index(0))
	case reflect.Array:
		for i := range v.Len() {
			filled(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				filled(v.Field(i))
			}
		}
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(0.5)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	default:
		v.SetInt(1)
	}
}

func lineOfAll[R any](t *testing.T) any {
	t.Helper()
	var row R
	filled(reflect.ValueOf(&row).Elem())
	text, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// hasType reports where a value is not of a type, field by field, in both directions.
func hasType(t *testing.T, at string, value any, of schema.Type) {
	t.Helper()
	switch v := value.(type) {
	case map[string]any:
		if of.Kind != schema.Struct {
			t.Errorf("%s is an object, and %v in the schema", at, of.Kind)
			return
		}
		for _, f := range of.Fields {
			if one, is := v[f.Name]; is {
				hasType(t, at+"."+f.Name, one, f.Type)
			} else if f.Name != "input_bytes" {
				t.Errorf("%s has no %s", at, f.Name)
			}
			delete(v, f.Name)
		}
		for name := range v {
			t.Errorf("%s has %s, which the schema has not", at, name)
		}
	case []any:
		if of.Kind != schema.List {
			t.Errorf("%s is a list, and %v in the schema", at, of.Kind)
			return
		}
		hasType(t, at+"[]", v[0], *of.Of)
	case string:
		if of.Kind != schema.Text && of.Kind != schema.Bytes {
			t.Errorf("%s is a text, and %v in the schema", at, of.Kind)
		}
	case bool:
		if of.Kind != schema.Flag {
			t.Errorf("%s is true or false, and %v in the schema", at, of.Kind)
		}
	case float64:
		if v == 0.5 != (of.Kind == schema.Float || of.Kind == schema.Double) || v == 1 && of.Kind < schema.Int {
			t.Errorf("%s is %v, and %v in the schema", at, v, of.Kind)
		}
	}
}

// TestSchema: the schema of each verb has the fields that its rows have, all of them, of their types.
func TestSchema(t *testing.T) {
	lines := map[string]func(*testing.T) any{
		"classify": lineOfAll[rows.Classes], "classify-text": lineOfAll[rows.Texts], "embed": lineOfAll[rows.Embeddings], "tag": lineOfAll[rows.Tags],
		"detect": lineOfAll[rows.Detections], "segment": lineOfAll[rows.Segments], "depth": lineOfAll[rows.Depth], "cutout": lineOfAll[rows.Pictures], "generate": lineOfAll[rows.Pictures],
		"describe": lineOfAll[rows.Descriptions], "search": lineOfAll[rows.Matches], "dupes": lineOfAll[rows.Duplicates],
	}
	for verb, rowType := range rowTypes {
		hasType(t, verb, lines[verb](t), rowType())
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"classify", "--spark"}, exitOK, "input STRING NOT NULL, predictions ARRAY<STRUCT<index: BIGINT, label: STRING, id: STRING, probability: DOUBLE>>, "},
		{[]string{"embed", "--arrow"}, exitOK, `pa.field("embedding", pa.list_(pa.float32())),`},
		{[]string{"tag", "--ddl"}, exitOK, `"tags" STRUCT("index" BIGINT, "label" VARCHAR, `},
		{[]string{"search", "--json"}, exitOK, `"$schema": "https://json-schema.org/draft/2020-12/schema"`},
		{[]string{"generate", "--spark"}, exitOK, "seed DECIMAL(20, 0)"},
		{[]string{"clasify"}, exitUsage, "did you mean classify?"},
		{[]string{"classify", "--spark", "--json"}, exitUsage, "give one of"},
		{nil, exitUsage, "name one command that makes rows"},
	} {
		code, stdout, stderr := execute(t, "", append([]string{"schema"}, c.args...)...)
		if code != c.code || !strings.Contains(stdout+stderr, c.want) {
			t.Errorf("%q: exit %d, %s%s; want %d, %s", c.args, code, stdout, stderr, c.code, c.want)
		}
	}
}
