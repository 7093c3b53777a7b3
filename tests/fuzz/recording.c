// SPDX-License-Identifier: GPL-2.0-only
/* A recording: what `report` prints of it as text, HTML and JSON, and the records that
 * `demo --replay` makes of it. */
#include "fuzz.h"

#include "record/record_parse.h"
#include "report/report.h"
#include "text/json.h"

static void replay(const char *bytes, size_t n)
{
	struct json_tokener *tok = json_tokener_new();

	fuzz_need(tok);
	for (size_t from = 0, end; from < n; from = end + 1) {
		struct rg_record r;
		json_object *o;
		__u64 wall_ns;

		for (end = from; end < n && bytes[end] != '\n'; end++)
			;
		json_tokener_reset(tok);
		o = json_tokener_parse_ex(tok, bytes + from, (int)(end - from));
		if (o)
			rg_record_of_json(o, &r, &wall_ns);
		json_object_put(o);
	}
	json_tokener_free(tok);
}

void fuzz_one(const char *bytes, size_t n)
{
	char *file = (char *)fuzz_file("recording", bytes, n);
	struct rg_report r;
	json_object *o;

	rg_report_init(&r);
	rg_report_read(&r, &file, 1);
	rg_report_text(&r, fuzz_page());
	fuzz_printed(false);
	rg_report_html(&r, fuzz_page());
	fuzz_printed(false);
	o = rg_report_json(&r);
	rg_json_print(fuzz_page(), o);
	json_object_put(o);
	fuzz_printed(true);
	rg_report_free(&r);
	replay(bytes, n);
}
