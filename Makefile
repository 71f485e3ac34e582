# attn: make builds build/attn; make help lists the rest.
#
# What can be set, on the command line or in the environment:
#   CC, CFLAGS, CPPFLAGS, LDFLAGS   as everywhere; the program's own flags are added to them
#   PREFIX, DESTDIR                 where make install puts things (default /usr/local)
#   FONT_SANS, FONT_FALLBACK        the TrueType fonts that are built in
#   FONT_FILES                      FreeType and HarfBuzz as pkg-config knows them, for --font; empty: a build without them
#   PYTHON                          the interpreter that has NumPy, for the tests
#   REAL                            a folder of tensors from trained models. They are not part of the project: by default they
#                                   are looked for beside the checkout, and where they are missing the tests that want them
#                                   are skipped, and make demo draws the samples alone
#   PROFILES                        a folder of small models under the names of frameworks; by default beside REAL, and the same
#   FRESH, FRESH_MIRROR             the releases of make test-fresh, and where their packages come from
#
# make deps installs, on Debian and Ubuntu, what the other goals on the same command line need; alone, what a build needs.
# Objects are rebuilt when the flags change; make V=1 shows whole command lines.

CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
BUILD ?= build
PYTHON ?= /usr/bin/python3
REAL ?= ../shared/real
PROFILES ?= $(REAL)/../profiles
CLANG ?= $(firstword $(shell command -v clang clang-14 clang-15 clang-16 2>/dev/null) clang)
# Versions of clang-format lay out macros and comments before #pragma differently, whatever their options: sources are laid
# out and checked by this one alone.
FORMAT_VERSION = 14
CLANG_FORMAT ?= $(firstword $(shell command -v clang-format-$(FORMAT_VERSION) clang-format 2>/dev/null) clang-format)

FONT_SANS ?= $(firstword $(wildcard /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf \
	/usr/share/fonts/TTF/DejaVuSans.ttf /usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf) DejaVuSans.ttf)
FONT_FALLBACK ?= $(firstword $(wildcard /usr/share/fonts/truetype/wqy/wqy-microhei.ttc \
	/usr/share/fonts/wqy-microhei/wqy-microhei.ttc /usr/share/fonts/wenquanyi/wqy-microhei/wqy-microhei.ttc) \
	wqy-microhei.ttc)

LIBRARY_PACKAGES = libcjson-dev libstb-dev libdeflate-dev libfribidi-dev libpng-dev libjpeg-dev zlib1g-dev libfreetype-dev \
	libharfbuzz-dev
BUILD_PACKAGES = gcc libc6-dev make pkg-config $(LIBRARY_PACKAGES) fonts-dejavu-core fonts-wqy-microhei
# A browser is large, and its package has other names elsewhere: BROWSER=chromium adds that of Debian. The tests do without.
BROWSER ?=
TEST_PACKAGES = bats jq libcmocka-dev libzip-dev pngcheck librsvg2-bin fonts-dejavu-core python3 python3-numpy python3-jsonschema mandoc zsh fish \
	$(BROWSER)
CHECK_PACKAGES = clang-format cppcheck clang mandoc
AARCH64_PACKAGES = gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user python3
FUZZ_PACKAGES = clang libclang-rt-dev python3 python3-numpy
FRESH_PACKAGES = debootstrap git
BENCH_PACKAGES = libopenblas-dev python3 python3-numpy python3-torch python3-matplotlib python3-networkx

# FreeType and HarfBuzz read the font that --font names: where one is missing, or FONT_FILES is empty, attn is built without the option.
FONT_FILES ?= $(shell pkg-config --exists freetype2 harfbuzz && echo freetype2 harfbuzz)
ifeq ($(filter deps,$(MAKECMDGOALS)),)
FONT_FILES := $(FONT_FILES)
endif
LIBRARIES = libcjson stb libdeflate fribidi libpng libjpeg zlib $(FONT_FILES)
# As the system's headers, of which no compiler warns.
LIBRARY_HEADERS = $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(LIBRARIES)))
ifeq ($(filter deps help clean uninstall format test-fresh,$(MAKECMDGOALS)),)
LIBRARY_CFLAGS := $(LIBRARY_HEADERS)
LIBRARY_LIBS := $(shell pkg-config --libs $(LIBRARIES))
else
LIBRARY_CFLAGS = $(LIBRARY_HEADERS)
LIBRARY_LIBS = $(shell pkg-config --libs $(LIBRARIES))
endif

