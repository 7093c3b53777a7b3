// SPDX-License-Identifier: GPL-2.0-only
#include "policy/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/config_parts.h"
#include "policy/exempt.h"
#include "policy/pattern.h"
#include "base/log.h"
#include "base/names.h"
#include "text/size.h"

/* ---- the keys ---- */

static int one_of(const char *first, const char *second, const char *name)
{
	return strcmp(name, first) == 0 ? 0 : strcmp(name, second) == 0 ? 1 : -1;
}

// clang-format off
static int yes_no_of(const char *name) { return one_of("no", "yes", name); }
static const char *yes_no(__u32 yes) { return yes ? "yes" : "no"; }
static int end_grace_of(const char *name) { return one_of("report", "end-grace", name); }
static int on_off_of(const char *name) { return one_of("off", "on", name); }
static const char *on_off(__u32 on) { return on ? "on" : "off"; }
static const char *end_grace(__u32 end) { return end ? "end-grace" : "report"; }
// clang-format on

#define MIB (1024L * 1024)
#define YES_NO .kind = RG_KIND_WORD, .max = 2, .of = yes_no_of, .word = yes_no

const struct rg_key_info rg_keys[RG_NR_KEYS] = {
	[RG_KEY_ACTION] = {"gate", "action", "action",
			   "what happens to a local application at a closed gate",
			   .kind = RG_KIND_WORD, .initial = RG_ACTION_HOLD, .max = RG_NR_ACTIONS,
			   .of = rg_action_of, .word = rg_action_name},
	[RG_KEY_SCOPE] = {"gate", "scope", "scope",
			  "what is kept out; each includes the ones before it",
			  .kind = RG_KIND_WORD, .initial = RG_SCOPE_LOCKS, .max = RG_NR_SCOPES,
			  .of = rg_scope_of, .word = rg_scope_name},
	[RG_KEY_RELEASE] = {"gate", "release", "release", "when the gate opens",
			    .kind = RG_KIND_WORD, .initial = RG_RELEASE_SETTLED,
			    .max = RG_NR_RELEASES, .of = rg_release_of, .word = rg_release_name},
	[RG_KEY_SETTLE_TIMEOUT] = {"gate", "settle-timeout", "settle-timeout",
				   "settled: wait no longer for end clients", .kind = RG_KIND_TIME,
				   .initial = 0, .min = 1, .max = RG_MAX_SETTLE_TIMEOUT,
				   .zero = "lease"},
	[RG_KEY_SETTLE_QUIET] = {"gate", "settle-quiet", "settle-quiet",
				 "settled: an end client that takes nothing back for so long is "
				 "done",
				 .kind = RG_KIND_TIME, .initial = RG_DEFAULT_SETTLE_QUIET,
				 .max = RG_MAX_SETTLE_QUIET},
	[RG_KEY_MAX_HOLD] = {"gate", "max-hold", "max-hold", "open at the latest after TIME",
			     .kind = RG_KIND_TIME, .initial = RG_DEFAULT_MAX_HOLD, .min = 1,
			     .max = RG_MAX_MAX_HOLD},
	[RG_KEY_ON_ORIGIN_NO_GRACE] = {"gate", "on-origin-no-grace", "on-origin-no-grace",
				       "when an original server refuses this host's reclaims",
				       .kind = RG_KIND_WORD, .max = 2, .of = end_grace_of,
				       .word = end_grace},
	/* The value is yes at first; rg_config_settle_mounts() clears it where another one of
	 * the three is given. */
	[RG_KEY_EXPORTS] = {"mounts", "exports", "exports",
			    "guard the NFS mounts that are exported", .flag = true, .initial = 1,
			    YES_NO},
	[RG_KEY_ALL] = {"mounts", "all", "all",
			"guard every NFS mount of the network namespace, those to come included",
			.flag = true, YES_NO},
	[RG_KEY_MOUNT] = {"mounts", "mount", "mount",
			  "guard the NFS mount at PATH; may be given several times",
			  .kind = RG_KIND_PATHS, .max = RG_MAX_RULES},
	[RG_KEY_EXCEPT] = {"mounts", "except", "except",
			   "but not the NFS mount at PATH, nor those below PATH; likewise",
			   .kind = RG_KIND_PATHS, .max = RG_MAX_RULES},
	[RG_KEY_PROGRAM] = {"exempt", "program", "exempt",
			    "do not keep the executable PATH out; likewise", .kind = RG_KIND_PATHS,
			    .max = RG_MAX_EXEMPT},
	[RG_KEY_DEFAULTS] = {"exempt", "defaults", NULL, NULL, .initial = 1, YES_NO},
	[RG_KEY_STATE_DIR] = {"daemon", "state-dir", "state-dir",
			      "where the daemon keeps what must outlive a reboot",
			      .kind = RG_KIND_PATH},
	[RG_KEY_LEDGER_INTERVAL] = {"daemon", "ledger-interval", NULL, NULL, .kind = RG_KIND_TIME,
				    .initial = RG_DEFAULT_LEDGER_INTERVAL, .min = 1,
				    .max = RG_MAX_LEDGER_INTERVAL},
	[RG_KEY_METRICS_DIR] = {"daemon", "metrics-dir", "metrics-dir",
				"where the daemon writes its metrics, for node_exporter",
				.kind = RG_KIND_PATH, .zero = "none"},
	[RG_KEY_METRICS_INTERVAL] = {"daemon", "metrics-interval", NULL, NULL, .kind = RG_KIND_TIME,
				     .initial = RG_DEFAULT_METRICS_INTERVAL, .min = 1,
				     .max = RG_MAX_METRICS_INTERVAL},
	[RG_KEY_MODULE] = {"reclaims", "module", "module",
			   "use the kernel module, which makes reclaims of locks succeed",
			   .kind = RG_KIND_WORD, .max = RG_NR_MODULE_POLICIES,
			   .of = rg_module_policy_of, .word = rg_module_policy_name},
	[RG_KEY_FORWARD] = {"reclaims", "forward", "forward",
			    "which reclaims of locks the module passes on", .kind = RG_KIND_WORD,
			    .initial = RG_FORWARD_GUARDED, .max = RG_NR_FORWARDS,
			    .of = rg_forward_of, .word = rg_forward_name},
	[RG_KEY_ONLY_CLIENT] = {"reclaims", "only-client", "only-client",
				"nobody but this host uses what it mounts from original servers",
				.flag = true, YES_NO},
	[RG_KEY_ORG_MODE] = {"original", "mode", "mode",
			     "role original: what waits for a client that rebooted; off: "
			     "not for `run`",
			     .kind = RG_KIND_WORD, .initial = RG_ORG_OFF, .max = RG_NR_ORG_MODES,
			     .of = rg_org_mode_of, .word = rg_org_mode_name},
	[RG_KEY_ORG_KEEP_FOR] = {"original", "keep-for", "keep-for",
				 "role original: how long its locks are kept", .kind = RG_KIND_TIME,
				 .min = 1, .max = RG_ORG_MAX_KEEP_FOR, .zero = "lease"},
	[RG_KEY_ORG_EXPORT] = {"original", "export", NULL, NULL, .kind = RG_KIND_PATHS,
			       .max = RG_ORG_CHOSEN},
	[RG_KEY_ORG_CLIENT] = {"original", "client", NULL, NULL, .kind = RG_KIND_CLIENTS,
			       .max = RG_ORG_CHOSEN},
	[RG_KEY_RECORD] = {"daemon", "record", NULL, NULL, .kind = RG_KIND_WORD, .initial = 1,
			   .max = 2, .of = on_off_of, .word = on_off},
	[RG_KEY_RECORD_SIZE] = {"daemon", "record-size", NULL, NULL, .kind = RG_KIND_SIZE,
				.initial = MIB * RG_DEFAULT_RECORD_MIB,
				.min = MIB * RG_MIN_RECORD_MIB, .max = MIB * RG_MAX_RECORD_MIB},
	[RG_KEY_NOTIFY_NFSV3] = {"daemon", "notify-nfsv3", "notify-nfsv3",
				 "tell NFSv3 end clients when lockd dropped their locks",
				 .kind = RG_KIND_WORD, .initial = 1, .max = 2, .of = on_off_of,
				 .word = on_off},
	[RG_KEY_PROTECT] = {"protection", "protect", NULL, NULL, YES_NO},
	[RG_KEY_ORIGINAL_KEEPS] = {"reclaims", "original-keeps", NULL, NULL, YES_NO},
};
_Static_assert(RG_NR_KEYS <= RG_PROVENANCE_KEYS, "room for every key");

