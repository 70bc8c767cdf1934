# make demo    set up .venv, compile the example networks, run the emitted code, check the certificates
# make test    the test suite
# make kernels  the tests that floats decide, once more with other BLAS kernels and numbers of threads
# make golden  every byte that the commands write for 30 networks, here and at BASE (a git revision)
# make exporters  models of PyTorch, scikit-learn, Keras, ...: in an environment of its own
# make site    the documentation as HTML, with warnings as errors: in an environment of its own
# make check   ruff, mypy --strict, the import-direction test, the text of the documents

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT := demo-output
INSTALLED := $(VENV)/.installed
LIBRARIES := .venv-exporters
SITE := .venv-site

.PHONY: demo test kernels exporters site check bench golden campaign clean

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[test]"
	touch $@

demo: $(INSTALLED)
	mkdir -p $(OUT)
	$(BIN)/rectifold compile examples/cartpole.onnx --domain "[[-2,2],[-2,2],[-1/5,1/5],[-2,2]]" \
		-o $(OUT)/cartpole.py --certificate $(OUT)/cartpole.certificate --force
	$(BIN)/python $(OUT)/cartpole.py
	$(BIN)/rectifold check examples/cartpole.onnx $(OUT)/cartpole.certificate --domain "[[-2,2],[-2,2],[-1/5,1/5],[-2,2]]"
	$(BIN)/rectifold compile examples/thermostat.relu --to numpy \
		-o $(OUT)/thermostat_numpy.py --certificate $(OUT)/thermostat.certificate --force
	$(BIN)/python $(OUT)/thermostat_numpy.py
	$(BIN)/rectifold check examples/thermostat.relu $(OUT)/thermostat.certificate
	$(BIN)/rectifold compile examples/thermostat.relu -o $(OUT)/thermostat.relu --force --quiet
	cat $(OUT)/thermostat.relu

test: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 -q

# What floats decide must not depend on the processor: KERNELS are OpenBLAS kernels, each with a
# number of threads. Haswell's needs a processor with AVX2.
KERNELS := Sandybridge:2 $(shell grep -qw avx2 /proc/cpuinfo 2>/dev/null && echo Haswell:1)
FLOATS := tests/bounds tests/search tests/equivalence tests/prover

kernels: $(INSTALLED)
	for k in $(KERNELS); do OPENBLAS_CORETYPE=$${k%:*} OPENBLAS_NUM_THREADS=$${k#*:} $(BIN)/python -m pytest -n 2 -q $(FLOATS) || exit 1; done
	for k in $(KERNELS); do $(BIN)/python benchmarks/golden.py --kernel $$k tiny float || exit 1; done

# The libraries whose models are read are large, and no other target needs them.
$(LIBRARIES)/.installed: pyproject.toml
	$(PYTHON) -m venv $(LIBRARIES)
	$(LIBRARIES)/bin/pip install --quiet --disable-pip-version-check --editable ".[test,exporters]"
	touch $@

exporters: $(LIBRARIES)/.installed
	$(LIBRARIES)/bin/python -m pytest -n 2 -q tests/objects tests/exporters tests/training tests/cli/test_train.py
	$(LIBRARIES)/bin/python -m pytest -q tests/test_docs.py tests/test_gallery.py -k "train or pytorch"

# The documentation site, for which a link that leads nowhere is an error.
$(SITE)/.installed: pyproject.toml
	$(PYTHON) -m venv $(SITE)
	$(SITE)/bin/pip install --quiet --disable-pip-version-check --editable ".[test,docs]"
	touch $@

site: $(SITE)/.installed
	$(SITE)/bin/python -m pytest -q tests/test_site.py
	NO_MKDOCS_2_WARNING=1 $(SITE)/bin/python docs/make_site.py site

check: $(INSTALLED)
	$(BIN)/ruff check compiler tests examples benchmarks docs grammar
	$(BIN)/ruff format --check compiler tests examples benchmarks docs grammar
	$(BIN)/mypy compiler tests examples benchmarks docs grammar
	$(BIN)/python -m pytest -q tests/test_imports.py tests/test_docs_text.py tests/test_glossary.py

bench: $(INSTALLED)
	$(BIN)/python benchmarks/compile_networks.py
	$(BIN)/python benchmarks/regions.py
	$(BIN)/python benchmarks/shallow.py

golden: $(INSTALLED)
	$(BIN)/python benchmarks/golden.py --against $(or $(BASE),HEAD~1)

campaign: $(INSTALLED)
	$(BIN)/python benchmarks/campaign.py
	$(BIN)/python benchmarks/onnx_campaign.py

clean:
	rm -rf $(OUT) $(VENV) $(LIBRARIES) $(SITE) site
