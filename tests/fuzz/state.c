// SPDX-License-Identifier: GPL-2.0-only
/* The daemon's files. The first byte says which: whatever is read of one is the same after it
 * was written and read once more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#include "state/budget.h"
#include "state/ledger.h"
#include "state/lost_file.h"
#include "state/ranges.h"
#include "state/regime.h"
#include "state/state.h"
#include "text/json.h"

#define NETNS 4026531840U

static json_object *again_ledger(json_object *o, char *why)
{
	json_object *out = NULL;
	struct rg_ledger l;

	if (rg_ledger_of_json(o, NETNS, &l, why) == 0)
		out = rg_ledger_json(&l);
	rg_ledger_free(&l);
	return out;
}

/* Parses what a function writes, which must be a file of ours. */
static json_object *written(rg_state_put *put, const void *what)
{
	char *text = NULL, why[RG_STATE_WHY] = "";
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);
	json_object *o;

	fuzz_need(to);
	put(to, what);
	fuzz_need(fclose(to) == 0);
	o = rg_state_parse(text, n, why);
	fuzz_need(o);
	free(text);
	return o;
}

static json_object *again_ranges(json_object *o, char *why)
{
	json_object *out = NULL;
	struct rg_ranges r;

	if (rg_ranges_of_json(o, NETNS, &r, why) == 0)
		out = written(rg_ranges_put, &r);
	rg_ranges_free(&r);
	return out;
}

static json_object *again_lost(json_object *o, char *why)
{
	json_object *out = NULL, *file;
	struct rg_lost l;
	const struct rg_losts all = {.at = {&l}};

	if (rg_lost_of_json(o, NETNS, &l, why) == 0) {
		struct rg_lost_sum sum = rg_lost_sum_of(&l);
		char text[RG_LOST_TEXT_SIZE];

		rg_lost_text(&l, &sum, text);
		fuzz_need(memchr(text, '\0', sizeof(text)));
		file = written(rg_losts_put, &all);
		out = json_object_get(
			json_object_array_get_idx(json_object_object_get(file, "recoveries"), 0));
		json_object_put(file);
	}
	rg_lost_free(&l);
	return out;
}

static json_object *again_budget(json_object *o, char *why)
{
	struct rg_budget *b = calloc(1, sizeof(*b));
	json_object *out = NULL;

	fuzz_need(b);
	if (rg_budget_of_json(o, NETNS, b, why) == 0) {
		json_object *status = rg_budget_json(b, 1795455072ULL * RG_NS_PER_SEC);

		rg_json_print(fuzz_page(), status);
		fuzz_printed(true);
		json_object_put(status);
		out = rg_budget_file_json(b);
	}
	free(b);
	return out;
}

static json_object *again_regime(json_object *o, char *why)
{
	struct rg_regime_kept k;

	memset(&k, 0, sizeof(k));
	return rg_regime_of_json(o, &k, why) == 0 ? rg_regime_file_json(&k) : NULL;
}

static json_object *(*const kinds[])(json_object *o, char *why) = {
	again_ledger, again_ranges, again_lost, again_budget, again_regime,
};

void fuzz_one(const char *bytes, size_t n)
{
	json_object *(*again)(json_object *, char *);
	json_object *o, *once, *twice;
	char why[RG_STATE_WHY] = "";

	if (!n)
		return;
	again = kinds[(unsigned char)*bytes % (sizeof(kinds) / sizeof(kinds[0]))];
	o = rg_state_parse(bytes + 1, n - 1, why);
	fuzz_need(memchr(why, '\0', sizeof(why)));
	if (!o)
		return;
	once = again(o, why);
	fuzz_need(memchr(why, '\0', sizeof(why)));
	json_object_put(o);
	if (!once)
		return;
	rg_json_print(fuzz_page(), once);
	fuzz_printed(true);
	/* What we write we read, and it says the same. */
	twice = again(once, why);
	if (!twice ||
	    strcmp(json_object_to_json_string(once), json_object_to_json_string(twice)) != 0) {
		dprintf(STDERR_FILENO, "once:  %s\ntwice: %s\n%s\n",
			json_object_to_json_string(once), json_object_to_json_string(twice), why);
		fuzz_fail(__FILE__, __LINE__, "what is written is read, and says the same");
	}
	json_object_put(once);
	json_object_put(twice);
}
