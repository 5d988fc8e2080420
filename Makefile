# make run | test | lint | bench | bundle: each sets up what it needs, once, in .venv or build/env.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $$p && break; done)
BIN := .venv/bin
ARGS ?=
# The torch of the bundle. On Linux the default build brings gigabytes of CUDA libraries.
CPU_TORCH := $(if $(filter Linux,$(shell uname -s)),torch==2.13.0+cpu,torch)
TORCH ?= $(if $(filter-out 0,$(CUDA)),torch,$(CPU_TORCH))

# Where `make install` puts the bundle and the files that make it known to desktops.
PREFIX ?= $(HOME)/.local
APP_ID := org.face_expression_detector.FaceExpressionDetector

.PHONY: run test lint bench bundle install clean

run: .venv/.run
	@$(BIN)/python -m app $(ARGS)

test: .venv/.dev
	@$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(ARGS)

lint: .venv/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: .venv/.dev
	@$(BIN)/python -m tests.benchmarks $(ARGS)

bundle: build/.env
	build/env/bin/python build_spec/system_libraries.py Xvfb appstreamcli
	if command -v appstreamcli; then appstreamcli validate --no-net build_spec/linux/*.metainfo.xml; fi
	build/env/bin/python -m PyInstaller --noconfirm --log-level WARN build_spec/face-expression-detector.spec
	build/env/bin/python build_spec/size.py dist/face-expression-detector
	build/env/bin/python build_spec/smoke_test.py dist/face-expression-detector

install:
	@test -d dist/face-expression-detector || { echo "There is nothing to install yet. Run: make bundle"; exit 1; }
	mkdir -p $(PREFIX)/bin $(PREFIX)/lib
	rm -rf $(PREFIX)/lib/face-expression-detector
	cp -R dist/face-expression-detector $(PREFIX)/lib/
	ln -sf ../lib/face-expression-detector/face-expression-detector $(PREFIX)/bin/
	install -Dm644 build_spec/linux/$(APP_ID).desktop -t $(PREFIX)/share/applications
	@# Desktops may not look in $(PREFIX)/bin.
	sed -i 's|^Exec=.*|Exec="$(abspath $(PREFIX))/bin/face-expression-detector"|' \
		$(PREFIX)/share/applications/$(APP_ID).desktop
	install -Dm644 build_spec/linux/$(APP_ID).metainfo.xml -t $(PREFIX)/share/metainfo
	install -Dm644 resources/icons/app.svg $(PREFIX)/share/icons/hicolor/scalable/apps/$(APP_ID).svg
	for n in 16 24 32 48 64 128 256 512; do install -Dm644 resources/icons/app-$$n.png \
		$(PREFIX)/share/icons/hicolor/$${n}x$$n/apps/$(APP_ID).png; done

clean:
	rm -rf .venv build dist

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed, and none is on the PATH."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "Python's venv module is missing. On Debian or Ubuntu run this, then try again:"; \
		echo "  sudo apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.run: pyproject.toml build_spec/system_libraries.py | .venv/bin/python
	$(BIN)/python build_spec/system_libraries.py
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/.dev: .venv/.run
	$(BIN)/python build_spec/system_libraries.py Xvfb
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,lint]'
	@touch $@

build/.env: pyproject.toml build_spec/system_libraries.py
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed, and none is on the PATH."; exit 1; }
	rm -rf build/env
	$(PYTHON) -m venv build/env
	build/env/bin/python build_spec/system_libraries.py
	build/env/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[bundle]' '$(TORCH)' || { \
		echo "pip could not install $(TORCH), a build without CUDA. The bundle gets the default torch,"; \
		echo "which adds several gigabytes. README.md says how to build the small one."; \
		build/env/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[bundle]'; }
	@touch $@
