// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check/lease.h"
#include "check/root.h"

/* Returns the target of "device SOURCE mounted on TARGET with fstype nfs4 ..." as written there,
 * owned by the caller. NULL: another line, or no memory. */
static char *target_of(char *line)
{
	char *at = strncmp(line, "device ", 7) == 0 ? strstr(line, " mounted on ") : NULL, *end;

	if (!at)
		return NULL;
	at += strlen(" mounted on ");
	end = strstr(at, " with fstype nfs");
	return end ? strndup(at, (size_t)(end - at)) : NULL;
}

static int add(struct rg_lease_facts *l, char *target, long long lease_s)
{
	struct rg_mount_lease *more = reallocarray(l->at, l->n + 1, sizeof(*more));

	if (!more) {
		free(target);
		return -ENOMEM;
	}
	l->at = more;
	more[l->n++] = (struct rg_mount_lease){.target = target, .lease_s = lease_s};
	return 0;
}

int rg_lease_read(const char *file, struct rg_lease_facts *l)
{
	static const char key[] = ",lease_time=";
	char *line = NULL, *target = NULL;
	FILE *f = fopen(file, "re");
	size_t size = 0;
	int err = 0;

	if (!f)
		return -errno;
	while (!err && getline(&line, &size, f) >= 0) {
		const char *lease = strncmp(line, "\tnfsv4:", 7) == 0 ? strstr(line, key) : NULL;
		long long s;

		if (strncmp(line, "device ", 7) == 0) {
			free(target);
			target = target_of(line);
		}
		s = lease ? strtoll(lease + strlen(key), NULL, 10) : 0;
		if (s <= 0 || !target)
			continue;
		err = add(l, target, s);
		target = NULL;
	}
	free(target);
	free(line);
	fclose(f);
	return err;
}

static void read_budget(const char *root, const char *state_dir, struct rg_lease_facts *l)
{
	char dir[RG_ROOT_PATH], boot_id[RG_BOOT_ID_SIZE], why[RG_STATE_WHY];
	struct rg_budget_now now = {};
	json_object *o = NULL;

	rg_budget_clocks(&now);
	l->wall_ns = now.wall_ns;
	l->kernel_ns = now.wall_ns > now.boot_ns ? now.wall_ns - now.boot_ns : 0;
	l->budget_err = rg_state_load(rg_root_path(root, state_dir, dir), RG_BUDGET_FILE, &o, why);
	if (!l->budget_err && !o)
		l->budget_err = -ENOENT;
	if (l->budget_err)
		return;
	l->budget = calloc(1, sizeof(*l->budget));
	l->budget_err =
		l->budget ? rg_budget_of_json(o, rg_state_init_netns(), l->budget, why) : -ENOMEM;
	json_object_put(o);
	if (!l->budget_err && rg_boot_id(boot_id) == 0)
		rg_budget_begin(l->budget, boot_id);
}

void rg_lease_gather(const char *root, const char *state_dir, struct rg_lease_facts *l)
{
	char file[RG_ROOT_PATH];

	memset(l, 0, sizeof(*l));
	l->leases_err = rg_lease_read(rg_root_path(root, "/proc/self/mountstats", file), l);
	read_budget(root, state_dir, l);
}

void rg_lease_free(struct rg_lease_facts *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->at[i].target);
	free(l->at);
	free(l->budget);
	*l = (struct rg_lease_facts){};
}
