# The two commands of the README, and a few more. The build itself is CMake's.
BUILD  ?= build
PREFIX ?= /usr/local

help:
	@echo "make demo       install what is missing, build, and find things in a photo"
	@echo "make serve      install what is missing, build, and serve the model that comes with tyto, with a page"
	@echo "make check      install what is missing, build, and run the tests"
	@echo "make quick      build, and run the tests that take under a minute, without root"
	@echo "make python     install what is missing, build the Python package, and test it"
	@echo "make wheel-test test that wheel under every Python that is installed, for minutes each; says when"
	@echo "make python-long passes anything to the Python package for half an hour, and makes 10,000 calls"
	@echo "make server-test build, and test tyto serve with the clients that people have"
	@echo "make install    library, headers, command, manual and completion under PREFIX=$(PREFIX)"
	@echo "make pages      run every command that the pages show, for minutes; says when that was done last"
	@echo "make tidy       clang-tidy with its analyzer, ten minutes and more"
	@echo "make api-docs   pages of the public headers, with Doxygen"
	@echo "make check-arm  cross-build for arm64 and run the tests in an emulator"
	@echo "make fuzz       search every reader of files for crashes, a minute each, with clang"
	@echo "make clean      remove the build folders"

build:
	@tools/setup.sh build
	@tools/build.sh $(BUILD) -DCMAKE_BUILD_TYPE=Release -DTYTO_TESTS=OFF \
	  -DCMAKE_INSTALL_PREFIX=$(PREFIX)

demo: build
	@tools/demo.sh $(BUILD)/tyto

# SERVE: further words, such as SERVE="-m DIR --port 9000".
serve: build
	@$(BUILD)/tyto serve $(SERVE)

check:
	@tools/setup.sh test
	@tools/test.sh $(BUILD)-check -DCMAKE_BUILD_TYPE=Release -DTYTO_WERROR=ON

# Nothing is installed: where a package is missing, the build says what.
quick:
	@TYTO_TEST_ARGS="-L quick $(TYTO_TEST_ARGS)" tools/test.sh $(BUILD)-check \
	  -DCMAKE_BUILD_TYPE=Release -DTYTO_WERROR=ON

# tests/CMakeLists.txt runs those of seconds. What needs torch, the network or root is listed by
# tools/check_pages.sh --list.
pages:
	@tools/build.sh $(BUILD)-check -DCMAKE_BUILD_TYPE=Release -DTYTO_WERROR=ON
	@tools/check_pages.sh $(BUILD)-check --all

# With the analyzer, which .ci/run leaves out.
tidy:
	@tools/setup.sh ci
	@tools/build.sh $(BUILD)-check -DCMAKE_BUILD_TYPE=Release -DTYTO_WERROR=ON
	@tools/check_tidy.sh $(BUILD)-check --all

# The wheel, in build-python/dist.
python:
	@tools/setup.sh python
	@tools/test_python.sh $(BUILD)-python

# tests/server/clients, for which pip installs packages; the other tests of the server are among those of `make check`.
server-test:
	@tools/setup.sh ci
	@tools/build.sh $(BUILD)-check -DCMAKE_BUILD_TYPE=Release -DTYTO_WERROR=ON
	@tools/test_server.sh $(BUILD)-server $(BUILD)-check/tyto

# python3.10 and up, with numpy 1 and 2, Pillow, torch; notes the day in tools/wheel.txt.
wheel-test:
	@tools/test_wheel.sh $(BUILD)-python/wheels/pytyto-*.whl

# In the environment that `make python` left. tests/python runs the same for seconds.
python-long:
	@$(BUILD)-python/plain/bin/python tests/python/leaks.py 10000
	@$(BUILD)-python/plain/bin/python tests/python/anything.py 3000

# examples/python beside the packages they are for, in an environment of their own; docs/label-tools.md says
# when that was done last.
label-tools:
	@python3 -m venv $(BUILD)-python/label-tools
	@$(BUILD)-python/label-tools/bin/pip install -q pytest pillow supervision fiftyone cvat-sdk autodistill \
	  roboflow datasets $(BUILD)-python/wheels/pytyto-*.whl
	@$(BUILD)-python/label-tools/bin/python -m pytest -q tests/python/test_label_tools.py

# The notebook anew, with what its cells give, in an environment of its own beside that of `make python`.
notebook:
	@python3 -m venv $(BUILD)-python/notebook
	@$(BUILD)-python/notebook/bin/pip install -q nbclient ipykernel $(BUILD)-python/wheels/pytyto-*.whl
	@$(BUILD)-python/notebook/bin/python tools/run_notebook.py docs/python.ipynb

# Pages of the public headers, in build-api/html.
api-docs:
	@tools/make_api_docs.sh $(BUILD)-api

install: build
	@cmake --install $(BUILD) --prefix $(PREFIX)
	@# The loader keeps a list of the libraries that the system's folders hold.
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || ldconfig

# Tests that run networks for minutes in the emulator, and have nothing of arm64 in them.
LONG_IN_EMULATOR = bad_inputs_memory|cli_bench|cli_demo_model|cli_tiles|docs_owlv2|docs_pages

check-arm:
	@tools/setup.sh arm
	@TYTO_TEST_ARGS="-E $(LONG_IN_EMULATOR) $(TYTO_TEST_ARGS)" tools/test.sh $(BUILD)-arm \
	  --toolchain cmake/arm64.cmake -DCMAKE_BUILD_TYPE=Release

fuzz:
	@tools/setup.sh ci
	@TYTO_TEST_ARGS="-R replay_" tools/test.sh $(BUILD)-fuzz -DCMAKE_C_COMPILER=clang -DTYTO_FUZZ=ON \
	  -DTYTO_SANITIZE=address,undefined
	@tools/fuzz.sh $(BUILD)-fuzz 60

clean:
	rm -rf build build-*

.PHONY: help build demo serve check quick python wheel-test python-long label-tools notebook server-test pages tidy api-docs install check-arm fuzz clean
