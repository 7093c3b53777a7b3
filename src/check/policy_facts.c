// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "check/policy.h"
#include "check/root.h"
#include "pins/gates.h"
#include "load/host.h"
#include "policy/rules.h"

/* rg_hear takes no argument, so one file is read at a time. */
static struct rg_policy_facts *hearing;

static void hear(const char *mistake)
{
	if (hearing->n_mistakes++ == 0)
		snprintf(hearing->mistake, sizeof(hearing->mistake), "%s", mistake);
}

static void hear_nothing(const char *mistake)
{
	(void)mistake;
}

static int add_rule(struct rg_policy_facts *p, __u32 kind, const char *path, const char *source)
{
	struct rg_rule *more = reallocarray(p->rules, p->n_rules + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	p->rules = more;
	more += p->n_rules++;
	*more = (struct rg_rule){.kind = kind};
	snprintf(more->path, sizeof(more->path), "%s", path);
	snprintf(more->source, sizeof(more->source), "%s", source);
	return 0;
}

/* Makes the rules that `enable` would make of the configuration, without its messages. */
static int make_rules(const struct rg_config *c, const struct rg_reexport_facts *r,
		      struct rg_policy_facts *p)
{
	int err = 0;

	for (size_t i = 0; i < c->mounts.n && !err; i++) {
		const struct rg_mount *m = rg_mount_of(&r->mounts, c->mounts.at[i]);

		err = add_rule(p, RG_RULE_MOUNT, m ? m->target : c->mounts.at[i],
			       m ? m->source : "");
	}
	for (size_t i = 0; i < c->excepts.n && !err; i++)
		err = add_rule(p, RG_RULE_EXCEPT, c->excepts.at[i], "");
	for (size_t i = 0;
	     c->policy.mount_mode == RG_MOUNT_MODE_EXPORTS && i < r->exports.n && !err; i++)
		err = add_rule(p,
			       r->exports.at[i].options.crossmnt ? RG_RULE_EXPORT_TREE
								 : RG_RULE_EXPORT,
			       r->real[i], "");
	return err;
}

/* config: NULL for the file of this host, which need not exist. */
static void read_file(const char *root, const char *config, const struct rg_reexport_facts *r,
		      struct rg_policy_facts *p)
{
	int optional = config ? 0 : RG_READ_OPTIONAL;
	char file[RG_ROOT_PATH];
	struct rg_config c;

	p->asked = config != NULL;
	snprintf(p->file, sizeof(p->file), "%s", config ?: RG_CONFIG_FILE);
	if (config)
		snprintf(file, sizeof(file), "%s", config);
	else
		rg_root_path(root, RG_CONFIG_FILE, file);
	rg_config_init(&c);
	hearing = p;
	if (rg_config_read(&c, file, optional | RG_READ_STRICT, hear)) {
		/* `enable` accepts some of these mistakes. */
		rg_config_free(&c);
		rg_config_init(&c);
		p->only_programs = rg_config_read(&c, file, optional, hear_nothing) == 0;
	}
	snprintf(p->state_dir, sizeof(p->state_dir), "%s", c.state_dir);
	p->known = !p->n_mistakes || p->only_programs;
	p->no_file = !p->n_mistakes && !c.file[0];
	if (p->known) {
		p->policy = c.policy;
		p->scope_said = rg_config_says(&c, RG_KEY_SCOPE);
		if (make_rules(&c, r, p))
			p->n_rules = 0;
	}
	rg_config_free(&c);
}

/* Reads the gate of this network namespace. Returns false if there is none or it cannot be
 * read. */
static bool read_gate(struct rg_policy_facts *p)
{
	struct rg_provenance from = {};
	struct rg_rules rules = {};
	struct rg_gate gate;
	struct rg_meta meta;
	struct rg_pins pins;
	int slot = -1;
	__u32 key;

	rg_pins_init(&pins);
	if (rg_pins_lock(&pins, RG_LOCK_SHARED, false) == 0 && rg_pins_open(&pins) == 0)
		slot = rg_gate_here(&pins);
	key = (__u32)slot;
	if (slot >= 0 && bpf_map_lookup_elem(pins.map_fd[RG_MAP_GATES], &key, &gate) == 0 &&
	    bpf_map_lookup_elem(pins.map_fd[RG_MAP_PROVENANCE], &key, &from) == 0 &&
	    rg_pins_meta(&pins, &meta) == 0 && rg_rules_of(&pins, key, &rules) == 0) {
		p->policy = gate.policy;
		p->scope_said = from.line[RG_KEY_SCOPE] != 0;
		for (size_t i = 0; i < rules.n; i++)
			rules.at[i].slot = 0;
		p->rules = rules.at;
		p->n_rules = rules.n;
		meta.state_dir[sizeof(meta.state_dir) - 1] = '\0';
		snprintf(p->state_dir, sizeof(p->state_dir), "%s", meta.state_dir);
		p->in_force = p->known = true;
	} else {
		rg_rules_free(&rules);
	}
	rg_pins_close(&pins);
	return p->in_force;
}

void rg_policy_gather(const char *root, const char *config, bool privileged,
		      const struct rg_reexport_facts *r, struct rg_policy_facts *p)
{
	memset(p, 0, sizeof(*p));
	p->enabled = rg_root_has(root, RG_PIN_DIR);
	p->write_delegations = rg_root_is_here(root) ? rg_host_write_delegations() : -1;
	p->leases_err = rg_root_number(root, "/proc/sys/fs/leases-enable", &p->leases);
	if (config || p->enabled != 1 || !privileged || !rg_root_is_here(root) || !read_gate(p))
		read_file(root, config, r, p);
}

void rg_policy_facts_free(struct rg_policy_facts *p)
{
	free(p->rules);
	*p = (struct rg_policy_facts){};
}
