// SPDX-License-Identifier: GPL-2.0-only
/* The verbs about the policy alone: check the file, show what is in force, put the file in
 * force. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include "cli/verbs.h"
#include "mounts/classify.h"
#include "pins/gates.h"
#include "pins/protect.h"
#include "base/netns.h"
#include "text/json.h"
#include "text/shown.h"

#define SCHEMA_VERSION 1

/* ---- check ---- */

/* Print mistakes to standard output: here they are the result. */
static void print_mistake(const char *mistake)
{
	puts(mistake);
}

int rg_verb_policy_check(const struct rg_options *o)
{
	const char *file = o->file ?: RG_CONFIG_FILE;
	struct rg_config config;
	int n;

	if (!o->file && access(file, F_OK) < 0 && errno == ENOENT) {
		rg_say(stdout, "%s: does not exist: every key has its default", file);
		return RG_DONE;
	}
	rg_config_init(&config);
	n = rg_config_read(&config, file, RG_READ_STRICT, print_mistake);
	if (!n)
		rg_say(stdout, "%s: no mistakes", file);
	rg_config_free(&config);
	return n ? RG_FAILED : RG_DONE;
}

/* ---- show ---- */

/* It shows a gate. What is in force of [original] belongs to no gate: `status --role original`. */

static const char *const kinds[RG_NR_RULE_KINDS] = {
	[RG_RULE_MOUNT] = "mount",
	[RG_RULE_EXPORT] = "export",
	[RG_RULE_EXPORT_TREE] = "export-tree",
	[RG_RULE_EXCEPT] = "except",
};

/* Show the time that "lease" stands for. */
static char *value_text(const struct rg_policy_shown *s, enum rg_key key, size_t i,
			char buf[RG_PATH_SIZE])
{
	char time[32];
	size_t n;

	if (key == RG_KEY_PROGRAM) {
		snprintf(buf, RG_PATH_SIZE, "%zu executables", s->n_exempt);
		return buf;
	}
	rg_config_text(&s->config, key, i, buf);
	n = strlen(buf);
	if (key == RG_KEY_SETTLE_TIMEOUT && !s->config.policy.settle_timeout_s)
		snprintf(buf + n, RG_PATH_SIZE - n, " (%s)",
			 rg_seconds_text((long)s->settle_timeout_s, time));
	return buf;
}

/* The kernel keeps executables without their names. */
static size_t count_of(const struct rg_policy_shown *s, enum rg_key key)
{
	return key == RG_KEY_PROGRAM ? 1 : rg_config_count(&s->config, key);
}

static void print_line(FILE *out, const char *key, const char *value, const char *where)
{
	rg_say(out, "  %-20s  %-24s  %s", key, value, where);
}

static void print_section(FILE *out, const struct rg_policy_shown *s, int first)
{
	char value[RG_PATH_SIZE], where[RG_WHERE_SIZE];

	fprintf(out, "[%s]\n", rg_keys[first].section);
	for (int i = first; i < RG_NR_KEYS; i++) {
		if (strcmp(rg_keys[i].section, rg_keys[first].section) != 0)
			continue;
		rg_provenance_text(&s->from, i, where);
		for (size_t n = 0; n < count_of(s, i); n++)
			print_line(out, rg_keys[i].name, value_text(s, i, n, value), where);
		if (!count_of(s, i))
			print_line(out, rg_keys[i].name, "none", where);
	}
}

static void print_text(FILE *out, const struct rg_policy_shown *s)
{
	fprintf(out, "policy of network namespace %u\n", s->netns);
	for (int i = 0; i < RG_NR_KEYS; i++)
		if (!rg_key_is_of_original(i) && rg_key_is_first(i))
			print_section(out, s, i);
	for (size_t i = 0; i < s->n_rules; i++)
		if (s->rules[i].kind == RG_RULE_EXPORT || s->rules[i].kind == RG_RULE_EXPORT_TREE)
			rg_say(out, "guarded as exported: %s%s", s->rules[i].path,
			       s->rules[i].kind == RG_RULE_EXPORT ? "" : " and below");
}

