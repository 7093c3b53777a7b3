// SPDX-License-Identifier: GPL-2.0-only
/* One collection, two ways to print it. The JSON is described in the man page. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <json-c/json.h>

#include "cli/verbs.h"
#include "loader/gates.h"
#include "loader/held.h"
#include "loader/names.h"
#include "loader/netns.h"

#define SCHEMA_VERSION 1

static json_object *u64(__u64 n)
{
	return json_object_new_uint64(n);
}

static void put(json_object *o, const char *key, json_object *value)
{
	json_object_object_add(o, key, value);
}

static void put_text(json_object *o, const char *key, const char *text)
{
	put(o, key, json_object_new_string(text));
}

static const char *text_of(json_object *o, const char *key)
{
	return json_object_get_string(json_object_object_get(o, key));
}

static __u64 number_of(json_object *o, const char *key)
{
	return json_object_get_uint64(json_object_object_get(o, key));
}

/* A CLOCK_BOOTTIME instant as wall clock, RFC 3339 in UTC, to a millisecond. */
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
	return json_object_new_string(text);
}

/* ---- collecting ---- */

static json_object *gate_json(const struct rg_gate *g, __u64 now_ns)
{
	struct rg_view v = rg_gate_view(g, now_ns);
	json_object *o = json_object_new_object(), *knfsd = json_object_new_object();

	put(o, "netns", u64(g->netns));
	put_text(o, "state", rg_state_name(v.state));
	put_text(o, "why", rg_why_key(v.why));
	put_text(o, "why_text", rg_why_text(v.why));
	put(o, "since", wall(v.since_ns, now_ns));
	put(o, "since_seconds", json_object_new_double((double)(now_ns - v.since_ns) / 1e9));
	put(o, "changes_in_seconds",
	    v.until_ns > now_ns ? json_object_new_double((double)(v.until_ns - now_ns) / 1e9)
				: NULL);
	put_text(o, "scope", "locks");
	put_text(o, "action", rg_action_name(g->policy.action));
	put_text(o, "release", rg_release_name(g->policy.release));
	put(o, "settle_time_seconds", u64(g->policy.settle_s));
	put(o, "max_hold_seconds", u64(g->policy.max_hold_s));
	put(o, "all", json_object_new_boolean(g->all != 0));
	put_text(knfsd, "state", rg_knfsd_name(g->knfsd));
	put(knfsd, "generation", u64(g->generation));
	put(o, "knfsd", knfsd);
	put_text(o, "lockd", rg_lockd_name(g->lockd));
	return o;
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
		put_text(o, "path", m->target);
		put_text(o, "device", dev);
		put_text(o, "source", m->source);
		put(o, "netns", u64(netns));
		put(o, "classified", json_object_new_boolean(known));
		json_object_array_add(list, o);
	}
	rg_mounts_free(&mounts);
	return list;
}

/* The name under which a held thread has the file open, without asking the
 * original server (it may be down). */
static void file_of(const struct rg_held_key *key, const struct rg_held *h, char *out, size_t size)
{
	char dir[64], link[320];
	struct dirent *e;
	DIR *d;

	snprintf(out, size, "%u:%u inode %llu", h->dev >> 20, h->dev & 0xfffff,
		 (unsigned long long)h->ino);
	snprintf(dir, sizeof(dir), "/proc/%u/fd", key->tid);
	d = opendir(dir);
	if (!d)
		return;
	while ((e = readdir(d))) {
		struct statx st;
		ssize_t n;

		if (e->d_name[0] == '.' ||
		    statx(dirfd(d), e->d_name, AT_STATX_DONT_SYNC, STATX_INO, &st) < 0 ||
		    st.stx_ino != h->ino || (st.stx_dev_major << 20 | st.stx_dev_minor) != h->dev)
			continue;
		snprintf(link, sizeof(link), "%s/%s", dir, e->d_name);
		n = readlink(link, out, size - 1);
		if (n > 0) {
			out[n] = '\0';
			break;
		}
	}
	closedir(d);
}

