// SPDX-License-Identifier: GPL-2.0-only
/* Makes the JSON object of `status`, which the man page describes; status_text.c prints it for
 * people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/names.h"
#include "status/status.h"
#include "status/parts.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "load/modules.h"
#include "load/programs.h"
#include "load/replace.h"
#include "metrics/power_cut.h"
#include "metrics/verdict.h"
#include "pins/doors.h"
#include "pins/gates.h"
#include "pins/listing.h"
#include "pins/other.h"
#include "state/budget.h"
#include "state/lost_file.h"
#include "state/regime.h"
#include "text/json.h"

#define SCHEMA_VERSION 2

static void read_losts(const struct rg_pins *p, const struct rg_meta *meta,
		       const struct rg_gate *gates, struct rg_losts *all)
{
	char boot_id[RG_BOOT_ID_SIZE];

	memset(all, 0, sizeof(*all));
	if (rg_boot_id(boot_id) == 0)
		rg_losts_load(meta->state_dir, rg_state_init_netns(), boot_id, rg_pins_set_id(p),
			      gates, all);
}

/* Reads the daemon's file, since the kernel's knowledge does not outlive a reboot. */
static json_object *reboot_json(const struct rg_meta *meta)
{
	struct rg_budget *b = calloc(1, sizeof(*b));
	struct rg_budget_now now = {};
	char boot_id[RG_BOOT_ID_SIZE];
	json_object *list;

	if (!b)
		return rg_json_array();
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

static json_object *left_out_json(__u32 left_out)
{
	json_object *list = rg_json_array(), *o;

	rg_for_each_program (f, RG_FOLLOWER) {
		if (!(left_out & 1u << f->link))
			continue;
		o = rg_json_object();
		rg_json_put_text(o, "program", f->name);
		rg_json_put_text(o, "without", f->without);
		rg_json_add(list, o);
	}
	return list;
}

static json_object *by_kprobe_json(const struct rg_meta *meta)
{
	json_object *list = rg_json_array();

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
	json_object *list = rg_json_array();

	if (meta->let_go)
		rg_json_add_text(list, RG_NFSD);
	return list;
}

static json_object *verdict_json(const struct rg_snapshot *s)
{
	json_object *o = rg_json_object();
	json_object *power_cut = rg_json_object();
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

/* Returns the role of an original server; NULL: this host does not have it. */
static json_object *original_json(const struct rg_org_seen *seen)
{
	json_object *o;

	if (seen->known && !seen->enabled)
		return NULL;
	o = rg_json_object();
	rg_json_put_text(o, "mode", seen->known ? rg_org_mode_name(seen->mode) : "unknown");
	rg_json_put(o, "keep_for_seconds", u64(seen->keep_for_ns / RG_NS_PER_SEC));
	rg_json_put(o, "clients", u64(seen->clients));
	rg_json_put(o, "ranges", u64(seen->ranges));
	return o;
}

/* Uses one reading of the maps, so that no part contradicts another. Reads files and processes
 * after releasing the lock. */
static json_object *collect(struct rg_pins *p, const struct rg_snapshot *s)
{
	json_object *o = rg_json_object(), *rungs = rg_json_object(), *daemon = rg_json_object(),
		    *list = rg_json_array();
	json_object *lacking = rg_json_array();
	char path[256];
	__u32 missing = s->doors_wanted & ~s->doors_attached;
	__u64 unnamed = 0;
	struct rg_losts losts;
	struct rg_meta meta = {};

	rg_pins_meta(p, &meta);
	meta.tool_version[sizeof(meta.tool_version) - 1] = '\0';
	rg_json_put(o, "schema", rg_json_int(SCHEMA_VERSION));
	rg_json_put_text(o, "version", RG_VERSION);
	rg_json_put_text(o, "armed_by_version", meta.tool_version);
	rg_json_put(o, "enabled", rg_json_bool(true));
	rg_json_put(o, "verdict", verdict_json(s));
	meta.state_dir[sizeof(meta.state_dir) - 1] = '\0';
	read_losts(p, &meta, s->gates, &losts);
	for (__u32 door = 0; door < RG_NR_DOORS; door++) {
		rg_json_put(rungs, rg_door_hook_name(door),
			    s->doors_attached & 1u << door ? rg_json_text(rg_rung_name(meta.rung))
							   : NULL);
		if (missing & 1u << door)
			rg_json_add_text(lacking, rg_door_hook_name(door));
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
	rg_json_put(o, "canary_ms", rg_json_double((double)meta.canary_ns / 1e6));
	rg_json_put(daemon, "alive", rg_json_bool(rg_is_alive(s->heartbeat_ns, s->now_ns)));
	rg_json_put(daemon, "pid", u64(s->daemon_pid));
	rg_json_put(o, "daemon", daemon);
	rg_json_put(o, "tracing", rg_status_tracing(s));
	rg_json_put(o, "recorder", rg_status_recorder(p));
	rg_json_put(o, "nfsv3_notices", rg_status_notices(p));
	rg_pins_unlock(p);
	rg_json_put(o, "regime", regime_json(p, s));
	rg_json_put(o, "module", rg_status_module(&meta));
	rg_json_put(o, "original", original_json(&s->original));
	for (__u32 i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++) {
		const struct rg_gate *gate = &s->gates[i];
		json_object *g;

		if (!gate->netns)
			continue;
		g = rg_status_gate(gate, s->now_ns);
		rg_json_put(g, "clients", rg_status_clients(&s->ledger, i, gate, s->now_ns));
		rg_json_put(g, "lost", losts.at[i] ? rg_status_lost(losts.at[i]) : NULL);
		rg_json_add(list, g);
	}
	rg_losts_free(&losts);
	rg_json_put(o, "gates", list);
	rg_json_put(o, "reboot", reboot_json(&meta));
	rg_json_put(o, "mounts", rg_status_mounts(p, s->gates));
	rg_json_put(o, "held", rg_status_held(s, &unnamed));
	rg_json_put(o, "held_files_not_looked_for", u64(unnamed));
	rg_json_put(o, "pins_put_back", u64(s->pins_put_back));
	rg_json_put(o, "writes_failed", u64(s->writes_failed));
	rg_json_put(o, "disk_waits_seconds",
		    u64(rg_is_alive(s->heartbeat_ns, s->now_ns) ? s->disk_waits_s : 0));
	rg_json_put(o, "protect", rg_status_protect(s));
	rg_json_put(o, "wrappers", rg_status_wrappers(p, s->now_ns));
	rg_json_put(o, "counters", rg_status_counters(s));
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
	o = rg_json_object();
	daemon = rg_json_object();
	list = rg_json_array();
	rg_json_put(o, "schema", rg_json_int(SCHEMA_VERSION));
	rg_json_put_text(o, "version", RG_VERSION);
	rg_json_put_text(o, "armed_by_version", tool);
	rg_json_put(o, "enabled", rg_json_bool(true));
	rg_json_put(o, "other_pins_version", u64(version));
	rg_json_put(daemon, "alive", rg_json_bool(rg_daemon_is_alive(p)));
	rg_json_put(daemon, "pid", u64(p->live->daemon_pid));
	rg_json_put(o, "daemon", daemon);
	for (__u32 i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++)
		if (s.gates[i].netns)
			rg_json_add(list, rg_status_gate(&s.gates[i], s.now_ns));
	rg_json_put(o, "gates", list);
	rg_json_put(o, "held", rg_status_held(&s, &unnamed));
	rg_json_put(o, "held_files_not_looked_for", u64(unnamed));
	rg_json_put(o, "wrappers", rg_status_wrappers(p, s.now_ns));
	rg_held_free(&s.held);
	return o;
}

static int no_memory(void)
{
	return rg_error(RG_FAILED, "status: out of memory, nothing is printed");
}

/* Prints another version's set and closes it. */
static int status_of_other(const struct rg_options *o, struct rg_pins *p)
{
	json_object *all = collect_other(p);
	int err = RG_DONE;

	rg_pins_close(p);
	if (!all)
		return rg_error(RG_FAILED,
				"%s: what another version of reexport-guard has pinned "
				"there cannot be read",
				RG_PIN_DIR);
	if (!rg_json_whole())
		err = no_memory();
	else if (o->json)
		rg_json_print(stdout, all);
	else
		rg_status_print_other(all);
	json_object_put(all);
	return err;
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
	if (!rg_json_whole()) {
		json_object_put(all);
		return no_memory();
	}
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
