# SPDX-License-Identifier: GPL-2.0-only
# `make help` lists the targets.

VERSION := 0.2.0
PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
DOCDIR ?= $(DATADIR)/doc/reexport-guard
UNITDIR ?= $(PREFIX)/lib/systemd/system
MODPROBEDIR ?= $(PREFIX)/lib/modprobe.d
# Pacemaker looks below /usr/lib/ocf alone.
OCFDIR ?= $(PREFIX)/lib/ocf/resource.d/reexport-guard
B := build

CC ?= cc
CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /sbin/bpftool) bpftool)
PKG_CONFIG ?= pkg-config
# To cross-compile: ARCH=arm64, CC, and PKG_CONFIG_LIBDIR in the environment.
ARCH := $(shell uname -m | sed 's/x86_64/x86/;s/aarch64/arm64/')
KERNEL ?= bookworm

comma := ,
# What tests need is built by as many at once as there are processors, unless `make -jN` says how many.
JOBS = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-8s %s\n'
endif

WARN := -Wall -Wextra -Wtype-limits -Werror
LIBS := libbpf mount json-c libcap-ng libsystemd libkmod inih sqlite3
LIB_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(LIBS))
# libkmod is opened when it is needed: src/base/kmod.c.
LIB_LDLIBS = $(shell $(PKG_CONFIG) --libs $(filter-out libkmod,$(LIBS))) -lelf -lz -lm -ldl
CFLAGS ?= -O2 -g
RG_CFLAGS = -std=gnu11 $(WARN) -Wformat=2 -D_GNU_SOURCE -DRG_VERSION='"$(VERSION)"' \
	-Iinclude -Isrc -I$(B) $(LIB_CFLAGS)
BPF_CFLAGS = -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) $(WARN) \
	-Wno-unused-parameter -Iinclude -Ivmlinux -Ibpf

