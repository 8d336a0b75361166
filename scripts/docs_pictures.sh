#!/bin/sh
# Makes the pictures of README with the built program: make pictures.
set -eu
cd "$(dirname "$0")/.."
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
bin/ortho detect docs/photos/coffee.jpg --draw "$made" -f jsonl > /dev/null
mv "$made/coffee.jpg" docs/boxes.jpg
bin/ortho cutout cmd/ortho/testdata/photos/astronaut.png -o docs/cutout.jpg --background "#8fb7d9" --quality 85 --strip --overwrite
set --
for weight in bold "light slanted"; do
	for digit in zero one two three four five six seven eight nine; do
		set -- "$@" --text "a $weight $digit"
	done
done
bin/ortho generate "$@" --seed 3 --grid docs/digits.png --columns 10 --scale 3 --overwrite