WARNINGS = -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes
OWN_CPPFLAGS = -Isrc -D_GNU_SOURCE -DATTN_DATA='"data"' -DATTN_LESSONS='"docs/lessons/README.md"' -DATTN_FONT_SANS='"$(FONT_SANS)"' \
	-DATTN_FONT_FALLBACK='"$(FONT_FALLBACK)"' $(if $(strip $(FONT_FILES)),-DATTN_FONT_FILES)
LANGUAGE = -std=gnu11 $(WARNINGS)
OWN_CFLAGS := $(LANGUAGE) -pthread
LIBS = $(LIBRARY_LIBS) -lm

SOURCES = $(wildcard src/*/*.c)
HEADERS = $(wildcard src/*/*.h)
OBJECTS = $(SOURCES:src/%.c=$(BUILD)/obj/%.o)
# Everything below the commands: the part that unit tests, fuzzers and the bench of the engine are linked with.
UNIT_SOURCES = $(filter-out src/cmd/%,$(SOURCES))
UNIT_OBJECTS = $(UNIT_SOURCES:src/%.c=$(BUILD)/obj/%.o)
MAIN = $(BUILD)/obj/main.o
UNITS = $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
DATA = $(wildcard data/*.json data/*.csv data/*.png)

Q = $(if $(V),,@)
.PHONY: all deps demo test unit check check-aarch64 format asan tsan fuzz bench install uninstall clean help pictures programs \
	test-fresh test-peers
.DELETE_ON_ERROR:
all: $(BUILD)/attn

$(BUILD)/attn: $(MAIN) $(OBJECTS)
	@echo "  LD $@"
	$(Q)$(CC) $(CFLAGS) $(OWN_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

COMPILE = $(CC) $(CPPFLAGS) $(OWN_CPPFLAGS) $(CFLAGS) $(OWN_CFLAGS) $(LIBRARY_CFLAGS)
$(BUILD)/obj/%.o: src/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC $@"
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

# The files that the assembler takes in are not seen by -MMD.
$(BUILD)/obj/cmd/sample.o: $(DATA)
$(BUILD)/obj/cmd/lessons.o: docs/lessons/README.md
$(BUILD)/obj/figure/font_data.o: $(wildcard $(FONT_SANS) $(FONT_FALLBACK))

# Rewritten only when what it says changes, so that changed flags rebuild everything.
$(BUILD)/flags: FORCE
	@mkdir -p $(BUILD)
	@echo '$(subst ','\'',$(COMPILE) $(LDFLAGS))' | cmp -s - $@ || echo '$(subst ','\'',$(COMPILE) $(LDFLAGS))' > $@
FORCE:

$(BUILD)/tests/%: tests/unit/%.c $(UNIT_OBJECTS) $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC $@"
	$(Q)$(COMPILE) -MMD -MP -DATTN_TESTS='"tests"' -o $@ $< $(UNIT_OBJECTS) $(LDFLAGS) $$(pkg-config --cflags --libs cmocka libzip) $(LIBS)

# A library that makes the n-th allocation fail, for the tests.
$(BUILD)/tests/failing_malloc.so: tests/failing_malloc.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARNINGS) -O2 -shared -fPIC -o $@ $< -ldl

-include $(OBJECTS:.o=.d) $(MAIN:.o=.d) $(UNITS:=.d)

# Programs that write the pixels of a picture and the numbers of an array, for the tests.
READ_PROGRAMS = $(BUILD)/tests/read_image $(BUILD)/tests/read_array
$(READ_PROGRAMS): $(BUILD)/tests/%: tests/%.c $(UNIT_OBJECTS) $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC $@"
	$(Q)$(COMPILE) -o $@ $< $(UNIT_OBJECTS) $(LDFLAGS) $(LIBS)

programs: $(BUILD)/attn $(UNITS) $(BUILD)/tests/failing_malloc.so $(READ_PROGRAMS)

RUN_TESTS = ATTN=$(abspath $(BUILD)/attn) PYTHON=$(PYTHON) REAL=$(abspath $(REAL)) PROFILES=$(abspath $(PROFILES)) \
	FAILING_MALLOC=$(abspath $(BUILD)/tests/failing_malloc.so) READ_IMAGE=$(abspath $(BUILD)/tests/read_image) \
	READ_ARRAY=$(abspath $(BUILD)/tests/read_array) tests/run
test: programs
	@UNITS="$(abspath $(UNITS))" CLI="$(wildcard tests/cli/*.bats)" $(RUN_TESTS)

# In seconds: the unit tests alone, and of those not the long comparison of the kernels.
QUICK_UNITS = $(filter-out $(BUILD)/tests/test_kernels,$(UNITS))
unit: $(QUICK_UNITS)
	@UNITS="$(abspath $(QUICK_UNITS))" CLI= $(RUN_TESTS)

# The same tests, under the address and undefined-behaviour sanitizers, in a build of their own.
asan:
	@$(MAKE) --no-print-directory BUILD=build/asan CFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
		-fno-sanitize-recover=undefined" LDFLAGS="-fsanitize=address,undefined" test

# The unit tests under the thread sanitizer.
tsan:
	@$(MAKE) --no-print-directory BUILD=build/tsan CFLAGS="-O1 -g -fsanitize=thread" LDFLAGS="-fsanitize=thread" unit

# Exported instead of put into the command: their quotes are for the shell of tests/check.
FORMATTED = $(wildcard src/*.[ch] src/*/*.[ch] tests/*.[ch] tests/*/*.[ch])
check: export CHECK_FORMATTED = $(FORMATTED)
check: export CHECK_FORMAT = $(CLANG_FORMAT)
check: export CHECK_FORMAT_VERSION = $(FORMAT_VERSION)
check: export CHECK_SOURCES = src/main.c $(SOURCES)
check: export CHECK_CPPFLAGS = $(OWN_CPPFLAGS)
check: export CHECK_CFLAGS = $(LANGUAGE) $(LIBRARY_CFLAGS)
check: $(BUILD)/attn
	@tests/check

