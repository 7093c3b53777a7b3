// SPDX-License-Identifier: GPL-2.0-only
#include "state/regime.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "pins/flows.h"
#include "pins/gates.h"
#include "base/log.h"
#include "base/names.h"
#include "text/json.h"

/* JSON keys by protocol. */
static const char *const keys[RG_NR_LOCK_PROTOCOLS] = {
	[RG_LOCKS_NFS4] = "nfs4_locks",
	[RG_LOCKS_NLM] = "nlm_locks",
};

/* ---- the running kernel ---- */

struct rg_regimes rg_regimes_of(enum rg_regime nfs4, const struct rg_flow_totals *seen)
{
	struct rg_regimes now = {.of = {[RG_LOCKS_NFS4] = nfs4}};

	if (nfs4 == RG_REGIME_FORWARDED)
		now.of[RG_LOCKS_NLM] = RG_REGIME_FORWARDED;
	for (int i = 0; i < RG_NR_LOCK_PROTOCOLS; i++) {
		/* Test in this order: NLM reports lack of memory with the same status. */
		if (seen->locks_forwarded[i])
			now.of[i] = RG_REGIME_FORWARDED;
		else if (seen->locks_refused[i])
			now.of[i] = RG_REGIME_REFUSED;
	}
	return now;
}

enum rg_regime rg_regime_with_module(enum rg_regime nfs4, enum rg_module module,
				     const struct rg_gate *gates)
{
	if (nfs4 != RG_REGIME_REFUSED || module != RG_MODULE_ANSWERED)
		return nfs4;
	for (int i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++)
		if (gates[i].netns && gates[i].policy.forward != RG_FORWARD_NEVER)
			return RG_REGIME_FORWARDED;
	return nfs4;
}

struct rg_regimes rg_regimes_read(const struct rg_pins *p)
{
	struct rg_gate gates[RG_MAX_GATES];
	struct rg_flow_totals seen = {};
	__u32 nfs4 = p->live ? p->live->nfs4_locks : RG_REGIME_UNKNOWN;
	struct rg_meta meta;

	if (rg_flow_totals_read(p, &seen))
		memset(&seen, 0, sizeof(seen));
	if (nfs4 >= RG_NR_REGIMES)
		nfs4 = RG_REGIME_UNKNOWN;
	if (rg_pins_meta(p, &meta) == 0 && rg_gates_read(p, gates) == 0)
		nfs4 = rg_regime_with_module(nfs4, meta.module, gates);
	return rg_regimes_of(nfs4, &seen);
}

void rg_kernel_release(char kernel[RG_KERNEL_SIZE])
{
	struct utsname host;

	kernel[0] = '\0';
	if (uname(&host) == 0)
		snprintf(kernel, RG_KERNEL_SIZE, "%s", host.release);
}

/* ---- what is kept ---- */

bool rg_regime_begin(struct rg_regime_kept *k, const char *boot_id)
{
	if (!*boot_id || strcmp(k->boot_id, boot_id) == 0)
		return false;
	for (int i = 0; i < RG_NR_LOCK_PROTOCOLS; i++) {
		/* A boot without a lock tells nothing. */
		if (k->now[i].regime)
			k->before[i] = k->now[i];
		memset(&k->now[i], 0, sizeof(k->now[i]));
	}
	snprintf(k->boot_id, sizeof(k->boot_id), "%s", boot_id);
	return true;
}

bool rg_regime_update(struct rg_regime_kept *k, const struct rg_regimes *now, const char *kernel)
{
	bool changed = false;

	for (int i = 0; i < RG_NR_LOCK_PROTOCOLS; i++) {
		struct rg_regime_known *known = &k->now[i];

		if (!now->of[i] || now->of[i] == known->regime)
			continue;
		known->regime = now->of[i];
		snprintf(known->kernel, sizeof(known->kernel), "%s", kernel);
		changed = true;
	}
	return changed;
}

bool rg_regime_differs(const struct rg_regime_kept *k, const struct rg_regimes *now,
		       enum rg_lock_protocol protocol)
{
	enum rg_regime before = k->before[protocol].regime;

	return before && now->of[protocol] && before != now->of[protocol];
}

int rg_regime_text(const struct rg_regime_kept *k, const struct rg_regimes *now,
		   enum rg_lock_protocol protocol, char *buf, size_t size)
{
	return snprintf(buf, size, "%s locks of end clients are %s; kernel %s %s them",
			rg_protocol_name(protocol), rg_regime_name(now->of[protocol]),
			k->before[protocol].kernel, rg_regime_name(k->before[protocol].regime));
}

