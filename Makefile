GO ?= go

build:
	$(GO) build -o bin/ortho ./cmd/ortho

test:
	$(GO) vet ./...
	$(GO) test ./...

.PHONY: build test
