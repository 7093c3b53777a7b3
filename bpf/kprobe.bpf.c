// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps the arguments of functions whose return is followed on the rung kprobe.
 *
 *   kprobe    attached to each of these functions; its cookie tells which one (rg_maps.h)
 */
#include "kprobe.bpf.h"

SEC("?kprobe")
int kprobe_enters(struct pt_regs___rg *regs)
{
	__u64 cookie = bpf_get_attach_cookie(regs);
	struct rg_entered_key key = rg_entered_key_of((__u32)cookie);
	struct rg_entered args = {.arg = {RG_ARG1(regs), RG_ARG2(regs), RG_ARG3(regs)}};

	if (!rg_entered_by_us(cookie))
		return 0;
	/* These functions never recurse, so the thread's last return was missed. */
	if (bpf_map_lookup_elem(&entered, &key))
		rg_kprobe_missed(key.what);
	if (bpf_map_update_elem(&entered, &key, &args, BPF_ANY))
		rg_kprobe_missed(key.what);
	return 0;
}