static long number(const struct rg_config *c, enum rg_key key)
{
	switch (key) {
	case RG_KEY_ACTION:
		return (long)c->policy.action;
	case RG_KEY_SCOPE:
		return (long)c->policy.scope;
	case RG_KEY_RELEASE:
		return (long)c->policy.release;
	case RG_KEY_SETTLE_TIMEOUT:
		return (long)c->policy.settle_timeout_s;
	case RG_KEY_SETTLE_QUIET:
		return (long)c->policy.settle_quiet_s;
	case RG_KEY_MAX_HOLD:
		return (long)c->policy.max_hold_s;
	case RG_KEY_ON_ORIGIN_NO_GRACE:
		return (long)c->policy.end_grace;
	case RG_KEY_EXPORTS:
		return c->exports;
	case RG_KEY_ALL:
		return c->all;
	case RG_KEY_DEFAULTS:
		return c->exempt_defaults;
	case RG_KEY_LEDGER_INTERVAL:
		return c->ledger_interval_s;
	case RG_KEY_METRICS_INTERVAL:
		return c->metrics_interval_s;
	case RG_KEY_MODULE:
		return c->module;
	case RG_KEY_FORWARD:
		return (long)c->policy.forward;
	case RG_KEY_ONLY_CLIENT:
		return (long)c->policy.only_client;
	case RG_KEY_RECORD:
		return c->record;
	case RG_KEY_RECORD_SIZE:
		return c->record_size;
	case RG_KEY_ORG_MODE:
		return c->org_mode;
	case RG_KEY_ORG_KEEP_FOR:
		return c->org_keep_for_s;
	case RG_KEY_NOTIFY_NFSV3:
		return c->notify_nfsv3;
	case RG_KEY_PROTECT:
		return c->protect;
	case RG_KEY_ORIGINAL_KEEPS:
		return (long)c->policy.original_keeps;
	default:
		return 0;
	}
}

