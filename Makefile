# Every target uses one virtual environment, .venv, made by `make install` when it is missing or
# when constraints.txt or pyproject.toml changed. Only `make bench` and `make accuracy` have more,
# for the libraries that dimscope is compared with; one that cannot be installed is left out of the
# comparison.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
PEERS := .venv-peers
DADAPY := .venv-dadapy
TORCHID := .venv-torchid
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help install demo test test-gpu torture reproduce-quick reproduction lint bench accuracy costs docs examples clean

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(READY)  ## build .venv with everything that development needs

$(READY): constraints.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python $(PIP_INSTALL) --constraint constraints.txt --editable '.[dev]'
	touch $(READY)

demo: $(READY)  ## profile an ImageNet network and its untrained twin; table, plot and report
	$(BIN)/python examples/demo.py --out demo-output

# One thread for each of the tests that run side by side: theirs would wait for one another.
test: lint  ## lint, types, architecture, then every test, a file of them a core at a time
	env OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile

torture: $(READY)  ## kill runs, fill their disks, change their files: nothing may be lost (about 6 minutes)
	env OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.torture.run $(ARGS)

reproduce-quick: $(READY)  ## every experiment of both papers, small: claims, tables and figures (about 15 minutes)
	$(BIN)/python -m benchmarks.reproduction.run --budget quick --out reproduce-output

reproduction: $(READY)  ## docs/reproduction.md and its figures, from the records beside it
	$(BIN)/python -m benchmarks.reproduction.page

lint: $(READY)  ## ruff, mypy and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# NumPy is left to choose its kernels: its product is the unit of all times.
bench: $(PEERS)/.ready $(DADAPY)/.ready  ## the neighbour search against other libraries; ARGS="--write" publishes
	env -u OPENBLAS_CORETYPE $(PEERS)/bin/python -m benchmarks.search.speed $(ARGS)

$(PEERS)/.ready: constraints.txt pyproject.toml benchmarks/requirements/search.txt
	test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python $(PIP_INSTALL) --constraint constraints.txt --editable '.[models,plot,sklearn]'
	-$(PEERS)/bin/python $(PIP_INSTALL) --constraint constraints.txt --requirement benchmarks/requirements/search.txt
	touch $@

$(DADAPY)/.ready: benchmarks/requirements/dadapy.txt
	test -x $(DADAPY)/bin/python || $(PYTHON) -m venv $(DADAPY)
	-$(DADAPY)/bin/python $(PIP_INSTALL) --requirement benchmarks/requirements/dadapy.txt
	touch $@

accuracy: $(READY) $(DADAPY)/.ready $(TORCHID)/.ready  ## all estimators and other libraries' on known sets; ARGS="--write"
	$(BIN)/python -m benchmarks.accuracy.study $(ARGS)

costs: $(READY)  ## what every estimator takes beyond the search
	$(BIN)/python -m benchmarks.search.estimator_costs $(ARGS)

# torchid asks for Python 3.13, and runs on 3.11 as well.
$(TORCHID)/.ready: benchmarks/requirements/torchid.txt
	test -x $(TORCHID)/bin/python || $(PYTHON) -m venv $(TORCHID)
	-$(TORCHID)/bin/python $(PIP_INSTALL) --ignore-requires-python --requirement benchmarks/requirements/torchid.txt
	touch $@

test-gpu: $(READY)  ## the search and the losses on a CUDA GPU: their tests, then the search's speed
	@$(BIN)/python -c "import sys, torch; torch.cuda.is_available() or sys.exit('make test-gpu needs a CUDA GPU, and torch ' + torch.__version__ + ' finds none')"
	$(BIN)/python -m pytest tests/neighbors/search/test_torch_tiles.py
	$(BIN)/python -m pytest tests/losses/test_dimension_loss.py -k cuda
	$(BIN)/python -m benchmarks.search.gpu

docs: $(READY)  ## run every code block of README and docs
	$(BIN)/python -m pytest tests/test_docs.py

examples: $(READY)  ## train the example networks and check what they show (about 40 minutes)
	$(BIN)/python examples/train_fashion_mnist.py
	$(BIN)/python examples/train_cifar10.py
	$(BIN)/python examples/track_fashion_mnist.py
	$(BIN)/python examples/image_sets.py

clean:  ## remove the virtual environment and everything generated
	rm -rf .venv $(PEERS) $(DADAPY) $(TORCHID) benchmarks-output demo-output examples-output reproduce-output dist build .mypy_cache .pytest_cache .ruff_cache
