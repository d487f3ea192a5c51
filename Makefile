# Two commands are all that a newcomer needs: make run, make test.

GO      ?= go
BIN     := $(CURDIR)/bin
LINT    := golangci-lint
LINTVER := v2.15.0

# Go embeds what is built here, and works without.
ELEMENTS := web/static/elements/graph.js

.PHONY: run build test engine elements check lint generate fresh fuzz bench bench-catalog bench-compare clean help

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: build ## Serve the sample organisation on http://127.0.0.1:8080, or LISTEN=host:port
	$(BIN)/callboard demo $(if $(LISTEN),--listen $(LISTEN))

build: $(ELEMENTS) ## Build bin/callboard
	$(GO) build -trimpath -o $(BIN)/callboard ./cmd/callboard

# The race detector watches all code but SQLite's, which is C made Go: watching it takes two thirds of the time. Not so of
# libraries with generic code: the linker takes one copy of that for all, and where that is not watched, there seem to be
# races where there are none.
RACE := -race -gcflags='modernc.org/...=-race=false'

# Tests leave much garbage: collected less often, as long as there is room, it costs a sixth less. What takes longest begins.
test: $(ELEMENTS) engine ## Run every test, with the race detector
	GOGC=400 GOMEMLIMIT=2GiB $(GO) test $(RACE) -vet=off -timeout 28m ./cmd/callboard ./web ./...

engine: ## Fetch the ClickHouse engine that tests run into the user's cache
	@$(GO) run ./internal/clickhousetest/fetch

elements: $(ELEMENTS) ## Build the custom elements that pages gain where there is a script

$(ELEMENTS): node_modules $(wildcard web/elements/*)
	npm run --silent build

# What the elements are built from, and what the browser tests need.
node_modules: package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	@touch node_modules

# The linter runs all of go vet, so that neither this nor the tests need to.
check: fresh lint ## Check format, generated code and lint rules
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "Run gofmt -w on these files."; exit 1; }
	$(GO) mod tidy -diff

lint: $(BIN)/$(LINT)-$(LINTVER)
	$(BIN)/$(LINT)-$(LINTVER) run ./...

$(BIN)/$(LINT)-$(LINTVER):
	GOBIN=$(BIN) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINTVER)
	mv $(BIN)/$(LINT) $@

generate: ## Generate Go code from the templ templates
	$(GO) tool templ generate -path web

fresh: generate ## Check that generated code is what the templates give
	@git diff --exit-code -- web '*_templ.go' || { echo "Generated code is stale: run make generate and commit."; exit 1; }

fuzz: ## Fuzz every parser of foreign bytes for a minute each
	@$(GO) list -f '{{if .XTestGoFiles}}{{.ImportPath}} {{.Dir}}{{end}}' ./... | while read -r pkg dir; do \
	  for f in $$(grep -hoE '^func Fuzz[A-Za-z]+' $$dir/*_test.go 2>/dev/null | sed 's/func //'); do \
	    echo "$$pkg $$f"; $(GO) test $$pkg -run '^$$' -fuzz "^$$f$$" -fuzztime 60s || exit 1; done; done

bench: ## Run the benchmarks that docs/performance.md quotes
	$(GO) test -run '^$$' -bench . -benchtime 2s ./eventlog/sqlitelog ./projections/... ./scorecards/... ./event ./cmd/callboard

SIZE    ?= 10000

bench-catalog: ## Measure a portal of SIZE entities over HTTP (10000); see bench/README.md
	bench/run.sh $(SIZE)

bench-compare: ## The same load on Callboard and on a real Backstage
	bench/compare.sh $(SIZE)

clean: ## Remove what was built
	rm -rf $(BIN) node_modules web/static/elements/*.js web/static/elements/chunks
