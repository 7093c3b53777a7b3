/* SPDX-License-Identifier: GPL-2.0-only */
/* For the tests of report: recordings that are read or made up, and what is written of them. */
#pragma once

#include "unit.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include "report/advice.h"
#include "report/collect.h"
#include "report/report.h"

/* ---- reading ---- */

/* Of files in tests/unit/data; what is said goes into ear, which is at its end. */
static inline struct rg_report report_of(struct unit_ear *ear, size_t n, const char *const *names)
{
	struct rg_report r;
	char *paths[4];

	assert_true(n <= UNIT_COUNT(paths));
	for (size_t i = 0; i < n; i++)
		paths[i] = names[i][0] == '/' ? rg_text("%s", names[i])
					      : rg_text("%s/%s.ndjson", RG_TEST_DATA, names[i]);
	rg_report_init(&r);
	unit_listen(ear);
	rg_report_read(&r, paths, n);
	unit_heard(ear);
	for (size_t i = 0; i < n; i++)
		free(paths[i]);
	return r;
}

/* One that is read without a word. */
static inline struct rg_report read_well(const char *name)
{
	struct unit_ear ear;
	struct rg_report r = report_of(&ear, 1, &name);

	assert_string_equal(ear.text, "");
	assert_int_equal(r.bad_lines, 0);
	return r;
}

/* Lines as they are, each a recording's; a header comes first if it is asked for. */
#define HEADER                                                                                     \
	"{\"event\":\"header\",\"schema\":1,\"host\":\"rex\",\"boot_ns\":1000000000,"              \
	"\"boot_id\":\"one\",\"netns\":7,\"policy\":{\"release\":\"%s\",\"scope\":\"locks\","      \
	"\"action\":\"%s\"}}"

static inline void RG_PRINTF(2, 3) feed(struct rg_report *r, const char *fmt, ...)
{
	json_object *line;
	va_list args;
	char *text;

	va_start(args, fmt);
	text = rg_vtext(fmt, args);
	va_end(args);
	line = json_tokener_parse(text);
	unit_need(line);
	assert_true(rg_report_line(r, line));
	json_object_put(line);
	free(text);
}

#define MS "000000"
/* At so many milliseconds; `rest` begins with a comma. */
static inline void tell(struct rg_report *r, int ms, const char *event, const char *rest)
{
	feed(r, "{\"boot_ns\":%d" MS ",\"netns\":7,\"event\":\"%s\"%s}", ms, event, rest);
}

static inline void tell_gate(struct rg_report *r, int ms, const char *state)
{
	feed(r,
	     "{\"boot_ns\":%d" MS ",\"netns\":7,\"event\":\"GATE\",\"side\":\"gate\","
	     "\"state\":\"%s\",\"why\":\"x\"}",
	     ms, state);
}

/* A LOCK of end client `who`, of byte `byte`, by owner `owner` (0: none). */
static inline void tell_lock(struct rg_report *r, int ms, int who, int byte, int owner,
			     const char *claim, const char *status)
{
	char text[64] = "";

	if (owner)
		snprintf(text, sizeof(text), ",\"owner\":\"%016x\"", (unsigned int)owner);
	feed(r,
	     "{\"boot_ns\":%d" MS ",\"netns\":7,\"event\":\"LOCK\",\"side\":\"server\","
	     "\"claim\":\"%s\",\"client\":{\"addr\":\"10.0.0.%d\",\"minor\":2,\"name\":\"c%d\"},"
	     "\"file\":{\"dev\":\"0:45\",\"fileid\":5},\"start\":%d,\"length\":1%s,"
	     "\"status\":\"%s\"}",
	     ms, claim, who, who, byte, text, status);
}

#define REFUSED "reclaim", "NFS4ERR_NO_GRACE"
#define AGAIN "retake", "NFS4_OK"

static inline void begin(struct rg_report *r, const char *release, const char *action)
{
	rg_report_init(r);
	feed(r, HEADER, release, action);
	tell_gate(r, 1000, "closed");
	tell(r, 2000, "KNFSD_STARTING", ",\"side\":\"server\"");
	tell(r, 2100, "GRACE_START", ",\"side\":\"server\",\"grace_s\":15,\"expected\":1");
}

static inline const struct rg_recovery *only(struct rg_report *r)
{
	assert_int_equal(r->n, 1);
	return r->at[0];
}

static inline const struct rg_recovery *finish(struct rg_report *r)
{
	rg_report_finish(r);
	return only(r);
}

static inline void assert_says(const struct rg_recovery *r, size_t i, const char *text)
{
	assert_true(i < r->verdict.n);
	assert_string_equal(r->verdict.sentences[i], text);
}

static inline bool says(const struct rg_recovery *r, const char *part)
{
	for (size_t i = 0; i < r->verdict.n; i++)
		if (strstr(r->verdict.sentences[i], part))
			return true;
	return false;
}

/* ---- writing ---- */

static inline char *written(const struct rg_report *r,
			    void (*write)(const struct rg_report *, FILE *))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	unit_need(out);
	write(r, out);
	assert_int_equal(fclose(out), 0);
	unit_need(text);
	return text;
}

static inline void write_json(const struct rg_report *r, FILE *out)
{
	json_object *o = rg_report_json(r);

	fputs(json_object_to_json_string(o), out);
	json_object_put(o);
}

/* Whatever came in: JSON is JSON, and nobody's text is a tag or moves a terminal. */
static inline void check_outputs(const struct rg_report *r)
{
	char *text = written(r, rg_report_text), *html = written(r, rg_report_html),
	     *json = written(r, write_json);
	json_object *o = json_tokener_parse(json);

	unit_need(o);
	assert_int_equal(json_object_get_int(json_object_object_get(o, "schema")), 1);
	for (const char *c = text; *c; c++)
		assert_true((unsigned char)*c >= ' ' || *c == '\n');
	for (const char *c = html; *c; c++)
		assert_true((unsigned char)*c >= ' ' || *c == '\n');
	assert_null(strstr(html, "<script"));
	assert_null(strstr(html, "<img"));
	assert_null(strstr(html, "=\"nan"));
	assert_null(strstr(html, "=\"-nan"));
	assert_null(strstr(html, "=\"inf"));
	assert_null(strstr(html, "http://"));
	assert_null(strstr(html, "https://"));
	assert_non_null(strstr(html, "</html>"));
	json_object_put(o);
	free(text);
	free(html);
	free(json);
}

/* Runs of blanks are one: how lines are broken and columns are filled does not count. */
static inline char *squeezed(const char *text)
{
	char *out = calloc(1, strlen(text) + 1), *at = out;

	unit_need(out);
	for (; *text; text++)
		if (*text != ' ' && *text != '\n')
			*at++ = *text;
		else if (at > out && at[-1] != ' ')
			*at++ = ' ';
	return out;
}

static inline bool text_has(const struct rg_report *r, const char *part)
{
	char *text = written(r, rg_report_text), *in = squeezed(text), *what = squeezed(part);
	bool has = strstr(in, what) != NULL;

	free(text);
	free(in);
	free(what);
	return has;
}
