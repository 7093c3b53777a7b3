// SPDX-License-Identifier: GPL-2.0-only
/* nfs.conf, which may include itself. */
#include <sys/stat.h>

#include "fuzz.h"

#include "mounts/exports.h"
#include "mounts/nfsconf.h"

void fuzz_one(const char *bytes, size_t n)
{
	struct rg_exports_where where;
	struct rg_nfsconf conf;
	char etc[128];
	long long number;

	snprintf(etc, sizeof(etc), "%s/etc", fuzz_dir);
	mkdir(etc, 0700);
	fuzz_file("etc/nfs.conf", bytes, n);
	rg_nfsconf_read(fuzz_dir, false, &conf);
	rg_nfsconf_get(&conf, "exportfs", "rootdir");
	rg_nfsconf_number(&conf, "nfsd", "grace-time", &number);
	rg_nfsconf_is(&conf, "nfsd", "vers4", true);
	fuzz_need(conf.trouble[sizeof(conf.trouble) - 1] == '\0');
	rg_nfsconf_free(&conf);
	rg_exports_where(fuzz_dir, false, &where);
}