static json_object *held_json(const struct rg_pins *p, const struct rg_gate *gates, __u64 now_ns)
{
	json_object *list = json_object_new_array();
	struct rg_held_list held;

	if (rg_held_read(p, &held))
		return list;
	for (__u32 i = 0; i < held.n; i++) {
		const struct rg_held *h = &held.values[i];
		json_object *o = json_object_new_object();
		char file[RG_PATH_SIZE], comm[RG_COMM_SIZE + 1] = "";

		memcpy(comm, h->comm, RG_COMM_SIZE);
		file_of(&held.keys[i], h, file, sizeof(file));
		put(o, "pid", u64(held.keys[i].tid));
		put(o, "tgid", u64(h->tgid));
		put_text(o, "comm", comm);
		put_text(o, "what", rg_what_name(h->what));
		put_text(o, "file", file);
		put(o, "inode", u64(h->ino));
		put(o, "since", wall(h->since_ns, now_ns));
		put(o, "since_seconds",
		    json_object_new_double((double)(now_ns - h->since_ns) / 1e9));
		put(o, "netns", u64(h->slot < RG_MAX_GATES ? gates[h->slot].netns : 0));
		json_object_array_add(list, o);
	}
	rg_held_free(&held);
	return list;
}

/* A group of counters with their sum. */
static json_object *sum_json(const struct rg_pins *p, __u32 from, __u32 to,
			     const char *(*name)(__u32), __u32 base)
{
	json_object *o = json_object_new_object();
	__u64 total = 0;

	for (__u32 i = from; i <= to; i++) {
		__u64 n = rg_counter_sum(p, i);

		total += n;
		put(o, name(i - base), u64(n));
	}
	put(o, "total", u64(total));
	return o;
}

static json_object *counters_json(const struct rg_pins *p)
{
	json_object *o = json_object_new_object();

	put(o, "held", u64(rg_counter_sum(p, RG_COUNT_HELD)));
	put(o, "held_again", u64(rg_counter_sum(p, RG_COUNT_HELD_AGAIN)));
	put(o, "denied",
	    sum_json(p, RG_COUNT_DENIED_POLICY, RG_COUNT_DENIED_CANNOT_STOP, rg_counter_name, 0));
	put(o, "audited", u64(rg_counter_sum(p, RG_COUNT_AUDITED)));
	put(o, "released",
	    sum_json(p, RG_COUNT_RELEASED + RG_WHY_GRACE_STARTED,
		     RG_COUNT_RELEASED + RG_WHY_TIMED_OUT, rg_why_key, RG_COUNT_RELEASED));
	put(o, "timed_out", u64(rg_counter_sum(p, RG_COUNT_RELEASED + RG_WHY_TIMED_OUT)));
	put(o, "exited", u64(rg_counter_sum(p, RG_COUNT_HELD_EXITED)));
	put(o, "helper_failures",
	    sum_json(p, RG_COUNT_FAIL_HELD_UPDATE, RG_COUNT_FAIL_MANAGERS, rg_counter_name, 0));
	return o;
}

static json_object *collect(const struct rg_pins *p)
{
	json_object *o = json_object_new_object(), *rungs = json_object_new_object(),
		    *daemon = json_object_new_object(), *list = json_object_new_array();
	struct rg_gate gates[RG_MAX_GATES] = {};
	__u64 now_ns = rg_now_ns();
	struct rg_meta meta = {};

	rg_pins_meta(p, &meta);
	rg_gates_read(p, gates);
	meta.tool_version[sizeof(meta.tool_version) - 1] = '\0';
	put(o, "schema", json_object_new_int(SCHEMA_VERSION));
	put_text(o, "version", RG_VERSION);
	put_text(o, "armed_by_version", meta.tool_version);
	put(o, "enabled", json_object_new_boolean(true));
	put_text(rungs, "file_lock", rg_rung_name(meta.rung));
	put(o, "rungs", rungs);
	put(o, "canary_ms", json_object_new_double((double)meta.canary_ns / 1e6));
	put(daemon, "alive", json_object_new_boolean(rg_daemon_is_alive(p)));
	put(daemon, "pid", u64(p->live->daemon_pid));
	put(o, "daemon", daemon);
	for (int i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++)
		if (gates[i].netns)
			json_object_array_add(list, gate_json(&gates[i], now_ns));
	put(o, "gates", list);
	put(o, "mounts", mounts_json(p, gates));
	put(o, "held", held_json(p, gates, now_ns));
	put(o, "counters", counters_json(p));
	return o;
}

/* ---- printing ---- */

