package config

import (
	"fmt"
	"strings"
)

// Fitted returns the labels for a model of n classes, and in Note what was assumed. A list that
// is plainly meant for one class more or less is moved: ImageNet's 1000 for 1001, where class 0 is
// the background, as in TensorFlow's models; one that counts from 1 for a model whose class 0 it
// doesn't name; one that begins with the background, or with a heading, for a model without. n is 0 where it is
// not known.
func (l LabelList) Fitted(n int) LabelList {
	if len(l.Labels) == 0 {
		return l
	}
	first := l.Labels[0]
	switch {
	case n == len(l.Labels)+1 && imageNet(l.Labels):
		l.Labels = append([]Label{{Name: "background"}}, l.Labels...)
		l.add(fmt.Sprintf("%d classes are those of ImageNet behind one of the background, as TensorFlow's models have it: class 0 is the background, and %q class 1", n, first.Name))
	case n == len(l.Labels)+1 && l.From == 1:
		l.Labels = append([]Label{{}}, l.Labels...)
		l.add(fmt.Sprintf("its indices count from 1, and the model has one class more: class 0 has no name, and %q is class 1", first.Name))
	case l.From == 1:
		l.add(fmt.Sprintf("its indices count from 1: %q is class 0", first.Name))
	case n == len(l.Labels)-1 && n > 0 && background(first):
		l.Labels = l.Labels[1:]
		l.add(fmt.Sprintf("it begins with the background, and the model has one class less: %q is class 0", l.Labels[0].Name))
	case n == len(l.Labels)-1 && n > 0 && l.Form == "" && titled(first.Name):
		l.Labels = l.Labels[1:]
		l.add(fmt.Sprintf("its first line, %q, is taken for a heading, since the model has one class less", first.Name))
	}
	return l
}

func (l *LabelList) add(note string) {
	if l.Note != "" {
		note = l.Note + "; " + note
	}
	l.Note = note
}

// background reports whether a label stands for none of the classes of interest.
func background(l Label) bool {
	name := strings.Trim(strings.ToLower(l.Name), "_ ")
	return name == "background" || name == "" && l.ID == ""
}

// titled reports whether a label is the heading of a column of labels, or a comment.
func titled(name string) bool {
	role, _ := roleOf(name)
	return role == "label" || strings.HasPrefix(name, "# ")
}

// imageNet reports whether labels are those of ImageNet's 1000 classes, in their order.
func imageNet(labels []Label) bool {
	is := func(l Label, id string, names ...string) bool {
		if l.ID == id || l.Name == id {
			return true
		}
		for _, name := range names {
			if strings.HasPrefix(strings.ReplaceAll(strings.ToLower(l.Name), "_", " "), name) {
				return true
			}
		}
		return false
	}
	return len(labels) == 1000 && is(labels[0], "n01440764", "tench") && is(labels[1], "n01443537", "goldfish") && is(labels[999], "n15075141", "toilet tissue", "toilet paper")
}
