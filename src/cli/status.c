// SPDX-License-Identifier: GPL-2.0-only
/* Makes the JSON object of `status`, which the man page describes; status_text.c prints it for
 * people. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "cli/status.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "metrics/power_cut.h"
#include "metrics/verdict.h"
#include "state/budget.h"
#include "state/lost.h"
#include "state/notify.h"
#include "load/answers.h"
#include "pins/doors.h"
#include "load/programs.h"
#include "pins/flows.h"
#include "pins/gates.h"
#include "pins/listing.h"
#include "pins/wrappers.h"
#include "load/modules.h"
#include "pins/other.h"
#include "base/names.h"
#include "base/netns.h"
#include "load/progs.h"
#include "load/replace.h"
#include "record/record_names.h"
#include "state/regime.h"
#include "text/json.h"
#include "pins/settle.h"

#define SCHEMA_VERSION 2

static json_object *u64(__u64 n)
{
	return json_object_new_uint64(n);
}

/* Converts CLOCK_BOOTTIME to wall clock, RFC 3339 in UTC, to the millisecond. */
static json_object *wall(__u64 boot_ns, __u64 now_ns)
{
	struct timespec now;
	char text[64], day[32];
	struct tm tm;
	__u64 ns;

	clock_gettime(CLOCK_REALTIME, &now);
	ns = (__u64)now.tv_sec * RG_NS_PER_SEC + (__u64)now.tv_nsec - (now_ns - boot_ns);
	now.tv_sec = (time_t)(ns / RG_NS_PER_SEC);
	gmtime_r(&now.tv_sec, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%03lluZ", day,
		 (unsigned long long)(ns % RG_NS_PER_SEC / 1000000));
	return rg_json_text(text);
}

/* Returns the duration in seconds; 0 for what began after the clock was read. */
static json_object *since_json(__u64 since_ns, __u64 now_ns)
{
	return json_object_new_double(now_ns > since_ns ? (double)(now_ns - since_ns) / 1e9 : 0);
}

/* Returns the kept length of an end client's name. */
static size_t name_length(__u16 name_len)
{
	return name_len < RG_CLIENT_NAME ? name_len : RG_CLIENT_NAME;
}

static json_object *client_json(const struct rg_client *c, const struct rg_gate *g, __u64 now_ns)
{
	bool here = c->generation == rg_client_generation(g);
	__u64 quiet_ns = rg_client_quiet_at(c, g);
	json_object *o = json_object_new_object();
	char address[INET6_ADDRSTRLEN] = "", clientid[24];

	if (c->family)
		inet_ntop(c->family, c->addr, address, sizeof(address));
	snprintf(clientid, sizeof(clientid), "%08x%08x", c->cl_boot, c->cl_id);
	rg_json_put_name(o, "name", c->name, name_length(c->name_len));
	rg_json_put(o, "name_truncated", json_object_new_boolean(c->name_len > RG_CLIENT_NAME));
	rg_json_put(o, "address", address[0] ? rg_json_text(address) : NULL);
	rg_json_put(o, "clientid", here ? rg_json_text(clientid) : NULL);
	rg_json_put(o, "seen", json_object_new_boolean(here));
	rg_json_put_text(o, "state", rg_client_state_name(here ? c->state : RG_CLIENT_KNOWN));
	rg_json_put(o, "locks", here && !rg_client_is_counted(c) ? NULL : u64(here ? c->locks : 0));
	rg_json_put(o, "expected",
		    (here ? c->expected : rg_client_carried(c)) == RG_LOCKS_UNKNOWN
			    ? NULL
			    : u64(here ? c->expected : rg_client_carried(c)));
	rg_json_put(o, "recorded",
		    here && c->recorded ? json_object_new_boolean(c->recorded == RG_KNOWN_YES)
					: NULL);
	rg_json_put(o, "refusals", u64(here ? c->refusals : 0));
	rg_json_put(o, "quiet_in_seconds",
		    quiet_ns > now_ns ? json_object_new_double((double)(quiet_ns - now_ns) / 1e9)
				      : NULL);
	return o;
}