format:
	$(Q)$(CLANG_FORMAT) --version | grep -q ' version $(FORMAT_VERSION)\.' || \
		{ echo "make format wants clang-format $(FORMAT_VERSION): other versions lay out some lines differently" >&2; exit 1; }
	$(Q)$(CLANG_FORMAT) -i $(FORMATTED)

# The unit tests and the samples on another processor, emulated: without SSE and AVX, and where char is unsigned.
check-aarch64: $(BUILD)/attn
	@ATTN=$(abspath $(BUILD)/attn) BUILD=$(abspath $(BUILD)/aarch64) PYTHON=$(PYTHON) UNITS="$(notdir $(UNITS))" \
		LIBRARY_PACKAGES="$(LIBRARY_PACKAGES)" tests/check_aarch64

# The commands of the README's Start on the last commit, each release in a root of its own with nothing but make. Not in CI:
# it needs root and some minutes a release, and downloads all packages.
FRESH ?= bookworm trixie noble
test-fresh:
	@FRESH="$(FRESH)" FRESH_MIRROR="$(FRESH_MIRROR)" BUILD=$(abspath $(BUILD)) tests/fresh

# Peers, as judges and to be measured by: ONNX Runtime, from npm. Not in CI: they are large. Where npm cannot install them there
# is no $(PEERS_INSTALLED), and what wants them says that it is skipped.
PEERS = $(BUILD)/peers
ONNXRUNTIME_VERSION = 1.30.0
PEERS_INSTALLED = $(PEERS)/onnxruntime-$(ONNXRUNTIME_VERSION)
$(PEERS_INSTALLED):
	@mkdir -p $(PEERS)
	@echo "  NPM $@"
	$(Q)! npm install --prefix $(PEERS) --ignore-scripts --no-audit --no-fund onnxruntime-node@$(ONNXRUNTIME_VERSION) \
		onnx-proto@8.0.1 >$(PEERS)/npm.log 2>&1 || touch $@
