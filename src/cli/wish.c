// SPDX-License-Identifier: GPL-2.0-only
/* What enable, run, release and close share. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "cli/verbs.h"
#include "loader/gates.h"
#include "loader/held.h"
#include "loader/names.h"
#include "loader/netns.h"

int rg_wish_of(const struct rg_options *o, struct rg_wish *wish)
{
	memset(wish, 0, sizeof(*wish));
	if (!o->all == !o->n_mounts)
		return rg_error(RG_USAGE, "%s: give --mount PATH or --all%s", o->verb,
				o->all ? ", not both" : "");
	if ((o->given & RG_TAKES(RG_OPT_SETTLE_TIME)) && o->release != RG_RELEASE_SETTLED)
		return rg_error(RG_USAGE, "%s: --settle-time goes with --release settled", o->verb);
	wish->policy.action = (__u8)o->action;
	wish->policy.release = (__u8)o->release;
	wish->policy.settle_s = (__u16)o->settle_s;
	wish->policy.max_hold_s = (__u32)o->max_hold_s;
	wish->all = o->all;
	wish->mounts = o->mounts;
	wish->n_mounts = o->n_mounts;
	wish->force_rung = o->force_rung;
	return RG_DONE;
}

int rg_enter_netns(const struct rg_options *o)
{
	__u32 inum;
	int fd, err;

	if (!o->netns)
		return RG_DONE;
	err = rg_netns_find(o->netns, &inum, &fd);
	if (err)
		return rg_error(RG_FAILED,
				"--netns %s: no such network namespace: %s; give a name of "
				"ip-netns(8), a path like /proc/PID/ns/net, or its inode number",
				o->netns, rg_strerror(err));
	err = setns(fd, CLONE_NEWNET) < 0 ? errno : 0;
	close(fd);
	if (err)
		return rg_error(RG_FAILED, "--netns %s: cannot be entered: %s", o->netns,
				rg_strerror(err));
	return RG_DONE;
}

int rg_gate_named(const struct rg_pins *p, const struct rg_options *o, struct rg_gate *gate)
{
	__u32 inum = rg_netns_self(), slot;
	char *end;
	int fd, found;

	if (o->netns) {
		/* The number of a namespace that nobody can enter any more will
		 * do: its gate may still hold somebody. */
		inum = (__u32)strtoul(o->netns, &end, 10);
		if (*end != '\0' || end == o->netns) {
			found = rg_netns_find(o->netns, &inum, &fd);
			if (found)
				return rg_error(-1, "--netns %s: no such network namespace: %s",
						o->netns, rg_strerror(found));
			close(fd);
		}
	}
	found = rg_gate_slot(p, inum);
	if (found < 0)
		return rg_error(-1,
				"network namespace %u: has no gate; `reexport-guard status` lists "
				"those there are, --netns names one",
				inum);
	slot = (__u32)found;
	if (bpf_map_lookup_elem(p->map_fd[RG_MAP_GATES], &slot, gate) < 0)
		return rg_error(-1, "map gates: cannot be read: %s", rg_strerror(errno));
	return found;
}

int rg_can_continue(const struct rg_pins *p)
{
	int err = rg_held_can_continue(p);

	if (err == -EXDEV)
		return rg_error(RG_FAILED,
				"not in the initial pid and time namespaces: held processes "
				"could not be found and continued; run it on the host, "
				"for instance with `nsenter -t 1 -a`");
	if (err)
		return rg_error(RG_FAILED, "program control: cannot be run: %s", rg_strerror(err));
	return RG_DONE;
}

bool rg_daemon_is_alive(const struct rg_pins *p)
{
	return rg_is_alive(__atomic_load_n(&p->live->heartbeat_ns, __ATOMIC_RELAXED), rg_now_ns());
}

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

void rg_warn_of_locks(const struct rg_pins *p, const struct rg_wish *wish)
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
			if (wish->all ||
			    (bpf_map_lookup_elem(p->map_fd[RG_MAP_DEVICES], &dev, &d) == 0 &&
			     d.class == RG_CLASS_GUARDED))
				rg_warn("process %u already holds a lock on inode %lu of %s: it is "
					"not taken away",
					pid, ino, mounts.at[i].target);
			break;
		}
	}
	rg_mounts_free(&mounts);
	fclose(f);
}

static void say_time_left(const struct rg_view *v)
{
	__u64 now_ns = rg_now_ns();

	if (v->until_ns > now_ns)
		printf("; changes in %llu s at the latest",
		       (unsigned long long)((v->until_ns - now_ns) / RG_NS_PER_SEC + 1));
}

void rg_say_armed(const struct rg_pins *p, const struct rg_wish *wish, const struct rg_armed *armed)
{
	struct rg_gate gate;
	struct rg_view v;

	if (bpf_map_lookup_elem(p->map_fd[RG_MAP_GATES], &armed->slot, &gate) < 0)
		return;
	v = rg_gate_view(&gate, rg_now_ns());
	printf("%s: network namespace %u, action %s, release %s\n",
	       armed->adopted ? "policy changed" : "enabled", armed->netns,
	       rg_action_name(wish->policy.action), rg_release_name(wish->policy.release));
	printf("  gate    %s: %s", rg_state_name(v.state), rg_why_text(v.why));
	if (v.state != RG_STATE_OPEN)
		say_time_left(&v);
	printf("\n");
	printf("  hook    %s, proven by a canary in %.1f ms\n",
	       armed->rung == RG_RUNG_LSM ? "BPF LSM file_lock" : "fmod_ret security_file_lock",
	       (double)armed->canary_ns / 1e6);
	if (wish->all)
		printf("  mounts  every NFS mount of the network namespace, those to come too\n");
	for (size_t i = 0; i < wish->n_mounts; i++)
		printf("  mount   %s\n", wish->mounts[i]);
	if (wish->policy.action == RG_ACTION_HOLD && !rg_daemon_is_alive(p))
		rg_warn("no daemon is running: until `reexport-guard run` is, hold acts as deny");
	if (wish->policy.release == RG_RELEASE_GRACE_START)
		rg_warn("grace-start leaves end clients' locks to local applications during the "
			"grace "
			"period: Linux answers a reclaim on an NFS mount with NO_GRACE; --release "
			"settled keeps them out until end clients had their turn");
}
