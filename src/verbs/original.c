// SPDX-License-Identifier: GPL-2.0-only
/* The verbs of an original server (docs/original.md). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>

#include <libmount.h>

#include "base/names.h"
#include "cli/verbs.h"
#include "original/original.h"
#include "policy/pattern.h"
#include "text/json.h"
#include "text/shown.h"

#define SCHEMA_VERSION 1

bool rg_is_original(const struct rg_options *o, int *err)
{
	const __u64 own = RG_TAKES(RG_KEY_ORG_MODE) | RG_TAKES(RG_KEY_ORG_KEEP_FOR);
	const __u64 others = o->given & ~(RG_TAKES_ORIGINAL | RG_TAKES(RG_OPT_HELP));

	*err = RG_DONE;
	if (o->original && others)
		*err = rg_error(RG_USAGE,
				"%s: --role original: takes --mode, --keep-for and --config, and "
				"none "
				"of the options of a re-export server",
				o->verb);
	else if (!o->original && (o->given & own))
		*err = rg_error(RG_USAGE, "%s: --mode and --keep-for: only with --role original",
				o->verb);
	return o->original;
}

/* Where it is mounted, or "8:1" where it is not in this mount namespace. Returns buf. */
static char *file_system_text(__u32 dev, char buf[RG_PATH_SIZE])
{
	const dev_t wanted = makedev(dev >> 20, dev & 0xfffff);
	struct libmnt_table *table = mnt_new_table();
	struct libmnt_fs *fs = NULL;

	snprintf(buf, RG_PATH_SIZE, "%u:%u", dev >> 20, dev & 0xfffff);
	if (table && !mnt_table_parse_mtab(table, "/proc/self/mountinfo"))
		fs = mnt_table_find_devno(table, wanted, MNT_ITER_BACKWARD);
	if (fs)
		rg_shown(mnt_fs_get_target(fs), strlen(mnt_fs_get_target(fs)), RG_SHOWN_ASCII, buf,
			 RG_PATH_SIZE);
	mnt_unref_table(table);
	return buf;
}

/* A line each, where not everybody and everything is chosen. */
static void print_choice(const struct rg_org_choice *c)
{
	char text[RG_PATTERN_TEXT], path[RG_PATH_SIZE];

	for (__u32 i = 0; i < c->n_peers && i < RG_ORG_CHOSEN; i++)
		printf("  only for clients   %s\n", rg_pattern_text(&c->peers[i], text));
	for (__u32 i = 0; i < c->n_devs && i < RG_ORG_CHOSEN; i++)
		printf("  only on            %s\n", file_system_text(c->devs[i], path));
}

/* Takes the role as the configuration has it, or changes it. */
static int enable(const struct rg_config *config, bool only_again)
{
	struct rg_org_request request = {.mode = (__u32)config->org_mode,
					 .keep_for_s = config->org_keep_for_s,
					 .only_again = only_again};
	bool changed;
	int err = rg_org_choose(config, &request.choice);

	if (request.mode == RG_ORG_OFF)
		request.mode = RG_ORG_KEEP;
	err = err ?: rg_org_enable(&request, &changed);
	if (err)
		return err;
	printf("%s as an original server: mode %s, keep-for %ld s\n",
	       changed ? "changed" : "enabled", rg_org_mode_name(request.mode), request.keep_for_s);
	print_choice(&request.choice);
	printf("  NFSv4 byte-range locks and delegations: locks by NFSv3 (NLM) and share "
	       "reservations are not kept\n");
	fflush(stdout);
	return RG_DONE;
}

int rg_original_enable(const struct rg_options *o)
{
	struct rg_arm_request unused;
	struct rg_config config;
	int err = rg_arm_request_of(o, &config, &unused);

	if (!err && config.origin[RG_KEY_ORG_MODE].command_line && config.org_mode == RG_ORG_OFF)
		err = rg_error(RG_USAGE,
			       "%s: --mode off: expected keep, quiet or observe; "
			       "`disable --role original` ends the role",
			       o->verb);
	err = err ?: enable(&config, false);
	rg_config_free(&config);
	return err;
}

