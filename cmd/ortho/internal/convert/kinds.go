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
	best func(in *Input, expression string) (*Sorted, error) // nil: images can't be sorted by them
}

// kinds are looked at in this order.
var kinds = []kind{
	kindOf("embeddings", rows.EmbeddingsCodec, func(has func(string) bool) bool { return has("embedding") }),
	kindOf("descriptions", rows.DescriptionsCodec, func(has func(string) bool) bool { return has("description") || has("sentence") }),
	kindOf("pictures", rows.PicturesCodec, func(has func(string) bool) bool { return has("file") }),
	sortedBy("objects in images (detect)", rows.DetectionsCodec, func(has func(string) bool) bool { return has("detections") || has("x1") }),
	sortedBy("segments (segment)", rows.SegmentsCodec, func(has func(string) bool) bool { return has("segments") || has("share") }),
	kindOf("ranges of depth (depth)", rows.DepthCodec, func(has func(string) bool) bool { return has("depth") || has("unit") }),
	sortedBy("tags (tag)", rows.TagsCodec, func(has func(string) bool) bool { return has("tags") || has("category") }),
	kindOf("matches (search)", rows.MatchesCodec, func(has func(string) bool) bool { return has("matches") || has("match") }),
	kindOf("groups of images (dupes)", rows.DuplicatesCodec, func(has func(string) bool) bool { return has("images") || has("sha256") }),
	sortedBy("classes of images", rows.ClassesCodec, func(has func(string) bool) bool { return has("width") }),
	classesOfTexts(),
}

// classesOfTexts are also those of images of which someone has left out the sizes: images are sorted by them.
func classesOfTexts() kind {
	k := kindOf("classes of texts", rows.TextsCodec, func(has func(string) bool) bool {
		return has("predictions") || has("output") || has("doubt")
	})
	k.best = func(in *Input, expression string) (*Sorted, error) { return best(in, rows.ClassesCodec, expression) }
	return k
}

func kindOf[R fitting[R]](name string, codec *output.Codec[R], is func(has func(string) bool) bool) kind {
	return kind{name: name, is: is, run: func(ctx context.Context, c *conversion) error { return run(ctx, c, codec) }}
}

// sortedBy is kindOf rows that images can be sorted by.
func sortedBy[R interface {
	fitting[R]
	sortable
}](name string, codec *output.Codec[R], is func(has func(string) bool) bool) kind {
	k := kindOf(name, codec, is)
	k.best = func(in *Input, expression string) (*Sorted, error) { return best(in, codec, expression) }
	return k
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
