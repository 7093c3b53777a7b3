// SPDX-License-Identifier: GPL-2.0-only
/* Locks that local applications hold already: no gate takes them away. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "cli/verbs.h"

/* One line of /proc/locks: "1: POSIX  ADVISORY  WRITE 812 00:31:7 0 EOF". */
static bool lock_of_line(const char *line, __u32 *dev, __u32 *pid, unsigned long *ino)
{
	unsigned int major, minor;
	char kind[16];
	int got;

	if (sscanf(line, "%*d: %15s", kind) != 1 || strcmp(kind, "->") == 0)
		return false;
	got = sscanf(line, "%*d: %*s %*s %*s %u %x:%x:%lu", pid, &major, &minor, ino);
	*dev = major << 20 | minor;
	return got == 4;
}

static bool is_kernel_thread(__u32 pid)
{
	char path[64], c;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true; /* lockd's remote owners are no process here */
	n = read(fd, &c, 1);
	close(fd);
	return n <= 0;
}

void rg_warn_of_locks(const struct rg_pins *p)
{
	struct rg_mounts mounts;
	char line[256];
	FILE *f = fopen("/proc/locks", "re");

	if (!f)
		return;
	if (rg_mounts_read("/proc/self/mountinfo", &mounts)) {
		fclose(f);
		return;
	}
	while (fgets(line, sizeof(line), f)) {
		struct rg_device d;
		unsigned long ino;
		__u32 dev, pid;

		if (!lock_of_line(line, &dev, &pid, &ino) || is_kernel_thread(pid))
			continue;
		for (size_t i = 0; i < mounts.n; i++) {
			if (mounts.at[i].dev != dev)
				continue;
			/* One that is not classified counts as guarded. */
			if (bpf_map_lookup_elem(p->map_fd[RG_MAP_DEVICES], &dev, &d) < 0 ||
			    d.class == RG_CLASS_GUARDED)
				rg_warn("process %u already holds a lock on inode %lu of %s: it is "
					"not taken away",
					pid, ino, mounts.at[i].target);
			break;
		}
	}
	rg_mounts_free(&mounts);
	fclose(f);
}