int rg_original_run(const struct rg_config *config)
{
	return config->org_mode == RG_ORG_OFF ? RG_DONE : enable(config, false);
}

int rg_original_can(const struct rg_config *config)
{
	struct rg_org_choice unused;

	return rg_org_choose(config, &unused);
}

int rg_original_reload(const struct rg_config *config)
{
	int err = enable(config, true);

	return err == RG_NOT_ENABLED ? RG_DONE : err;
}

int rg_original_disable(void)
{
	unsigned int forgotten;
	int err = rg_org_disable(&forgotten);

	if (err)
		return err;
	printf("disabled as an original server: locks of %u client%s are kept no longer\n",
	       forgotten, forgotten == 1 ? "" : "s");
	return RG_DONE;
}

/* ---- status ---- */

static const char *state_of(const struct rg_keeper *k, __u64 now_ns)
{
	if (rg_keeper_is_active(k, now_ns))
		return "kept";
	if (!k->until_ns)
		return "forgotten"; /* knfsd shut down */
	if (k->why == RG_KEPT_SAID_THROUGH)
		return "through";
	return k->left || k->overflow ? "expired" : "retaken";
}

static json_object *keeper_json(const struct rg_keeper *k, __u64 now_ns)
{
	const size_t n = k->name_len < RG_ORG_NAME ? k->name_len : RG_ORG_NAME;
	json_object *o = rg_json_object();

	rg_json_put_text(o, "state", state_of(k, now_ns));
	rg_json_put_address(o, k->family, k->addr);
	rg_json_put_name(o, "name", (const char *)k->name, n);
	rg_json_put_uint(o, "minorversion", k->minorversion);
	rg_json_put_uint(o, "ranges_kept", k->kept);
	rg_json_put_uint(o, "ranges_left", k->left);
	rg_json_put_uint(o, "times_retaken", k->retaken);
	rg_json_put_uint(o, "reboots", k->reboots);
	rg_json_put_uint(o, "others_delayed", k->delays);
	rg_json_put(o, "all_of_its_file_systems_wait", rg_json_bool(k->overflow));
	rg_json_put(o, "since_seconds", rg_json_double((double)(now_ns - k->since_ns) / 1e9));
	rg_json_put(o, "ends_in_seconds",
		    rg_keeper_is_active(k, now_ns)
			    ? rg_json_double((double)(k->until_ns - now_ns) / 1e9)
			    : NULL);
	return o;
}

static void put_choice(json_object *o, const struct rg_org_choice *c)
{
	json_object *clients = rg_json_array(), *on = rg_json_array();
	char text[RG_PATTERN_TEXT], path[RG_PATH_SIZE];

	for (__u32 i = 0; i < c->n_peers && i < RG_ORG_CHOSEN; i++)
		rg_json_add_text(clients, rg_pattern_text(&c->peers[i], text));
	for (__u32 i = 0; i < c->n_devs && i < RG_ORG_CHOSEN; i++)
		rg_json_add_text(on, file_system_text(c->devs[i], path));
	rg_json_put(o, "only_clients", clients);
	rg_json_put(o, "only_file_systems", on);
}

