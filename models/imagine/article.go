package imagine

import (
	"slices"
	"strings"
	"unicode"
)

// mass are nouns of classes that are no things to count: "toilet paper", "mashed potato".
var mass = strings.Fields(`paper wine beer coffee espresso tea milk water juice syrup sauce soup broth consomme eggnog guacamole dough bread hay grass corn rice pasta
	wool silk velvet denim leather cotton wood sand snow ice fire smoke coral broccoli cauliflower spaghetti food fruit meat cheese butter chocolate armour armor mail jewelry furniture`)

// article puts "a" or "an" before a class's first name, where English has one there: not
// before a plural, a mass noun or another article.
func article(label string) string {
	label, _, _ = strings.Cut(label, ",")
	label = strings.TrimSpace(label)
	words := strings.Fields(label)
	if len(words) == 0 {
		return label
	}
	if slices.Contains([]string{"a", "an", "the", "some", "one"}, strings.ToLower(words[0])) && len(words) > 1 || uncounted(words) {
		return label
	}
	if vowel(words[0]) {
		return "an " + label
	}
	return "a " + label
}

// uncounted reports whether a name is that of many things or of a mass, by its main word:
// the last one before a preposition.
func uncounted(words []string) bool {
	if i := slices.IndexFunc(words, func(w string) bool {
		return slices.Contains([]string{"of", "for", "with", "in", "on", "having", "from", "and"}, w)
	}); i > 0 {
		words = words[:i]
	}
	last := strings.ToLower(words[len(words)-1])
	if slices.Contains(mass, last) {
		return true
	}
	for _, singular := range []string{"ss", "us", "is", "ops", "lens", "gas", "canvas", "atlas", "series", "species"} {
		if strings.HasSuffix(last, singular) {
			return false
		}
	}
	return len(last) > 2 && strings.HasSuffix(last, "s")
}

// vowel reports whether a word begins with the sound of one.
func vowel(word string) bool {
	first, _, _ := strings.Cut(word, "-")
	if abbreviated := strings.IndexFunc(first, func(r rune) bool { return !unicode.IsUpper(r) }) < 0; abbreviated && len(first) <= 4 {
		return strings.ContainsAny(first[:1], "AEFHILMNORSX") // as the letters are called
	}
	word = strings.ToLower(word)
	begins := func(prefixes ...string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(word, p) })
	}
	switch {
	case begins("hour", "heir", "honest", "honor", "honour", "8", "11", "18"):
		return true
	case begins("unim", "unin", "unid"):
		return true
	case begins("uni", "use", "usu", "uti", "uta", "ute", "uk", "ura", "eu", "ewe", "one", "once", "ouija"):
		return false
	}
	return strings.IndexAny(word, "aeiouàáâäåæèéêëìíîïòóôöøœùúûü") == 0
}
