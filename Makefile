# SPDX-License-Identifier: Apache-2.0
# demo and test make .venv where there is none, install the pinned versions, then do their job.

# Overridable: make test PYTHON=python3.12 TORCH=torch==2.9.0 PIP_ARGS="--index-url ..."
PYTHON ?= python3.11
PINNED_TORCH := $(shell grep '^torch==' constraints.txt)
TORCH ?= $(PINNED_TORCH)
PIP_ARGS ?=

.PHONY: demo page test test-long mutants results bench formal fuzz release lint clean

demo: .venv/demo.stamp
	.venv/bin/avatar demo

# The generator in a browser: open build/page/index.html, or put the folder on any web host.
page: .venv/demo.stamp
	.venv/bin/python -m web.build build/page

# The workers share the cores: BLAS threads of each would only wait for the other's.
test test-long: export OMP_NUM_THREADS = 1

test: .venv/test.stamp
	@for tool in node chromium; do command -v $$tool >/dev/null || \
		echo "$$tool is not installed: tests of the page in it are skipped"; done
	.venv/bin/pytest -n 2 --dist worksteal -m "not slow and not board and not gpu"

test-long: .venv/test.stamp
	.venv/bin/pytest -m slow

# Deliberate faults in copies of hw/, each of which a bench must catch.
mutants: .venv/test.stamp
	.venv/bin/python -m tests.mutants

# What `avatar experiment` shows in docs/results, from the committed generators; trains none of them.
results: .venv/test.stamp
	OMP_NUM_THREADS=1 .venv/bin/avatar experiment all

# This hardware beside what one would run instead; make bench REPORT=FILE takes another build.
REPORT ?= docs/results/builds/ulx3s-85f-w5-2.json
bench: .venv/test.stamp
	.venv/bin/python -m benchmarks.generators --report $(REPORT)

# Bounded proofs of the serial line, FIFOs, the external memory, every stream, by SymbiYosys and z3.
formal: .venv/test.stamp
	.venv/bin/python -m sim.formal.prove

# Damaged requests at the pins of a whole simulated board; some of them go into make test too.
FRAMES ?= 100000
SEED ?= 1
fuzz: .venv/test.stamp
	.venv/bin/python -m sim.fuzz.fuzz --frames $(FRAMES) --seed $(SEED)

# dist/: the package, every machine's bitstream, the models, and the SHA-256 of each file. A machine
# that was not built before takes 5 to 20 minutes; make release BOARDS=orangecrab-25f has some only.
BOARDS ?=
release: .venv/test.stamp
	@rm -rf build/wheel
	.venv/bin/python -m pip wheel --quiet --disable-pip-version-check --no-deps $(PIP_ARGS) \
		--wheel-dir build/wheel .
	.venv/bin/python -m boards.build.release --out dist --wheel build/wheel/*.whl \
		$(if $(BOARDS),--boards $(BOARDS)) --table docs/boards.md

lint: .venv/test.stamp
	.venv/bin/ruff check
	.venv/bin/ruff format --check

clean:
	rm -rf .venv build

.venv/demo.stamp: EXTRAS = sim
.venv/test.stamp: EXTRAS = train,sim,boards,web,bench,test
.venv/test.stamp: TORCH_PACKAGE = "$(TORCH)"

# Another torch brings versions of its own: the constraints' last part, torch's, goes.
.venv/%.stamp: pyproject.toml constraints.txt
	@.ci/check-system $(PYTHON)
	@echo "installing into .venv: $(EXTRAS)"
	@test -x .venv/bin/pip || $(PYTHON) -m venv .venv
	@sed '$(if $(filter $(PINNED_TORCH),$(TORCH)),,/^# torch/,$$d)' constraints.txt \
		> .venv/constraints.txt
	@PYTHONWARNINGS=ignore .venv/bin/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) \
		--constraint .venv/constraints.txt $(TORCH_PACKAGE) \
		--config-settings editable_mode=compat --editable ".[$(EXTRAS)]"
	@touch $@
