// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's half of reexport-guard: mechanism, no decision. docs/module.md
 * says what it changes, on which kernels it was seen, and how it is built.
 */
#include <linux/atomic.h>
#include <linux/module.h>

#include "reexport_guard.h"

static int show(char *buf, const struct kernel_param *param)
{
	return sysfs_emit(buf, "%ld\n", atomic_long_read((atomic_long_t *)param->arg));
}

const struct kernel_param_ops rg_counter_ops = {.get = show};

static int __init rg_init(void)
{
	int err = rg_forward_init();

	if (err)
		return err;
	err = rg_locks_init();
	if (err)
		goto no_locks;
	err = rg_sleep_init();
	if (err)
		goto no_sleep;
	return 0;

no_sleep:
	rg_locks_exit();
no_locks:
	rg_forward_exit();
	return err;
}

static void __exit rg_exit(void)
{
	rg_sleep_exit();
	rg_locks_exit();
	rg_forward_exit();
}

module_init(rg_init);
module_exit(rg_exit);
MODULE_DESCRIPTION("reexport-guard: end clients' locks on re-exported NFS mounts");
MODULE_LICENSE("GPL");
