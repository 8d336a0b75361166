package classify_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"ortho/models"
	"ortho/models/classify"
)

func Example() {
	model, err := models.Open("../bundled/efficientnet-lite0", models.Settings{})
	if err != nil {
		log.Fatal(err)
	}
	classifier, err := classify.Open(context.Background(), model, classify.Options{Top: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer classifier.Close()

	photo, err := os.ReadFile("../../cmd/ortho/testdata/photos/coffee.png")
	if err != nil {
		log.Fatal(err)
	}
	result, err := classifier.Image(context.Background(), photo)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Predictions[0].Label)
	// Output: espresso
}