static json_object *clients_json(const struct rg_awaited *all, __u32 slot, const struct rg_gate *g,
				 __u64 now_ns)
{
	json_object *list = json_object_new_array();

	for (__u32 i = 0; i < all->n; i++)
		if (all->keys[i].slot == slot)
			json_object_array_add(list, client_json(&all->clients[i], g, now_ns));
	return list;
}

/* Adds what the last start of knfsd lost; lists only lost locks. */
static json_object *lost_json(const struct rg_lost *l)
{
	struct rg_lost_sum sum = rg_lost_sum_of(l);
	json_object *o = json_object_new_object(), *reasons = json_object_new_object(),
		    *locks = json_object_new_array();
	char text[RG_LOST_TEXT_SIZE];

	rg_lost_text(l, &sum, text);
	rg_json_put(o, "over", json_object_new_boolean(l->over));
	rg_json_put(o, "total", u64(sum.total));
	rg_json_put(o, "unnamed", u64(sum.unnamed));
	rg_json_put(o, "clients", u64(sum.clients));
	rg_json_put(o, "lower_bound", json_object_new_boolean(sum.lower_bound));
	rg_json_put(o, "back", u64(sum.back));
	rg_json_put(o, "pending", u64(sum.pending));
	rg_json_put(o, "given_back", u64(sum.given_back));
	for (__u32 why = RG_LOST_NOT + 1; why < RG_NR_LOST_WHYS; why++)
		rg_json_put(reasons, rg_lost_why_key(why), u64(sum.why[why]));
	rg_json_put(o, "reasons", reasons);
	rg_json_put_text(o, "text", text);
	for (size_t i = 0; i < l->n; i++) {
		const struct rg_lost_lock *lock = &l->locks[i];
		const struct rg_range_file *f = &l->files[lock->range.file];
		const struct rg_ledger_entry *who = &l->clients[lock->client].id;
		char address[INET6_ADDRSTRLEN] = "", file[64];
		json_object *one;

		if (lock->why == RG_LOST_NOT)
			continue;
		if (who->family)
			inet_ntop(who->family, who->addr, address, sizeof(address));
		snprintf(file, sizeof(file), "%u:%u inode %llu", f->dev >> 20, f->dev & 0xfffff,
			 (unsigned long long)f->fileid);
		one = json_object_new_object();
		rg_json_put(one, "address", address[0] ? rg_json_text(address) : NULL);
		rg_json_put_name(one, "name", who->name, name_length(who->name_len));
		rg_json_put_text(one, "file", f->path[0] ? f->path : file);
		rg_json_put_text(one, "server", f->server);
		rg_json_put_text(one, "type", lock->range.type == 1 ? "read" : "write");
		rg_json_put(one, "start", u64(lock->range.start));
		rg_json_put(one, "length",
			    lock->range.length == ~0ULL ? NULL : u64(lock->range.length));
		rg_json_put_text(one, "reason", rg_lost_why_key(lock->why));
		rg_json_put_text(one, "reason_text", rg_lost_why_text(lock->why));
		json_object_array_add(locks, one);
	}
	rg_json_put(o, "locks", locks);
	return o;
}

static void read_losts(const struct rg_pins *p, const struct rg_meta *meta,
		       const struct rg_gate *gates, struct rg_losts *all)
{
	char boot_id[RG_BOOT_ID_SIZE];

	memset(all, 0, sizeof(*all));
	if (rg_boot_id(boot_id) == 0)
		rg_losts_load(meta->state_dir, rg_state_init_netns(), boot_id, rg_pins_set_id(p),
			      gates, all);
}

/* Returns why a reclaim would not be forwarded now with forward = guarded, or would be
 * unproven. */
static json_object *let_in_json(const struct rg_gate *g, __u64 now_ns)
{
	__u64 bits = g->let_in | rg_let_in_now(g, now_ns);
	json_object *list = json_object_new_array();

	for (__u32 i = RG_RECLAIM_MOUNTED_BEFORE; i < RG_NR_RECLAIMS; i++)
		if (bits & 1ULL << i)
			rg_json_add_text(list, rg_reclaim_key(i));
	return list;
}