# libggml, a part of the package for x86-64 of node-llama-cpp.
LLAMA_VERSION = 3.22.1
LLAMA_INSTALLED = $(PEERS)/llama-$(LLAMA_VERSION)
$(LLAMA_INSTALLED):
	@mkdir -p $(PEERS)/llama
	@echo "  NPM $@"
	$(Q)! npm install --prefix $(PEERS)/llama --ignore-scripts --no-audit --no-fund \
		@node-llama-cpp/linux-x64@$(LLAMA_VERSION) >$(PEERS)/llama.log 2>&1 || touch $@
test-peers: $(BUILD)/attn $(BUILD)/tests/read_array $(PEERS_INSTALLED) $(LLAMA_INSTALLED)
	@if [ -e $(PEERS_INSTALLED) ]; then $(PYTHON) -B tests/peers/check_onnxruntime.py $(abspath $(BUILD)/attn) $(PEERS); \
		else echo "ONNX Runtime: skipped, npm could not install it ($(PEERS)/npm.log)"; fi
	@if [ -e $(LLAMA_INSTALLED) ]; then $(PYTHON) -B tests/peers/check_ggml.py $(BUILD)/tests/read_array $(PEERS)/llama \
		$(wildcard $(REAL)/models/stories260K/*.gguf $(REAL)/models/vocab/*.gguf); \
		else echo "libggml: skipped, npm could not install it ($(PEERS)/llama.log)"; fi

demo: $(BUILD)/attn
	@mkdir -p $(BUILD)/demo
	@for s in $(basename $(notdir $(wildcard data/*.json))); do \
		$(BUILD)/attn run data/$$s.json --dpi-scale 2 --format none -o $(BUILD)/demo/$$s.png -o $(BUILD)/demo/$$s.json || exit 1; done
	@$(BUILD)/attn run data/patches.json --image data/patches.png --look-from 50 --dpi-scale 2 --format none -o $(BUILD)/demo/patches.png
	@$(BUILD)/attn run data/sinusoidal.json --stage encoding --dpi-scale 2 --format none -o $(BUILD)/demo/encoding.png
	@$(BUILD)/attn run --q data/q.csv --k data/k.csv --v data/v.csv --dpi-scale 2 --format none -o $(BUILD)/demo/csv.png
	@if [ -d "$(REAL)" ]; then for s in nano_sort gpt2_attention gpt2_heads_37 translation_cross; do \
		$(BUILD)/attn run $(REAL)/$$s.json --format none -o $(BUILD)/demo/$$s/ || exit 1; done; fi
	@$(BUILD)/attn run data/sentence.json --format table -o $(BUILD)/demo/sentence/
	@echo; echo "The pictures lie in $(BUILD)/demo/"

# The pictures of README and docs, from the samples.
pictures: $(BUILD)/attn
	$(BUILD)/attn run data/sentence.json --dpi-scale 2 -q -o docs/sentence.png
	$(BUILD)/attn run data/causal.json --dpi-scale 2 -q -o docs/causal.png
	$(BUILD)/attn run data/cross.json --dpi-scale 2 -q -o docs/cross.png
	$(BUILD)/attn run data/sentence.json --view lines --dpi-scale 2 -q -o docs/lines.png
	$(BUILD)/attn run data/causal.json --head 1 --steps -q -o docs/steps.png
	$(BUILD)/attn run data/projections.json --order 4,3,2,1,0 --position rotary -q -o docs/order.png
	$(BUILD)/attn explain data/projections.json --growth 2048:131072 --window 256,0 --block 256 -q -o docs/growth.png
	$(BUILD)/attn run data/sentence.json --versus "--scale 1" --versus "--causal" -q -o docs/versus.png
	$(BUILD)/attn run data/patches.json --image data/patches.png --look-from 50 --dpi-scale 2 -q -o docs/patches.png
	@for page in docs/lessons/*.md; do ! grep -q '^```console' $$page || \
		ATTN=$(abspath $(BUILD)/attn) $(PYTHON) -B tests/examples.py --draw $$page; done

# One program a reader; each runs for FUZZ_SECONDS and leaves what it finds in build/fuzz/.
FUZZ_SECONDS ?= 60
FUZZ_BUILD = $(BUILD)/fuzz
FUZZERS = $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_CFLAGS = -O1 -g -fsanitize=fuzzer,address,undefined
# Seconds on the clock, on a machine that may be busy. Megabytes in all and in one piece: of images what 2^20 pixels may take,
# of which the fuzzer allows no more.
FUZZ_LIMITS = limits=-timeout=5; [ $$f != fuzz_image ] || limits="$$limits -rss_limit_mb=256 -malloc_limit_mb=16"
fuzz: $(FUZZERS:%=$(FUZZ_BUILD)/%)
	@for f in $(FUZZERS); do mkdir -p $(FUZZ_BUILD)/$$f-corpus; cp tests/bad/* $(DATA) $(FUZZ_BUILD)/$$f-corpus/; \
		[ $$f != fuzz_image ] || $(PYTHON) -B tests/numpy/image_files.py $(FUZZ_BUILD)/$$f-corpus || exit 1; \
		[ $$f != fuzz_torch ] || $(PYTHON) -B tests/numpy/torch_files.py $(FUZZ_BUILD)/$$f-corpus || exit 1; \
		case $$f in fuzz_npy | fuzz_npz | fuzz_safetensors) \
			$(PYTHON) -B tests/numpy/archive_files.py $${f#fuzz_} $(FUZZ_BUILD)/$$f-corpus || exit 1;; esac; \
		[ $$f != fuzz_font ] || $(PYTHON) -B tests/numpy/font_files.py $(FUZZ_BUILD)/$$f-corpus || exit 1; \
		[ $$f != fuzz_gguf ] || $(PYTHON) -B tests/numpy/gguf_files.py $(FUZZ_BUILD)/$$f-corpus || exit 1; $(FUZZ_LIMITS); \
		echo "$$f:"; ASAN_OPTIONS=quarantine_size_mb=16 $(FUZZ_BUILD)/$$f -max_total_time=$(FUZZ_SECONDS) -max_len=8192 $$limits \
		-print_final_stats=1 -verbosity=0 -artifact_prefix=$(FUZZ_BUILD)/$$f- $(FUZZ_BUILD)/$$f-corpus || exit 1; done
$(FUZZ_BUILD)/%: tests/fuzz/%.c $(wildcard tests/fuzz/*.h) $(UNIT_SOURCES) $(HEADERS)
	@mkdir -p $(@D)
	@echo "  CC $@"
	$(Q)$(CLANG) $(OWN_CPPFLAGS) $(LANGUAGE) -pthread $(FUZZ_CFLAGS) $(LIBRARY_CFLAGS) -o $@ $< $(UNIT_SOURCES) $(LIBS)

# Ratios against OpenBLAS, ONNX Runtime, NumPy, PyTorch and matplotlib; what is missing is left out.
bench: $(BUILD)/attn $(PEERS_INSTALLED) $(BUILD)/tests/bench_png $(if $(wildcard /usr/include/*/cblas.h /usr/include/cblas.h),$(BUILD)/tests/bench_engine)
	@ATTN=$(abspath $(BUILD)/attn) ENGINE=$(abspath $(BUILD)/tests/bench_engine) BENCH_PNG=$(abspath $(BUILD)/tests/bench_png) \
		PEERS=$(abspath $(PEERS)) $(PYTHON) tests/bench/bench.py
