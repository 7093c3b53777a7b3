/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wrappers: processes that stopped themselves because the program that they run was held, such
 * as sudo, su and script. bpf/wrapper.bpf.c records them; this file continues them.
 */
#pragma once

#include "pins/held.h"

struct rg_stopped_wrapper {
	__u32 tgid;
	struct rg_wrapper w;
};

struct rg_wrapper_list {
	struct rg_stopped_wrapper *at; /* owned by the list: rg_wrappers_free() */
	__u32 n;
};

/* 0 or a negative errno; then the list is empty. */
int rg_wrappers_read(const struct rg_pins *p, struct rg_wrapper_list *list);
void rg_wrappers_free(struct rg_wrapper_list *list);

/*
 * Continue the wrappers of a process that is held and is about to be continued: they come
 * first, the outermost before the others. A wrapper that is still stopped when its program
 * ends may be told of one event instead of two, and wait for ever (su --pty of util-linux
 * 2.38: SIGCHLD of CLD_CONTINUED is pending, and that of CLD_EXITED is dropped).
 * A wrapper is left stopped if a person has stopped a process in between, which the wrapper
 * would continue in its turn. Counts into done->wrappers and done->failed.
 */
void rg_wrappers_continue_of(const struct rg_pins *p, const struct rg_wrapper_list *list,
			     __u32 held_tgid, __u64 held_start_ns, struct rg_continued *done);

/*
 * Continue each wrapper whose program is held no longer: another process continued the program,
 * it was killed, or the wrapper stopped late. A wrapper stays stopped in the case described
 * above, and if a person has stopped the program. Costs one system call if there is no wrapper.
 * 0 or a negative errno.
 */
int rg_wrappers_continue(const struct rg_pins *p, struct rg_continued *done);

/*
 * Repeat this until one second after the last hold. A wrapper learns a moment later that its
 * program was stopped, and may stop itself when the program has long been continued. For
 * callers that leave no daemon behind which would look again.
 */
void rg_wrappers_linger(const struct rg_pins *p, struct rg_continued *done);
