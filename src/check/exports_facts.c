// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/exports.h"
#include "check/root.h"

static void hear(void *arg, const char *file, unsigned int line, const char *what)
{
	struct rg_reexport_facts *r = arg;

	if (r->n_bad++ == 0)
		snprintf(r->bad, sizeof(r->bad), "%s:%u: %s", file, line, what);
}

static char *without_links(const struct rg_reexport_facts *r, const char *path)
{
	char real[RG_PATH_SIZE];

	return strdup(rg_exports_real(&r->where, &r->mounts, path, real) ? path : real);
}

void rg_reexport_gather(const char *root, struct rg_reexport_facts *r)
{
	char file[RG_ROOT_PATH];
	int err = 0;

	memset(r, 0, sizeof(*r));
	r->mounts_err =
		rg_mounts_read(rg_root_path(root, "/proc/self/mountinfo", file), &r->mounts);
	rg_mounts_ask_fsids(rg_root_path(root, RG_VOLUMES, file), &r->mounts);
	rg_exports_where(root, true, &r->where);
	r->exports_err = rg_exports_collect(&r->exports, &r->where, false, hear, r);
	r->real = calloc(r->exports.n + 1, sizeof(*r->real));
	if (!r->real)
		err = -ENOMEM;
	for (size_t i = 0; i < r->exports.n && !err; i++) {
		r->real[i] = without_links(r, r->exports.at[i].path);
		if (!r->real[i])
			err = -ENOMEM;
	}
	err = err ?: rg_reexport_work_out(r);
	if (err) {
		rg_reexport_free(r);
		r->exports_err = r->mounts_err = err;
	}
}

void rg_reexport_free(struct rg_reexport_facts *r)
{
	for (size_t i = 0; r->real && i < r->exports.n; i++)
		free(r->real[i]);
	free(r->real);
	free(r->reexported);
	rg_exports_free(&r->exports);
	rg_mounts_free(&r->mounts);
	*r = (struct rg_reexport_facts){};
}