/* The caller has checked n against the key's limits, which its bits can hold. */
static void set_number(struct rg_config *c, enum rg_key key, long n)
{
	switch (key) {
	case RG_KEY_ACTION:
		c->policy.action = n & 3;
		break;
	case RG_KEY_SCOPE:
		c->policy.scope = n & 3;
		break;
	case RG_KEY_RELEASE:
		c->policy.release = n & 3;
		break;
	case RG_KEY_SETTLE_TIMEOUT:
		c->policy.settle_timeout_s = n & 0xfff;
		break;
	case RG_KEY_SETTLE_QUIET:
		c->policy.settle_quiet_s = n & 0x3ff;
		break;
	case RG_KEY_MAX_HOLD:
		c->policy.max_hold_s = n & 0x1ffff;
		break;
	case RG_KEY_ON_ORIGIN_NO_GRACE:
		c->policy.end_grace = n & 1;
		break;
	case RG_KEY_EXPORTS:
		c->exports = n;
		break;
	case RG_KEY_ALL:
		c->all = n;
		break;
	case RG_KEY_DEFAULTS:
		c->exempt_defaults = n;
		break;
	case RG_KEY_LEDGER_INTERVAL:
		c->ledger_interval_s = n;
		break;
	case RG_KEY_METRICS_INTERVAL:
		c->metrics_interval_s = n;
		break;
	case RG_KEY_MODULE:
		c->module = n;
		break;
	case RG_KEY_FORWARD:
		c->policy.forward = n & 3;
		break;
	case RG_KEY_ONLY_CLIENT:
		c->policy.only_client = n & 1;
		break;
	case RG_KEY_RECORD:
		c->record = n;
		break;
	case RG_KEY_RECORD_SIZE:
		c->record_size = n;
		break;
	case RG_KEY_ORG_MODE:
		c->org_mode = n;
		break;
	case RG_KEY_ORG_KEEP_FOR:
		c->org_keep_for_s = n;
		break;
	case RG_KEY_NOTIFY_NFSV3:
		c->notify_nfsv3 = n;
		break;
	case RG_KEY_PROTECT:
		c->protect = n;
		break;
	case RG_KEY_ORIGINAL_KEEPS:
		c->policy.original_keeps = n & 1;
		break;
	default:
		break;
	}
}
_Static_assert(RG_MAX_SETTLE_TIMEOUT <= 0xfff && RG_MAX_SETTLE_QUIET <= 0x3ff &&
		       RG_MAX_MAX_HOLD <= 0x1ffff && RG_NR_ACTIONS <= 4 && RG_NR_SCOPES <= 4 &&
		       RG_NR_RELEASES <= 4 && RG_NR_FORWARDS <= 4,
	       "the bits of struct rg_policy");

