# Stepgate. `make` alone lists the targets.
#
# A machine needs Rust (rustup) and Python 3; Go for func-e, kustomize and helm; Node, Java and Maven for `test-all`. Tools that are not part of the tree are
# downloaded or built once, into the cache: Envoy, func-e, kustomize, helm, cargo-deny.

STEPGATE_CACHE  ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/stepgate
ENVOY_VERSION   := 1.40.0
# The oldest supported version; the tests run in it too.
ENVOY_OLDEST    := 1.36.4
FUNC_E_VERSION  := 1.6.0
DENY_VERSION    := 0.20.2
HELM_VERSION    := 4.0.0
KUSTOMIZE_VERSION := 5.7.1
# The oldest release of Istio that is supported, the newest, and some between.
ISTIO_SCHEMAS   := 1.24.2 1.26.0 1.28.0 1.29.0 1.30.8 1.31.4
CYCLONEDX_VERSION := 0.5.9

TARGET          := $(abspath $(or $(CARGO_TARGET_DIR),target))
STEPGATE_MODULE ?= $(TARGET)/wasm32-wasip1/filter/stepgate_filter.wasm
STEPGATE_BIN    ?= $(TARGET)/release/stepgate
STEPGATE_CLOCK  ?= $(TARGET)/release/libstepgate_clock.so
STEPGATE_EMPTY  ?= $(TARGET)/wasm32-wasip1/release/stepgate_empty.wasm
# A program that is already installed comes first.
FUNC_E          ?= $(or $(shell command -v func-e),$(STEPGATE_CACHE)/bin/func-e)
CARGO_DENY      ?= $(or $(shell command -v cargo-deny),$(STEPGATE_CACHE)/cargo-deny/bin/cargo-deny)

# The corpus runs in these Envoys; ENVOY_PATH replaces all of them.
STEPGATE_ENVOYS ?= $(or $(ENVOY_PATH),$(STEPGATE_CACHE)/envoy:$(STEPGATE_CACHE)/envoy-$(ENVOY_OLDEST))
CARGO_CYCLONEDX ?= $(or $(shell command -v cargo-cyclonedx),$(STEPGATE_CACHE)/cargo-cyclonedx/bin/cargo-cyclonedx)
STEPGATE_IMAGES ?= $(TARGET)/image

# For `make install`. A package's build sets DESTDIR.
PREFIX          ?= /usr/local
SHARE           := $(PREFIX)/share

# The tests and the lab read these.
export STEPGATE_CACHE STEPGATE_MODULE STEPGATE_BIN STEPGATE_CLOCK STEPGATE_EMPTY STEPGATE_ENVOYS STEPGATE_IMAGES FUNC_E

WASM_TARGET     := wasm32-wasip1
# A program for this target needs nothing but a kernel.
MUSL_TARGET     := $(shell uname -m)-unknown-linux-musl
WASM            := -p stepgate-filter --target $(WASM_TARGET)
# The tests run the module in wasmtime only with this feature.
WITH_WASM       := --features stepgate-tests/wasm
MODEL           := cargo test --quiet --release -p stepgate-model

# Programs of Debian, as COMMAND=PACKAGE.
CLUSTER_PROGRAMS := etcd=etcd-server docker-registry ip=iproute2 ipset iptables openssl tcpdump containerd ctr=containerd runc \
	skopeo containernetworking-plugins
ENGINES         := dockerd=docker.io docker-compose=docker-compose containerd=containerd ctr=containerd runc=runc \
	skopeo=skopeo docker-registry=docker-registry curl=curl

step             = @printf '\033[1m== %s\033[0m\n' '$(1)'

.DEFAULT_GOAL := help
.PHONY: help install demo check test test-all model test-cluster test-containers bench sizes vectors envoy envoys func-e tools target filter cli clock empty image \
	reproducible lint fmt clippy deny clean applications containers prometheus cluster-programs in-cluster
# The steps of `test` share cargo's lock and the two cores of a small machine.
.NOTPARALLEL:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: envoy filter cli ## run the movie workflow through seven Envoys, and attack it
	@$(STEPGATE_BIN) lab config/examples/movie.yaml

check: filter fmt ## the loop: check format and lints, run unit tests and the corpus, natively and in Wasm
	$(call step,cargo clippy)
	@cargo clippy --quiet --workspace --all-targets $(WITH_WASM) -- -D warnings
	$(call step,unit tests)
	@cargo test --quiet --workspace --lib $(WITH_WASM)
	$(call step,the corpus)
	@cargo test --quiet -p stepgate-tests $(WITH_WASM) --test native --test wasm --test structure

test: envoys func-e tools filter cli clock empty lint applications containers prometheus cluster-programs ## run everything: style, licences, and every test, also in real Envoys and a real Istio
	$(call step,cargo test)
	@cargo test --workspace $(WITH_WASM)
	@$(MAKE) --no-print-directory model
	@$(MAKE) --no-print-directory in-cluster

