package openaitest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// schema is what a strict schema may hold of JSON Schema
// (https://platform.openai.com/docs/guides/structured-outputs/supported-schemas).
type schema struct {
	Type                 string          `json:"type"`
	Title                string          `json:"title"`
	Description          string          `json:"description"`
	Enum                 []string        `json:"enum"`
	Items                json.RawMessage `json:"items"`
	Properties           json.RawMessage `json:"properties"`
	Required             []string        `json:"required"`
	AdditionalProperties *bool           `json:"additionalProperties"`
}

// counts are what is limited over the whole of a schema.
type counts struct{ properties, enums, length int }

// checkSchema holds a schema against the rules for strict ones, and returns the names of
// its properties in order and the values of "class".
func checkSchema(data json.RawMessage) (fields, classes []string, err error) {
	var c counts
	root, err := c.check(data, 1)
	if err != nil {
		return nil, nil, fmt.Errorf("schema: %w", err)
	}
	switch {
	case root.Type != "object":
		return nil, nil, fmt.Errorf("schema: its root is of type %q", root.Type)
	case c.properties > 5000, c.enums > 1000, c.length > 120_000:
		return nil, nil, fmt.Errorf("schema: %d properties (5000), %d values of enums (1000), names and values of %d characters (120,000)", c.properties, c.enums, c.length)
	}
	names, values, err := ordered(root.Properties)
	if err != nil {
		return nil, nil, err
	}
	for i, name := range names {
		var s schema
		if json.Unmarshal(values[i], &s) == nil && name == "class" {
			classes = s.Enum
		}
	}
	return names, classes, nil
}

func (c *counts) check(data json.RawMessage, depth int) (*schema, error) {
	if depth > 10 {
		return nil, errors.New("it is nested deeper than 10")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var s schema
	if err := decoder.Decode(&s); err != nil {
		return nil, err
	}
	length := 0
	for i, v := range s.Enum {
		length += utf8.RuneCountInString(v)
		if slices.Contains(s.Enum[:i], v) {
			return nil, fmt.Errorf("the enum repeats %q", v)
		}
	}
	c.enums += len(s.Enum)
	c.length += length
	if len(s.Enum) > 250 && length > 15_000 {
		return nil, fmt.Errorf("an enum of %d values with %d characters (15,000)", len(s.Enum), length)
	}
	switch s.Type {
	case "string":
		if s.Enum != nil && len(s.Enum) == 0 {
			return nil, errors.New("an empty enum")
		}
		return &s, nil
	case "number", "integer", "boolean":
		return &s, nil
	case "array":
		if s.Items == nil {
			return nil, errors.New("an array without items")
		}
		if _, err := c.check(s.Items, depth+1); err != nil {
			return nil, fmt.Errorf("items: %w", err)
		}
		return &s, nil
	case "object":
	default:
		return nil, fmt.Errorf("type %q", s.Type)
	}
	if s.AdditionalProperties == nil || *s.AdditionalProperties {
		return nil, errors.New("additionalProperties is not false")
	}
	names, values, err := ordered(s.Properties)
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		if !slices.Contains(s.Required, name) {
			return nil, fmt.Errorf("%q is not required", name)
		}
		if _, err := c.check(values[i], depth+1); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		c.properties++
		c.length += utf8.RuneCountInString(name)
	}
	if len(s.Required) != len(names) {
		return nil, errors.New("required names what is no property")
	}
	return &s, nil
}

// ordered returns an object's names and values as they stand there.
func ordered(object json.RawMessage) (names []string, values []json.RawMessage, err error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, nil, errors.New("properties are no object")
	}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, nil, err
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, nil, err
		}
		names, values = append(names, token.(string)), append(values, value)
	}
	return names, values, nil
}