json_object *rg_regime_json(const struct rg_regime_kept *k, const struct rg_regimes *now)
{
	json_object *o = rg_json_object(), *list = rg_json_array();

	for (int i = 0; i < RG_NR_LOCK_PROTOCOLS; i++) {
		json_object *change;
		char text[256];

		rg_json_put_text(o, keys[i], rg_regime_name(now->of[i]));
		if (!rg_regime_differs(k, now, i))
			continue;
		change = rg_json_object();
		rg_regime_text(k, now, i, text, sizeof(text));
		rg_json_put_text(change, "locks", keys[i]);
		rg_json_put_text(change, "before", rg_regime_name(k->before[i].regime));
		rg_json_put_text(change, "kernel", k->before[i].kernel);
		rg_json_put_text(change, "text", text);
		rg_json_add(list, change);
	}
	rg_json_put(o, "changed", list);
	return o;
}

static json_object *known_json(const struct rg_regime_known *of)
{
	json_object *o = rg_json_object();

	for (int i = 0; i < RG_NR_LOCK_PROTOCOLS; i++) {
		json_object *known = rg_json_object();

		rg_json_put_text(known, "regime", rg_regime_name(of[i].regime));
		rg_json_put_text(known, "kernel", of[i].kernel);
		rg_json_put(o, keys[i], known);
	}
	return o;
}

json_object *rg_regime_file_json(const struct rg_regime_kept *k)
{
	json_object *o = rg_json_object();

	rg_json_put_uint(o, "version", 1);
	rg_json_put_text(o, "boot_id", k->boot_id);
	rg_json_put(o, "now", known_json(k->now));
	rg_json_put(o, "before", known_json(k->before));
	return o;
}

static bool get_known(json_object *o, struct rg_regime_known *of)
{
	for (int i = 0; i < RG_NR_LOCK_PROTOCOLS; i++) {
		json_object *known = json_object_object_get(o, keys[i]);
		char name[16];
		int regime;

		if (!rg_json_get_text(known, "regime", name, sizeof(name)) ||
		    !rg_json_get_text(known, "kernel", of[i].kernel, sizeof(of[i].kernel)))
			return false;
		regime = rg_regime_of(name);
		if (regime < 0)
			return false;
		of[i].regime = (enum rg_regime)regime;
	}
	return true;
}

int rg_regime_of_json(json_object *o, struct rg_regime_kept *k, char *why)
{
	const char *bad = NULL;

	memset(k, 0, sizeof(*k));
	if (!rg_json_get_text(o, "boot_id", k->boot_id, sizeof(k->boot_id)))
		bad = "boot_id";
	else if (!get_known(json_object_object_get(o, "now"), k->now))
		bad = "now";
	else if (!get_known(json_object_object_get(o, "before"), k->before))
		bad = "before";
	if (!bad)
		return 0;
	snprintf(why, RG_STATE_WHY, "\"%s\" is missing or makes no sense", bad);
	memset(k, 0, sizeof(*k));
	return -EBADMSG;
}

/* ---- the file ---- */

int rg_regime_load(const char *dir, struct rg_regime_kept *k)
{
	char why[RG_STATE_WHY] = "";
	json_object *o;
	int err;

	memset(k, 0, sizeof(*k));
	err = rg_state_load(dir, RG_REGIME_FILE, &o, why);
	if (!err && o)
		err = rg_regime_of_json(o, k, why);
	json_object_put(o);
	if (err)
		rg_warn("%s/%s: %s; what the last kernel did with end clients' locks is not known "
			"from it",
			dir, RG_REGIME_FILE, err == -EBADMSG ? why : rg_strerror(err));
	return err;
}

int rg_regime_save(const char *dir, const struct rg_regime_kept *k)
{
	return rg_state_save(dir, RG_REGIME_FILE, rg_regime_file_json(k));
}

void rg_regime_recall(const struct rg_pins *p, struct rg_regime_kept *k)
{
	char boot_id[RG_BOOT_ID_SIZE];
	struct rg_meta meta;

	memset(k, 0, sizeof(*k));
	if (rg_pins_meta(p, &meta) < 0 || rg_boot_id(boot_id))
		return;
	meta.state_dir[sizeof(meta.state_dir) - 1] = '\0';
	if (rg_regime_load(meta.state_dir, k) == 0)
		rg_regime_begin(k, boot_id);
}