static json_object *gate_json(const struct rg_gate *g, __u64 now_ns)
{
	struct rg_view v = rg_gate_view(g, now_ns);
	json_object *o = json_object_new_object(), *knfsd = json_object_new_object();

	rg_json_put(o, "netns", u64(g->netns));
	rg_json_put_text(o, "state", rg_state_name(v.state));
	rg_json_put_text(o, "why", rg_why_key(v.why));
	rg_json_put_text(o, "why_text", rg_why_text(v.why));
	rg_json_put(o, "since", wall(v.since_ns, now_ns));
	rg_json_put(o, "since_seconds", since_json(v.since_ns, now_ns));
	rg_json_put(o, "changes_in_seconds",
		    v.until_ns > now_ns
			    ? json_object_new_double((double)(v.until_ns - now_ns) / 1e9)
			    : NULL);
	rg_json_put_text(o, "scope", rg_scope_name(g->policy.scope));
	rg_json_put_text(o, "action", rg_action_name(g->policy.action));
	rg_json_put_text(o, "release", rg_release_name(g->policy.release));
	rg_json_put(o, "settle_timeout_seconds", u64(rg_settle_timeout_ns(g) / RG_NS_PER_SEC));
	rg_json_put(o, "settle_quiet_seconds", u64(g->policy.settle_quiet_s));
	rg_json_put(o, "max_hold_seconds", u64(g->policy.max_hold_s));
	rg_json_put_text(o, "on_origin_no_grace", g->policy.end_grace ? "end-grace" : "report");
	rg_json_put_text(o, "which", rg_mount_mode_name(g->policy.mount_mode));
	rg_json_put_text(o, "forward", rg_forward_name(g->policy.forward));
	rg_json_put(o, "only_client", json_object_new_boolean(g->policy.only_client));
	rg_json_put(o, "let_in", let_in_json(g, now_ns));
	rg_json_put(o, "rehearsed", json_object_new_boolean(rg_is_rehearsed(g, now_ns)));
	rg_json_put_text(knfsd, "state", rg_knfsd_name(g->knfsd));
	rg_json_put(knfsd, "generation", u64(g->generation));
	rg_json_put(knfsd, "lease_seconds", g->lease_s ? u64(g->lease_s) : NULL);
	rg_json_put(o, "knfsd", knfsd);
	rg_json_put_text(o, "lockd", rg_lockd_name(g->lockd));
	rg_json_put(o, "refused", u64(g->refused));
	rg_json_put(o, "awaited", u64(g->awaited));
	rg_json_put(o, "origin_no_grace",
		    g->origin_no_grace_ns ? wall(g->origin_no_grace_ns, now_ns) : NULL);
	return o;
}

/* Reads the daemon's file, since the kernel's knowledge does not outlive a reboot. */
static json_object *reboot_json(const struct rg_meta *meta)
{
	struct rg_budget *b = calloc(1, sizeof(*b));
	struct rg_budget_now now = {};
	char boot_id[RG_BOOT_ID_SIZE];
	json_object *list;

	if (!b)
		return json_object_new_array();
	if (rg_budget_load(meta->state_dir, rg_state_init_netns(), b) == 0 &&
	    rg_boot_id(boot_id) == 0)
		rg_budget_begin(b, boot_id);
	rg_budget_clocks(&now);
	list = rg_budget_json(b, now.wall_ns);
	free(b);
	return list;
}

static json_object *regime_json(const struct rg_pins *p, const struct rg_snapshot *s)
{
	struct rg_regime_kept kept;

	rg_regime_recall(p, &kept);
	return rg_regime_json(&kept, &s->regimes);
}