static void print_gates(json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		json_object *g = json_object_array_get_idx(list, i), *left;

		printf("gate of network namespace %llu\n",
		       (unsigned long long)number_of(g, "netns"));
		printf("  state    %s%s for %.0f s: %s", text_of(g, "state"),
		       strcmp(text_of(g, "why"), "timed-out") == 0 ? " (timed out)" : "",
		       json_object_get_double(json_object_object_get(g, "since_seconds")),
		       text_of(g, "why_text"));
		left = json_object_object_get(g, "changes_in_seconds");
		if (left)
			printf("; changes in %.0f s at the latest", json_object_get_double(left));
		printf("\n  policy   %s local locks, release %s", text_of(g, "action"),
		       text_of(g, "release"));
		if (strcmp(text_of(g, "release"), "settled") == 0)
			printf(" (settle time %llu s)",
			       (unsigned long long)number_of(g, "settle_time_seconds"));
		printf(", max-hold %llu s%s\n",
		       (unsigned long long)number_of(g, "max_hold_seconds"),
		       json_object_get_boolean(json_object_object_get(g, "all"))
			       ? ", every NFS mount"
			       : "");
		printf("  knfsd    %s, start %llu seen; lockd %s\n",
		       text_of(json_object_object_get(g, "knfsd"), "state"),
		       (unsigned long long)number_of(json_object_object_get(g, "knfsd"),
						     "generation"),
		       text_of(g, "lockd"));
	}
}

static void print_held(json_object *list)
{
	size_t n = json_object_array_length(list);

	if (n)
		printf("held\n  %8s %8s %-15s %-6s %7s  %s\n", "PID", "TGID", "COMM", "WHAT",
		       "SECONDS", "FILE");
	for (size_t i = 0; i < n; i++) {
		json_object *h = json_object_array_get_idx(list, i);

		printf("  %8llu %8llu %-15s %-6s %7.0f  %s\n",
		       (unsigned long long)number_of(h, "pid"),
		       (unsigned long long)number_of(h, "tgid"), text_of(h, "comm"),
		       text_of(h, "what"),
		       json_object_get_double(json_object_object_get(h, "since_seconds")),
		       text_of(h, "file"));
	}
}

/* "denied 3 (no_daemon 2, policy 1)": what is zero is left out. */
static void print_sum(json_object *counters, const char *key)
{
	json_object *o = json_object_object_get(counters, key);
	const char *between = " (";

	printf("  %-16s %llu", key, (unsigned long long)number_of(o, "total"));
	json_object_object_foreach(o, name, value)
	{
		if (strcmp(name, "total") == 0 || !json_object_get_uint64(value))
			continue;
		printf("%s%s %llu", between, name,
		       (unsigned long long)json_object_get_uint64(value));
		between = ", ";
	}
	printf("%s\n", between[0] == ',' ? ")" : "");
}

static void print(json_object *o)
{
	json_object *counters = json_object_object_get(o, "counters"),
		    *mounts = json_object_object_get(o, "mounts"),
		    *daemon = json_object_object_get(o, "daemon");

	printf("reexport-guard %s, hook file_lock by %s\n", text_of(o, "version"),
	       text_of(json_object_object_get(o, "rungs"), "file_lock"));
	if (json_object_get_boolean(json_object_object_get(daemon, "alive")))
		printf("daemon   pid %llu\n", (unsigned long long)number_of(daemon, "pid"));
	else
		printf("daemon   none: a gate with action hold denies until `reexport-guard run` "
		       "is "
		       "running\n");
	print_gates(json_object_object_get(o, "gates"));
	for (size_t i = 0; i < json_object_array_length(mounts); i++) {
		json_object *m = json_object_array_get_idx(mounts, i);

		printf("guarded  %s  %s  %s\n", text_of(m, "path"), text_of(m, "device"),
		       text_of(m, "source"));
	}
	print_held(json_object_object_get(o, "held"));
	printf("counters\n  %-16s %llu\n  %-16s %llu\n", "held",
	       (unsigned long long)number_of(counters, "held"), "audited",
	       (unsigned long long)number_of(counters, "audited"));
	print_sum(counters, "denied");
	print_sum(counters, "released");
	print_sum(counters, "helper_failures");
}

int rg_verb_status(const struct rg_options *o)
{
	json_object *all;
	struct rg_pins p;
	int err = rg_pins_open_enabled(&p, RG_LOCK_SHARED);

	if (err) {
		if (o->json)
			printf("{\"schema\": %d, \"version\": \"%s\", \"enabled\": false}\n",
			       SCHEMA_VERSION, RG_VERSION);
		return err;
	}
	all = collect(&p);
	if (o->json)
		printf("%s\n",
		       json_object_to_json_string_ext(all, JSON_C_TO_STRING_PRETTY |
								   JSON_C_TO_STRING_SPACED |
								   JSON_C_TO_STRING_NOSLASHESCAPE));
	else
		print(all);
	json_object_put(all);
	rg_pins_close(&p);
	return RG_DONE;
}
