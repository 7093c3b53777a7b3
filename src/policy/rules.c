// SPDX-License-Identifier: GPL-2.0-only
#include "policy/rules.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "mounts/classify.h"
#include "mounts/exports.h"
#include "mounts/resolve.h"
#include "base/log.h"

static int add(struct rg_rules *rules, const struct rg_rule *rule)
{
	struct rg_rule *more = reallocarray(rules->at, rules->n + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	rules->at = more;
	more[rules->n++] = *rule;
	return 0;
}

/* Makes a rule of the whole mount that the path lies on: a superblock cannot be guarded in
 * part. */
static int mount_rule(const char *path, const struct rg_mounts *mounts, struct rg_rule *out)
{
	const struct rg_mount *m = rg_mount_of(mounts, path);
	char real[RG_PATH_SIZE];

	if (!m && rg_mounts_resolve(mounts, path, real) == 0)
		m = rg_mount_of(mounts, real);
	if (!m)
		return rg_error(RG_FAILED,
				"--mount %s: not on an NFS mount of this mount namespace; mount it "
				"first, or use --all or --exports, which guard mounts to come as "
				"well",
				path);
	if (strlen(m->source) >= sizeof(out->source) || strlen(m->target) >= sizeof(out->path))
		return rg_error(RG_FAILED, "--mount %s: its source %.40s... is too long", path,
				m->source);
	out->kind = RG_RULE_MOUNT;
	strcpy(out->path, m->target);
	strcpy(out->source, m->source);
	return RG_DONE;
}

/* Adds the rules of the exports; on an error, of those that could be read. With `ask` runs
 * exportfs and nfsconf, which may take seconds each. */
static int exports_rules(struct rg_rules *rules, __u32 slot, bool ask)
{
	struct rg_exports_where where;
	struct rg_exports exports = {};
	struct rg_mounts mounts;
	struct rg_rule *made = NULL;
	size_t n = 0;
	int err, one;

	rg_exports_where("", ask, &where);
	err = rg_exports_collect(&exports, &where, ask, rg_exports_warn, NULL);
	one = rg_mounts_read("/proc/self/mountinfo", &mounts);
	if (!one) {
		one = rg_exports_resolve(&exports, &where, &mounts);
		rg_mounts_free(&mounts);
	}
	err = err ?: one;
	one = rg_exports_rules(&exports, slot, &made, &n);
	for (size_t i = 0; i < n && !one; i++)
		one = add(rules, &made[i]);
	free(made);
	rg_exports_free(&exports);
	return one ?: err;
}

static int except_rule(const char *path, const struct rg_mounts *mounts, struct rg_rules *rules)
{
	struct rg_rule rule = {.kind = RG_RULE_EXCEPT};

	if (rg_mounts_resolve(mounts, path, rule.path))
		snprintf(rule.path, sizeof(rule.path), "%s", path);
	return add(rules, &rule);
}

static bool has_end_clients(void)
{
	DIR *d = opendir("/proc/fs/nfsd/clients");
	struct dirent *e;
	bool any = false;

	while (d && !any && (e = readdir(d)))
		any = e->d_name[0] != '.';
	if (d)
		closedir(d);
	return any;
}

static void warn_of_none(void)
{
	if (has_end_clients())
		rg_warn("knfsd has end clients, and no export is seen, neither in %s, %s and etab "
			"nor in knfsd's own list: no mount is guarded. Name what is exported with "
			"--mount; `reexport-guard check` says more",
			RG_EXPORTS, RG_EXPORTS_D);
	else
		rg_warn("%s, %s: nothing is exported: no mount is guarded until something is",
			RG_EXPORTS, RG_EXPORTS_D);
}

int rg_rules_make(const struct rg_config *config, const struct rg_mounts *mounts,
		  struct rg_rules *rules)
{
	int err = RG_DONE, failed = 0;

	memset(rules, 0, sizeof(*rules));
	for (size_t i = 0; i < config->mounts.n && !err; i++) {
		struct rg_rule rule = {};

		err = mount_rule(config->mounts.at[i], mounts, &rule);
		if (!err)
			failed = add(rules, &rule) ?: failed;
	}
	for (size_t i = 0; i < config->excepts.n; i++)
		failed = except_rule(config->excepts.at[i], mounts, rules) ?: failed;
	if (!err && config->policy.mount_mode == RG_MOUNT_MODE_EXPORTS)
		failed = exports_rules(rules, 0, true) ?: failed;
	if (!err && failed && failed != -E2BIG)
		err = rg_error(RG_FAILED, "exports: cannot be collected: %s", rg_strerror(failed));
	if (!err && config->policy.mount_mode == RG_MOUNT_MODE_EXPORTS && !rules->n)
		warn_of_none();
	if (!err && (failed || rules->n > RG_MAX_RULES))
		err = rg_error(RG_FAILED,
			       "mounts and exports: there is room for %d; guard fewer by --mount, "
			       "or all of them with --all",
			       RG_MAX_RULES);
	if (err)
		rg_rules_free(rules);
	return err;
}

int rg_rules_of(const struct rg_pins *p, __u32 slot, struct rg_rules *rules)
{
	size_t n = 0;
	int err = rg_rules_read(p, &rules->at, &rules->n);

	for (size_t i = 0; i < rules->n && !err; i++)
		if (rules->at[i].slot == slot)
			rules->at[n++] = rules->at[i];
	rules->n = n;
	return err;
}

static bool is_export(const struct rg_rule *rule)
{
	return rule->kind == RG_RULE_EXPORT || rule->kind == RG_RULE_EXPORT_TREE;
}

static bool is_of_knfsd(const struct rg_rule *rule)
{
	return is_export(rule) && strcmp(rule->source, RG_RULE_OF_KNFSD) == 0;
}

static const struct rg_rule *same_export(const struct rg_rules *rules, const struct rg_rule *rule)
{
	for (size_t i = 0; i < rules->n; i++)
		if (is_export(&rules->at[i]) && strcmp(rules->at[i].path, rule->path) == 0)
			return &rules->at[i];
	return NULL;
}

/* Drops the rules that only knfsd's list still gives although a file gave them before: the
 * export was withdrawn, and knfsd merely has it in its cache. */
static void drop_leftovers(struct rg_rules *fresh, const struct rg_rules *before)
{
	size_t n = 0;

	for (size_t i = 0; i < fresh->n; i++) {
		const struct rg_rule *was = same_export(before, &fresh->at[i]);

		if (!is_of_knfsd(&fresh->at[i]) || !was || is_of_knfsd(was))
			fresh->at[n++] = fresh->at[i];
	}
	fresh->n = n;
}

int rg_rules_take_over(struct rg_rules *fresh, const struct rg_rules *before, bool all)
{
	int err = 0;

	if (!all)
		drop_leftovers(fresh, before);
	for (size_t i = 0; i < before->n && !err; i++) {
		const struct rg_rule *rule = &before->at[i];

		if (!is_export(rule) || all || (is_of_knfsd(rule) && !same_export(fresh, rule)))
			err = add(fresh, rule);
	}
	return err;
}

int rg_rules_refresh(struct rg_rules *rules, __u32 slot)
{
	struct rg_rules fresh = {};
	int err = exports_rules(&fresh, slot, false), one;

	one = rg_rules_take_over(&fresh, rules, err != 0);
	if (one) {
		rg_rules_free(&fresh);
		return one;
	}
	rg_rules_free(rules);
	*rules = fresh;
	return err;
}

int rg_rules_write(const struct rg_pins *p, const struct rg_rules *ours, __u32 slot)
{
	struct rg_rule *old, one;
	struct rg_meta meta;
	size_t n_old;
	__u32 used = 0;
	int err = rg_rules_read(p, &old, &n_old);

	if (err)
		return err;
	for (size_t i = 0; i < n_old + ours->n && !err; i++) {
		if (i < n_old) {
			if (old[i].slot == slot)
				continue;
			one = old[i];
		} else {
			one = ours->at[i - n_old];
			one.slot = slot;
		}
		if (used >= RG_MAX_RULES)
			err = -ENOSPC;
		else if (bpf_map_update_elem(p->map_fd[RG_MAP_RULES], &used, &one, BPF_ANY) < 0)
			err = -errno;
		used++;
	}
	free(old);
	if (err)
		return err;
	if (rg_pins_meta(p, &meta) < 0)
		return -errno;
	meta.rules = used;
	return rg_pins_set_meta(p, &meta) < 0 ? -errno : 0;
}

void rg_rules_free(struct rg_rules *rules)
{
	free(rules->at);
	memset(rules, 0, sizeof(*rules));
}
