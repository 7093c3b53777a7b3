// SPDX-License-Identifier: GPL-2.0-only
/* The verb check: does the guard work on this host, and do end clients keep their locks? */
#include <stdio.h>

#include "check/check.h"
#include "cli/terminal.h"
#include "cli/verbs.h"

int rg_verb_check(const struct rg_options *o)
{
	const struct rg_findings_look look = {
		.least = o->severity < RG_NR_SEVERITIES ? (enum rg_severity)o->severity : RG_OK,
		.width = rg_terminal_width(),
		.colour = rg_terminal_has_colours(),
	};
	struct rg_findings f;
	bool whole = true;
	int status;

	rg_check("", o->config, &f);
	if (o->quiet)
		;
	else if (o->json)
		whole = !f.no_memory && rg_findings_json(&f, look.least, stdout);
	else
		rg_findings_text(&f, &look, stdout);
	status = rg_findings_status(&f);
	if (!whole)
		status = rg_error(RG_FAILED, "check: out of memory, nothing is printed");
	else if (f.no_memory)
		status = rg_error(RG_FAILED, "check: out of memory, findings are missing");
	rg_findings_free(&f);
	return status;
}