test-all: test ## everything, applications in Java and Node, and the model further than `test` has time for
	@tools/get-applications.sh '$(STEPGATE_CACHE)/applications' java || echo 'applications in Java NOT tested'
	$(call step,applications in Java and Node)
	@STEPGATE_APPLICATIONS=all cargo test --quiet -p stepgate-tests $(WITH_WASM) --test applications
	$(call step,the model, further)
	@STEPGATE_MODEL=long $(MODEL) --features explore --test explored -- --nocapture

# In release: a build for tests makes decisions ten times as slowly. The decision as the module has it; then one whose checks can
# be switched off.
model: ## a part of `test`: gates, replicas and an adversary, explored in all their states
	$(call step,the model)
	@$(MODEL) --features explore --test explored -- --nocapture
	@$(MODEL) --features switches --test switches -- --nocapture

test-containers: envoy filter image ## a part of `test`: the images in a registry, in Docker and in containerd; as root on Debian
	@tools/get-debian.sh $(ENGINES)
	@STEPGATE_CONTAINERS=1 cargo test -p stepgate-tests --test containers

test-cluster: envoy tools filter cli image cluster-programs in-cluster ## a part of `test`: Istio and Kubernetes on this machine; as root, with Go

# A machine without these programs must still be able to run the rest. The tests then list the cases that they leave out.
applications:
	@tools/get-applications.sh '$(STEPGATE_CACHE)/applications' python || echo 'applications in Python NOT tested'

containers:
	@if tools/get-debian.sh musl-gcc=musl-tools $(ENGINES); then $(MAKE) --no-print-directory image; \
	else echo 'container images NOT made'; fi

prometheus:
	@tools/get-debian.sh prometheus=prometheus promtool=prometheus || echo 'alerts and dashboard NOT checked'

cluster-programs:
	@{ tools/get-debian.sh $(CLUSTER_PROGRAMS) && tools/get-istio.sh '$(STEPGATE_CACHE)/istio' && \
		tools/get-kube-router.sh '$(STEPGATE_CACHE)/kube-router'; } || echo 'a real Istio NOT tested'

in-cluster:
	@cargo test --quiet --no-run -p stepgate-cluster-tests $(WITH_WASM) --test cases --test walkthrough --test network
	$(call step,a real Istio)
	@timeout --foreground 1500 cargo test --quiet -p stepgate-cluster-tests $(WITH_WASM) --test cases
	$(call step,docs/istio.md in a cluster of its own)
	@timeout --foreground 900 cargo test --quiet -p stepgate-cluster-tests $(WITH_WASM) --test walkthrough
	$(call step,NetworkPolicies that are enforced)
	@timeout --foreground 600 cargo test --quiet -p stepgate-cluster-tests $(WITH_WASM) --test network

bench: envoy filter empty ## measure the cost of the gate beside Envoy's own filters, in about five minutes; BLESS=1 writes docs/performance.*
	@cargo build --quiet --release -p stepgate-tests --bin bench
	@$(TARGET)/release/bench $(if $(BLESS),--write docs)

sizes: target ## print the crates that take most of the filter's code
	@CARGO_PROFILE_FILTER_STRIP=none CARGO_TARGET_DIR='$(TARGET)/sizes' tools/build-filter.sh $(WASM_TARGET) >&2
	@cargo run --quiet -p stepgate-tests --bin sizes '$(TARGET)/sizes/$(WASM_TARGET)/filter/stepgate_filter.wasm'

vectors: ## write the test vectors of docs/protocol.md anew
	@BLESS=1 cargo test --quiet -p stepgate-tests --test vectors the_vectors_are_those_of_the_gate

envoy: ## install Envoy, unless ENVOY_PATH names one
	@tools/get-envoy.sh $(ENVOY_VERSION) '$(STEPGATE_CACHE)/envoy'

envoys: envoy ## also install the oldest supported Envoy
	@tools/get-envoy.sh $(ENVOY_OLDEST) '$(STEPGATE_CACHE)/envoy-$(ENVOY_OLDEST)'

func-e: ## build func-e, unless it is installed; needs Go
	@FUNC_E='$(FUNC_E)' tools/get-func-e.sh $(FUNC_E_VERSION) '$(STEPGATE_CACHE)/bin'

tools: ## build kustomize and helm, download Istio's schemas; needs Go
	@tools/get-helm.sh $(HELM_VERSION) $(KUSTOMIZE_VERSION) '$(STEPGATE_CACHE)/bin'
	@tools/get-crds.sh '$(STEPGATE_CACHE)/istio-crds' $(ISTIO_SCHEMAS)

target: ## install Rust's standard library for the filter, unless it is installed
	@tools/get-target.sh $(WASM_TARGET)

filter: target ## build the filter
	$(call step,the filter)
	@tools/build-filter.sh $(WASM_TARGET)

