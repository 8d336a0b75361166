package remedy

import (
	"errors"
	"fmt"
	"strings"

	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/config"
	"ortho/models/scheduler"
)

// withoutGraph says what to do where a folder has no graph, if a line of the text ends with
// that: else it says what there is.
func withoutGraph(err error, text string) string {
	if !errors.Is(err, config.ErrNoGraph) {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasSuffix(line, config.ErrNoGraph.Error()) {
			lines[i] += ": name one with -m, or the folder that it was exported to"
		}
	}
	return strings.Join(lines, "\n")
}

// otherVerb names the verb that a model is for.
func otherVerb(e *models.TaskError) string {
	verb := ""
	switch {
	case e.Is == "" && e.MayClassify:
		verb = "; where they are classes', ortho classify runs it"
	case e.Wanted == models.Classify && e.MayClassify:
		verb = ": ortho " + string(e.Is) + " runs it (or give --task classify)"
	case e.Is == "":
	case e.Wanted == models.Classify, e.Wanted == models.Embed, e.Wanted == models.Detect, e.Wanted == models.Segment, e.Wanted == models.Cutout, e.Wanted == models.Depth:
		verb = ": ortho " + string(e.Is) + " runs it"
	case e.Is == models.Embed:
		verb = "; it makes embeddings of images: ortho embed runs it"
	case e.Wanted == models.ClassifyText && e.Is == models.Classify:
		verb = "; ortho classify is for classifiers of images"
	case e.Wanted == models.ClassifyText && e.Is == models.Generate:
		verb = "; it makes images: ortho generate runs it"
	}
	return e.Error() + verb
}

// withoutClasses says what can be done with a graph that gives none.
func withoutClasses(e *models.NoClassesError) string {
	text := e.Error()
	switch e.Like {
	case models.PipelinePart:
		text += ": ortho generate runs the whole, by -m and the folder that has the model_index.json"
	case models.Detector:
		text += ": ortho detect says which boxes it can read"
	}
	if e.Output != "" {
		text += "; --output-name " + term.Quoted(e.Output) + " gives its values as they are"
	}
	return text
}

// unsettled shows how what is missing is given, in a command line and for good.
func unsettled(e *models.UnsettledError) string {
	text := e.Worded(flag)
	if e.Example == nil {
		return text
	}
	return strings.TrimSuffix(text, e.Example.Worded(flag)) + example(e.Example)
}

// example is a command line that runs a model, and what makes it needless.
func example(e *models.Example) string {
	stays := ""
	for _, s := range e.Settings {
		if s.File && s.Value == models.ImageNetLabels {
			stays = " (" + flag(s.Key) + " " + s.Value + " stays a flag)"
		}
	}
	return fmt.Sprintf("%s: %s\nor for good, %s: %s%s", e.Lead(flag), commandLine(e), e.Where, e.Sidecar, stays) + e.Besides(flag) + names(e)
}

func commandLine(e *models.Example) string {
	words := []string{"ortho", string(e.Task), "-m", shellWord(e.Model)}
	for _, s := range e.Settings {
		switch {
		case s.Key == "invert" && s.Value == "true":
			words = append(words, "--invert")
		case s.Key == "invert":
			words = append(words, "--invert=false")
		default:
			words = append(words, flag(s.Key), shellWord(s.Value))
		}
	}
	if e.Image {
		words = append(words, "photo.jpg")
	}
	switch e.Task {
	case models.ClassifyText:
		words = append(words, `"a text"`)
	case models.Generate:
		words = append(words, "-o made.png")
	case models.Cutout:
		words = append(words, "-o cut.png")
	}
	return strings.Join(words, " ")
}

// names says how the classes of an example get their names, where they have none.
func names(e *models.Example) string {
	if e.Named {
		return ""
	}
	names := flag("labels") + " FILE does"
	if e.Image && e.Classes == 1000 {
		names = flag("labels") + " " + models.ImageNetLabels + " does, where its 1000 are ImageNet's, or " + flag("labels") + " FILE"
	}
	return "\n(nor does it name its classes: " + names + "; else they are told by their index)"
}

// ModelFacts are a model's facts, with the flags that give what is missing.
func ModelFacts(m *models.Model) []models.Fact { return Facts(m.FactsWorded(flag)) }

// ModelNotices are a model's notices, with the flags that say otherwise.
func ModelNotices(m *models.Model) []string {
	told := make([]string, len(m.Notices))
	for i, notice := range m.Notices {
		told[i] = notice.Worded(flag)
	}
	return told
}

// SeenAsIs says that values of an output were taken for probabilities as they are.
func SeenAsIs(output string) string {
	return fmt.Sprintf("output %s gave values from 0 to 1 with a sum of 1, or from 0 to 100 with one of 100: they are taken for probabilities already, and no softmax is applied to such (%s softmax applies it to all)", term.Clean(output), flag("activation"))
}

// SeenWithin says that softmax was applied to values that look like probabilities.
func SeenWithin(output string) string {
	return fmt.Sprintf("output %s gave values from 0 to 1 only, as probabilities of classes of their own are: softmax was applied all the same, since nothing in the graph says so (%s none leaves them as they are)", term.Clean(output), flag("activation"))
}

// Facts are facts with the flags that would make them others.
func Facts(facts []models.Fact) []models.Fact {
	told := make([]models.Fact, len(facts))
	thousand := false
	for i, f := range facts {
		thousand = thousand || f.Key == "classes" && f.Value == "1000"
		if f.Key == "labels" && f.Source == "default" {
			names := flag("labels")
			if thousand {
				names += ", " + models.ImageNetLabels + " where they are ImageNet's,"
			}
			f.Value += " (" + names + " names them)"
		}
		if f.Key == "scheduler" && f.Source == "" && strings.Contains(f.Value, scheduler.ErrUnknown.Error()) {
			f.Value += " (--scheduler)"
		}
		told[i] = f
	}
	return told
}

// shellWord quotes a word where a shell would take it apart.
func shellWord(word string) string {
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("/\\._-,:+@%=", c) || c > 0x7f
	}
	if word != "" && !strings.ContainsFunc(word, func(c rune) bool { return !plain(c) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
