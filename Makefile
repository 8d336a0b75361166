# The two commands of a newcomer: make demo, make test.

GO      ?= go
PYTHON  ?= python3
PHOTOS  := cmd/ortho/testdata/photos
DIGITS  := zero one two three four five six seven eight nine
FUZZ    ?= 20s
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

.PHONY: build demo test test-long test-cpu test-engines race fuzz bench bench-peers bench-upscale bench-diffusion soak lint vuln golden docs man notices sbom runtime clean

build: ## bin/ortho
	@test -e bin/ortho || echo "Building ortho: the first time this takes two or three minutes, since it compiles the libraries, too."
	$(GO) build -ldflags "-X ortho/cmd/ortho/internal/build.version=$(VERSION)" -o bin/ortho ./cmd/ortho

runtime: build ## ONNX Runtime and the libraries that decode images, installed where they are missing
	@bin/ortho runtime install --missing

demo: runtime ## classify, find objects in and enlarge real photographs, cut out a person, draw digits
	bin/ortho classify -k 3 docs/photos -f table
	@mkdir -p bin/demo
	bin/ortho detect docs/photos -f table --draw bin/demo/boxes --overwrite
	bin/ortho cutout cmd/ortho/testdata/photos/astronaut.png -o bin/demo/cutout.png --overwrite
	bin/ortho generate docs/photos/cat.jpg -o bin/demo/cat-x4.png --html bin/demo/upscaled.html --overwrite
	bin/ortho generate $(foreach d,$(DIGITS),--text "a bold $(d)") $(foreach d,$(DIGITS),--text "a light slanted $(d)") \
	  --seed 3 --grid bin/demo/digits.png --columns 10 --scale 3 --overwrite
	@echo; echo "See bin/demo/boxes, bin/demo/cutout.png, bin/demo/cat-x4.png (before and after: bin/demo/upscaled.html) and bin/demo/digits.png."

# A time-out that a machine with ten other things to do meets. -short leaves out repetitions,
# which test-long has.
TIMEOUT := 45m
# A mark for each test as it ends, what was skipped and why, what failed.
TESTED  := $(GO) run gotest.tools/gotestsum@v1.13.0 --format dots --

test: runtime ## what CI runs: under 4 minutes of CPU time
	@echo "Tests are compiled first, which takes a minute or two; then there is a mark for each that ends (↷: skipped, with its reason below)."
	$(TESTED) -short -vet=all -timeout $(TIMEOUT) ./...

test-long: runtime ## every case and repetition of every test
	$(TESTED) -timeout $(TIMEOUT) ./...

# The tests that compare numbers, with the kernels that ONNX Runtime has for another CPU:
# make test-cpu CPU=Haswell (AVX2), SandyBridge (AVX) or Nehalem (SSE4.2).
# Needs qemu-user (apt install qemu-user), which has no AVX-512, and takes about ten times as long.
CPU ?= Haswell
test-cpu: runtime
	$(GO) test -short -timeout $(TIMEOUT) -exec "qemu-x86_64 -cpu $(CPU)" ./models/... ./preprocess ./runner

# Engines that people have: Slurm (apt install slurm-wlm munge), Spark (pip install pyspark pyarrow, Java 17), DuckDB and
# pandas, each as far as it is here. PYTHON names a Python that has them.
test-engines: runtime ## examples/ on the engines themselves, with nodes and processes killed in the middle
	PYTHON=$(PYTHON) $(GO) test -v -count 1 -timeout $(TIMEOUT) ./examples

race: runtime
	$(GO) test -race -short -timeout $(TIMEOUT) ./...

# Every fuzz test of every package, FUZZ long each.
fuzz:
	@set -e; for dir in $$($(GO) list -f '{{.Dir}}' ./...); do \
	  for name in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' $$dir/*_test.go 2>/dev/null | sed 's/^func //'); do \
	    echo "$$name ($$dir)"; (cd $$dir && $(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZ) -fuzzminimizetime 10x .); \
	  done; done

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./preprocess ./runner ./models/...

# Python takes part where it has onnxruntime, pillow and numpy.
bench-peers: runtime ## against the bare graph and Python: many photographs, then one from a cold start
	$(GO) run ./cmd/benchpeers -python $(PYTHON)
	-@$(PYTHON) scripts/bench_cold_start.py bin/ortho $(PHOTOS)/chelsea.png

bench-upscale: runtime ## against Python on the same graph with the same tiles
	$(PYTHON) scripts/bench_upscale_peers.py bin/ortho $(PHOTOS)/rocket.jpg

# Python needs scripts/tiny_diffusion/requirements.txt.
bench-diffusion: runtime ## text to image against Optimum's pipeline in Python
	$(PYTHON) scripts/bench_diffusion.py bin/ortho

# What has failed lies in bin/soak, with its input and the command that repeats it.
SOAK ?= -for 1h -seed 1
soak: runtime ## tries for an hour to make ortho fail; the table of docs/reliability.md
	$(GO) run ./cmd/soak -ortho bin/ortho -o bin/soak -page docs/reliability.md $(SOAK)

lint:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.0 ./...

vuln: ## known vulnerabilities of what is linked; says so where their database is not reachable
	GO="$(GO)" sh scripts/vuln.sh

golden: ## golden files anew, from the libraries in scripts/requirements.txt
	$(PYTHON) scripts/make_goldens.py

docs: build ## docs/cli.md from the command line itself
	bin/ortho docs > docs/cli.md

man: build ## bin/man: manual pages, as in: man -l bin/man/ortho-classify.1
	bin/ortho docs --man bin/man

notices: ## the table of licences that ortho licenses prints, from the modules that are linked
	$(GO) generate ./cmd/ortho/internal/notices

# Python checks it where it has spdx-tools.
sbom: build ## bin/ortho.spdx.json: what the binary is made of
	bin/ortho licenses --spdx > bin/ortho.spdx.json
	-@$(PYTHON) scripts/check_sbom.py bin/ortho.spdx.json

clean:
	rm -rf bin