$(BUILD)/tests/bench_png: tests/bench/bench_png.c $(UNIT_OBJECTS) $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC $@"
	$(Q)$(COMPILE) -o $@ $< $(UNIT_OBJECTS) $(LDFLAGS) $(LIBS)
$(BUILD)/tests/bench_engine: tests/bench/bench_engine.c $(UNIT_OBJECTS) $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC $@"
	$(Q)$(COMPILE) -o $@ $< $(UNIT_OBJECTS) $(LDFLAGS) -lopenblas $(LIBS)

WANTED_PACKAGES = $(BUILD_PACKAGES) $(if $(filter test unit asan tsan,$(MAKECMDGOALS)),$(TEST_PACKAGES)) \
	$(if $(filter check format,$(MAKECMDGOALS)),$(CHECK_PACKAGES)) $(if $(filter fuzz,$(MAKECMDGOALS)),$(FUZZ_PACKAGES)) \
	$(if $(filter check-aarch64,$(MAKECMDGOALS)),$(AARCH64_PACKAGES)) \
	$(if $(filter bench,$(MAKECMDGOALS)),$(BENCH_PACKAGES)) $(if $(filter test-fresh,$(MAKECMDGOALS)),$(FRESH_PACKAGES))
deps:
	@missing=; for p in $(WANTED_PACKAGES); do \
		dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if ! command -v apt-get >/dev/null; then \
		echo "make deps knows Debian and Ubuntu. Needed here, by their Debian names: $(strip $(WANTED_PACKAGES))"; \
	elif [ -n "$$missing" ]; then \
		sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
		export DEBIAN_FRONTEND=noninteractive; \
		$$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends $$missing; \
	fi

