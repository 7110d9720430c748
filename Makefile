# SPDX-License-Identifier: GPL-2.0-or-later
#
# The front of the build: each target makes the machine ready (.ci/setup), builds (.ci/build) and does one thing.
# The build itself is CMake's: CMakeLists.txt and CMakePresets.json.
#
# A comment "##" after a target is what `make help` prints.
.DEFAULT_GOAL := help
.PHONY: help setup build demo test check bench lab truth sanitize tsan fuzz afl coverage format clean

# Settings, given as `make test JOBS=4`.
FUZZ_SECONDS ?= 60
export JOBS FUZZ_SECONDS FUZZ_SEEDS_ONLY

help: ## print this list (the default)
	@echo "mmreplay: record, replay and measure the Linux page allocator"
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "Settings: JOBS=N (default: all CPUs), TESTS=REGEX (test, check, sanitize, tsan), BENCH=ARGS, LAB=ARGS,"
	@echo "          FUZZ_SECONDS=N for each fuzzer (default 60)."

setup: ## install what building and testing need (Debian, Ubuntu); quick when nothing is missing
	@.ci/setup build test demo

build: ## build/mmreplay, build/mmreplay-record, build/mmreplay-bench
	@.ci/setup build
	@.ci/build release

demo: ## record this machine (where allowed), replay it here and on two nodes, draw the figures into demo/
	@.ci/setup build demo
	@.ci/build release
	@replay/demo.sh

test: ## build, then run every test this machine allows; skipped ones are named with their reason
	@.ci/setup build test
	@.ci/build release
	@.ci/test release $(if $(TESTS),-R '$(TESTS)')

check: ## only the unit tests, for the minute between two edits
	@.ci/setup build test
	@.ci/build release
	@.ci/test release -L unit $(if $(TESTS),-R '$(TESTS)')

bench: ## the benchmarks, with jemalloc's page-level allocation beside them
	@.ci/setup build bench
	@.ci/build release
	@build/mmreplay-bench $(BENCH)

lab: ## boot stock kernels in QEMU and record them
	@.ci/setup build lab
	@.ci/build release
	@traces/lab/run $(LAB)

truth: ## record every cell of the lab, verify it, write the table of truth
	@.ci/setup build lab
	@.ci/build release
	@traces/lab/truth --table traces/lab/TRUTH.md $(TRUTH)

sanitize: ## the unit tests and command-line tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@.ci/setup build test
	@.ci/build asan-ubsan
	@.ci/test asan-ubsan -L 'unit|cli' $(if $(TESTS),-R '$(TESTS)')

tsan: ## the unit tests under ThreadSanitizer
	@.ci/setup build test
	@.ci/build tsan
	@.ci/test tsan -L unit $(if $(TESTS),-R '$(TESTS)')

fuzz: ## every fuzzer for FUZZ_SECONDS
	@.ci/setup build fuzz
	@.ci/build fuzz
	@.ci/fuzz

afl: ## the same under AFL++
	@.ci/setup build fuzz
	@.ci/afl

coverage: ## which lines the tests reach: build-coverage/coverage.html
	@.ci/setup build test coverage
	@.ci/build coverage
	@.ci/test coverage -L 'unit|cli'
	@gcovr --root . build-coverage --exclude '.*/tests/' --html-details build-coverage/coverage.html --print-summary

format: ## lay out every C and C++ file as .clang-format says
	@.ci/setup format
	@git ls-files '*.c' '*.h' '*.cc' | xargs clang-format -i

clean: ## remove what was built and what the demo wrote
	rm -rf build build-dev build-asan-ubsan build-tsan build-fuzz build-afl build-coverage demo
