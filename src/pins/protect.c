// SPDX-License-Identifier: GPL-2.0-only
#include "pins/protect.h"

#include <errno.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "pins/pins.h"

const char *rg_protect_pin(enum rg_protect_pin pin)
{
	static const char *const pins[RG_NR_PROTECT_PINS] = {
		[RG_PROTECT_MAP] = "map_protect",
		[RG_PROTECT_PROTECTED] = "map_protected",
		[RG_PROTECT_LINK_BPF] = "link_protect_bpf",
		[RG_PROTECT_LINK_MAP] = "link_protect_map",
		[RG_PROTECT_LINK_UNLINK] = "link_protect_unlink",
		[RG_PROTECT_LINK_RMDIR] = "link_protect_rmdir",
		[RG_PROTECT_LINK_RENAME] = "link_protect_rename",
		[RG_PROTECT_LINK_UMOUNT] = "link_protect_umount",
	};

	return pins[pin];
}

int rg_protect_read(struct rg_protect *protect)
{
	LIBBPF_OPTS(bpf_obj_get_opts, readonly, .file_flags = BPF_F_RDONLY);
	struct bpf_map_info info = {};
	__u32 key = 0, size = sizeof(info);
	char path[256];
	int err = 0,
	    fd = bpf_obj_get_opts(rg_pin_path(path, rg_protect_pin(RG_PROTECT_MAP)), &readonly);

	if (fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		err = -errno;
	else if (info.key_size != sizeof(key) || info.value_size != sizeof(*protect))
		err = -EPROTO;
	else if (bpf_map_lookup_elem(fd, &key, protect) < 0)
		err = -errno;
	close(fd);
	if (!err)
		protect->path[sizeof(protect->path) - 1] = '\0';
	return err;
}

bool rg_protect_is_whole(void)
{
	char path[256];

	for (int i = RG_PROTECT_LINKS; i < RG_NR_PROTECT_PINS; i++)
		if (access(rg_pin_path(path, rg_protect_pin((enum rg_protect_pin)i)), F_OK) < 0)
			return false;
	return true;
}

const char *rg_protect_name(__u32 state)
{
	return state == RG_PROTECT_OFF	      ? "off"
	       : state == RG_PROTECT_ON	      ? "on"
	       : state < RG_NR_PROTECT_STATES ? "impossible"
					      : "?";
}

const char *rg_protect_why(__u32 state)
{
	static const char *const whys[RG_NR_PROTECT_STATES] = {
		[RG_PROTECT_NO_LSM] = "BPF LSM is not active (bpf is not in "
				      "/sys/kernel/security/lsm): add it to lsm= on the kernel "
				      "command line",
		[RG_PROTECT_REFUSED] = "this kernel does not take its programs",
		[RG_PROTECT_NOT_ASKED] = "its programs are attached, but the kernel let through "
					 "what they refuse",
		[RG_PROTECT_GONE] = "its pins were removed: run `reexport-guard policy reload`",
		[RG_PROTECT_NAMELESS] = "the name of the executable is longer than 63 bytes",
	};

	return state < RG_NR_PROTECT_STATES ? whys[state] : NULL;
}

const char *rg_protect_refusal_name(__u32 refusal)
{
	static const char *const names[RG_NR_PROTECT_REFUSALS] = {
		[RG_REFUSED_UNPIN] = "unpin",	[RG_REFUSED_WRITE] = "write",
		[RG_REFUSED_RUN] = "run",	[RG_REFUSED_DETACH] = "detach",
		[RG_REFUSED_UMOUNT] = "umount",
	};

	return refusal < RG_NR_PROTECT_REFUSALS ? names[refusal] : "?";
}
