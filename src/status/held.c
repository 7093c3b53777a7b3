// SPDX-License-Identifier: GPL-2.0-only
/* Makes what `status --json` says of guarded mounts, of held threads and of stopped wrappers. */
#include "status/parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/names.h"
#include "base/netns.h"
#include "mounts/mounts.h"
#include "pins/gates.h"
#include "pins/listing.h"
#include "pins/wrappers.h"
#include "text/json.h"
json_object *rg_status_mounts(const struct rg_pins *p, const struct rg_gate *gates)
{
	json_object *list = rg_json_array();
	struct rg_mounts mounts;
	__u32 self = rg_netns_self();
	bool has_gate = rg_gate_here(p) >= 0;

	if (rg_mounts_read("/proc/self/mountinfo", &mounts))
		return list;
	for (size_t i = 0; i < mounts.n; i++) {
		const struct rg_mount *m = &mounts.at[i];
		struct rg_device d = {};
		json_object *o;
		char dev[32];
		bool known = bpf_map_lookup_elem(p->map_fd[RG_MAP_DEVICES], &m->dev, &d) == 0;
		__u32 netns = known && d.slot < RG_MAX_GATES ? gates[d.slot].netns : self;

		if (known ? d.class != RG_CLASS_GUARDED : !has_gate)
			continue;
		o = rg_json_object();
		snprintf(dev, sizeof(dev), "%u:%u", m->dev >> 20, m->dev & 0xfffff);
		rg_json_put_text(o, "path", m->target);
		rg_json_put_text(o, "device", dev);
		rg_json_put_text(o, "source", m->source);
		rg_json_put(o, "netns", u64(netns));
		rg_json_put(o, "classified", rg_json_bool(known));
		rg_json_put(o, "kept", rg_json_bool(d.kept_until_ns > rg_now_ns()));
		rg_json_add(list, o);
	}
	rg_mounts_free(&mounts);
	return list;
}

/* Greatest numbers of descriptors to look at, for one thread and for all: a user can open any
 * number in any number of threads. */
#define FDS_A_THREAD 256
#define FDS_IN_ALL 8192

/* Finds the name under which a held thread has the file open, without asking the original
 * server, which may be down. *left: descriptors that may still be looked at. Returns false if some
 * were not, so that the name may be among them. */
static bool file_of(const struct rg_held_key *key, const struct rg_held *h, char *out, size_t size,
		    unsigned int *left)
{
	unsigned int looks = *left < FDS_A_THREAD ? *left : FDS_A_THREAD, looked = 0;
	char dir[64], link[320];
	bool found = false;
	struct dirent *e;
	DIR *d;

	snprintf(out, size, "%u:%u inode %llu", h->dev >> 20, h->dev & 0xfffff,
		 (unsigned long long)h->ino);
	snprintf(dir, sizeof(dir), "/proc/%u/fd", key->tid);
	d = opendir(dir);
	if (!d)
		return true;
	while (!found && looked < looks && (e = readdir(d))) {
		struct statx st;
		ssize_t n;

		if (e->d_name[0] == '.')
			continue;
		looked++;
		if (statx(dirfd(d), e->d_name, AT_STATX_DONT_SYNC, STATX_INO, &st) < 0 ||
		    st.stx_ino != h->ino || (st.stx_dev_major << 20 | st.stx_dev_minor) != h->dev)
			continue;
		snprintf(link, sizeof(link), "%s/%s", dir, e->d_name);
		n = readlink(link, out, size - 1);
		if (n > 0)
			out[n] = '\0';
		found = n > 0;
	}
	closedir(d);
	*left -= looked;
	return found || looked < looks;
}

/* *unnamed: number of threads whose file may have a name that was not searched. */
json_object *rg_status_held(const struct rg_snapshot *s, __u64 *unnamed)
{
	json_object *list = rg_json_array();
	unsigned int left = FDS_IN_ALL;

	for (__u32 i = 0; i < s->held.n; i++) {
		const struct rg_held *h = &s->held.values[i];
		json_object *o = rg_json_object();
		char file[RG_PATH_SIZE], comm[RG_COMM_SIZE + 1] = "";

		memcpy(comm, h->comm, RG_COMM_SIZE);
		*unnamed += !file_of(&s->held.keys[i], h, file, sizeof(file), &left);
		rg_json_put(o, "pid", u64(s->held.keys[i].tid));
		rg_json_put(o, "tgid", u64(h->tgid));
		rg_json_put_text(o, "comm", comm);
		rg_json_put_text(o, "what", rg_door_name(h->what));
		rg_json_put_text(o, "state", rg_held_phase_name(h->phase));
		rg_json_put_text(o, "file", file);
		rg_json_put(o, "inode", u64(h->ino));
		rg_json_put(o, "since", rg_status_wall(h->since_ns, s->now_ns));
		rg_json_put(o, "since_seconds", rg_status_since(h->since_ns, s->now_ns));
		rg_json_put(o, "netns", u64(h->slot < RG_MAX_GATES ? s->gates[h->slot].netns : 0));
		rg_json_add(list, o);
	}
	return list;
}

json_object *rg_status_wrappers(const struct rg_pins *p, __u64 now_ns)
{
	json_object *list = rg_json_array();
	struct rg_wrapper_list wrappers;

	if (rg_wrappers_read(p, &wrappers))
		return list;
	for (__u32 i = 0; i < wrappers.n; i++) {
		const struct rg_wrapper *w = &wrappers.at[i].w;
		json_object *o = rg_json_object();
		char comm[RG_COMM_SIZE + 1] = "";

		memcpy(comm, w->comm, RG_COMM_SIZE);
		rg_json_put(o, "pid", u64(wrappers.at[i].tgid));
		rg_json_put_text(o, "comm", comm);
		rg_json_put(o, "held_pid", u64(w->held_tgid));
		rg_json_put(o, "since_seconds", rg_status_since(w->since_ns, now_ns));
		rg_json_add(list, o);
	}
	rg_wrappers_free(&wrappers);
	return list;
}
