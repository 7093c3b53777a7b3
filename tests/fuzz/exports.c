// SPDX-License-Identifier: GPL-2.0-only
/* exports(5), etab and exportfs -s. The first byte says which. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#include "mounts/exports.h"

static void hear(void *arg, const char *file, unsigned int line, const char *what)
{
	(void)arg;
	rg_exports_warn(NULL, file, line, what);
}

void fuzz_one(const char *bytes, size_t n)
{
	struct rg_exports exports = {};
	struct rg_rule *rules = NULL;
	size_t n_rules = 0;

	if (!n)
		return;
	fuzz_need(rg_exports_parse(&exports, bytes + 1, n - 1,
				   (enum rg_export_source)((unsigned char)*bytes %
							   (RG_FROM_KERNEL + 1)),
				   "exports", hear, NULL) == 0);
	for (size_t i = 0; i < exports.n; i++) {
		fuzz_need(exports.at[i].path[0] == '/');
		fuzz_need(!strstr(exports.at[i].path, "//"));
		fuzz_need(!i || strcmp(exports.at[i - 1].path, exports.at[i].path) < 0);
	}
	if (rg_exports_rules(&exports, 1, &rules, &n_rules) == 0)
		fuzz_need(n_rules <= RG_MAX_RULES);
	free(rules);
	rg_exports_free(&exports);
}
