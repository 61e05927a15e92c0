# make            lists the targets
# make check      is what CI runs, through .ci/run and .github/workflows/check.yml

# What is missing is told before anything is done. Before 3.82, make knows no
# .SHELLFLAGS: without pipefail, a test that fails would pass in a pipe.
ifneq ($(filter 3.7% 3.80 3.81,$(MAKE_VERSION)),)
$(error make $(MAKE_VERSION) is too old, 3.82 or later is needed; on macOS: brew install make, then gmake instead of make)
endif
ifneq ($(filter-out help clean,$(MAKECMDGOALS)),)
missing := $(shell $(if $(filter command%,$(origin CC)),CC='$(CC)') .ci/needs)
$(if $(missing),$(error $(missing)))
endif

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

# Tools live in bin under a name that holds their version, so that a new pin is
# a new file and an old one is never taken for it.
GOLANGCI_VERSION := $(shell sed -n '1s/^. golangci-lint //p' .golangci.yml)
GOLANGCI := bin/golangci-lint-$(GOLANGCI_VERSION)
GOVULNCHECK_VERSION := v1.9.0

# The OpenAPI descriptions that our requests and mappings are held against.
MOCKS := bin/stripe-mock-2023-10-16 bin/stripe-mock-2026-08-26
READERS_DIR := testdata/readers

# The packages that start goroutines or take locks; the race detector has nothing to
# find in the rest. Every sync runs the same goroutines. So of the pipeline's tests it
# gets those that run several things at a time, stop them, or have faults on the way,
# and of the command's those that end a process or run all commands.
RACE_PACKAGES = $(shell go list ./extract/... ./load/... ./internal/... | grep -v '/pipeline$$\|/killtest$$\|/forecast$$')
RACE_PIPELINE := Backup|Cases?[0-9]|Connected|InTwoAccounts|LakeEqualsLedger|DuringSync|NeverBlock|GoesOn|EditedMapping|SideBySide
RACE_PIPELINE := $(RACE_PIPELINE)|Meanwhile|TwoAccounts|CatchUp|SecondSync|TakesTurns|AgainstStripe|DropSuperseded$$|PersonIsNowhere|RefundsComeAfter|NobodyWaits|AnySelection
RACE_PIPELINE := $(RACE_PIPELINE)|Backlog|DoNotWait|HostilePages|LargeObject|OnRandomObjects|DamagedInside|NothingListedIsDeleted|GivenUpStands|LostStream|BoundedRuns
RACE_CMD := Scripts|EndsAsFailed|TellsNoKey|IsStopped|Simulate|VisibleWriter|OfKilledRun|PublishedMidway|OnATerminal|IsRecorded|FitTheirSchema

FUZZTIME ?= 30s

# What `stripelake version` says: the tag, the commit and its date. Without git it is
# what Go itself knows.
LINKED = $(shell git describe --tags --dirty --match 'v[0-9]*' 2>/dev/null | sed 's/^/-X main.linkedVersion=/') \
	$(shell git describe --always --abbrev=40 --exclude '*' --dirty 2>/dev/null | sed 's/^/-X main.linkedCommit=/') \
	$(shell TZ=UTC git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd 2>/dev/null | sed 's/^/-X main.linkedDate=/')

# check runs its steps in the order written, even under -j.
.NOTPARALLEL:

.PHONY: help build test thorough kill demo check fmt-check vet lint browser race contract readers shells fuzz soak bench figures reference fmt dbt vuln clean

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# duckdb-go is above nearly all that takes minutes to compile. With GOPROXY=off
# it is not downloaded only to be asked for.
build: ## bin/stripelake
	@[ "$$(GOPROXY=off go list -f '{{.Stale}}' github.com/duckdb/duckdb-go/v2 2>&1)" = false ] || \
		echo "Fetching and compiling DuckDB's bindings, Arrow, Parquet and the rest for the first time: two to six minutes on two cores. Later builds take seconds."
	@go build -ldflags '$(LINKED)' -o bin/ ./cmd/stripelake

