# Bulle. `make` alone lists what there is; README.md is the place to start.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Everything is built without C and without the state of the version control, so
# that the same source gives the same bytes wherever it lies. Only the race
# detector needs a C compiler.
export CGO_ENABLED := 0
export GOFLAGS := -buildvcs=false
GO ?= go
# With this experiment of Go 1.26, protocol/secret erases what a derivation leaves
# on the stack and in registers. A browser has no such thing.
export GOEXPERIMENT := $(shell GOEXPERIMENT=runtimesecret $(GO) list std >/dev/null 2>&1 && echo runtimesecret)
# The binary holds the web app when it can be built: that needs Node 20.19 and npm.
PAGE := web/app/dist/index.html
HAS_NPM := $(shell tools/has-npm && echo yes)
BUILD := $(GO) build -trimpath -ldflags=-s $(if $(HAS_NPM),-tags=web)
BIN := bin/bulle
DATA ?= data
LISTEN ?= 127.0.0.1:8443
FUZZTIME ?= 10s

# What also runs in a browser: all of protocol, mls and device but the backend
# and the screens that need an operating system.
WASM := GOOS=js GOARCH=wasm GOEXPERIMENT=
WASM_PACKAGES = $(shell $(WASM) $(GO) list ./protocol/... ./mls/... ./device/... | grep -v -e /device/vault/file -e /device/terminal)

# The stages of `make test`, in this order. A stage is a target of its own.
STAGES := prepare fmt-check vet lint rules build-all reproducible web unit wasm e2e web-e2e vuln

.PHONY: help run page build build-all test bench fuzz fmt clean $(STAGES)

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

run: build ## build and start a relay with its embedded store (DATA=, LISTEN=)
	@echo "A relay starts below; its data is in $(DATA), and Ctrl-C stops it."
	@echo "Next, in a second terminal: $(BIN) claim 'THE CLAIM LINK' --name YOUR-NAME"
	@echo "Then: $(BIN) invite     and on the other side: $(BIN) join 'THE LINK' --name NAME"
	@echo
	@exec $(BIN) serve --data $(DATA) --listen $(LISTEN)

build: $(if $(HAS_NPM),$(PAGE)) ## build bin/bulle for this machine
	@mkdir -p bin
	$(if $(HAS_NPM),,@echo "Node 20.19 or npm is missing: bulle is built without its web app" >&2)
	$(BUILD) -o $(BIN) ./cmd/bulle

$(PAGE): tools/page $(shell find web/app protocol mls device web/wasm web/manifest web/release web/web.go -type f -not -path '*/node_modules/*' -not -path '*/dist/*' \
	-not -path '*/shots/*' -not -name '*.key' -not -path '*/generated/*' -not -name '*_test.go' -not -path '*/testdata/*' 2>/dev/null)
	@tools/page

page: $(PAGE) ## build the web app into web/app/dist, within its budgets

web: $(if $(HAS_NPM),page) ## check, lint and unit-test the web app
	@$(if $(HAS_NPM),true,echo "Node 20.19 and npm are needed to test the web app" >&2; false)
	npm run --prefix web/app --silent check
	npm run --prefix web/app --silent lint
	npm run --prefix web/app --silent test

build-all: build ## build for Linux on amd64 and arm64
	GOOS=linux GOARCH=amd64 $(BUILD) -o $(BIN)-linux-amd64 ./cmd/bulle
	GOOS=linux GOARCH=arm64 $(BUILD) -o $(BIN)-linux-arm64 ./cmd/bulle

test: ## install what is missing and run everything
	@tools/stages "$(MAKE)" $(STAGES)

prepare: ## install the Debian packages, Go modules and Go tools that are missing
	@tools/prepare
	$(GO) mod download
	@$(MAKE) --no-print-directory bin/tools/golangci-lint

bin/tools/golangci-lint: tools/go.mod tools/go.sum
	@mkdir -p bin/tools
	$(GO) build -C tools -o ../bin/tools/ tool
	@touch bin/tools/*

fmt: bin/tools/golangci-lint ## format the source
	bin/tools/golangci-lint fmt

fmt-check: bin/tools/golangci-lint ## fail if the source is not formatted
	bin/tools/golangci-lint fmt --diff

vet: ## go vet, for this machine and for the browser
	$(GO) vet ./...
	$(WASM) $(GO) vet $(WASM_PACKAGES)

lint: bin/tools/golangci-lint ## golangci-lint
	bin/tools/golangci-lint run --allow-parallel-runners --timeout 10m ./...

rules: ## the import table of the architecture, and the links and paths of the docs
	$(GO) test .

reproducible: build-all ## build again elsewhere with an empty cache; the bytes must be equal
	@BUILD_TAGS=$(if $(HAS_NPM),-tags=web) tools/reproducible

unit: ## unit, vector and fuzz-seed tests with the race detector
	CGO_ENABLED=1 $(GO) test -race -skip '^TestScripts$$' -timeout 40m $$($(GO) list ./... | grep -v -e '^bulle$$' -e '^bulle/e2e$$')

wasm: ## build for js/wasm, and run those tests under Node
	$(WASM) $(GO) build $(WASM_PACKAGES)
	$(WASM) $(GO) test -exec="$(CURDIR)/tools/wasm-exec" -timeout 20m $(WASM_PACKAGES)

e2e: build ## the end-to-end tests: the real binary, and the commands as a user types them
	BULLE_E2E_BINARY=$(CURDIR)/$(BIN) $(GO) test -timeout 20m ./e2e
	$(GO) test -run '^TestScripts$$' ./cmd/bulle

web-e2e: build ## the web app in real browsers, against the real binary
	@tools/web-e2e $(CURDIR)/$(BIN)

vuln: bin/tools/golangci-lint ## known vulnerabilities, where the database can be reached
	@tools/vuln bin/tools/govulncheck ./...

bench: ## measure, and print the tables of docs/performance.md
	@tools/bench

fuzz: ## run every fuzz target for FUZZTIME
	@tools/fuzz "$(FUZZTIME)"

clean: ## remove what was built
	rm -rf bin web/app/dist web/app/node_modules