static json_object *mounts_json(const struct rg_pins *p, const struct rg_gate *gates)
{
	json_object *list = json_object_new_array();
	struct rg_mounts mounts;
	__u32 self = rg_netns_self();

	if (rg_mounts_read("/proc/self/mountinfo", &mounts))
		return list;
	for (size_t i = 0; i < mounts.n; i++) {
		const struct rg_mount *m = &mounts.at[i];
		struct rg_device d = {};
		json_object *o;
		char dev[32];
		bool known = bpf_map_lookup_elem(p->map_fd[RG_MAP_DEVICES], &m->dev, &d) == 0;
		__u32 netns = known && d.slot < RG_MAX_GATES ? gates[d.slot].netns : self;

		if (known ? d.class != RG_CLASS_GUARDED : rg_gate_slot(p, self) < 0)
			continue;
		o = json_object_new_object();
		snprintf(dev, sizeof(dev), "%u:%u", m->dev >> 20, m->dev & 0xfffff);
		rg_json_put_text(o, "path", m->target);
		rg_json_put_text(o, "device", dev);
		rg_json_put_text(o, "source", m->source);
		rg_json_put(o, "netns", u64(netns));
		rg_json_put(o, "classified", json_object_new_boolean(known));
		json_object_array_add(list, o);
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
static json_object *held_json(const struct rg_snapshot *s, __u64 *unnamed)
{
	json_object *list = json_object_new_array();
	unsigned int left = FDS_IN_ALL;

	for (__u32 i = 0; i < s->held.n; i++) {
		const struct rg_held *h = &s->held.values[i];
		json_object *o = json_object_new_object();
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
		rg_json_put(o, "since", wall(h->since_ns, s->now_ns));
		rg_json_put(o, "since_seconds", since_json(h->since_ns, s->now_ns));
		rg_json_put(o, "netns", u64(h->slot < RG_MAX_GATES ? s->gates[h->slot].netns : 0));
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *wrappers_json(const struct rg_pins *p, __u64 now_ns)
{
	json_object *list = json_object_new_array();
	struct rg_wrapper_list wrappers;

	if (rg_wrappers_read(p, &wrappers))
		return list;
	for (__u32 i = 0; i < wrappers.n; i++) {
		const struct rg_wrapper *w = &wrappers.at[i].w;
		json_object *o = json_object_new_object();
		char comm[RG_COMM_SIZE + 1] = "";

		memcpy(comm, w->comm, RG_COMM_SIZE);
		rg_json_put(o, "pid", u64(wrappers.at[i].tgid));
		rg_json_put_text(o, "comm", comm);
		rg_json_put(o, "held_pid", u64(w->held_tgid));
		rg_json_put(o, "since_seconds", since_json(w->since_ns, now_ns));
		json_object_array_add(list, o);
	}
	rg_wrappers_free(&wrappers);
	return list;
}

/* Adds a group of counters with their sum. */
static json_object *sum_json(const struct rg_snapshot *s, __u32 from, __u32 to,
			     const char *(*name)(__u32), __u32 base)
{
	json_object *o = json_object_new_object();
	__u64 total = 0;

	for (__u32 i = from; i <= to; i++) {
		__u64 n = s->counters[i];

		total += n;
		rg_json_put(o, name(i - base), u64(n));
	}
	rg_json_put(o, "total", u64(total));
	return o;
}

/* Adds the calls for which our programs did not run; usually none. */
static json_object *skipped_json(const struct rg_snapshot *s)
{
	json_object *o = json_object_new_object();
	__u64 total = 0;

	for (int i = 0; i < s->n_progs; i++) {
		total += s->progs[i].skipped;
		if (s->progs[i].skipped)
			rg_json_put(o, s->progs[i].name, u64(s->progs[i].skipped));
	}
	rg_json_put(o, "total", u64(total));
	return o;
}

/* Adds the lock reclaims that the module asked about: the answers to forwarded ones, and the
 * reasons for the others. */
static json_object *reclaims_json(const struct rg_snapshot *s)
{
	json_object *o = json_object_new_object(), *granted = json_object_new_object();

	rg_json_put(granted, "unproven", u64(s->counters[RG_COUNT_GRANTED_UNPROVEN]));
	rg_json_put(granted, "proven", u64(s->counters[RG_COUNT_GRANTED_PROVEN]));
	rg_json_put(o, "granted", granted);
	rg_json_put(o, "not_granted", u64(s->counters[RG_COUNT_NOT_GRANTED]));
	rg_json_put(o, "refused",
		    sum_json(s, RG_COUNT_RECLAIM + RG_RECLAIM_FIRST_NO - 1, RG_COUNT_RECLAIM_LAST,
			     rg_reclaim_key, RG_COUNT_RECLAIM - 1));
	return o;
}

static json_object *module_json(const struct rg_meta *meta)
{
	static const char *const counts[] = {"forwarded", "refused", "unanswered", "allowed",
					     "restored"};
	json_object *o = json_object_new_object();
	__u64 n;

	rg_json_put_text(o, "state", rg_module_key(meta->module));
	rg_json_put_text(o, "text", rg_module_text(meta->module));
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		rg_json_put(o, counts[i], rg_answers_count(counts[i], &n) ? u64(n) : NULL);
	return o;
}

static json_object *counters_json(const struct rg_snapshot *s)
{
	json_object *o = json_object_new_object();

	rg_json_put(o, "held", u64(s->counters[RG_COUNT_HELD]));
	rg_json_put(o, "held_again", u64(s->counters[RG_COUNT_HELD_AGAIN]));
	rg_json_put(o, "denied",
		    sum_json(s, RG_COUNT_DENIED_POLICY, RG_COUNT_DENIED_CONTINUED, rg_counter_name,
			     0));
	rg_json_put(o, "audited", u64(s->counters[RG_COUNT_AUDITED]));
	rg_json_put(o, "exempted", u64(s->counters[RG_COUNT_EXEMPTED]));
	rg_json_put(o, "fanotify", u64(s->counters[RG_COUNT_FANOTIFY]));
	rg_json_put(o, "untold", u64(s->counters[RG_COUNT_UNTOLD]));
	rg_json_put(o, "released",
		    sum_json(s, RG_COUNT_RELEASED + RG_WHY_GRACE_STARTED,
			     RG_COUNT_RELEASED + RG_WHY_TIMED_OUT, rg_why_key, RG_COUNT_RELEASED));
	rg_json_put(o, "timed_out", u64(s->counters[RG_COUNT_RELEASED + RG_WHY_TIMED_OUT]));
	rg_json_put(o, "continued_by_kernel", u64(s->counters[RG_COUNT_CONTINUED]));
	rg_json_put(o, "exited", u64(s->counters[RG_COUNT_HELD_EXITED]));
	rg_json_put(o, "interrupted", u64(s->counters[RG_COUNT_INTERRUPTED]));
	rg_json_put(o, "wrappers_stopped", u64(s->counters[RG_COUNT_WRAPPER_STOPPED]));
	rg_json_put(o, "wrappers_continued", u64(s->counters[RG_COUNT_WRAPPER_CONTINUED]));
	rg_json_put(o, "reclaims", reclaims_json(s));
	rg_json_put(o, "helper_failures",
		    sum_json(s, RG_COUNT_FAIL_HELD_UPDATE, RG_COUNT_FAIL_DROPPED, rg_counter_name,
			     0));
	rg_json_put(o, "skipped", skipped_json(s));
	return o;
}

/* Adds the tracing programs that are not attached, and the tracers. */
static json_object *tracing_of(const struct rg_snapshot *s)
{
	json_object *o = json_object_new_object(), *missing = json_object_new_array(),
		    *by_kprobe = json_object_new_array(), *list,
		    *downgrades = json_object_new_object();
	__u32 attached = 0;

	rg_for_each_program (t, RG_TRACE) {
		list = rg_program_is_pinned(t, RG_PIN_TYPED)	? NULL
		       : rg_program_is_pinned(t, RG_PIN_KPROBE) ? by_kprobe
								: missing;
		attached += list != missing;
		if (list)
			rg_json_add_text(list, t->name);
	}
	for (__u32 i = RG_DOWNGRADE_NONE + 1; i < RG_NR_DOWNGRADES; i++)
		rg_json_put(downgrades, rg_downgrade_name(i), u64(s->totals.downgrades[i]));
	rg_json_put(o, "attached", u64(attached));
	rg_json_put(o, "by_kprobe", by_kprobe);
	rg_json_put(o, "missing", missing);
	rg_json_put(o, "tracers", u64(s->tracers));
	rg_json_put(o, "records_lost", u64(s->totals.lost));
	rg_json_put(o, "failures", u64(s->totals.failed));
	rg_json_put(o, "downgrades", downgrades);
	return o;
}

/* Adds the state of the daemon's own recording, for `report`. */
static json_object *recorder_json(const struct rg_pins *p)
{
	json_object *o = json_object_new_object();

	rg_json_put_text(o, "state", rg_recorder_name(p->live->recorder));
	rg_json_put(o, "unrecorded", u64(p->live->unrecorded));
	return o;
}

/* Adds NFSv3 end clients whose locks lockd dropped. */
static json_object *notices_json(const struct rg_pins *p)
{
	json_object *o = json_object_new_object();
	int waiting = rg_notify_waiting(p);

	rg_json_put(o, "waiting", waiting < 0 ? NULL : u64((__u64)waiting));
	for (__u32 i = 0; i < RG_NR_NOTICES; i++)
		rg_json_put(o, rg_notice_name(i), u64(p->live->notices[i]));
	return o;
}

static json_object *protect_json(const struct rg_snapshot *s)
{
	json_object *o = json_object_new_object(), *refused = json_object_new_object();
	__u64 total = 0;

	rg_json_put_text(o, "state", rg_protect_name(s->protect));
	rg_json_put(o, "why",
		    rg_protect_why(s->protect) ? rg_json_text(rg_protect_why(s->protect)) : NULL);
	rg_json_put(o, "executable",
		    s->protect == RG_PROTECT_ON ? rg_json_text(s->protect_path) : NULL);
	for (__u32 i = 0; i < RG_NR_PROTECT_REFUSALS; i++) {
		rg_json_put(refused, rg_protect_refusal_name(i), u64(s->protect_refused[i]));
		total += s->protect_refused[i];
	}
	rg_json_put(refused, "total", u64(total));
	rg_json_put(o, "refused", refused);
	return o;
}

static json_object *left_out_json(__u32 left_out)
{
	json_object *list = json_object_new_array(), *o;

	rg_for_each_program (f, RG_FOLLOWER) {
		if (!(left_out & 1u << f->link))
			continue;
		o = json_object_new_object();
		rg_json_put_text(o, "program", f->name);
		rg_json_put_text(o, "without", f->without);
		json_object_array_add(list, o);
	}
	return list;
}

static json_object *by_kprobe_json(const struct rg_meta *meta)
{
	json_object *list = json_object_new_array();

	rg_for_each_program (f, RG_FOLLOWER) {
		if (meta->kprobes & 1u << f->link)
			rg_json_add_text(list, f->name);
	}
	return list;
}

static const char *follow_name(const struct rg_meta *meta)
{
	int each = rg_followers_each(meta->left_out, meta->kprobes);

	return each == RG_NR_FOLLOWS ? "mixed" : rg_follow_name((__u32)each);
}

static json_object *let_go_json(const struct rg_meta *meta)
{
	json_object *list = json_object_new_array();

	if (meta->let_go)
		rg_json_add_text(list, RG_NFSD);
	return list;
}

static json_object *verdict_json(const struct rg_snapshot *s)
{
	json_object *o = json_object_new_object();
	json_object *power_cut = json_object_new_object();
	char line[RG_VERDICT_SIZE];
	struct rg_power_cut cut;

	rg_json_put_text(o, "protection", rg_protection_name(rg_verdict(s, line)));
	rg_json_put_text(o, "text", line);
	rg_power_cut_of(s, &cut);
	rg_json_put_text(power_cut, "outcome", rg_power_cut_name(cut.outcome));
	rg_json_put_text(power_cut, "text", cut.text);
	rg_json_put(power_cut, "locks_lost", u64(cut.lost));
	rg_json_put(power_cut, "locks_unknown", u64(cut.unknown));
	rg_json_put(power_cut, "locks_reclaimable", u64(cut.reclaimable));
	rg_json_put(o, "if_power_is_lost", power_cut);
	return o;
}

/* Uses one reading of the maps, so that no part contradicts another. Reads files and processes
 * after releasing the lock. */
/* Returns the role of an original server; NULL: this host does not have it. */
static json_object *original_json(const struct rg_org_seen *seen)
{
	json_object *o;

	if (seen->known && !seen->enabled)
		return NULL;
	o = json_object_new_object();
	rg_json_put_text(o, "mode", seen->known ? rg_org_mode_name(seen->mode) : "unknown");
	rg_json_put(o, "keep_for_seconds", u64(seen->keep_for_ns / RG_NS_PER_SEC));
	rg_json_put(o, "clients", u64(seen->clients));
	rg_json_put(o, "ranges", u64(seen->ranges));
	return o;
}

static json_object *collect(struct rg_pins *p, const struct rg_snapshot *s)
{
	json_object *o = json_object_new_object(), *rungs = json_object_new_object(),
		    *daemon = json_object_new_object(), *list = json_object_new_array();
	json_object *lacking = json_object_new_array();
	char path[256];
	__u32 missing = s->doors_wanted & ~s->doors_attached;
	__u64 unnamed = 0;
	struct rg_losts losts;
	struct rg_meta meta = {};

	rg_pins_meta(p, &meta);
	meta.tool_version[sizeof(meta.tool_version) - 1] = '\0';
	rg_json_put(o, "schema", json_object_new_int(SCHEMA_VERSION));
	rg_json_put_text(o, "version", RG_VERSION);
	rg_json_put_text(o, "armed_by_version", meta.tool_version);
	rg_json_put(o, "enabled", json_object_new_boolean(true));
	rg_json_put(o, "verdict", verdict_json(s));
	meta.state_dir[sizeof(meta.state_dir) - 1] = '\0';
	read_losts(p, &meta, s->gates, &losts);
	for (__u32 what = 0; what < RG_NR_DOORS; what++) {
		rg_json_put(rungs, rg_door_hook_name(what),
			    s->doors_attached & 1u << what ? rg_json_text(rg_rung_name(meta.rung))
							   : NULL);
		if (missing & 1u << what)
			rg_json_add_text(lacking, rg_door_hook_name(what));
	}
	/* Without this program, sleepers wake each second and ask again. */
	if (p->live->sleeps == RG_HOLD_SLEEP &&
	    access(rg_pin_path(path, rg_pin_of_link(RG_LINK_SLEEP_WAIT)), F_OK) < 0)
		rg_json_add_text(lacking, "security_reexport_wait");
	rg_json_put(o, "hooks_missing", lacking);
	rg_json_put_text(rungs, "follow", follow_name(&meta));
	rg_json_put_text(rungs, "continue", rg_continue_name(meta.continues));
	rg_json_put_text(rungs, "hold", rg_hold_name(p->live->sleeps));
	rg_json_put(o, "rungs", rungs);
	rg_json_put(o, "by_kprobe", by_kprobe_json(&meta));
	rg_json_put(o, "left_out", left_out_json(meta.left_out));
	rg_json_put(o, "let_go", let_go_json(&meta));
	rg_json_put(o, "canary_ms", json_object_new_double((double)meta.canary_ns / 1e6));
	rg_json_put(daemon, "alive",
		    json_object_new_boolean(rg_is_alive(s->heartbeat_ns, s->now_ns)));
	rg_json_put(daemon, "pid", u64(s->daemon_pid));
	rg_json_put(o, "daemon", daemon);
	rg_json_put(o, "tracing", tracing_of(s));
	rg_json_put(o, "recorder", recorder_json(p));
	rg_json_put(o, "nfsv3_notices", notices_json(p));
	rg_pins_unlock(p);
	rg_json_put(o, "regime", regime_json(p, s));
	rg_json_put(o, "module", module_json(&meta));
	rg_json_put(o, "original", original_json(&s->original));
	for (__u32 i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++) {
		const struct rg_gate *gate = &s->gates[i];
		json_object *g;

		if (!gate->netns)
			continue;
		g = gate_json(gate, s->now_ns);
		rg_json_put(g, "clients", clients_json(&s->ledger, i, gate, s->now_ns));
		rg_json_put(g, "lost", losts.at[i] ? lost_json(losts.at[i]) : NULL);
		json_object_array_add(list, g);
	}
	rg_losts_free(&losts);
	rg_json_put(o, "gates", list);
	rg_json_put(o, "reboot", reboot_json(&meta));
	rg_json_put(o, "mounts", mounts_json(p, s->gates));
	rg_json_put(o, "held", held_json(s, &unnamed));
	rg_json_put(o, "held_files_not_looked_for", u64(unnamed));
	rg_json_put(o, "pins_put_back", u64(s->pins_put_back));
	rg_json_put(o, "writes_failed", u64(s->writes_failed));
	rg_json_put(o, "disk_waits_seconds",
		    u64(rg_is_alive(s->heartbeat_ns, s->now_ns) ? s->disk_waits_s : 0));
	rg_json_put(o, "protect", protect_json(s));
	rg_json_put(o, "wrappers", wrappers_json(p, s->now_ns));
	rg_json_put(o, "counters", counters_json(s));
	return o;
}

/* Makes what can be read of another version's set. Returns NULL if nothing can. */
static json_object *collect_other(struct rg_pins *p)
{
	json_object *o, *daemon, *list;
	char tool[sizeof(((struct rg_meta *)0)->tool_version)];
	__u32 version = rg_other_version(p, tool);
	struct rg_snapshot s = {.now_ns = rg_now_ns()};
	__u64 unnamed = 0;

	rg_pins_unlock(p);
	if (rg_gates_read(p, s.gates) || rg_held_read(p, &s.held))
		return NULL;
	o = json_object_new_object();
	daemon = json_object_new_object();
	list = json_object_new_array();
	rg_json_put(o, "schema", json_object_new_int(SCHEMA_VERSION));
	rg_json_put_text(o, "version", RG_VERSION);
	rg_json_put_text(o, "armed_by_version", tool);
	rg_json_put(o, "enabled", json_object_new_boolean(true));
	rg_json_put(o, "other_pins_version", u64(version));
	rg_json_put(daemon, "alive", json_object_new_boolean(rg_daemon_is_alive(p)));
	rg_json_put(daemon, "pid", u64(p->live->daemon_pid));
	rg_json_put(o, "daemon", daemon);
	for (__u32 i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++)
		if (s.gates[i].netns)
			json_object_array_add(list, gate_json(&s.gates[i], s.now_ns));
	rg_json_put(o, "gates", list);
	rg_json_put(o, "held", held_json(&s, &unnamed));
	rg_json_put(o, "held_files_not_looked_for", u64(unnamed));
	rg_json_put(o, "wrappers", wrappers_json(p, s.now_ns));
	rg_held_free(&s.held);
	return o;
}

/* Prints another version's set and closes it. */
static int status_of_other(const struct rg_options *o, struct rg_pins *p)
{
	json_object *all = collect_other(p);

	rg_pins_close(p);
	if (!all)
		return rg_error(RG_FAILED,
				"%s: what another version of reexport-guard has pinned "
				"there cannot be read",
				RG_PIN_DIR);
	if (o->json)
		rg_json_print(stdout, all);
	else
		rg_status_print_other(all);
	json_object_put(all);
	return RG_DONE;
}

int rg_verb_status(const struct rg_options *o)
{
	json_object *all, *lacking;
	struct rg_snapshot s;
	struct rg_pins p;
	int err;

	if (o->original)
		return rg_original_status(o);
	err = rg_open_any(&p, RG_LOCK_SHARED);
	/* No other process works on the set while this one has the lock. */
	if (!err && rg_replace_was_cut_short())
		rg_warn("%s: left by a process that was killed while it replaced the set in force: "
			"it may keep local applications out as well; run `reexport-guard enable`, "
			"`run`, `release` or `disable`",
			RG_PIN_DIR_BESIDE);
	if (!err && p.other)
		return status_of_other(o, &p);
	if (err) {
		if (o->json)
			printf("{\"schema\": %d, \"version\": \"%s\", \"enabled\": false}\n",
			       SCHEMA_VERSION, RG_VERSION);
		return err;
	}
	err = rg_snapshot_read(&p, RG_SNAPSHOT_PROGS, &s);
	if (err) {
		rg_pins_close(&p);
		return rg_error(RG_FAILED,
				"status: the pinned maps cannot be read: %s; nothing is known of "
				"the gates. Run it again, or `reexport-guard enable`",
				rg_strerror(err));
	}
	rg_org_see(&s.original);
	all = collect(&p, &s);
	rg_snapshot_free(&s);
	/* Release the lock before printing, since a pager may wait for its reader. */
	rg_pins_close(&p);
	if (o->json)
		rg_json_print(stdout, all);
	else if (o->verbose)
		rg_status_print_all(all);
	else
		rg_status_print(all, stdout, rg_terminal_width() ?: 80, rg_terminal_has_colours());
	lacking = json_object_object_get(all, "hooks_missing");
	if (json_object_array_length(lacking))
		err = rg_error(RG_FAILED,
			       "hook %s is not attached, and a gate's scope needs it: run "
			       "`reexport-guard enable` again, or start the daemon",
			       json_object_get_string(json_object_array_get_idx(lacking, 0)));
	json_object_put(all);
	return err;
}