DIRS = bin=$(DESTDIR)$(PREFIX)/bin; share=$(DESTDIR)$(PREFIX)/share;
install: $(BUILD)/attn
	$(DIRS) install -d "$$bin" "$$share/man/man1" "$$share/attn" "$$share/bash-completion/completions" \
		"$$share/zsh/site-functions" "$$share/fish/vendor_completions.d" && \
	install -m 755 $(BUILD)/attn "$$bin/attn" && install -m 644 attn.1 "$$share/man/man1/attn.1" && \
	install -m 644 $(DATA) data/README.md "$$share/attn/" && \
	$(BUILD)/attn help --completion bash > "$$share/bash-completion/completions/attn" && \
	$(BUILD)/attn help --completion zsh > "$$share/zsh/site-functions/_attn" && \
	$(BUILD)/attn help --completion fish > "$$share/fish/vendor_completions.d/attn.fish"

uninstall:
	$(DIRS) rm -f "$$bin/attn" "$$share/man/man1/attn.1" "$$share/bash-completion/completions/attn" \
		"$$share/zsh/site-functions/_attn" "$$share/fish/vendor_completions.d/attn.fish"; rm -rf "$$share/attn"

clean:
	rm -rf build

help:
	@echo "make             build build/attn"
	@echo "make deps GOAL…  install what the goals need (Debian, Ubuntu), then make them"
	@echo "make demo        run the samples and say where the pictures lie"
	@echo "make test        all tests; asan: the same under sanitizers; unit: the quick ones, in seconds; tsan: those under the thread sanitizer"
	@echo "make check       lint; format: lay out the sources as it wants them; fuzz: fuzz the readers"
	@echo "make check-aarch64  on Debian: build for aarch64, and run the unit tests and the samples under qemu"
	@echo "make test-fresh  as root: both commands of the README's Start in new systems: $(FRESH)"
	@echo "make test-peers  compare with ONNX Runtime and libggml, which npm installs"
	@echo "make bench       ratios against OpenBLAS, NumPy, PyTorch, matplotlib, and ONNX Runtime from npm"
	@echo "make pictures    draw the pictures of the documentation again"
	@echo "make install     to PREFIX ($(PREFIX)), below DESTDIR; uninstall takes it away"
	@echo "make clean       remove build/"
