// SPDX-License-Identifier: GPL-2.0-only
/* A record, of any bytes, as a line of JSON and for people, and back from JSON. */
#include <string.h>

#include "fuzz.h"

#include "record/record_json.h"
#include "record/record_parse.h"
#include "record/record_text.h"

void fuzz_one(const char *bytes, size_t n)
{
	static const struct rg_text_style styles[] = {{},
						      {.width = 80, .utf8 = true},
						      {.width = 1}};
	static const struct rg_mountpoint mount = {.dev = 45,
						   .path = (char *)"/srv/\x01\xff\xc3\xa9",
						   .path_n = 9};
	static const struct rg_mountpoints mounts = {.at = (struct rg_mountpoint *)&mount, .n = 1};
	const struct rg_record_around around = {.mounts = &mounts};
	static char line[RG_RECORD_JSON_MAX], text[RG_RECORD_TEXT_MAX];
	struct rg_second kept = {}, kept_text = {};
	struct rg_record r = {}, again;
	json_object *o;
	__u64 wall_ns;
	size_t length;

	memcpy(&r, bytes, n < sizeof(r) ? n : sizeof(r));
	length = rg_record_json(&r, &around, &kept, line, sizeof(line) - 1);
	fuzz_need(length > 1 && line[length - 1] == '\n');
	fwrite(line, 1, length, fuzz_page());
	fuzz_printed(true);
	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++) {
		size_t len =
			rg_record_text(&r, &around, &styles[i], &kept_text, text, sizeof(text));

		fuzz_need(len > 0);
		fuzz_clean(text, len);
	}
	line[length] = '\0';
	o = json_tokener_parse(line);
	fuzz_need(o);
	if (rg_record_of_json(o, &again, &wall_ns))
		fuzz_need(again.op == r.op);
	json_object_put(o);
}