cli: ## build the command stepgate
	$(call step,the command stepgate)
	@cargo build --release -p stepgate-cli

# It builds nothing, so that it may run as root after a build as somebody else.
install: ## install the command, its manual pages and completions, and the filter below PREFIX, after `make filter cli`
	@install -D -m 755 '$(STEPGATE_BIN)' '$(DESTDIR)$(PREFIX)/bin/stepgate'
	@install -D -m 644 '$(STEPGATE_MODULE)' '$(DESTDIR)$(SHARE)/stepgate/stepgate_filter.wasm'
	@'$(STEPGATE_BIN)' man --out '$(DESTDIR)$(SHARE)/man/man1'
	@install -d '$(DESTDIR)$(SHARE)/bash-completion/completions' '$(DESTDIR)$(SHARE)/zsh/site-functions' \
		'$(DESTDIR)$(SHARE)/fish/vendor_completions.d'
	@'$(STEPGATE_BIN)' completions bash >'$(DESTDIR)$(SHARE)/bash-completion/completions/stepgate'
	@'$(STEPGATE_BIN)' completions zsh >'$(DESTDIR)$(SHARE)/zsh/site-functions/_stepgate'
	@'$(STEPGATE_BIN)' completions fish >'$(DESTDIR)$(SHARE)/fish/vendor_completions.d/stepgate.fish'
	@echo 'stepgate is in $(DESTDIR)$(PREFIX)/bin, the filter in $(DESTDIR)$(SHARE)/stepgate'

clock: ## build the shared object that shifts an Envoy's clock, for `stepgate lab --skew` and `--time`
	@cargo build --quiet --release -p stepgate-clock

empty: target ## build the filter that does nothing, a baseline of `bench`
	@cargo build --quiet --locked --release --target $(WASM_TARGET) -p stepgate-empty

image: filter $(CARGO_CYCLONEDX) ## build container images of the filter and of the command, into target/image
	$(call step,container images)
	@tools/get-debian.sh musl-gcc=musl-tools
	@tools/get-target.sh $(MUSL_TARGET)
	@CC_$(subst -,_,$(MUSL_TARGET))=musl-gcc cargo build --locked --release --target $(MUSL_TARGET) -p stepgate-cli
	@CARGO_CYCLONEDX='$(CARGO_CYCLONEDX)' tools/sbom.sh filter $(WASM_TARGET) '$(STEPGATE_IMAGES)/stepgate-filter.cdx.json'
	@CARGO_CYCLONEDX='$(CARGO_CYCLONEDX)' tools/sbom.sh cli $(MUSL_TARGET) '$(STEPGATE_IMAGES)/stepgate.cdx.json'
	@cargo build --locked --quiet --release -p stepgate-image
	@$(TARGET)/release/stepgate-image module '$(STEPGATE_MODULE)' '$(STEPGATE_IMAGES)/stepgate-filter.cdx.json' '$(STEPGATE_IMAGES)/module'
	@$(TARGET)/release/stepgate-image command '$(TARGET)/$(MUSL_TARGET)/release/stepgate' '$(STEPGATE_IMAGES)/stepgate.cdx.json' '$(STEPGATE_IMAGES)/stepgate'

reproducible: filter ## build the filter again, in another folder, and compare the two
	$(call step,the filter again)
	@tools/reproducible.sh $(WASM_TARGET) '$(STEPGATE_MODULE)'

$(STEPGATE_CACHE)/cargo-cyclonedx/bin/cargo-cyclonedx:
	$(call step,cargo-cyclonedx $(CYCLONEDX_VERSION): a few minutes, once)
	@cargo install --quiet --locked --root '$(STEPGATE_CACHE)/cargo-cyclonedx' cargo-cyclonedx@$(CYCLONEDX_VERSION)

lint: fmt clippy deny ## check formatting, clippy for host and Wasm, licences and sources

fmt:
	$(call step,cargo fmt)
	@cargo fmt --all --check

clippy: target
	$(call step,cargo clippy)
	@cargo clippy --quiet --workspace --all-targets $(WITH_WASM) -- -D warnings
	@cargo clippy --quiet $(WASM) -- -D warnings
	@cargo clippy --quiet -p stepgate-model --all-targets --all-features -- -D warnings
	@cargo clippy --quiet -p stepgate-cluster-tests $(WITH_WASM) --test cases --test walkthrough -- -D warnings

deny: $(CARGO_DENY) ## check licences, bans and sources of all dependencies, and advisories if they can be fetched
	$(call step,cargo deny)
	@CARGO_DENY='$(CARGO_DENY)' tools/deny.sh

$(STEPGATE_CACHE)/cargo-deny/bin/cargo-deny:
	$(call step,cargo-deny $(DENY_VERSION): a few minutes, once)
	@cargo install --quiet --locked --root '$(STEPGATE_CACHE)/cargo-deny' cargo-deny@$(DENY_VERSION)

clean: ## remove all build output; the cache stays
	@cargo clean
