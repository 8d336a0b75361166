package imagine

import "testing"

func TestArticle(t *testing.T) {
	for label, want := range map[string]string{
		"tench": "a tench", "espresso": "espresso", "Egyptian Mau": "an Egyptian Mau", "a cat having a striped coat": "a cat having a striped coat", "an owl": "an owl", "the sun": "the sun",
		"goldfish, Carassius auratus": "a goldfish", "umbrella": "an umbrella", "unicycle": "a unicycle", "European polecat": "a European polecat", "hourglass": "an hourglass", "honeycomb": "a honeycomb",
		"one-piece bathing suit": "a one-piece bathing suit", "one": "a one", "eight": "an eight", "8": "an 8", "CD player": "a CD player", "SUV": "an SUV", "X-ray": "an X-ray", "upright seven": "an upright seven",
		"sunglasses": "sunglasses", "jeans": "jeans", "binoculars": "binoculars", "mashed potatoes": "mashed potatoes", "parallel bars": "parallel bars", "toilet paper": "toilet paper", "red wine": "red wine",
		"triceratops": "a triceratops", "platypus": "a platypus", "albatross": "an albatross", "praying mantis": "a praying mantis", "school bus": "a school bus", "beer glass": "a beer glass", "lens": "a lens",
		"cup of noodles": "a cup of noodles", "pair of jeans": "a pair of jeans", "bold seven": "a bold seven", "class 3": "a class 3", "": "", "Éclair": "an Éclair", "a": "an a",
	} {
		if got := article(label); got != want {
			t.Errorf("%q: %q, want %q", label, got, want)
		}
	}
}
