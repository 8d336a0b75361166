package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// field is one of a message of protobuf. A message within it has fields of its own.
type field struct {
	tag    uint64
	number uint64 // a varint
	bytes  []byte // anything else, without its length
	fields []field
}

// parseFields reads a message; ok is false where it is none. What looks like one within is read, too.
func parseFields(data []byte, deep int) (fields []field, ok bool) {
	for len(data) > 0 {
		tag, n := binary.Uvarint(data)
		if n <= 0 || tag>>3 == 0 || tag>>3 > 1<<20 {
			return nil, false
		}
		data = data[n:]
		f := field{tag: tag}
		switch size := map[uint64]int{1: 8, 5: 4}[tag&7]; {
		case tag&7 == 0:
			if f.number, n = binary.Uvarint(data); n <= 0 {
				return nil, false
			}
			data = data[n:]
		case size > 0 && len(data) >= size:
			f.bytes, data = data[:size], data[size:]
		case tag&7 == 2:
			length, n := binary.Uvarint(data)
			if n <= 0 || length > uint64(len(data)-n) {
				return nil, false
			}
			f.bytes, data = data[n:n+int(length)], data[n+int(length):]
			if deep > 0 && length > 1 {
				f.fields, _ = parseFields(f.bytes, deep-1)
			}
		default:
			return nil, false
		}
		fields = append(fields, f)
	}
	return fields, true
}

func appendFields(to []byte, fields []field) []byte {
	for _, f := range fields {
		to = binary.AppendUvarint(to, f.tag)
		switch inner := f.bytes; f.tag & 7 {
		case 0:
			to = binary.AppendUvarint(to, f.number)
		case 2:
			if f.fields != nil {
				inner = appendFields(nil, f.fields)
			}
			to = append(binary.AppendUvarint(to, uint64(len(inner))), inner...)
		default:
			to = append(to, inner...)
		}
	}
	return to
}

// damagedGraph is a graph with faults: in its bytes, or in its fields, so that it can still be read.
func damagedGraph(random *rand.Rand, data, other []byte) []byte {
	fields, ok := parseFields(data, 6)
	if !ok || random.IntN(3) == 0 {
		return damaged(random, data, other)
	}
	for range 1 + random.IntN(3) {
		fields = faultyFields(random, fields)
	}
	return appendFields(nil, fields)
}

func faultyFields(random *rand.Rand, fields []field) []field {
	if len(fields) == 0 {
		return fields
	}
	fields = slices.Clone(fields)
	i := random.IntN(len(fields))
	f := &fields[i]
	if f.fields != nil && random.IntN(8) > 0 {
		f.fields = faultyFields(random, f.fields)
		return fields
	}
	switch random.IntN(5) {
	case 0:
		return slices.Delete(fields, i, i+1)
	case 1:
		return slices.Insert(fields, random.IntN(len(fields)+1), fields[i])
	case 2: // a field of another kind
		f.tag = f.tag&7 | uint64(1+random.IntN(20))<<3
	case 3:
		*f = fields[random.IntN(len(fields))]
	default:
		f.number, f.fields = pick(random, odd), nil
		f.bytes = damaged(random, f.bytes, nil)
		if size := map[uint64]int{1: 8, 5: 4}[f.tag&7]; size > 0 {
			f.bytes = append(f.bytes, make([]byte, size)...)[:size]
		}
	}
	return fields
}

// oddValues are what nobody expects in a file of JSON.
var oddValues = []string{"null", "true", "-1", "0", "1", "2", "1.5", "1e308", "1e400", "-0.0", "9223372036854775808", "100000000000000000000", `""`, `"\u202e\u0000x"`, `"../../etc/passwd"`,
	`"NaN"`, "NaN", "[]", "{}", "[[[[]]]]", `{"a":{"a":1}}`, "[0,0,0]", "[1e9,1e9]", "[-1,3]", "[0.5,0.5,0.5,0.5]", `["a","a"]`, "65536", "2147483648"}

// damagedJSON is a document with faults: in its bytes, or with values, keys or lengths that are not meant, so
// that it can still be read.
func damagedJSON(random *rand.Rand, data, other []byte) []byte {
	var document any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if decoder.Decode(&document) != nil || random.IntN(4) == 0 {
		return damaged(random, data, other)
	}
	const mark = "\x1fvalue\x1f"
	value := pick(random, oddValues)
	switch random.IntN(12) {
	case 0:
		value = strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	case 1:
		value = `"` + strings.Repeat("long ", 40_000) + `"`
	}
	text, err := json.Marshal(faultyValue(random, document, mark))
	if err != nil {
		return data
	}
	quoted, _ := json.Marshal(mark)
	return bytes.Replace(text, quoted, []byte(value), 1)
}

// faultyValue has mark in the place of one value of a document, or one key less, or more.
func faultyValue(random *rand.Rand, v any, mark string) any {
	switch v := v.(type) {
	case map[string]any:
		keys := slices.Sorted(maps.Keys(v))
		if len(keys) == 0 || random.IntN(12) == 0 {
			return mark
		}
		key := pick(random, keys)
		if random.IntN(8) == 0 {
			delete(v, key)
			return v
		}
		v[key] = faultyValue(random, v[key], mark)
		return v
	case []any:
		if len(v) == 0 || random.IntN(5) == 0 {
			return mark
		}
		i := random.IntN(len(v))
		if random.IntN(6) == 0 {
			return append(v, v[i])
		}
		v[i] = faultyValue(random, v[i], mark)
		return v
	}
	return mark
}
