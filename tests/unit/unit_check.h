/* SPDX-License-Identifier: GPL-2.0-only */
/* For the tests of `check`: what was found, and facts from text. */
#pragma once

#include <fcntl.h>

#include "unit.h"

#include "check/exports.h"

/* The first finding with this id; NULL: there is none. */
static inline const struct rg_finding *found(const struct rg_findings *f, enum rg_finding_id id)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->at[i].id == id)
			return &f->at[i];
	return NULL;
}

/* That finding is there with this severity; else the test fails. RG_OK will do for
 * "nothing is said of it", too. */
static inline void expect(const struct rg_findings *f, enum rg_finding_id id,
			  enum rg_severity severity)
{
	const struct rg_finding *one = found(f, id);

	if (!one && severity == RG_OK)
		return;
	if (!one)
		fail_msg("%s is not found", rg_finding_name(id));
	unit_need(one);
	if (one->severity != severity)
		fail_msg("%s is %s: %s", rg_finding_name(id), rg_severity_name(one->severity),
			 one->evidence);
	/* What is wrong has a way out. */
	if (severity == RG_PROBLEM || severity == RG_WARNING)
		assert_non_null(one->remedy);
}

/* A file with this text; its name, until the next call. */
static inline const char *file_of(const char *text, size_t n)
{
	static char name[64];
	static int fd = -1;

	if (fd >= 0)
		close(fd);
	fd = memfd_create("unit-file", MFD_CLOEXEC);
	unit_need(fd >= 0);
	unit_need(write(fd, text, n) == (ssize_t)n);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return name;
}

/* Exports and a mount table from text. rg_reexport_free(). */
static inline void facts_of(struct rg_reexport_facts *r, const char *exports, const char *mountinfo)
{
	memset(r, 0, sizeof(*r));
	unit_need(rg_exports_parse(&r->exports, exports, strlen(exports), RG_FROM_FILE,
				   "/etc/exports", NULL, NULL) == 0);
	unit_need(rg_mounts_read(file_of(mountinfo, strlen(mountinfo)), &r->mounts) == 0);
	r->real = calloc(r->exports.n + 1, sizeof(*r->real));
	unit_need(r->real);
	for (size_t i = 0; i < r->exports.n; i++) {
		r->real[i] = strdup(r->exports.at[i].path);
		unit_need(r->real[i]);
	}
	unit_need(rg_reexport_work_out(r) == 0);
}