static json_object *values_json(const struct rg_policy_shown *s)
{
	char value[RG_PATH_SIZE], where[RG_WHERE_SIZE];
	json_object *list = rg_json_array();

	for (int i = 0; i < RG_NR_KEYS; i++) {
		json_object *o, *all = NULL;
		__u32 line = s->from.line[i];

		if (rg_key_is_of_original(i))
			continue;
		o = rg_json_object();
		rg_json_put_text(o, "section", rg_keys[i].section);
		rg_json_put_text(o, "key", rg_keys[i].name);
		if (i == RG_KEY_PROGRAM) {
			rg_json_put(o, "executables", rg_json_uint(s->n_exempt));
		} else if (rg_key_is_list(i)) {
			all = rg_json_array();
			for (size_t n = 0; n < count_of(s, i); n++)
				rg_json_add_text(all, rg_config_text(&s->config, i, n, value));
			rg_json_put(o, "value", all);
		} else {
			rg_json_put_text(o, "value", rg_config_text(&s->config, i, 0, value));
		}
		rg_json_put_text(o, "from", rg_provenance_text(&s->from, i, where));
		line &= ~RG_FROM_COMMAND_LINE;
		rg_json_put(o, "line", line ? rg_json_uint(line) : NULL);
		rg_json_put(o, "command_line",
			    rg_json_bool(!!(s->from.line[i] & RG_FROM_COMMAND_LINE)));
		rg_json_add(list, o);
	}
	return list;
}

static bool print_json(FILE *out, const struct rg_policy_shown *s)
{
	json_object *all = rg_json_object(), *rules = rg_json_array();

	rg_json_put(all, "schema", rg_json_int(SCHEMA_VERSION));
	rg_json_put(all, "netns", rg_json_uint(s->netns));
	rg_json_put(all, "file", s->from.file[0] ? rg_json_text(s->from.file) : NULL);
	rg_json_put(all, "settle_timeout_seconds", rg_json_uint(s->settle_timeout_s));
	rg_json_put(all, "values", values_json(s));
	for (size_t i = 0; i < s->n_rules; i++) {
		const struct rg_rule *r = &s->rules[i];
		json_object *o = rg_json_object();

		rg_json_put_text(o, "kind", r->kind < RG_NR_RULE_KINDS ? kinds[r->kind] : "?");
		rg_json_put_text(o, "path", r->path);
		rg_json_put_text(o, "source", r->source);
		rg_json_add(rules, o);
	}
	rg_json_put(all, "rules", rules);
	return rg_json_end(all, out);
}

bool rg_policy_print(FILE *out, const struct rg_policy_shown *shown, bool json)
{
	if (json)
		return print_json(out, shown);
	print_text(out, shown);
	return true;
}

static size_t count_exempt(const struct rg_pins *p)
{
	struct rg_exempt_key key, next;
	void *at = NULL;
	size_t n = 0;

	/* Bound the loop by the map's size, since others may change the map meanwhile. */
	while (n < RG_MAX_EXEMPT &&
	       bpf_map_get_next_key(p->map_fd[RG_MAP_EXEMPT], at, &next) == 0) {
		key = next;
		at = &key;
		n++;
	}
	return n;
}

/* Print the mount rules of this gate alone, which the keys show as well. */
static int collect_rules(const struct rg_pins *p, __u32 slot, struct rg_policy_shown *s)
{
	char expected[RG_EXPECTED_SIZE];
	struct rg_rule *rules;
	size_t n;
	int err = rg_rules_read(p, &rules, &n);

	if (err)
		return rg_error(RG_FAILED, "map rules: cannot be read: %s", rg_strerror(err));
	s->rules = rules;
	for (size_t i = 0; i < n; i++) {
		struct rg_rule *r = &s->rules[s->n_rules];

		if (rules[i].slot != slot)
			continue;
		memmove(r, &rules[i], sizeof(*r));
		s->n_rules++;
		if (r->kind == RG_RULE_MOUNT || r->kind == RG_RULE_EXCEPT)
			rg_config_set(&s->config,
				      r->kind == RG_RULE_MOUNT ? RG_KEY_MOUNT : RG_KEY_EXCEPT,
				      r->path, 0, expected);
	}
	return RG_DONE;
}

