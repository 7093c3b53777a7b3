// SPDX-License-Identifier: GPL-2.0-only
/* Will it work here, and will end clients keep their locks? */
#include <stdio.h>

#include "check/check.h"
#include "cli/verbs.h"

int rg_verb_check(const struct rg_options *o)
{
	struct rg_findings f;
	int status;

	rg_check("", &f);
	if (o->json)
		rg_findings_json(&f, stdout);
	else
		rg_findings_text(&f, stdout);
	status = rg_findings_status(&f);
	if (f.no_memory)
		status = rg_error(RG_FAILED, "check: out of memory, findings are missing");
	rg_findings_free(&f);
	return status;
}