# maps first: libbpf 1.1's linker leaves offset 0 in the BTF of a map that it
# meets as extern before its definition.
BPF_OBJS := $(patsubst bpf/%.bpf.c,$(B)/bpf/%.bpf.o,bpf/maps.bpf.c \
	$(filter-out bpf/maps.bpf.c,$(sort $(wildcard bpf/*.bpf.c bpf/trace/*.bpf.c))))
# The role of an original server: an object of its own.
ORIGINAL_OBJS := $(patsubst bpf/%.bpf.c,$(B)/bpf/%.bpf.o,bpf/original/maps.bpf.c \
	$(filter-out bpf/original/maps.bpf.c,$(sort $(wildcard bpf/original/*.bpf.c))))
# Key protect: likewise.
PROTECT_OBJS := $(B)/bpf/protect/protect.bpf.o
SKELETONS := $(B)/guard.skel.h $(B)/original.skel.h $(B)/protect.skel.h
# The rooms of src/, in the order in which they may include each other: the guard itself,
# then those that only observe it (record, metrics, check, report), then the verbs.
GUARD_ROOMS := text base pins mounts policy state load
VERB_ROOMS := cli daemon status top trace verbs
ROOMS := $(GUARD_ROOMS) original record metrics check report $(VERB_ROOMS)
OBJS := $(patsubst %.c,$(B)/%.o,$(foreach room,$(ROOMS),$(wildcard src/$(room)/*.c)))
LIBRARY_OBJS := $(filter-out $(addprefix $(B)/src/,$(addsuffix /%,check report $(VERB_ROOMS))),$(OBJS))
UNITS := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/test_*.c))
STORM := $(wildcard tests/helpers/storm/*)
LOCKER := $(wildcard tests/helpers/locker/*)
HELPERS := $(B)/tests/helpers/storm $(B)/tests/helpers/locker $(B)/tests/helpers/crowd.bpf.o $(patsubst tests/helpers/%.c,$(B)/tests/helpers/%, \
	$(filter-out %.bpf.c,$(wildcard tests/helpers/*.c)))
# This program as another version, for the suite upgrade.
OTHER := $(B)/other/build/reexport-guard
BENCHES := $(B)/bench/peers.bpf.o $(patsubst bench/%.c,$(B)/bench/%,$(filter-out %.bpf.c, \
	$(wildcard bench/*.c)))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all module deps test-deps demo test test-whole test-matrix test-toolchains unit bench bench-quick \
	bench-check install uninstall deb clean \
	lint man rooms help compile_commands.json vmlinux

all: $(B)/reexport-guard ## build build/reexport-guard

help: ## this list
	@sed -n 's/^\([a-z][a-z_.-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | sort | \
		awk -F'\t' '{printf "  make %-22s %s\n", $$1, $$2}'

deps: ## install what building needs (Debian packages; sudo where not root)
	$(Q)packaging/deps --build

test-deps: ## install what testing needs as well: qemu and the like
	$(Q)packaging/deps

demo: test-deps ## the main job in three machines, without the guard, with it, and with the module (ROLE=original: the original server's half)
	$(Q)$(MAKE) --no-print-directory $(JOBS) all $(HELPERS)
	$(Q)tests/demo --kernel $(KERNEL) $(if $(ROLE),--role $(ROLE))

# A browser is installed where pages are tested, and nowhere else.
needs_browser = $(filter html,$(ONLY) $(WITH))

test: test-deps ## unit tests and the bats suite on KERNEL (6.1, 6.12, 7.2, 7.3 or a Debian suite; bookworm)
	$(if $(needs_browser),$(Q)packaging/deps --html)
	$(Q)$(MAKE) --no-print-directory $(JOBS) all $(HELPERS) $(UNITS) $(BENCHES) $(OTHER) fuzzers
	$(Q)tests/run --kernel $(KERNEL) $(if $(ONLY),--only "$(ONLY)") $(if $(WITH),--with "$(WITH)")

test-whole: test-deps ## make test, and what takes longer or needs a browser; before a release
	$(Q)packaging/deps --html
	$(Q)$(MAKE) --no-print-directory $(JOBS) all $(HELPERS) $(UNITS) $(BENCHES) $(OTHER) fuzzers
	$(Q)tests/run --kernel $(KERNEL) --whole

test-matrix: test-deps ## every suite on 6.1, 6.12, 7.2 and 7.3; without KVM what takes an hour (WHOLE=1: every); writes docs/kernels.md
	$(Q)$(MAKE) --no-print-directory $(JOBS) all $(HELPERS)
	$(Q)tests/matrix $(if $(WHOLE),--whole) $(if $(ONLY),--only "$(ONLY)")

test-toolchains: ## build with Debian 12's and 13's gcc and clang, and for arm64 (root)
	$(Q)tests/toolchains $(ONLY)

.PHONY: fault
fault: test-deps ## kill verbs at random system calls, fail these; adds to docs/results/fault.md (ROUNDS=50, SEED=, CROWD=500, KILLS=10)
	$(Q)$(MAKE) --no-print-directory $(JOBS) all $(HELPERS) $(OTHER)
	$(Q)KERNEL=$(KERNEL) CROWD=$(CROWD) KILLS=$(KILLS) tests/fault $(or $(ROUNDS),50) $(SEED)

unit: $(UNITS) ## the unit tests alone, with ASan and UBSan
	$(Q)failed=0; for t in $^; do $$t || failed=1; done; exit $$failed

.PHONY: fuzz
SECONDS ?= 60
fuzz: ## fuzz what reads others' text, SECONDS of each (60); adds a row to docs/results/fuzz.md
	$(Q)packaging/deps
	$(Q)$(MAKE) --no-print-directory $(JOBS) fuzzers
	$(Q)tests/fuzz/run --seconds $(SECONDS) --record

.PHONY: model
model: ## check the model of the recovery with spin: docs/model; a minute or so
	$(Q)packaging/deps --model
	$(Q)docs/model/run

# ---- what it costs ----

bench: test-deps ## what it costs, against others: docs/results/bench.md; half an hour at most
	$(Q)packaging/deps --bench
	$(Q)$(MAKE) --no-print-directory $(JOBS) all $(HELPERS) $(BENCHES)
	$(Q)bench/run --kernel $(KERNEL)

bench-quick: test-deps ## the same with less of everything, to the terminal: five minutes
	$(Q)$(MAKE) --no-print-directory $(JOBS) all $(HELPERS) $(BENCHES)
	$(Q)bench/run --kernel $(KERNEL) --quick

bench-check: $(B)/reexport-guard $(HELPERS) $(BENCHES) ## has ordinary work become dearer? A part of make test
	$(Q)bench/run --kernel $(KERNEL) --check

# ---- the BPF object: one file per concern, linked into one skeleton ----

$(B)/bpf/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h bpf/trace/*.h bpf/original/*.h include/*.h vmlinux/*.h)
	$(say) BPF $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(B)/guard.bpf.o: $(BPF_OBJS) Makefile
	$(say) LINK $@
	$(Q)$(BPFTOOL) gen object $@ $(BPF_OBJS)

$(B)/original.bpf.o: $(ORIGINAL_OBJS) Makefile
	$(say) LINK $@
	$(Q)$(BPFTOOL) gen object $@ $(ORIGINAL_OBJS)

$(B)/protect.bpf.o: $(PROTECT_OBJS) Makefile
	$(say) LINK $@
	$(Q)$(BPFTOOL) gen object $@ $(PROTECT_OBJS)

$(B)/%.skel.h: $(B)/%.bpf.o
	$(say) SKEL $@
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@.new
	@# The analyzer sees a leak in what bpftool writes; there is none.
	$(Q){ echo '/* NOLINTBEGIN(clang-analyzer-unix.Malloc) */'; cat $@.new; \
		echo '/* NOLINTEND(clang-analyzer-unix.Malloc) */'; } > $@; rm $@.new

# ---- the program ----

$(B)/src/%.o: src/%.c Makefile | $(SKELETONS)
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(RG_CFLAGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(B)/reexport-guard: $(OBJS)
	$(say) LD $@
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LIB_LDLIBS) -o $@

$(B)/src/load/load.o $(B)/src/load/object.o: $(B)/guard.skel.h
$(B)/src/original/arm.o: $(B)/original.skel.h
$(B)/src/load/protect.o: $(B)/protect.skel.h

# ---- the optional kernel module ----

module: ## build/kmod/reexport_guard.ko for the kernel of KDIR (its headers) and VMLINUX (its types)
	$(Q)kmod/build "$(KDIR)" "$(VMLINUX)" "$(B)/kmod"

# ---- tests ----

SAN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SAN_CFLAGS = -g -O1 $(SAN)
# Where the tests find their data: not among the flags of the sources, which are the same
# in every checkout.
TEST_PATHS = -DRG_TEST_DATA='"$(abspath tests/unit/data)"' -DRG_BUILD='"$(abspath $(B))"'
SAN_OBJS := $(patsubst $(B)/%,$(B)/tests/%,$(filter-out $(B)/src/verbs/main.o,$(OBJS)))

$(B)/tests/src/%.o: src/%.c Makefile | $(SKELETONS)
	$(say) CC-SAN $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(RG_CFLAGS) $(SAN_CFLAGS) -MMD -MP -c $< -o $@

$(B)/tests/src/load/load.o $(B)/tests/src/load/object.o: $(B)/guard.skel.h
# The recording that `demo --replay` has in it.
$(B)/src/verbs/demo.o $(B)/tests/src/verbs/demo.o: tests/unit/data/powercut.ndjson

$(OTHER): tests/other-version $(B)/reexport-guard
	$(say) OTHER $@
	$(Q)tests/other-version $(B)/other CFLAGS=-O0 >$(B)/other.log 2>&1 || { cat $(B)/other.log; exit 1; }
	$(Q)touch $@

$(B)/tests/src/original/arm.o: $(B)/original.skel.h
$(B)/tests/src/load/protect.o: $(B)/protect.skel.h

# Types for test_layout, laid out by the compiler of the BPF programs.
$(B)/tests/records.bpf.o: tests/unit/records.bpf.c $(wildcard include/*.h vmlinux/*.h) Makefile
	$(say) BPF $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(B)/tests/test_%: tests/unit/test_%.c $(SAN_OBJS) $(B)/guard.bpf.o $(B)/tests/records.bpf.o Makefile
	$(say) UNIT $@
	$(Q)mkdir -p $(B)/tests/dep
	$(Q)$(CC) $(RG_CFLAGS) $(SAN_CFLAGS) $(TEST_PATHS) -MMD -MP -MF $(B)/tests/dep/$*.d -MT $@ $< $(SAN_OBJS) \
		$(UNIT_LDFLAGS) $(LIB_LDLIBS) -lcmocka -o $@

# What test_trace and bench/feed make up: pins, a ring, capabilities.
TRACE_WRAPPED := rg_pins_open_enabled rg_pin_path bpf_map_lookup_elem capng_apply rg_tracer_open \
	rg_tracer_fd rg_tracer_consume rg_tracer_lost rg_tracer_close
$(B)/tests/test_trace: UNIT_LDFLAGS := $(addprefix -Wl$(comma)--wrap=,$(TRACE_WRAPPED))
# The kernel that test_load makes up.
LOAD_WRAPPED := btf__load_vmlinux_btf bpf_btf_get_next_id libbpf_register_prog_handler \
	bpf_object__load_skeleton bpf_program__attach bpf_program__attach_kprobe_opts \
	bpf_program__attach_kprobe_multi_opts bpf_obj_pin bpf_map__fd bpf_program__fd \
	bpf_map__reuse_fd rg_pin_link rg_pins_map_live rg_preempt_read
$(B)/tests/test_load: $(B)/guard.skel.h
$(B)/tests/test_load: UNIT_LDFLAGS := $(addprefix -Wl$(comma)--wrap=,$(LOAD_WRAPPED))
# The steps that test_arm makes up.
ARM_WRAPPED := rg_mounts_read rg_rules_make rg_host_prepare rg_host_has_bpf_lsm \
	rg_host_write_delegations rg_pins_lock rg_pins_open rg_pins_say rg_pins_close \
	rg_pins_missing rg_pins_meta rg_pins_set_meta rg_replace_clear rg_replace_begin \
	rg_replace_carry rg_replace_end rg_replace_cancel rg_other_open rg_exempt_follow \
	rg_answers_prepare rg_load rg_attach_followers rg_load_freeze rg_attach_answers \
	rg_load_traces rg_unload rg_sleep_begin rg_modules_follow rg_gate_choose_slot rg_gate_arm \
	rg_gate_doors rg_gate_ask_kept rg_prove_doors rg_doors_attached rg_doors_attach \
	rg_doors_detach rg_doors_adjust rg_held_any rg_held_can_continue rg_held_continue \
	rg_wrappers_continue rg_take_away rg_protect rg_protect_again \
	rg_protect_cover
$(B)/tests/test_arm: UNIT_LDFLAGS := $(addprefix -Wl$(comma)--wrap=,$(ARM_WRAPPED))
$(addprefix $(B)/tests/test_,flows ledger metrics_file settle): UNIT_LDFLAGS := -Wl,--wrap=rg_read_map

JSON_WRAPPED := $(addprefix json_object_,$(addprefix new_,object array boolean int64 uint64 double double_s \
	string string_len) object_add array_add)
$(B)/tests/test_json: UNIT_LDFLAGS := $(addprefix -Wl$(comma)--wrap=,$(JSON_WRAPPED))

$(B)/tests/helpers/%: tests/helpers/%.c $(wildcard include/*.h) Makefile
	$(say) HELPER $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARN) -D_GNU_SOURCE -O2 -g $< -pthread \
		$(if $(findstring jget,$@),$(shell $(PKG_CONFIG) --cflags --libs json-c)) \
		$(if $(filter %/stranger %/crowd,$@),$(shell $(PKG_CONFIG) --cflags --libs libbpf)) \
		$(if $(findstring no_memory,$@),-shared -fPIC) $(if $(findstring png,$@),-lz) -o $@

$(B)/tests/helpers/locker: $(LOCKER) Makefile
	$(say) HELPER $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARN) -D_GNU_SOURCE -O2 -g $(filter %.c,$^) -pthread \
		$(shell $(PKG_CONFIG) --cflags --libs libsystemd) -o $@

$(B)/tests/helpers/storm: $(STORM) $(B)/src/record/record_names.o Makefile
	$(say) HELPER $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARN) -D_GNU_SOURCE -Iinclude -Isrc -O2 -g $(filter %.c %.o,$^) -o $@

$(B)/bench/peers.bpf.o $(B)/tests/helpers/crowd.bpf.o: $(B)/%.bpf.o: %.bpf.c \
		$(wildcard bpf/*.h include/*.h vmlinux/*.h) Makefile
	$(say) BPF $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

$(B)/bench/%: bench/%.c $(wildcard include/*.h) Makefile
	$(say) BENCH $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARN) -D_GNU_SOURCE -O2 -g $< \
		$(shell $(PKG_CONFIG) --cflags --libs libbpf) -o $@

$(B)/bench/tap: bench/tap.c $(LIBRARY_OBJS) Makefile
	$(say) BENCH $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(RG_CFLAGS) $(CFLAGS) $(LDFLAGS) $< $(LIBRARY_OBJS) $(LIB_LDLIBS) -o $@

# The verb `trace`, fed from a file.
$(B)/bench/feed: bench/feed.c $(filter-out $(B)/src/verbs/main.o,$(OBJS)) Makefile
	$(say) BENCH $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(RG_CFLAGS) $(CFLAGS) $(LDFLAGS) $< $(filter %.o,$^) \
		$(addprefix -Wl$(comma)--wrap=,$(TRACE_WRAPPED)) $(LIB_LDLIBS) -o $@

# ---- fuzzers: libFuzzer, ASan and UBSan; the rooms that read what others write ----

FUZZ_CFLAGS = -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_ROOMS := $(filter-out load original check $(VERB_ROOMS),$(ROOMS))
FUZZ_OBJS := $(patsubst %.c,$(B)/fuzz/%.o,$(foreach room,$(FUZZ_ROOMS),$(wildcard src/$(room)/*.c)))
.PHONY: fuzzers
FUZZERS := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(filter-out tests/fuzz/fuzz.c, \
	$(wildcard tests/fuzz/*.c)))

$(B)/fuzz/src/%.o: src/%.c Makefile | $(SKELETONS)
	$(say) CC-FUZZ $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(RG_CFLAGS) -w $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@

fuzzers: $(FUZZERS)

$(B)/fuzz/rooms.a: $(FUZZ_OBJS)
	$(Q)rm -f $@
	$(Q)ar rc $@ $^

$(FUZZERS): $(B)/fuzz/%: tests/fuzz/%.c tests/fuzz/fuzz.c tests/fuzz/fuzz.h $(B)/fuzz/rooms.a
	$(say) FUZZ $@
	$(Q)$(CLANG) $(RG_CFLAGS) -w $(FUZZ_CFLAGS) -fsanitize=fuzzer -Itests/fuzz $(filter %.c,$^) \
		$(B)/fuzz/rooms.a $(LIB_LDLIBS) -o $@

# ---- the rest ----

# The first line has man(1) run tbl(1), for tables; Debian 13's lintian asks for it.
MAN_PAGES := $(patsubst docs/%.scd,%,$(wildcard docs/*.scd))

man: $(addprefix $(B)/,$(MAN_PAGES)) ## the man pages, with scdoc
$(addprefix $(B)/,$(MAN_PAGES)): $(B)/%: docs/%.scd | $(B)/bpf
	$(say) MAN $@
	$(Q){ printf "'%s\n" '\" t'; scdoc < $<; } > $@

SYSTEMD_UNITS := $(wildcard packaging/systemd/*.service packaging/systemd/*.target)

install: all man ## install program, man pages, systemd unit, modprobe.d and example (DESTDIR=, PREFIX=)
	install -D -m 0755 $(B)/reexport-guard $(DESTDIR)$(SBINDIR)/reexport-guard
	for page in $(MAN_PAGES); do \
		install -D -m 0644 $(B)/$$page \
			$(DESTDIR)$(MANDIR)/man$${page##*.}/$$page || exit 1; \
	done
	install -D -m 0644 packaging/completions/reexport-guard.bash \
		$(DESTDIR)$(DATADIR)/bash-completion/completions/reexport-guard
	install -D -m 0644 packaging/completions/_reexport-guard \
		$(DESTDIR)$(DATADIR)/zsh/vendor-completions/_reexport-guard
	install -D -m 0644 packaging/completions/reexport-guard.fish \
		$(DESTDIR)$(DATADIR)/fish/vendor_completions.d/reexport-guard.fish
	install -D -m 0644 packaging/reexport-guard.conf $(DESTDIR)$(DOCDIR)/reexport-guard.conf
	install -D -m 0644 -t $(DESTDIR)$(DOCDIR)/monitoring packaging/monitoring/*
	install -D -m 0644 docs/metrics.md $(DESTDIR)$(DOCDIR)/metrics.md
	mkdir -p $(B)/systemd $(DESTDIR)$(UNITDIR)
	for unit in $(notdir $(SYSTEMD_UNITS)); do \
		sed 's,@SBINDIR@,$(SBINDIR),' packaging/systemd/$$unit > $(B)/systemd/$$unit && \
		install -m 0644 $(B)/systemd/$$unit $(DESTDIR)$(UNITDIR)/$$unit || exit 1; \
	done
	install -D -m 0644 -t $(DESTDIR)$(DOCDIR)/examples packaging/systemd/examples/*
	mkdir -p $(DESTDIR)$(OCFDIR)
	sed 's,/usr/sbin/reexport-guard,$(SBINDIR)/reexport-guard,' packaging/ocf/reexport-guard > $(B)/ocf
	install -m 0755 $(B)/ocf $(DESTDIR)$(OCFDIR)/reexport-guard
	sed 's,@SBINDIR@,$(SBINDIR),g' packaging/modprobe.d/50-reexport-guard.conf > $(B)/modprobe.conf
	install -D -m 0644 $(B)/modprobe.conf $(DESTDIR)$(MODPROBEDIR)/50-reexport-guard.conf

# What `make install` puts there, and nothing else: the configuration and the state stay.
uninstall: ## remove what `make install` installed (DESTDIR=, PREFIX=)
	rm -f $(DESTDIR)$(SBINDIR)/reexport-guard \
		$(foreach page,$(MAN_PAGES),$(DESTDIR)$(MANDIR)/man$(lastword $(subst ., ,$(page)))/$(page)) \
		$(DESTDIR)$(DATADIR)/bash-completion/completions/reexport-guard \
		$(DESTDIR)$(DATADIR)/zsh/vendor-completions/_reexport-guard \
		$(DESTDIR)$(DATADIR)/fish/vendor_completions.d/reexport-guard.fish \
		$(addprefix $(DESTDIR)$(UNITDIR)/,$(notdir $(SYSTEMD_UNITS))) \
		$(DESTDIR)$(MODPROBEDIR)/50-reexport-guard.conf \
		$(DESTDIR)$(OCFDIR)/reexport-guard
	rm -rf $(DESTDIR)$(DOCDIR)

deb: ## build Debian packages into build/deb, and have lintian judge them
	$(Q)packaging/deps --deb
	$(Q)packaging/make-deb $(B)/deb

.PHONY: deb-check
DEBIAN ?= trixie
deb-check: ## build and try the packages in a folder of DEBIAN (trixie, bookworm), into build/deb-DEBIAN (root)
	$(Q)packaging/deps
	$(Q)tests/deb-check $(DEBIAN)

vmlinux: ## make the pinned type header anew: make vmlinux DEB=linux-image-...deb
	vmlinux/make-vmlinux $(DEB) > vmlinux/vmlinux-6.1-amd64.h

compile_commands.json: ## for editors and clang-tidy
	$(Q){ packaging/compile-commands '$(subst ','\'',$(CC) $(RG_CFLAGS) $(SAN_CFLAGS) $(TEST_PATHS))' \
		$(filter-out %.bpf.c,$(wildcard src/*/*.c tests/unit/test_*.c tests/helpers/*.c \
		tests/helpers/*/*.c bench/*.c)) && \
		packaging/compile-commands '$(CLANG) $(BPF_CFLAGS)' $(wildcard bpf/*.bpf.c bpf/*/*.bpf.c); \
	} | jq -s add > $@

rooms: ## the rooms of src/, in the order in which they may include each other
	@echo $(ROOMS)

lint: $(SKELETONS) compile_commands.json ## clang-format, clang-tidy, cppcheck, shellcheck
	$(Q)packaging/lint

clean: ## remove build/
	rm -rf $(B) compile_commands.json

$(B) $(B)/bpf:
	$(Q)mkdir -p $@

-include $(OBJS:.o=.d) $(SAN_OBJS:.o=.d) $(wildcard $(B)/tests/dep/*.d) $(FUZZ_OBJS:.o=.d)