static struct rg_list *list_of(struct rg_config *c, enum rg_key key)
{
	switch (key) {
	case RG_KEY_MOUNT:
		return &c->mounts;
	case RG_KEY_EXCEPT:
		return &c->excepts;
	case RG_KEY_ORG_EXPORT:
		return &c->org_exports;
	case RG_KEY_ORG_CLIENT:
		return &c->org_clients;
	default:
		return &c->programs;
	}
}

static char *path_of(struct rg_config *c, enum rg_key key)
{
	return key == RG_KEY_METRICS_DIR ? c->metrics_dir : c->state_dir;
}

/* ---- values ---- */

static const struct {
	const char *unit;
	long seconds;
} units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"min", 60}, {"h", 3600}};

long rg_seconds_of(const char *text, long min, long max)
{
	char *end;
	long n;

	if (*text < '0' || *text > '9')
		return -1;
	errno = 0;
	n = strtol(text, &end, 10);
	if (errno)
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].unit) != 0)
			continue;
		if (n > max / units[i].seconds)
			return -1;
		n *= units[i].seconds;
		return n < min ? -1 : n;
	}
	return -1;
}

char *rg_seconds_text(long seconds, char buf[32])
{
	size_t i = sizeof(units) / sizeof(units[0]) - 1;

	while (i > 1 && (!seconds || seconds % units[i].seconds))
		i--;
	snprintf(buf, 32, "%ld%s", seconds / units[i].seconds, units[i].unit);
	return buf;
}

static bool is_path(const char *path)
{
	if (*path != '/' || strlen(path) >= RG_PATH_SIZE)
		return false;
	for (const char *at = path; *at; at += strcspn(at, "/")) {
		size_t n;

		at += strspn(at, "/");
		n = strcspn(at, "/");
		if ((n == 1 || n == 2) && strncmp(at, "..", n) == 0)
			return false;
	}
	return true;
}

char *rg_key_metavar(enum rg_key key, char buf[RG_EXPECTED_SIZE])
{
	const struct rg_key_info *k = &rg_keys[key];
	size_t at = 0;

	buf[0] = '\0';
	switch (k->kind) {
	case RG_KIND_WORD:
		for (long i = 0; i < k->max && at < RG_EXPECTED_SIZE; i++)
			at += (size_t)snprintf(buf + at, RG_EXPECTED_SIZE - at, "%s%s",
					       i ? "|" : "", k->word((__u32)i));
		break;
	case RG_KIND_TIME:
		snprintf(buf, RG_EXPECTED_SIZE, "%s%sTIME", k->zero ?: "", k->zero ? "|" : "");
		break;
	case RG_KIND_SIZE:
		snprintf(buf, RG_EXPECTED_SIZE, "BYTES[K|M|G]");
		break;
	case RG_KIND_CLIENTS:
		snprintf(buf, RG_EXPECTED_SIZE, "WHO");
		break;
	default:
		snprintf(buf, RG_EXPECTED_SIZE, "%s%sPATH", k->zero ?: "", k->zero ? "|" : "");
	}
	return buf;
}

static void expect(enum rg_key key, char expected[RG_EXPECTED_SIZE])
{
	const struct rg_key_info *k = &rg_keys[key];
	char words[RG_EXPECTED_SIZE], like[32], min[32], max[32];

	switch (k->kind) {
	case RG_KIND_WORD:
		snprintf(expected, RG_EXPECTED_SIZE, "%s", rg_key_metavar(key, words));
		break;
	case RG_KIND_TIME:
		snprintf(expected, RG_EXPECTED_SIZE, "%s%sa time like %s, from %s to %s",
			 k->zero ?: "", k->zero ? ", or " : "",
			 rg_seconds_text(k->initial ?: RG_DEFAULT_LEASE, like),
			 rg_seconds_text(k->min, min), rg_seconds_text(k->max, max));
		break;
	case RG_KIND_SIZE:
		snprintf(expected, RG_EXPECTED_SIZE, "a size like %s, from %s to %s, whole MiB",
			 rg_size_text((__u64)k->initial, like), rg_size_text((__u64)k->min, min),
			 rg_size_text((__u64)k->max, max));
		break;
	case RG_KIND_CLIENTS:
		snprintf(expected, RG_EXPECTED_SIZE, "%s", RG_PATTERN_EXPECTED);
		break;
	default:
		snprintf(expected, RG_EXPECTED_SIZE,
			 "%s%san absolute path without . and .., of less than %d bytes",
			 k->zero ?: "", k->zero ? ", or " : "", RG_PATH_SIZE);
	}
}

