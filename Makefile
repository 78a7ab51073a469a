# Everything a person or the pipeline does here. `make` alone lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# The pinned Node and tools come first, whatever the machine has.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

STAMP := node_modules/.installed

##@ Use
.PHONY: help run
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' Makefile

run: $(STAMP) ## Start a cluster and the operator, apply one example of each kind (KUBECONFIG=…, ONCE=1)
	@node e2e/run.ts

##@ Develop
.PHONY: setup generate fmt lint unit test verify bench bundle
setup: $(STAMP) ## Install the pinned tools and the git hooks
	@git config core.hooksPath .githooks

generate: $(STAMP) ## Rewrite CRDs, types, schemas, RBAC and reference from the schema models
	@node operator/tools/generate/main.ts

fmt: $(STAMP) ## Format
	@prettier --log-level warn --write .

lint: $(STAMP) ## Types, lint with budgets and import rules, format, dead code
	@echo 'types';  tsc -p .
	@echo 'lint';   oxlint
	@echo 'format'; prettier --log-level warn --check .
	@echo 'dead code'; knip --no-progress
	@if command -v shellcheck >/dev/null; then echo 'shell'; shellcheck .ci/run .githooks/*; fi

unit: $(STAMP) ## Tests that need no cluster, about a minute
	@vitest run --project unit

test: $(STAMP) ## Every test, on a control plane of its own (KUBECONFIG, CONFIRM, REQUIRE_TOOLS)
	@vitest run

verify: $(STAMP) ## What the pipeline runs: generated files unchanged, lint, test
	@echo 'generated files'; node operator/tools/generate/main.ts --check
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory test

# Meant to be run as MALLOC_ARENA_MAX=1 node --max-semi-space-size=1 --optimize-for-size dist/highlander.mjs: that is
# what the memory budget is measured with (e2e/bench/plane.ts).
bundle: $(STAMP) ## The operator as one program, in dist/
	@node operator/tools/bundle.ts

bench: $(STAMP) ## The performance budgets, as a table and JSON (N=1000 or 10000; ONLY=throughput,control,idle,latency)
	@node e2e/bench/run.ts

# npm is started by whatever Node the machine has; from then on the pinned one is used.
$(STAMP): package.json package-lock.json .npmrc
	@command -v npm >/dev/null || { echo 'npm is not installed. Install Node.js 20 or newer (it brings npm), then run this again.' >&2; exit 1; }
	@echo 'installing the pinned packages (npm ci)'
	@npm ci --no-progress --loglevel=error
	@touch $(STAMP)