/* NULL: said. */
static json_object *collect(const struct rg_org_set *set)
{
	json_object *o, *clients, *counted;
	__u64 counters[RG_NR_ORG_COUNTERS], now_ns;
	struct rg_keeper *keepers = calloc(RG_ORG_KEEPERS, sizeof(*keepers));
	struct timespec now;
	int err = keepers ? rg_org_read_keepers(set, keepers) ?: rg_org_read_counters(set, counters)
			  : -ENOMEM;

	if (err) {
		free(keepers);
		rg_error(0, "%s: cannot be read: %s", RG_ORG_PIN_DIR, rg_strerror(err));
		return NULL;
	}
	clock_gettime(CLOCK_BOOTTIME, &now);
	now_ns = (__u64)now.tv_sec * 1000000000ULL + (__u64)now.tv_nsec;
	o = rg_json_object();
	rg_json_put_uint(o, "schema", SCHEMA_VERSION);
	rg_json_put_text(o, "version", RG_VERSION);
	rg_json_put_text(o, "role", "original");
	rg_json_put(o, "enabled", rg_json_bool(true));
	rg_json_put_text(o, "mode", rg_org_mode_name(set->state->mode));
	rg_json_put(o, "keep_for_seconds", rg_json_double((double)set->state->keep_for_ns / 1e9));
	put_choice(o, &set->state->choice[set->state->chosen & 1]);
	clients = rg_json_array();
	for (int i = 0; i < RG_ORG_KEEPERS; i++)
		if (keepers[i].kept || keepers[i].overflow)
			rg_json_add(clients, keeper_json(&keepers[i], now_ns));
	rg_json_put(o, "clients", clients);
	counted = rg_json_object();
	for (__u32 i = 0; i < RG_NR_ORG_COUNTERS; i++)
		rg_json_put_uint(counted, rg_org_counter_name(i), counters[i]);
	rg_json_put(o, "counters", counted);
	free(keepers);
	return o;
}

static unsigned long long number(json_object *o, const char *key)
{
	return json_object_get_uint64(json_object_object_get(o, key));
}

static void print(json_object *o, const struct rg_org_choice *choice)
{
	json_object *clients = json_object_object_get(o, "clients"),
		    *counters = json_object_object_get(o, "counters");

	printf("original server: mode %s, keep-for %.0f s\n",
	       json_object_get_string(json_object_object_get(o, "mode")),
	       json_object_get_double(json_object_object_get(o, "keep_for_seconds")));
	print_choice(choice);
	printf("  only NFSv4 byte-range locks and delegations are kept; local applications are "
	       "refused, not held\n");
	if (!json_object_array_length(clients))
		printf("  no client has rebooted with locks\n");
	for (size_t i = 0; i < json_object_array_length(clients); i++) {
		json_object *c = json_object_array_get_idx(clients, i),
			    *ends = json_object_object_get(c, "ends_in_seconds");

		printf("  %-9s %s %s: %llu of %llu ranges left, others delayed %llu times",
		       json_object_get_string(json_object_object_get(c, "state")),
		       json_object_get_string(json_object_object_get(c, "address")) ?: "?",
		       json_object_get_string(json_object_object_get(c, "name")),
		       number(c, "ranges_left"), number(c, "ranges_kept"),
		       number(c, "others_delayed"));
		if (ends)
			printf("; ends in %.0f s", json_object_get_double(ends));
		if (json_object_get_boolean(
			    json_object_object_get(c, "all_of_its_file_systems_wait")))
			printf("; too many: all of its file systems wait");
		printf("\n");
	}
	json_object_object_foreach(counters, name, value)
	{
		if (json_object_get_uint64(value))
			printf("  %-22s %llu\n", name,
			       (unsigned long long)json_object_get_uint64(value));
	}
}

int rg_original_status(const struct rg_options *o)
{
	struct rg_org_set set;
	json_object *all;
	int err = rg_org_open(&set);

	if (err) {
		if (o->json)
			printf("{\"schema\": %d, \"version\": \"%s\", \"role\": \"original\", "
			       "\"enabled\": false}\n",
			       SCHEMA_VERSION, RG_VERSION);
		return err;
	}
	all = collect(&set);
	if (!rg_json_whole())
		err = rg_error(RG_FAILED, "status: out of memory, nothing is printed");
	else if (o->json)
		rg_json_print(stdout, all);
	else if (all)
		print(all, &set.state->choice[set.state->chosen & 1]);
	if (!err && !all)
		err = RG_FAILED;
	json_object_put(all);
	rg_org_close(&set);
	return err;
}
