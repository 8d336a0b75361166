package text

import (
	"fmt"
	"slices"
	"strings"
)

// function are words of English that stand between those that carry meaning, and those
// that a request is made with: a text of them alone says nothing of what it is about.
var function = wordSet(`a an the this that these those it its is are was were be been being am do does did has have had having
	i me my we us our you your he him his she her they them their who whose which what where when why how there here
	in on at to of from by with without for as into onto over under up down out off about above below between among near through around across along behind beside inside outside
	and or but nor so if than then while because although though until unless whereas
	not no yes very quite rather really too also just only some any each every both all more most much many such same other another own
	can could will would shall should may might must let s t
	please draw paint write show give make render print generate create want need like
	picture pictures image images photo photos photograph photographs drawing drawings painting illustration sketch depiction art`)

// Carries reports whether a word carries meaning: it is no function word.
func Carries(word string) bool { return !function[word] }

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		set[word] = true
	}
	return set
}

// WithTopic is the vocabulary of a model to which these words of it alone say something;
// the others stand between them.
func (v *Vocabulary) WithTopic(words []string) (*Vocabulary, error) {
	with := *v
	with.topic = map[string]bool{}
	for _, word := range words {
		if _, ok := v.ids[word]; !ok {
			return nil, fmt.Errorf("the vocabulary has no word %.40q", word)
		}
		with.topic[word] = true
	}
	with.samples = words
	return &with, nil
}

// informs reports whether a word of the vocabulary means something to the model, as far as is
// known.
func (v *Vocabulary) informs(word string) bool {
	if v.topic != nil {
		return v.topic[word]
	}
	return !function[word]
}

// Samples are up to n of the words that say something to the model.
func (v *Vocabulary) Samples(n int) []string {
	if v.topic != nil {
		return v.samples[:min(n, len(v.samples))]
	}
	var some []string
	for _, token := range v.tokens {
		if len(some) < n && v.informs(token) && slices.Equal(Tokens(token), []string{token}) {
			some = append(some, token)
		}
	}
	return some
}

// Grasped reports whether the model knows what the text is about, by its words: at least
// one that says something, and at least half of those that carry meaning.
func (e Encoding) Grasped() bool { return e.Telling > 0 && e.Telling >= e.Lost }
