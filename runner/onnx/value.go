package onnx

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// kinds are the alternatives of TypeProto, by field number.
var kinds = map[protowire.Number]string{
	1: "tensor", 4: "sequence", 5: "map", 7: "opaque", 8: "sparse_tensor", 9: "optional",
}

// value reads a ValueInfoProto.
func (s *scanner) value(v field) (Value, error) {
	value := Value{Kind: "tensor"}
	err := s.fields(v.begin, v.end, func(v field) (err error) {
		switch {
		case v.typ != protowire.BytesType:
		case v.number == 1:
			value.Name, err = s.text(v, maxText, "value name")
		case v.number == 2:
			err = s.fields(v.begin, v.end, func(v field) error {
				kind, ok := kinds[v.number]
				if !ok || v.typ != protowire.BytesType {
					return nil
				}
				value.Kind = kind
				if kind != "tensor" {
					return nil
				}
				return s.tensorType(v, &value)
			})
		}
		return err
	})
	return value, errors.Join(err, s.keep(128))
}

// tensorType reads a TypeProto.Tensor.
func (s *scanner) tensorType(v field, value *Value) error {
	return s.fields(v.begin, v.end, func(v field) error {
		switch {
		case v.number == 1 && v.typ == protowire.VarintType:
			value.Type = ElementType(v.n)
		case v.number == 2 && v.typ == protowire.BytesType:
			value.Ranked = true
			return s.fields(v.begin, v.end, func(v field) error {
				if v.number != 1 || v.typ != protowire.BytesType {
					return nil
				}
				if len(value.Dims) == maxRank {
					return fmt.Errorf("a shape of more than %d dimensions", maxRank)
				}
				d, err := s.dim(v)
				value.Dims = append(value.Dims, d)
				return err
			})
		}
		return nil
	})
}

func (s *scanner) dim(v field) (Dim, error) {
	d := Dim{Size: -1}
	err := s.fields(v.begin, v.end, func(v field) (err error) {
		switch {
		case v.number == 1 && v.typ == protowire.VarintType:
			d.Size = max(-1, int64(v.n))
		case v.number == 2 && v.typ == protowire.BytesType:
			d.Name, err = s.text(v, maxText, "dimension name")
		}
		return err
	})
	return d, errors.Join(err, s.keep(32))
}