# Tests wait for files and for delays: with two at a time, a core is idle.
test: ## all tests but the slowest; needs Go and a C++ compiler
	go test -timeout 60m -parallel 4 ./...

# make test leaves out or samples what takes long: laketest.Slow, laketest.Sample and [!thorough] stop.
thorough: ## all tests but the kills, and all cases of those of which make test takes a sample
	STRIPELAKE_THOROUGH=1 go test -timeout 60m -parallel 4 $$(go list ./... | grep -v /killtest$$)

kill: ## processes killed at every kind of moment; make test kills at some, make soak at all
	go test -count=1 -timeout 60m ./internal/pipeline/killtest -moments each

demo: build ## a simulated account, a full sync and the BNPL answer
	@bin/stripelake demo

check: fmt-check vet lint thorough kill browser shells race contract readers ## all that CI runs, quick failures first
	@echo "make check: passed"

fmt-check:
	@unformatted=$$(gofmt -l .); \
	if [ -n "$$unformatted" ]; then echo "not formatted, run make fmt:"; echo "$$unformatted"; exit 1; fi

vet:
	go vet ./...
	go vet -C $(READERS_DIR) ./...

lint: $(GOLANGCI) ## golangci-lint at the version pinned in .golangci.yml
	$(GOLANGCI) run ./...
	cd $(READERS_DIR) && $(CURDIR)/$(GOLANGCI) run --config $(CURDIR)/.golangci.yml ./...

# As with contract: a page that was not looked at must not pass.
browser: ## the report in a real Chromium
	@command -v chromium chromium-browser google-chrome >/dev/null || \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -q && apt-get install -yq --no-install-recommends chromium; \
		else echo "browser: install Chromium, for instance: sudo apt-get install chromium"; exit 1; fi
	@mkdir -p bin
	go test -count=1 -v -run '^TestReportInBrowser' ./cmd/stripelake | tee bin/browser.log
	@grep -q '^--- PASS: TestReportInBrowser' bin/browser.log || { echo "browser: no test passed"; exit 1; }
	@! grep -E '^ *--- SKIP: TestReportInBrowser' bin/browser.log || { echo "browser: a test was skipped"; exit 1; }

shells: ## completion in real shells, a query in less, the manual page
	@missing=; for tool in bash zsh fish less groff mandoc; do command -v $$tool >/dev/null || missing="$$missing $$tool"; done; \
		if [ -n "$$missing" ]; then \
			if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -q && apt-get install -yq --no-install-recommends $$missing; \
			else echo "shells: install them, for instance: sudo apt-get install$$missing"; exit 1; fi; fi
	@mkdir -p bin
	go test -count=1 -v -run '^(TestCompletionInShells|TestQueryInLess|TestManPage)$$' ./cmd/stripelake | tee bin/shells.log
	@[ "$$(grep -c '^--- PASS: ' bin/shells.log)" = 3 ] || { echo "shells: not every test passed"; exit 1; }
	@! grep -E '^ *--- SKIP: ' bin/shells.log || { echo "shells: a test was skipped"; exit 1; }

race: ## the race detector, where there is concurrency
	go test -race -short -timeout 60m $(RACE_PACKAGES)
	go test -race -short -timeout 60m ./internal/pipeline -run '$(RACE_PIPELINE)'
	go test -race -short -timeout 60m ./cmd/stripelake -run '$(RACE_CMD)'

# go test passes when -run matches nothing or everything skips; a contract that
# was not checked must not.
contract: $(MOCKS) ## our requests and mappings against two versions of stripe-mock
	STRIPE_MOCK_2023=$(CURDIR)/$(word 1,$(MOCKS)) STRIPE_MOCK_2026=$(CURDIR)/$(word 2,$(MOCKS)) \
		go test -count=1 -v -run '^TestContract' ./cmd/stripelake | tee bin/contract.log
	@grep -q '^--- PASS: TestContract' bin/contract.log || { echo "contract: no test passed"; exit 1; }
	@! grep -E '^ *--- SKIP: TestContract' bin/contract.log || { echo "contract: a test was skipped"; exit 1; }

