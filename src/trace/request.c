// SPDX-License-Identifier: GPL-2.0-only
#include "trace/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "record/recording.h"
#include "text/size.h"

#define MAX_DURATION_S (366L * 86400)
#define MIN_SIZE (4ULL << 10)
#define MAX_SIZE (1ULL << 40)
#define MAX_KEEP 1000

static const char *given(const struct rg_options *o, enum rg_option option)
{
	return o->trace[option - RG_OPT_TRACE_CLIENT];
}

static int bad(const struct rg_options *o, const char *name, const char *value,
	       const char *expected)
{
	return rg_error(RG_USAGE, "%s: --%s %s: expected %s", o->verb, name, value, expected);
}

/* ---- which records ---- */

static int take_filter(const struct rg_options *o, struct rg_filter *f)
{
	static const struct {
		enum rg_option option;
		const char *name;
		bool (*take)(struct rg_filter *f, const char *text, char *expected);
	} conditions[] = {
		{RG_OPT_TRACE_CLIENT, "client", rg_filter_client},
		{RG_OPT_TRACE_FILE, "file", rg_filter_file},
		{RG_OPT_TRACE_OP, "op", rg_filter_ops},
		{RG_OPT_TRACE_SIDE, "side", rg_filter_sides},
	};
	char expected[RG_FILTER_EXPECTED];

	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		const char *value = given(o, conditions[i].option);

		if (value && !conditions[i].take(f, value, expected))
			return bad(o, conditions[i].name, value, expected);
	}
	f->errors = given(o, RG_OPT_TRACE_ERRORS) != NULL;
	f->downgrades = given(o, RG_OPT_TRACE_DOWNGRADES) != NULL;
	return RG_DONE;
}

/* ---- numbers ---- */

static bool number_of(const char *text, __u64 max, __u64 *n)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*n = strtoull(text, &end, 10);
	return !errno && !*end && *n && *n <= max;
}

static int take_end(const struct rg_options *o, struct rg_trace_request *w)
{
	const char *count = given(o, RG_OPT_TRACE_COUNT), *time = given(o, RG_OPT_TRACE_DURATION);
	long seconds = 0;

	if (count && !number_of(count, ~0ULL, &w->count))
		return bad(o, "count", count, "a number, at least 1");
	if (time)
		seconds = rg_seconds_of(time, 1, MAX_DURATION_S);
	if (seconds < 0)
		return bad(o, "duration", time, "a time of 1s to 366 days: 90, 90s, 15min, 2h");
	w->duration_ns = (__u64)seconds * RG_NS_PER_SEC;
	return RG_DONE;
}

static int take_recording(const struct rg_options *o, struct rg_trace_request *w)
{
	const char *size = given(o, RG_OPT_TRACE_RECORD_SIZE),
		   *keep = given(o, RG_OPT_TRACE_RECORD_KEEP);
	__u64 n = 4;

	w->record = given(o, RG_OPT_TRACE_RECORD);
	w->record_size = 64ULL << 20;
	if (!w->record && (size || keep))
		return rg_error(RG_USAGE, "%s: --record-%s goes with --record FILE", o->verb,
				size ? "size" : "keep");
	if (w->record && !*w->record)
		return rg_error(RG_USAGE, "%s: --record: expected the name of a file", o->verb);
	if (size)
		w->record_size = rg_size_of(size, MIN_SIZE, MAX_SIZE);
	if (!w->record_size)
		return bad(o, "record-size", size, "a size of 4K to 1024G: 65536, 64K, 64M, 1G");
	if (keep && !number_of(keep, MAX_KEEP, &n))
		return bad(o, "record-keep", keep, "a number of 1 to 1000");
	w->record_keep = (unsigned int)n;
	return RG_DONE;
}

int rg_trace_request_of(const struct rg_options *o, struct rg_trace_request *w)
{
	memset(w, 0, sizeof(*w));
	w->json = o->json;
	return take_filter(o, &w->filter) ?: take_end(o, w) ?: take_recording(o, w);
}
