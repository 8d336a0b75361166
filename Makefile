# The two commands of a newcomer: make demo, make test.

GO      ?= go
PYTHON  ?= python3
PHOTOS  := cmd/ortho/testdata/photos
DIGITS  := zero one two three four five six seven eight nine
FUZZ    ?= 20s
# Of the tag; without one, of the release that the sources become, and the commit.
VERSION := $(or $(shell git describe --tags --dirty 2>/dev/null),$(shell cat cmd/ortho/internal/build/VERSION)-dev+$(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)$(shell git diff --quiet HEAD 2>/dev/null || echo .dirty))

.PHONY: build demo test test-long test-cpu race fuzz bench bench-peers bench-upscale bench-diffusion soak lint vuln golden docs pictures site check-site module release check-release man notices sbom runtime clean test-clients test-engines

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

# Installs them into CLIENTS, about 1 GB, the first time.
CLIENTS ?= bin/clients
test-clients: runtime ## ortho serve against the real Triton, and asked by tritonclient, kserve, huggingface_hub and openai
	PYTHON=$(PYTHON) sh scripts/clients/clients.sh bin/ortho $(CLIENTS)

# The tests that compare numbers, with the kernels that ONNX Runtime has for another CPU:
# make test-cpu CPU=Haswell (AVX2), SandyBridge (AVX) or Nehalem (SSE4.2).
# Needs qemu-user (apt install qemu-user), which has no AVX-512, and takes about ten times as long.
CPU ?= Haswell
test-cpu: runtime
	$(GO) test -short -timeout $(TIMEOUT) -exec "qemu-x86_64 -cpu $(CPU)" ./models/... ./preprocess ./runner

# Stores and engines that people have, with nodes and processes killed in the middle. Stores are built into a folder of
# this user's caches; of Slurm (apt install slurm-wlm munge), Spark (pip install pyspark pyarrow, Java 17), DuckDB and
# pandas, what is here takes part. PYTHON names a Python that has them.
ENGINES ?= $(HOME)/.cache/ortho-engines
test-engines: runtime ## stores and examples/ on the servers and engines themselves
	GOBIN=$(ENGINES) $(GO) install github.com/versity/versitygw/cmd/versitygw@v1.8.0
	GOBIN=$(ENGINES) $(GO) install github.com/fsouza/fake-gcs-server@v1.56.1
	ORTHO_TEST_ENGINES=$(ENGINES) $(GO) test -timeout $(TIMEOUT) ./cmd/ortho/internal/store ./cmd/ortho/internal/source ./cmd/ortho/internal/hub
	ORTHO_TEST_ENGINES=$(ENGINES) $(GO) test -timeout $(TIMEOUT) ./cmd/ortho -run TestStores
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

docs: build ## docs/cli.md and docs/reference.md from the program itself
	bin/ortho docs > docs/cli.md
	bin/ortho docs --reference > docs/reference.md

pictures: runtime ## the pictures of README, by ortho itself
	scripts/docs_pictures.sh

# Node builds it; links between pages that lead nowhere fail it. check-site looks at it in Chromium,
# and needs puppeteer-core and axe-core on NODE_PATH, and CHROMIUM.
site: docs ## bin/site: README and docs as a site, with a search that asks nobody
	cd docs/site && npm ci --no-audit --no-fund && npm run build

check-site: site
	node docs/site/check.cjs bin/site

module: ## make module MODULE=github.com/someone/ortho gives the module the path where it lives
	$(GO) run ./scripts/module $(MODULE)
	$(GO) build ./... && $(GO) test -run 'TestLayers|TestFiles' ./cmd/ortho

# Needs the C compilers that scripts/release/goreleaser.yaml names, and crane. The version is that of
# the tag; without one, the VERSION of cmd/ortho/internal/build with -dev.
GORELEASER ?= $(GO) run github.com/goreleaser/goreleaser/v2@v2.15.1
release: export ORTHO_VERSION = $(shell cat cmd/ortho/internal/build/VERSION)-dev
release: export SOURCE_DATE_EPOCH = $(shell git log -1 --format=%ct)
release: export ORTHO_DATE = $(shell TZ=UTC git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ)
release: build ## dist: archives, deb, rpm, containers, bills of materials, SHA256SUMS; the same bytes again
	$(GORELEASER) release --clean --config scripts/release/goreleaser.yaml $(if $(shell git tag --points-at HEAD),,--snapshot)
	cp bin/release/*.spdx.json dist/
	for flavor in cpu openvino; do scripts/release/container.sh $$flavor dist/ortho_linux_amd64_v1/ortho dist/ortho-container-$$flavor.tar || exit 1; done
	cd dist && sha256sum ortho-container-*.tar >> SHA256SUMS

check-release: ## installs and runs what make release made, each in a clean root; needs root
	scripts/release/check.sh dist

man: build ## bin/man: manual pages, as in: man -l bin/man/ortho-classify.1
	bin/ortho docs --man bin/man

notices: ## the table of licences that ortho licenses prints, from the modules that are linked
	$(GO) generate ./cmd/ortho/internal/notices

# Python checks it where it has spdx-tools.
sbom: build ## bin/ortho.spdx.json: what the binary is made of
	bin/ortho licenses --spdx > bin/ortho.spdx.json
	-@$(PYTHON) scripts/check_sbom.py bin/ortho.spdx.json

clean:
	rm -rf bin dist
