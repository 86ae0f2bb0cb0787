# Each target is one line that a person could type; what is already done is not done again.
PYTHON ?= python3
LOCK = .build/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate
NODE = .build/bin/python scripts/node.py

.PHONY: install run test lint bench reads start growth scaleout opening faults copy rules fuzz speed openapi lock screens sbom clean
install: .venv/ready frontend/build/200.html
run: install ; .venv/bin/foyer demo
test: .venv/ready-dev frontend/build/200.html ; .venv/bin/python scripts/check.py
lint: .venv/ready-dev frontend/node_modules/ready ; .venv/bin/python scripts/check.py --lint
openapi: .venv/ready ; .venv/bin/foyer openapi > openapi.yaml.new && mv openapi.yaml.new openapi.yaml && $(NODE) run --prefix frontend client
bench: reads start growth scaleout opening
reads start growth scaleout: .venv/ready-bench ; .venv/bin/python -m bench.$@
opening: .venv/ready-bench ; .venv/bin/python -m bench.opening --pictures bench/pictures && .venv/bin/python -m bench.opening --control
faults: .venv/ready-dev ; FOYER_FAULTS=100 .venv/bin/python -m pytest -s tests/faults tests/core/test_clock.py tests/hostile/test_isolation.py
copy: .venv/ready-dev ; .venv/bin/python scripts/check.py --copy
rules: .venv/ready-dev ; .venv/bin/python -m tests.rules.breaking
fuzz: .venv/ready-dev ; FOYER_FUZZ_EXAMPLES=40 .venv/bin/python -m pytest tests/hostile/test_contract_fuzzing.py
speed: .venv/ready-dev frontend/build/200.html bench/speed/node_modules/ready ; .venv/bin/python -m bench.speed
screens: .venv/ready-dev frontend/build/200.html ; .venv/bin/python -m tests.e2e.screens
sbom: .build/supply/ready ; .build/supply/bin/python scripts/sbom.py
lock: .build/ready
	$(LOCK) pyproject.toml -o requirements.txt
	$(LOCK) pyproject.toml --group dev -o requirements-dev.txt
	$(LOCK) --group build -o requirements-build.txt
	$(LOCK) pyproject.toml --group dev --group bench -c requirements-dev.txt -o requirements-bench.txt  # what is measured is what is delivered
	$(LOCK) --group supply -o requirements-supply.txt
clean: ; rm -rf .build .venv frontend/node_modules frontend/build frontend/.svelte-kit

.build/ready: requirements-build.txt
	$(PYTHON) -m venv .build && .build/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-build.txt && touch $@
.venv/ready: requirements.txt .build/ready
	.build/bin/uv venv -q --allow-existing --python $(PYTHON) .venv && .build/bin/uv pip install -q --compile-bytecode --python .venv --require-hashes -r requirements.txt
	.build/bin/uv pip install -q --compile-bytecode --python .venv --no-deps --editable . && .venv/bin/python -m compileall -q api && touch $@
.venv/ready-dev: requirements-dev.txt .venv/ready
	.build/bin/uv pip install -q --compile-bytecode --python .venv --require-hashes -r requirements-dev.txt && touch $@
.venv/ready-bench: requirements-bench.txt .venv/ready-dev
	.build/bin/uv pip install -q --python .venv --require-hashes -r requirements-bench.txt && touch $@
.build/supply/ready: requirements-supply.txt requirements.txt .build/ready
	.build/bin/uv venv -q --allow-existing --python $(PYTHON) .build/supply && .build/bin/uv pip install -q --python .build/supply --require-hashes -r requirements-supply.txt
	.build/bin/uv venv -q --allow-existing --python $(PYTHON) .build/delivered && .build/bin/uv pip install -q --python .build/delivered --require-hashes -r requirements.txt && touch $@
frontend/node_modules/ready: frontend/package-lock.json .build/ready
	$(NODE) ci --prefix frontend && touch $@
bench/speed/node_modules/ready: bench/speed/package-lock.json .build/ready
	$(NODE) ci --prefix bench/speed && touch $@
frontend/build/200.html: frontend/node_modules/ready $(shell find frontend/src frontend/static -type f 2>/dev/null) frontend/vite.config.ts
	$(NODE) run --prefix frontend build