static int collect(const struct rg_pins *p, __u32 slot, struct rg_policy_shown *s)
{
	struct rg_config *c = &s->config;
	struct rg_meta meta;
	struct rg_gate gate;

	if (bpf_map_lookup_elem(p->map_fd[RG_MAP_GATES], &slot, &gate) < 0)
		return rg_error(RG_FAILED, "map gates: cannot be read: %s", rg_strerror(errno));
	if (rg_pins_meta(p, &meta) < 0)
		return rg_error(RG_FAILED, "map meta: cannot be read: %s", rg_strerror(errno));
	s->netns = gate.netns;
	s->settle_timeout_s = rg_settle_timeout_ns(&gate) / RG_NS_PER_SEC;
	c->policy = gate.policy;
	c->exports = gate.policy.mount_mode == RG_MOUNT_MODE_EXPORTS;
	c->all = gate.policy.mount_mode == RG_MOUNT_MODE_ALL;
	memcpy(c->state_dir, meta.state_dir, sizeof(c->state_dir));
	c->state_dir[sizeof(c->state_dir) - 1] = '\0';
	c->ledger_interval_s = meta.ledger_interval_s;
	memcpy(c->metrics_dir, meta.metrics_dir, sizeof(c->metrics_dir));
	c->metrics_dir[sizeof(c->metrics_dir) - 1] = '\0';
	c->metrics_interval_s = meta.metrics_interval_s;
	c->record = meta.record;
	c->record_size = (long)meta.record_mib << 20;
	c->notify_nfsv3 = meta.notify_nfsv3;
	c->protect = meta.protect != RG_PROTECT_OFF;
	c->module = meta.module_policy;
	c->exempt_defaults = s->from.exempt_defaults;
	s->n_exempt = count_exempt(p);
	return collect_rules(p, slot, s);
}

/* Opens the set and finds the gate of this network namespace: its slot, and the source of its
 * policy. If RG_DONE, p is open and locked, and the caller closes it. */
static int open_gate(struct rg_pins *p, __u32 *slot, struct rg_provenance *from)
{
	__u32 netns = rg_netns_self();
	int found, err = rg_pins_open_enabled(p, RG_LOCK_SHARED);

	if (err)
		return err;
	found = rg_gate_here(p);
	*slot = (__u32)found;
	if (found < 0)
		err = rg_error(RG_NOT_ENABLED,
			       "network namespace %u: has no gate; `reexport-guard status` lists "
			       "those there are, --netns names one",
			       netns);
	else if (bpf_map_lookup_elem(p->map_fd[RG_MAP_PROVENANCE], slot, from) < 0)
		err = rg_error(RG_FAILED, "map provenance: cannot be read: %s", rg_strerror(errno));
	if (err)
		rg_pins_close(p);
	from->file[sizeof(from->file) - 1] = '\0';
	return err;
}

int rg_verb_policy_show(const struct rg_options *o)
{
	struct rg_policy_shown shown = {};
	struct rg_pins p;
	__u32 slot;
	int err = rg_enter_netns(o) ?: open_gate(&p, &slot, &shown.from);

	if (err)
		return err;
	rg_config_init(&shown.config);
	err = collect(&p, slot, &shown);
	rg_pins_close(&p);
	if (!err && !rg_policy_print(stdout, &shown, o->json))
		err = rg_error(RG_FAILED, "policy show: out of memory, nothing is printed");
	rg_config_free(&shown.config);
	free(shown.rules);
	return err;
}

/* ---- reload ---- */

/* Acts as a second `enable` with the file alone. */
int rg_verb_policy_reload(const struct rg_options *o)
{
	struct rg_options file_only = {.verb = o->verb,
				       .config = o->config,
				       .force_rung = -1,
				       .force_follow = -1,
				       .force_hold = -1,
				       .force_continue = -1};
	struct rg_provenance from = {};
	struct rg_config config;
	struct rg_arm_request request;
	struct rg_pins p;
	__u32 slot;
	int err = rg_enter_netns(o) ?: open_gate(&p, &slot, &from);

	if (err)
		return err;
	rg_pins_close(&p);
	if (!file_only.config)
		file_only.config = from.file[0] ? from.file : RG_CONFIG_FILE;
	err = rg_arm_request_of(&file_only, &config, &request);
	request.only_again = true; /* `disable` may have run in between */
	err = err ?: rg_original_can(&config);
	err = err ?: rg_arm_and_say(&request);
	err = err ?: rg_original_reload(&config);
	rg_config_free(&config);
	return err;
}
