package imagine_test

import (
	"context"
	"fmt"
	"log"

	"ortho/models"
	"ortho/models/classify"
	"ortho/models/generate"
	"ortho/models/imagine"
)

// A description becomes a class, and a picture. Nothing leaves the machine.
func Example() {
	ctx := context.Background()
	reader, err := models.Open("../bundled/imagenet-descriptions", models.Settings{})
	if err != nil {
		log.Fatal(err)
	}
	classifier, err := classify.OpenText(ctx, reader, classify.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer classifier.Close()
	glyphs, err := models.Open("../bundled/glyphs", models.Settings{})
	if err != nil {
		log.Fatal(err)
	}
	g, err := generate.Open(ctx, glyphs, generate.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	generator, err := imagine.NewGenerator("glyphs", g)
	if err != nil {
		log.Fatal(err)
	}
	experts := imagine.Options{Text: imagine.NewTextExpert("imagenet-descriptions", classifier), Generator: generator}
	experts.Text.Fallback, generator.Fallback = true, true // nobody has named them

	for _, sentence := range []string{"a small spotted cat with green eyes from Egypt", "a bold slanted seven"} {
		story, err := imagine.OfText(ctx, sentence, experts)
		if err != nil {
			log.Fatal(err)
		}
		if story.Decision != nil {
			fmt.Println(story.Decision.Label)
		}
		plan, err := generator.Plan(story)
		if err != nil {
			fmt.Println(err)
			continue
		}
		for picture := range generator.Draw(ctx, plan, 1, 2) {
			if picture.Err != nil {
				log.Fatal(picture.Err)
			}
			fmt.Printf("%s, seed %d: %dx%d\n", picture.Request.Text, picture.Request.Seed, picture.Image.Width, picture.Image.Height)
		}
	}
	// Output:
	// Egyptian Mau
	// glyphs does not draw "Egyptian Mau", and no other generator is named
	// a bold slanted seven, seed 1: 28x28
	// a bold slanted seven, seed 2: 28x28
}
