// SPDX-License-Identifier: GPL-2.0-only
/* Makes what `status --json` says of each gate: its state and policy, its end clients, their lost
 * locks. */
#include "status/parts.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/names.h"
#include "text/json.h"
/* Converts CLOCK_BOOTTIME to wall clock, RFC 3339 in UTC, to the millisecond. */
json_object *rg_status_wall(__u64 boot_ns, __u64 now_ns)
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
json_object *rg_status_since(__u64 since_ns, __u64 now_ns)
{
	return rg_json_double(now_ns > since_ns ? (double)(now_ns - since_ns) / 1e9 : 0);
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
	json_object *o = rg_json_object();
	char address[INET6_ADDRSTRLEN] = "", clientid[24];

	if (c->family)
		inet_ntop(c->family, c->addr, address, sizeof(address));
	snprintf(clientid, sizeof(clientid), "%08x%08x", c->cl_boot, c->cl_id);
	rg_json_put_name(o, "name", c->name, name_length(c->name_len));
	rg_json_put(o, "name_truncated", rg_json_bool(c->name_len > RG_CLIENT_NAME));
	rg_json_put(o, "address", address[0] ? rg_json_text(address) : NULL);
	rg_json_put(o, "clientid", here ? rg_json_text(clientid) : NULL);
	rg_json_put(o, "seen", rg_json_bool(here));
	rg_json_put_text(o, "state", rg_client_state_name(here ? c->state : RG_CLIENT_KNOWN));
	rg_json_put(o, "locks", here && !rg_client_is_counted(c) ? NULL : u64(here ? c->locks : 0));
	rg_json_put(o, "expected",
		    (here ? c->expected : rg_client_carried(c)) == RG_LOCKS_UNKNOWN
			    ? NULL
			    : u64(here ? c->expected : rg_client_carried(c)));
	rg_json_put(o, "recorded",
		    here && c->recorded ? rg_json_bool(c->recorded == RG_KNOWN_YES) : NULL);
	rg_json_put(o, "refusals", u64(here ? c->refusals : 0));
	rg_json_put(o, "quiet_in_seconds",
		    quiet_ns > now_ns ? rg_json_double((double)(quiet_ns - now_ns) / 1e9) : NULL);
	return o;
}

json_object *rg_status_clients(const struct rg_awaited *all, __u32 slot, const struct rg_gate *g,
			       __u64 now_ns)
{
	json_object *list = rg_json_array();

	for (__u32 i = 0; i < all->n; i++)
		if (all->keys[i].slot == slot)
			rg_json_add(list, client_json(&all->clients[i], g, now_ns));
	return list;
}

/* Adds what the last start of knfsd lost; lists only lost locks. */
json_object *rg_status_lost(const struct rg_lost *l)
{
	struct rg_lost_sum sum = rg_lost_sum_of(l);
	json_object *o = rg_json_object(), *reasons = rg_json_object(), *locks = rg_json_array();
	char text[RG_LOST_TEXT_SIZE];

	rg_lost_text(l, &sum, text);
	rg_json_put(o, "over", rg_json_bool(l->over));
	rg_json_put(o, "total", u64(sum.total));
	rg_json_put(o, "unnamed", u64(sum.unnamed));
	rg_json_put(o, "clients", u64(sum.clients));
	rg_json_put(o, "lower_bound", rg_json_bool(sum.lower_bound));
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
		one = rg_json_object();
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
		rg_json_add(locks, one);
	}
	rg_json_put(o, "locks", locks);
	return o;
}

/* Returns why a reclaim would not be forwarded now with forward = guarded, or would be
 * unproven. */
static json_object *let_in_json(const struct rg_gate *g, __u64 now_ns)
{
	__u64 bits = g->let_in | rg_let_in_now(g, now_ns);
	json_object *list = rg_json_array();

	for (__u32 i = RG_RECLAIM_MOUNTED_BEFORE; i < RG_NR_RECLAIMS; i++)
		if (bits & 1ULL << i)
			rg_json_add_text(list, rg_reclaim_key(i));
	return list;
}

json_object *rg_status_gate(const struct rg_gate *g, __u64 now_ns)
{
	struct rg_view v = rg_gate_view(g, now_ns);
	json_object *o = rg_json_object(), *knfsd = rg_json_object();

	rg_json_put(o, "netns", u64(g->netns));
	rg_json_put_text(o, "state", rg_state_name(v.state));
	rg_json_put_text(o, "why", rg_why_key(v.why));
	rg_json_put_text(o, "why_text", rg_why_text(v.why));
	rg_json_put(o, "since", rg_status_wall(v.since_ns, now_ns));
	rg_json_put(o, "since_seconds", rg_status_since(v.since_ns, now_ns));
	rg_json_put(o, "changes_in_seconds",
		    v.until_ns > now_ns ? rg_json_double((double)(v.until_ns - now_ns) / 1e9)
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
	rg_json_put(o, "only_client", rg_json_bool(g->policy.only_client));
	rg_json_put(o, "original_keeps", rg_json_bool(g->policy.original_keeps));
	rg_json_put(o, "let_in", let_in_json(g, now_ns));
	rg_json_put(o, "rehearsed", rg_json_bool(rg_is_rehearsed(g, now_ns)));
	rg_json_put_text(knfsd, "state", rg_knfsd_name(g->knfsd));
	rg_json_put(knfsd, "generation", u64(g->generation));
	rg_json_put(knfsd, "lease_seconds", g->lease_s ? u64(g->lease_s) : NULL);
	rg_json_put(o, "knfsd", knfsd);
	rg_json_put_text(o, "lockd", rg_lockd_name(g->lockd));
	rg_json_put(o, "refused", u64(g->refused));
	rg_json_put(o, "awaited", u64(g->awaited));
	rg_json_put(o, "origin_no_grace",
		    g->origin_no_grace_ns ? rg_status_wall(g->origin_no_grace_ns, now_ns) : NULL);
	return o;
}