/* Adds a copy of the value to the list. Returns false if the list is full. */
static bool append(struct rg_list *list, const char *path, size_t max)
{
	char **at;

	if (list->n >= max)
		return false;
	at = realloc(list->at, (list->n + 1) * sizeof(*at));
	if (!at)
		return false;
	list->at = at;
	at[list->n] = strdup(path);
	if (!at[list->n])
		return false;
	list->n++;
	return true;
}

static void forget(struct rg_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->at[i]);
	free(list->at);
	list->at = NULL;
	list->n = 0;
}

bool rg_config_set(struct rg_config *c, enum rg_key key, const char *value, unsigned int line,
		   char expected[RG_EXPECTED_SIZE])
{
	const struct rg_key_info *k = &rg_keys[key];
	struct rg_origin *from = &c->origin[key];
	struct rg_org_peer peer;
	bool zero = k->zero && strcmp(value, k->zero) == 0;
	long n = 0;

	switch (k->kind) {
	case RG_KIND_WORD:
		n = k->of(value);
		break;
	case RG_KIND_TIME:
		if (!zero)
			n = rg_seconds_of(value, k->min, k->max);
		break;
	case RG_KIND_SIZE:
		n = (long)rg_size_of(value, (__u64)k->min, (__u64)k->max);
		if (!n || n % MIB)
			n = -1;
		break;
	case RG_KIND_CLIENTS:
		n = rg_pattern_of(value, &peer) ? 0 : -1;
		break;
	default:
		n = zero || is_path(value) ? 0 : -1;
	}
	if (n < 0) {
		expect(key, expected);
		return false;
	}
	if (k->kind == RG_KIND_PATH) {
		strcpy(path_of(c, key), zero ? "" : value);
	} else if (rg_key_is_list(key)) {
		if (!append(list_of(c, key), value, (size_t)k->max)) {
			snprintf(expected, RG_EXPECTED_SIZE, "%ld of them at most", k->max);
			return false;
		}
	} else {
		set_number(c, key, n);
	}
	if (!line) {
		from->command_line = true;
		if (!rg_key_is_list(key))
			from->line = 0;
	} else if (!from->line) {
		from->line = line;
	}
	return true;
}

bool rg_key_is_list(enum rg_key key)
{
	return rg_keys[key].kind == RG_KIND_PATHS || rg_keys[key].kind == RG_KIND_CLIENTS;
}

bool rg_key_is_first(enum rg_key key)
{
	for (int i = 0; i < (int)key; i++)
		if (strcmp(rg_keys[i].section, rg_keys[key].section) == 0)
			return false;
	return true;
}

bool rg_key_is_of_original(enum rg_key key)
{
	return strcmp(rg_keys[key].section, rg_keys[RG_KEY_ORG_MODE].section) == 0;
}

size_t rg_config_count(const struct rg_config *c, enum rg_key key)
{
	return rg_key_is_list(key) ? list_of((struct rg_config *)c, key)->n : 1;
}

char *rg_config_text(const struct rg_config *c, enum rg_key key, size_t i, char buf[RG_PATH_SIZE])
{
	const struct rg_key_info *k = &rg_keys[key];
	long n = number(c, key);
	const char *path;
	char text[32];

	switch (k->kind) {
	case RG_KIND_WORD:
		snprintf(buf, RG_PATH_SIZE, "%s", k->word((__u32)n));
		break;
	case RG_KIND_TIME:
		snprintf(buf, RG_PATH_SIZE, "%s",
			 k->zero && !n ? k->zero : rg_seconds_text(n, text));
		break;
	case RG_KIND_SIZE:
		snprintf(buf, RG_PATH_SIZE, "%s", rg_size_text((__u64)n, text));
		break;
	case RG_KIND_PATH:
		path = path_of((struct rg_config *)c, key);
		snprintf(buf, RG_PATH_SIZE, "%s", *path ? path : k->zero ?: "");
		break;
	default:
		snprintf(buf, RG_PATH_SIZE, "%s", list_of((struct rg_config *)c, key)->at[i]);
	}
	return buf;
}

void rg_config_init(struct rg_config *c)
{
	memset(c, 0, sizeof(*c));
	for (int i = 0; i < RG_NR_KEYS; i++)
		set_number(c, i, rg_keys[i].initial);
	strcpy(c->state_dir, RG_STATE_DIR);
	c->policy.mount_mode = RG_MOUNT_MODE_EXPORTS;
}

void rg_config_free(struct rg_config *c)
{
	forget(&c->mounts);
	forget(&c->excepts);
	forget(&c->programs);
	forget(&c->org_exports);
	forget(&c->org_clients);
}

