package source

import "path/filepath"

// Finder finds items again by the names that Items has given them. Those of one archive are best
// asked for one after the other.
type Finder struct {
	archive string
	members map[string]Item // of it
}

// Find returns the item of a name: a file of that name, whether it is there or not, or an image
// in an archive.
func (f *Finder) Find(name string) Item {
	if isRegular(name) {
		return File(name)
	}
	for above := filepath.Dir(name); above != filepath.Dir(above); above = filepath.Dir(above) {
		if !archive(above) || !isRegular(above) {
			continue
		}
		if f.archive != above {
			f.archive, f.members = above, map[string]Item{}
			untar(above, nil, func(item Item) bool {
				if _, twice := f.members[item.Name]; !twice {
					f.members[item.Name] = item
				}
				return true
			})
		}
		if item, is := f.members[name]; is {
			return item
		}
	}
	return File(name)
}
