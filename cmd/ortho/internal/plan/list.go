package plan

import (
	"context"
	"fmt"
	"iter"
	"path"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/store"
)

// Listed yields the inputs that arguments of a command line stand for, in their order: local ones as [source.Units] has
// them, and of a prefix in a store the objects below it that are images or archives by their names, which passed counts
// the others of. absent is called with files of lists that are not there.
func Listed(ctx context.Context, s *store.Stores, args []string, passed *source.Passed, absent func(name string)) iter.Seq2[Input, error] {
	return func(yield func(Input, error) bool) {
		for _, arg := range args {
			all := local(ctx, s, arg, passed, absent)
			if store.Remote(arg) {
				all = remote(ctx, s, arg)
			}
			for in, err := range all {
				if !yield(in, err) || err != nil {
					return
				}
			}
		}
	}
}

func local(ctx context.Context, s *store.Stores, arg string, passed *source.Passed, absent func(name string)) iter.Seq2[Input, error] {
	return func(yield func(Input, error) bool) {
		for u, err := range source.Units([]string{arg}, source.Options{Passed: passed}) {
			switch {
			case err != nil:
			case u.Regular:
				o, err := s.Stat(ctx, u.Name)
				if !yield(InputOf(o, u.Archive), err) {
					return
				}
				continue
			default: // its row says so
				absent(u.Name)
			}
			if !yield(Input{URI: u.Name}, err) {
				return
			}
		}
	}
}

// remote is an object, or those below a prefix.
func remote(ctx context.Context, s *store.Stores, uri string) iter.Seq2[Input, error] {
	return func(yield func(Input, error) bool) {
		if isArchive(uri) || isImage(uri) { // or it ends as one does
			if o, err := s.Stat(ctx, uri); err == nil {
				yield(InputOf(o, isArchive(uri)), nil)
				return
			}
		}
		some := false
		for o, err := range s.List(ctx, uri) {
			if err == nil && !isArchive(o.URI) && !isImage(o.URI) {
				continue
			}
			if some = true; !yield(InputOf(o, err == nil && isArchive(o.URI)), err) || err != nil {
				return
			}
		}
		if !some {
			yield(Input{}, fmt.Errorf("%s: below it there are no images and no archives", store.Shown(uri)))
		}
	}
}

func isArchive(uri string) bool {
	name := strings.ToLower(store.Base(uri))
	return strings.HasSuffix(name, ".tar") || strings.HasSuffix(name, ".tar.gz") || strings.HasSuffix(name, ".tgz") || strings.HasSuffix(name, ".tar.zst")
}

func isImage(uri string) bool {
	return slices.Contains(source.Endings, strings.ToLower(path.Ext(store.Base(uri))))
}