/* ---- what values mean together ---- */

bool rg_config_says(const struct rg_config *c, enum rg_key key)
{
	return c->origin[key].line || c->origin[key].command_line;
}

enum rg_key rg_config_settle_mounts(struct rg_config *c)
{
	if (!rg_config_says(c, RG_KEY_EXPORTS))
		c->exports = !c->all && !c->mounts.n;
	c->policy.mount_mode = c->all	    ? RG_MOUNT_MODE_ALL
			       : c->exports ? RG_MOUNT_MODE_EXPORTS
					    : RG_MOUNT_MODE_LISTED;
	if (c->all && (c->exports || c->mounts.n))
		return RG_KEY_ALL;
	return c->all || c->exports || c->mounts.n ? RG_NR_KEYS : RG_KEY_EXPORTS;
}

/* ---- the command line ---- */

int rg_config_overlay(struct rg_config *c, const struct rg_setting *settings, size_t n,
		      const char *verb)
{
	static const enum rg_key of_mounts[] = {RG_KEY_EXPORTS, RG_KEY_ALL, RG_KEY_MOUNT};
	static const enum rg_key of_settled[] = {RG_KEY_SETTLE_TIMEOUT, RG_KEY_SETTLE_QUIET};
	char expected[RG_EXPECTED_SIZE];
	bool named = false;

	for (size_t i = 0; i < n; i++)
		for (size_t m = 0; m < sizeof(of_mounts) / sizeof(of_mounts[0]); m++)
			named |= settings[i].key == of_mounts[m];
	if (named) {
		for (size_t m = 0; m < sizeof(of_mounts) / sizeof(of_mounts[0]); m++)
			c->origin[of_mounts[m]] = (struct rg_origin){};
		forget(&c->mounts);
		c->all = false;
	}
	for (size_t i = 0; i < n; i++) {
		const char *value = settings[i].value, *why, *option;

		option = rg_keys[settings[i].key].option;
		if (!rg_config_set(c, settings[i].key, value, 0, expected))
			return rg_error(RG_USAGE, "%s: --%s %.*s%s: expected %s", verb, option,
					RG_CUT(value), expected);
		if (settings[i].key != RG_KEY_PROGRAM)
			continue;
		switch (rg_exempt_look_for(value, &why)) {
		case RG_PROGRAM_IS_THERE:
			break;
		case RG_PROGRAM_IS_MISSING:
			rg_warn("%s: --%s %.*s%s: %s; it is not exempt", verb, option,
				RG_CUT(value), why);
			break;
		default:
			return rg_error(RG_FAILED,
					"%s: --%s %.*s%s: %s: expected an executable file", verb,
					option, RG_CUT(value), why);
		}
	}
	if (rg_config_settle_mounts(c) != RG_NR_KEYS)
		return rg_error(RG_USAGE, "%s: --all: goes with neither --exports nor --mount",
				verb);
	for (size_t i = 0; i < sizeof(of_settled) / sizeof(of_settled[0]); i++)
		if (c->origin[of_settled[i]].command_line &&
		    c->policy.release != RG_RELEASE_SETTLED)
			return rg_error(RG_USAGE, "%s: --%s: goes with release settled, not %s",
					verb, rg_keys[of_settled[i]].option,
					rg_release_name(c->policy.release));
	return RG_DONE;
}

/* ---- where values came from ---- */

void rg_provenance_of(const struct rg_config *c, struct rg_provenance *p)
{
	memset(p, 0, sizeof(*p));
	strcpy(p->file, c->file);
	for (int i = 0; i < RG_NR_KEYS; i++)
		p->line[i] =
			c->origin[i].line | (c->origin[i].command_line ? RG_FROM_COMMAND_LINE : 0);
	p->exempt_defaults = c->exempt_defaults;
}

char *rg_provenance_text(const struct rg_provenance *p, enum rg_key key, char buf[RG_WHERE_SIZE])
{
	__u32 line = p->line[key] & ~RG_FROM_COMMAND_LINE;
	bool command_line = p->line[key] & RG_FROM_COMMAND_LINE;
	int n = 0;

	if (line)
		n = snprintf(buf, RG_WHERE_SIZE, "%.*s:%u", RG_PATH_SIZE - 1, p->file, line);
	if (command_line || !line)
		snprintf(buf + n, RG_WHERE_SIZE - (size_t)n, "%s%s", line ? ", " : "",
			 command_line ? "command line" : "default");
	return buf;
}
