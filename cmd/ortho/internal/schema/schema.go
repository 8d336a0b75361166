package schema

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// Kind is what a value is.
type Kind int

const (
	Text   Kind = iota
	Bytes       // base64 in JSON
	Flag        // true or false
	Int         // of 32 bits
	Long        // of 64 bits
	ULong       // of 64 bits, without a sign
	Float       // of 32 bits
	Double      // of 64 bits
	List
	Struct
)

// Type is that of a value.
type Type struct {
	Kind   Kind
	Of     *Type   // of a list's values
	Fields []Field // of a struct's
}

// Field is one of a struct. Only what is required is in each row; where JSON leaves another out, it is null.
type Field struct {
	Name     string
	Required bool
	Type     Type
}

// Of is the type of rows of a Go type, as encoding/json writes them, with input_bytes behind all: the input's
// name where it is not UTF-8. It panics where a type has no place here, which a test finds.
func Of[R any]() Type {
	t := of(reflect.TypeFor[R]())
	for i := range t.Fields {
		t.Fields[i].Required = t.Fields[i].Name == "input"
	}
	t.Fields = append(t.Fields, Field{Name: "input_bytes", Type: Type{Kind: Bytes}})
	return t
}

func of(t reflect.Type) Type {
	switch t.Kind() {
	case reflect.Pointer:
		return of(t.Elem())
	case reflect.String:
		return Type{Kind: Text}
	case reflect.Bool:
		return Type{Kind: Flag}
	case reflect.Int32, reflect.Uint16:
		return Type{Kind: Int}
	case reflect.Int, reflect.Int64, reflect.Uint32:
		return Type{Kind: Long}
	case reflect.Uint64:
		return Type{Kind: ULong}
	case reflect.Float32:
		return Type{Kind: Float}
	case reflect.Float64:
		return Type{Kind: Double}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return Type{Kind: Bytes}
		}
		elements := of(t.Elem())
		return Type{Kind: List, Of: &elements}
	case reflect.Struct:
		return Type{Kind: Struct, Fields: fields(t)}
	}
	panic(fmt.Sprintf("rows hold a %v, which has no type in a schema", t))
}

// fields are those that JSON has: of embedded structs, too.
func fields(t reflect.Type) (all []Field) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			all = append(all, fields(f.Type)...)
		case name == "-" || name == "" || !f.IsExported():
		default:
			optional := strings.Contains(options, "omit") || f.Type.Kind() == reflect.Pointer
			all = append(all, Field{name, !optional, of(f.Type)})
		}
	}
	return all
}

// names of kinds, in the order of their constants.
var (
	sparkNames  = []string{"STRING", "BINARY", "BOOLEAN", "INT", "BIGINT", "DECIMAL(20, 0)", "FLOAT", "DOUBLE"}
	duckNames   = []string{"VARCHAR", "BLOB", "BOOLEAN", "INTEGER", "BIGINT", "UBIGINT", "REAL", "DOUBLE"}
	arrowNames  = []string{"string", "binary", "bool_", "int32", "int64", "uint64", "float32", "float64"}
	schemaNames = []string{"string", "string", "boolean", "integer", "integer", "integer", "number", "number"}
)

// Spark is the row's DDL as from_json, a reader's schema and mapInArrow take it.
func (t Type) Spark() string {
	var all []string
	for _, f := range t.Fields {
		all = append(all, f.Name+" "+f.Type.spark()+map[bool]string{true: " NOT NULL"}[f.Required])
	}
	return strings.Join(all, ", ")
}

// String is the type as Spark writes it.
func (t Type) String() string { return t.spark() }

func (t Type) spark() string {
	switch t.Kind {
	case List:
		return "ARRAY<" + t.Of.spark() + ">"
	case Struct:
		var all []string
		for _, f := range t.Fields {
			all = append(all, f.Name+": "+f.Type.spark())
		}
		return "STRUCT<" + strings.Join(all, ", ") + ">"
	}
	return sparkNames[t.Kind]
}

// DDL is a statement that makes a table for the rows, in SQL as DuckDB has it.
func (t Type) DDL(table string) string {
	var all []string
	for _, f := range t.Fields {
		all = append(all, fmt.Sprintf("  %q %s%s", f.Name, f.Type.duck(), map[bool]string{true: " NOT NULL"}[f.Required]))
	}
	return fmt.Sprintf("CREATE TABLE %q (\n%s\n);", table, strings.Join(all, ",\n"))
}

func (t Type) duck() string {
	switch t.Kind {
	case List:
		return t.Of.duck() + "[]"
	case Struct:
		var all []string
		for _, f := range t.Fields {
			all = append(all, fmt.Sprintf("%q %s", f.Name, f.Type.duck()))
		}
		return "STRUCT(" + strings.Join(all, ", ") + ")"
	}
	return duckNames[t.Kind]
}

// Arrow is a schema of pyarrow, an expression of Python over pyarrow as pa.
func (t Type) Arrow() string {
	var all []string
	for _, f := range t.Fields {
		all = append(all, fmt.Sprintf("    pa.field(%q, %s%s),\n", f.Name, f.Type.arrow(), map[bool]string{true: ", nullable=False"}[f.Required]))
	}
	return "pa.schema([\n" + strings.Join(all, "") + "])"
}

func (t Type) arrow() string {
	switch t.Kind {
	case List:
		return "pa.list_(" + t.Of.arrow() + ")"
	case Struct:
		var all []string
		for _, f := range t.Fields {
			all = append(all, fmt.Sprintf("(%q, %s)", f.Name, f.Type.arrow()))
		}
		return "pa.struct([" + strings.Join(all, ", ") + "])"
	}
	return "pa." + arrowNames[t.Kind] + "()"
}

// JSON is a JSON Schema.
func (t Type) JSON() (string, error) {
	of := t.json()
	of["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	text, err := json.MarshalIndent(of, "", "  ")
	return string(text), err
}

func (t Type) json() map[string]any {
	switch t.Kind {
	case List:
		return map[string]any{"type": "array", "items": t.Of.json()}
	case Struct:
		properties, required := map[string]any{}, []string{}
		for _, f := range t.Fields {
			properties[f.Name] = f.Type.json()
			if f.Required {
				required = append(required, f.Name)
			}
		}
		return map[string]any{"type": "object", "properties": properties, "required": required}
	case Bytes:
		return map[string]any{"type": "string", "contentEncoding": "base64"}
	}
	return map[string]any{"type": schemaNames[t.Kind]}
}
