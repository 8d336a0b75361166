package config

import (
	"errors"
	"fmt"
	"slices"
)

// hfSize is {height, width}; or, where edge is not 0, {shortest_edge}, with a longest_edge where
// longest is not 0; or, where within is not zero, {max_height, max_width}.
type hfSize struct {
	height, width, edge, longest int
	within                       Size
}

func (s hfSize) size() Size { return Size{s.height, s.width} }

// size reads a size: a number, [height, width] or an object.
func (p *processor) size(key string) (s hfSize, err error) {
	o, err := p.at(key)
	if err != nil {
		return s, err
	}
	var pair []int
	var parts Object
	if edge, _, err := o.edge(key); err == nil {
		square := key != "size"
		if !square {
			if square, err = p.flag("default_to_square"); err != nil {
				return s, fmt.Errorf("%s: %d may be a square or a short edge: %w", key, edge, err)
			}
		}
		if square {
			return hfSize{height: edge, width: edge}, nil
		}
		if p.detects() || p.queries() { // transformers reads files of earlier releases so
			s = hfSize{edge: edge, longest: 1333}
			if p.config.Has("max_size") {
				s.longest, _, err = p.config.edge("max_size")
			}
			return s, err
		}
		return hfSize{edge: edge}, nil
	}
	if _, err := o.Get(key, &pair); err == nil {
		if len(pair) != 2 {
			return s, fmt.Errorf("%s: %v is not [height, width]", key, pair)
		}
		s.height, s.width = pair[0], pair[1]
	} else if _, err := o.Get(key, &parts); err != nil {
		return s, err
	} else {
		var errs [6]error
		s.height, _, errs[0] = parts.edge("height")
		s.width, _, errs[1] = parts.edge("width")
		s.edge, _, errs[2] = parts.edge("shortest_edge")
		s.longest, _, errs[3] = parts.edge("longest_edge")
		s.within.Height, _, errs[4] = parts.edge("max_height")
		s.within.Width, _, errs[5] = parts.edge("max_width")
		if err := errors.Join(errs[:]...); err != nil {
			return s, fmt.Errorf("%s: %w", key, err)
		}
		if !parts.oneSize() {
			return s, fmt.Errorf("%s: %s is more than one size", key, Shorten(o[key]))
		}
		half := (s.within.Height == 0) != (s.within.Width == 0)
		if half || s.longest > 0 && s.edge == 0 || parts.Has("min_pixels") || parts.Has("max_pixels") {
			return s, fmt.Errorf("%s: %s is a rule that ortho doesn't know", key, Shorten(o[key]))
		}
		if !half && s.within.Height > 0 {
			return s, nil
		}
	}
	if s.edge == 0 && (s.height < 1 || s.width < 1) {
		return s, fmt.Errorf("%s: %s gives neither height and width nor shortest_edge", key, Shorten(o[key]))
	}
	return s, nil
}

// oneSize reports whether an object's keys are one of the ways in which a size is said.
func (o Object) oneSize() bool {
	said := func(keys ...string) int {
		if slices.ContainsFunc(keys, o.Has) {
			return 1
		}
		return 0
	}
	return said("height", "width")+said("shortest_edge", "longest_edge")+said("max_height", "max_width")+said("min_pixels", "max_pixels") <= 1
}