# A reader that is not there fails, as with browser: a lake that it did not read
# must not pass.
readers: build ## every table of a lake in pandas, polars, pyarrow, DataFusion, DuckDB and JDBC, every cell in Go
	$(READERS_DIR)/install.sh $(CURDIR)/bin/readers
	go test -C $(READERS_DIR) -count=1 ./...
	go run -C $(READERS_DIR) . $(CURDIR)/bin/stripelake $(CURDIR)/bin/readers

fuzz: ## each fuzz target for FUZZTIME (30s)
	@grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' --exclude-dir=testdata . | sort | \
	while IFS=: read -r file func; do \
		echo "fuzz $$(dirname $$file) $${func#func }"; \
		go test -run '^$$' -fuzz "^$${func#func }\$$" -fuzztime $(FUZZTIME) $$(dirname $$file) </dev/null; \
	done

soak: ## random histories and attacks, a year of syncs, every damage and every fault of a disk, for hours
	go test -count=1 -timeout 0 ./cmd/stripelake -run TestFailingDisk -v -faults 0
	go test -count=1 -timeout 0 ./internal/pipeline -run TestAnyHistory -histories $(or $(HISTORIES),3000)
	go test -count=1 -timeout 0 ./internal/pipeline -run TestAnyAttack -v -attacks $(or $(ATTACKS),2h)
	go test -count=1 -timeout 0 ./internal/pipeline -run TestReadersNeverBlock -readers $(or $(READERS),30m)
	go test -count=1 -timeout 0 ./internal/pipeline -run TestRepair -damages
	go test -count=1 -timeout 0 ./internal/pipeline/killtest -moments all -pairs 100
	go test -count=1 -timeout 0 ./internal/pipeline -run TestFilesOfAYear -v -quarter-hours 35040

# The marts are measured over five million charges: hours, and some 20 GB of disk. For
# less: make bench CHARGES=200000, a quarter of an hour and 1 GB for them. What grows
# with the lake is measured at OBJECTS, a million, against 100,000.
bench: ## the measurements behind the figures in the documentation
	go run ./bench
	go run ./bench -growth -objects $(or $(OBJECTS),1000000)
	go run ./bench -publish -rows $(or $(OBJECTS),1000000)
	go run ./bench -extraction
	go run ./bench -marts -charges $(or $(CHARGES),5000000)

fmt: $(GOLANGCI) ## gofumpt and goimports
	$(GOLANGCI) fmt ./...
	cd $(READERS_DIR) && $(CURDIR)/$(GOLANGCI) fmt --config $(CURDIR)/.golangci.yml ./...

dbt: build ## dbt itself on the generated sources; needs Python and its package index, so not in check
	testdata/dbt/try.sh $(CURDIR)/bin/stripelake $(CURDIR)/bin/dbt

vuln: ## known vulnerabilities in what we call; needs vuln.go.dev, so weekly and not in check
	go run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION) ./...

figures: ## files, functions, exported names and circular uses of each package
	go test -count=1 . -run '^TestFigures$$' -figures

reference: ## docs/reference (with the manual page), docs/events-v1.json and schemas/meta, generated from the program
	UPDATE_SCRIPTS=1 go test ./cmd/stripelake -run 'TestReferenceIsCurrent|TestEventsAreDocumented'
	go test ./internal/authoring -run TestJSONSchemasAreCurrent -update
	go test ./internal/settings -run TestJSONSchemaIsCurrent -update

clean: ## remove bin
	rm -rf bin

# Built from the module proxy: one source for code and tools, and it is cached.
$(GOLANGCI):
	mkdir -p bin
	GOBIN=$(CURDIR)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv bin/golangci-lint $@

bin/stripe-mock-%: testdata/tools/stripe-mock-%/go.mod
	go build -C testdata/tools/stripe-mock-$* -o $(CURDIR)/$@ github.com/stripe/stripe-mock
