# SyncSpace. `make` lists what can be made.

CARGO ?= cargo
# Further arguments for every cargo command, for example --locked.
CARGO_ARGS ?=
# Arguments for the program that `make run` or `make faults` starts.
ARGS ?=

# Faults that tests switch on in the server; no other build has them.
TEST_FEATURES = --features syncspace-server/failpoints

TARGET_DIR = $(or $(CARGO_TARGET_DIR),target)

.DEFAULT_GOAL := help
.PHONY: help run test test-deps lint fmt-check clippy docs bench faults soak release tools clean

help: ## List what can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | awk -F '\t' '{ printf "  make %-10s %s\n", $$1, $$2 }'

run: tools ## Build what is needed and open the chat, on this machine alone
	$(CARGO) build --workspace --bins $(CARGO_ARGS)
	@echo 'Opening the chat. It starts its own server, keeps everything in your data directory, and ends it when you leave.'
	@$(TARGET_DIR)/debug/syncspace-tui --local $(ARGS)

test: tools test-deps ## Get MariaDB or MySQL, Redis and tmux where they are missing, build, and run every test
	$(CARGO) build --workspace --all-targets $(TEST_FEATURES) $(CARGO_ARGS)
	$(CARGO) test --workspace --no-fail-fast $(TEST_FEATURES) $(CARGO_ARGS)

test-deps: ## Get what the tests need, MariaDB or MySQL, Redis and tmux, from the system's packages
	@sh testkit/get-services.sh

lint: fmt-check clippy docs ## Check format, lints and documentation, warnings denied

fmt-check: tools
	$(CARGO) fmt --all --check

clippy: tools
	$(CARGO) clippy --workspace --all-targets $(TEST_FEATURES) $(CARGO_ARGS) -- -D warnings

docs: tools
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --no-deps $(CARGO_ARGS)

bench: release ## Measure, beside the limits: the server's start, size, memory, sends, ended rights, fan-out, coming back, newest pages, search, files, hooks, imports; the terminal client
	$(TARGET_DIR)/release/examples/bench start
	$(TARGET_DIR)/release/examples/bench sends
	$(TARGET_DIR)/release/examples/bench revocation
	$(TARGET_DIR)/release/examples/bench resume
	$(TARGET_DIR)/release/examples/bench storm
	$(TARGET_DIR)/release/examples/bench newest-page
	$(TARGET_DIR)/release/examples/bench search
	$(TARGET_DIR)/release/examples/bench files
	$(TARGET_DIR)/release/examples/bench hooks
	$(TARGET_DIR)/release/examples/bench import
	$(TARGET_DIR)/release/examples/bench memory
	$(TARGET_DIR)/release/examples/bench fanout
	$(TARGET_DIR)/release/examples/bench rooms
	$(TARGET_DIR)/release/examples/bench client

soak: tools test-deps ## Run the random tests five times as long: counts on every device, clients that lose frames
	SOAK=5 $(CARGO) test --workspace --no-fail-fast $(TEST_FEATURES) $(CARGO_ARGS) --test it -- convergence counts

faults: tools test-deps ## Break a running system 200 times, and check that nothing was lost, doubled or reordered
	$(CARGO) build --workspace --bins --examples $(TEST_FEATURES) $(CARGO_ARGS)
	$(TARGET_DIR)/debug/examples/fault_run $(ARGS)

release: tools ## Build the programs and benchmarks for use, in target/release
	$(CARGO) build --release --workspace --bins --examples $(CARGO_ARGS)

# Says what is missing before a long build fails on it.
tools:
	@command -v $(CARGO) >/dev/null || { echo 'make: cargo is missing. Install a Rust toolchain, 1.95 or newer: https://rustup.rs' >&2; exit 1; }
	@command -v cc >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null \
		|| { echo 'make: a C compiler is missing. Debian and Ubuntu: apt-get install gcc libc6-dev; Fedora: dnf install gcc; macOS: xcode-select --install' >&2; exit 1; }

clean: ## Remove everything that was built
	$(CARGO) clean
