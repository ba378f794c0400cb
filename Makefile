.DEFAULT_GOAL := help
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
ROOMS := model training serving datasets

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --editable .
	@touch $@

.venv-dev/ready: pyproject.toml
	$(PYTHON) -m venv .venv-dev
	.venv-dev/bin/pip install --quiet --editable '.[train,dev]'
	@touch $@

# Type checkers cannot follow the mapping of rooms to packages, nor tell the module
# datasets/catalogue.py from the folder of its data: they get links to modules and packages alone.
.PHONY: types
types:
	@rm -rf .types && mkdir -p $(ROOMS:%=.types/wreckid/%)
	@for room in $(ROOMS); do ln -s $(CURDIR)/$$room/*.py .types/wreckid/$$room/; done
	@for inner in $(patsubst %/__init__.py,%,$(wildcard $(ROOMS:%=%/*/__init__.py))); do \
		ln -s $(CURDIR)/$$inner .types/wreckid/$$inner; done

.PHONY: setup
setup: .venv-dev/ready types ## Set up the environment of developers

.PHONY: run
run: .venv/ready ## Set up the light environment and serve the page on HOST:PORT
	.venv/bin/wreckid serve --host $(HOST) --port $(PORT)

.PHONY: lint
lint: setup ## Check style and types
	.venv-dev/bin/ruff check .
	.venv-dev/bin/ruff format --check .
	.venv-dev/bin/mypy $(ROOMS:%=-p wreckid.%)
	.venv-dev/bin/mypy tests benchmarks examples

.PHONY: test
test: lint ## Set up what tests need and pass them all
	.venv-dev/bin/pytest -rs

.PHONY: format
format: setup ## Put the code into the house style
	.venv-dev/bin/ruff check --fix .
	.venv-dev/bin/ruff format .

BABEL := .venv-dev/bin/pybabel
LOCALES := serving/locale

.PHONY: messages
messages: setup ## Bring the message files to what templates and sentences say now
	@mkdir -p build
	$(BABEL) extract --mapping pyproject.toml --no-wrap --add-location file --project wreckid --output build/wreckid.pot serving
	$(BABEL) update --input-file build/wreckid.pot --domain wreckid --output-dir $(LOCALES) --no-wrap --ignore-obsolete --no-fuzzy-matching --ignore-pot-creation-date

BACKGROUNDS ?= ../shared/backgrounds
LIGHTS ?= ../shared/hdri
PHOTOS ?= ../shared/photos
SURROUNDINGS = $(if $(wildcard $(BACKGROUNDS)),--backgrounds $(BACKGROUNDS)) $(if $(wildcard $(LIGHTS)),--lights $(LIGHTS))
WRECKID := .venv-dev/bin/wreckid

.PHONY: render
render: setup ## Render the pictures that a release is trained and calibrated on
	$(WRECKID) render --count 16000 --size 192 --views 4 --quick --seed 7201 --out renders/sketches $(SURROUNDINGS)
	$(WRECKID) render --count 28000 --size 224 --seed 9201 --out renders/train $(SURROUNDINGS)
	$(WRECKID) render --count 600 --size 576 --seed 3000 --out renders/heldout $(SURROUNDINGS)

# Threads that wait asleep and memory that is kept: a fifth faster (docs/performance.md).
FRUGAL := OMP_WAIT_POLICY=PASSIVE MALLOC_MMAP_THRESHOLD_=4000000000 MALLOC_TRIM_THRESHOLD_=16000000000

.PHONY: train
train: render ## Fine-tune the network of a release
	$(FRUGAL) $(WRECKID) train training/release.yaml --out runs/release

VERSION ?= $(shell date +%Y.%m.%d)

.PHONY: release
release: train ## Calibrate, export, measure and write a release, from catalogue to card
	$(WRECKID) release runs/release --name ours --version $(VERSION) --size 256 --heldout datasets/heldout $(if $(wildcard $(PHOTOS)),--photos $(PHOTOS))

.PHONY: examples
examples: .venv/ready ## Say what the tool makes of the finds in examples/
	.venv/bin/python examples/answer.py

.PHONY: bench
bench: setup ## Measure speeds, as ratios within one run
	.venv-dev/bin/python benchmarks/classify.py
	.venv-dev/bin/python benchmarks/folder.py
	.venv-dev/bin/python benchmarks/render.py
	.venv-dev/bin/python benchmarks/service.py

.PHONY: clean
clean: ## Remove environments and caches
	rm -rf .venv .venv-dev .types build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
