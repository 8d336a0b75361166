package convert

import (
	"context"
	"fmt"
	"slices"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/rows"
)

// kind is one of the kinds of rows.
type kind struct {
	name string
	is   func(has func(field string) bool) bool // whether fields are of this kind alone
	run  func(context.Context, *conversion) error
}

// kinds are looked at in this order.
var kinds = []kind{
	kindOf("embeddings", rows.EmbeddingsCodec, func(has func(string) bool) bool { return has("embedding") }),
	kindOf("descriptions", rows.DescriptionsCodec, func(has func(string) bool) bool { return has("description") || has("sentence") }),
	kindOf("pictures", rows.PicturesCodec, func(has func(string) bool) bool { return has("file") }),
	kindOf("classes of images", rows.ClassesCodec, func(has func(string) bool) bool { return has("width") }),
	kindOf("classes of texts", rows.TextsCodec, func(has func(string) bool) bool {
		return has("predictions") || has("output") || has("doubt")
	}),
}

// others are fields of rows that can't be converted, and the verbs that write them.
var others = []struct{ field, verb string }{
	{"detections", "detect"}, {"x1", "detect"}, {"segments", "segment"}, {"share", "segment"}, {"depth", "depth"}, {"unit", "depth"}, {"tags", "tag"}, {"category", "tag"}, {"matches", "search"}, {"images", "dupes"},
}

// other is the verb whose rows a file has, where those can't be converted; "": they can.
func (in *Input) other() string {
	for fields := range output.Fields(in.Format, in.file, in.size) {
		for _, o := range others {
			if slices.Contains(fields, o.field) {
				return o.verb
			}
		}
	}
	return ""
}

func kindOf[R fitting[R]](name string, codec *output.Codec[R], is func(has func(string) bool) bool) kind {
	return kind{name, is, func(ctx context.Context, c *conversion) error { return run(ctx, c, codec) }}
}

// fitting are rows that know what a format has no place for.
type fitting[R any] interface {
	output.Row
	// Fit is the row as far as a format has a place for it, with at most n classes (0: all); lost
	// names what it has not, "" nothing.
	Fit(format string, n int) (fit R, lost string)
	Classes() int // how many there are
}

// told is the kind of all inputs.
func told(all []*Input, warn func(string)) (kind, error) {
	found, of := -1, (*Input)(nil)
	for _, in := range all {
		if verb := in.other(); verb != "" {
			return kind{}, fmt.Errorf("%s has rows of %s, which are not converted: %s -f writes them in other formats", in.Name, verb, verb)
		}
		k := in.kind()
		switch {
		case k < 0:
		case found < 0:
			found, of = k, in
		case k != found:
			return kind{}, fmt.Errorf("%s has %s, and %s has %s: rows of one kind alone are joined", of.Name, kinds[found].name, in.Name, kinds[k].name)
		}
	}
	if found < 0 {
		found = slices.IndexFunc(kinds, func(k kind) bool { return k.name == "classes of images" })
		warn("no row has a result that says of what kind it is: they are taken for " + kinds[found].name)
	}
	return kinds[found], nil
}

// kind is an index of kinds; -1 where no row shows it.
func (in *Input) kind() int {
	for fields := range output.Fields(in.Format, in.file, in.size) {
		has := func(field string) bool { return slices.Contains(fields, field) }
		if k := slices.IndexFunc(kinds, func(k kind) bool { return k.is(has) }); k >= 0 {
			return k
		}
	}
	return -1
}
