// SPDX-License-Identifier: GPL-2.0-only
/* Prints `status` in one screen of 80 columns and 24 lines. Cuts lists to what matters most, and
 * says how many more there are. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/names.h"
#include "status/status.h"
#include "load/modules.h"
#include "metrics/verdict.h"
#include "text/json.h"
#include "text/wrap.h"

/* Greatest number of lines of one list. */
#define MOST 3
/* Width of the first word of a line. */
#define HEAD 11

static json_object *in(json_object *o, const char *key)
{
	return json_object_object_get(o, key);
}

static const char *text_of(json_object *o, const char *key)
{
	return json_object_get_string(in(o, key)) ?: "?";
}

static unsigned long long number_of(json_object *o, const char *key)
{
	return json_object_get_uint64(in(o, key));
}

static double seconds_of(json_object *o, const char *key)
{
	return json_object_get_double(in(o, key));
}

struct view {
	FILE *out;
	unsigned int width;
	bool colour;
};

static RG_PRINTF(3, 4) void put(const struct view *v, const char *head, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fprintf(v->out, "%-*s", HEAD, head);
	rg_wrap(v->out, v->width, HEAD, HEAD, text);
}

/* Prints the first of a list with `print`, and says how many it left out. */
static void put_list(const struct view *v, json_object *list, const char *more,
		     void (*print)(const struct view *v, json_object *one))
{
	size_t n = json_object_array_length(list), shown = n <= MOST ? n : MOST - 1;

	for (size_t i = 0; i < shown; i++)
		print(v, json_object_array_get_idx(list, i));
	if (shown < n)
		put(v, "", "and %zu more %s: see `reexport-guard status -v`", n - shown, more);
}

void rg_status_print_verdict(json_object *o, FILE *out, unsigned int width, bool with_colour)
{
	const char *protection = text_of(o, "protection"), *colour = "31";

	if (strcmp(protection, rg_protection_name(RG_PROTECTION_FULL)) == 0)
		colour = "32";
	else if (strcmp(protection, rg_protection_name(RG_PROTECTION_NONE)) != 0)
		colour = "33";
	if (with_colour)
		fprintf(out, "\033[%sm●\033[m ", colour);
	else
		fputs("● ", out);
	rg_wrap(out, width, 2, 2, text_of(o, "text"));
}

void rg_status_locks_of(json_object *c, char *buf, size_t size)
{
	json_object *expected = in(c, "expected"), *quiet = in(c, "quiet_in_seconds");
	size_t n;

	if (!json_object_get_boolean(in(c, "seen"))) {
		snprintf(buf, size, "not back yet, %llu locks before",
			 (unsigned long long)json_object_get_uint64(expected));
		return;
	}
	if (!in(c, "locks"))
		snprintf(buf, size, "not known how many locks");
	else if (expected && number_of(c, "refusals"))
		snprintf(buf, size, "%llu of %llu locks taken again", number_of(c, "locks"),
			 (unsigned long long)json_object_get_uint64(expected));
	else
		snprintf(buf, size, "%llu locks", number_of(c, "locks"));
	n = strlen(buf);
	if (quiet)
		snprintf(buf + n, size - n, "; given up if quiet for %.0f s more",
			 json_object_get_double(quiet));
}

/* ---- what there is ---- */

static void put_gate(const struct view *v, json_object *g)
{
	char later[64] = "";

	if (in(g, "changes_in_seconds"))
		snprintf(later, sizeof(later), "; changes in %.0f s at the latest",
			 seconds_of(g, "changes_in_seconds"));
	put(v, "gate", "%s for %.0f s: %s%s", text_of(g, "state"), seconds_of(g, "since_seconds"),
	    text_of(g, "why_text"), later);
	put(v, "policy", "%s local %s until %s, %llu s at most", text_of(g, "action"),
	    text_of(g, "scope"), text_of(g, "release"), number_of(g, "max_hold_seconds"));
}

static void put_client(const struct view *v, json_object *c)
{
	char locks[128];

	rg_status_locks_of(c, locks, sizeof(locks));
	put(v, "end client", "%s %s, %s: %s", json_object_get_string(in(c, "address")) ?: "?",
	    text_of(c, "name"), text_of(c, "state"), locks);
}

/* Awaited end clients come first: the gate waits for them. */
static void put_clients(const struct view *v, json_object *gates)
{
	json_object *list = rg_json_array();

	for (int awaited = 1; awaited >= 0; awaited--)
		for (size_t i = 0; i < json_object_array_length(gates); i++) {
			json_object *of = in(json_object_array_get_idx(gates, i), "clients");

			for (size_t k = 0; k < json_object_array_length(of); k++) {
				json_object *c = json_object_array_get_idx(of, k);
				const char *state = text_of(c, "state");
				bool is =
					strcmp(state, rg_client_state_name(RG_CLIENT_AWAITED)) == 0;

				if (is == awaited)
					rg_json_add(list, json_object_get(c));
			}
		}
	put_list(v, list, "end clients", put_client);
	json_object_put(list);
}

/* Says what the last recovery cost, if it cost anything. */
static void put_lost(const struct view *v, json_object *gates)
{
	for (size_t i = 0; i < json_object_array_length(gates); i++) {
		json_object *lost = in(json_object_array_get_idx(gates, i), "lost");

		if (lost && number_of(lost, "total"))
			put(v, "lost", "%s; `reexport-guard status -v` names them",
			    text_of(lost, "text"));
	}
}

static void put_mount(const struct view *v, json_object *m)
{
	put(v, "guarded", "%s, from %s", text_of(m, "path"), text_of(m, "source"));
}

static void put_held(const struct view *v, json_object *h)
{
	put(v, "held", "%s (%llu) for %.0f s: %s of %s", text_of(h, "comm"), number_of(h, "tgid"),
	    seconds_of(h, "since_seconds"), text_of(h, "what"), text_of(h, "file"));
}

static void put_reboot(const struct view *v, json_object *r)
{
	put(v, "reboot", "%s", text_of(r, "text"));
}

static void put_locks(const struct view *v, json_object *regime)
{
	json_object *changed = in(regime, "changed");

	put(v, "locks", "of end clients: NFSv4 %s, NFSv3 %s", text_of(regime, "nfs4_locks"),
	    text_of(regime, "nlm_locks"));
	for (size_t i = 0; i < json_object_array_length(changed); i++)
		put(v, "changed", "%s", text_of(json_object_array_get_idx(changed, i), "text"));
}

static void put_original(const struct view *v, json_object *original)
{
	if (!original)
		return;
	put(v, "role original",
	    "mode %s, keep-for %llu s; %llu clients are kept for now, %llu ranges; see "
	    "`reexport-guard status --role original`",
	    text_of(original, "mode"), number_of(original, "keep_for_seconds"),
	    number_of(original, "clients"), number_of(original, "ranges"));
}

/* ---- what is wrong ---- */

static void put_counts(const struct view *v, json_object *o)
{
	put(v, "so far",
	    "%llu held, %llu denied, %llu let pass and counted, %llu let go by "
	    "max-hold",
	    number_of(o, "held"), number_of(in(o, "denied"), "total"), number_of(o, "audited"),
	    number_of(o, "timed_out"));
}

/* NFSv3 end clients that go on without knowing that they lost their locks. */
static void put_notices(const struct view *v, json_object *o)
{
	unsigned long long untold = 0;

	for (__u32 i = RG_NOTICE_TOLD + 1; i < RG_NR_NOTICES; i++)
		untold += number_of(o, rg_notice_name(i));
	if (untold)
		put(v, "nfsv3",
		    "%llu end clients lost their locks when lockd ended and were not told: see "
		    "`reexport-guard status -v`",
		    untold);
	if (number_of(o, "waiting"))
		put(v, "nfsv3",
		    "%llu end clients lost their locks when lockd ended; they are told as soon as "
		    "knfsd serves NFSv3",
		    number_of(o, "waiting"));
}

/* Says what the guard, or its recording, lacks, if anything. */
static void put_trouble(const struct view *v, json_object *all)
{
	json_object *counters = in(all, "counters"), *tracing = in(all, "tracing"),
		    *daemon = in(all, "daemon"), *left_out = in(all, "left_out"),
		    *missing = in(tracing, "missing");
	unsigned long long failures = number_of(in(counters, "helper_failures"), "total"),
			   skipped = number_of(in(counters, "skipped"), "total"),
			   lost = number_of(tracing, "records_lost") +
				  number_of(counters, "untold") +
				  number_of(counters, "untold_clients") +
				  number_of(in(all, "recorder"), "unrecorded");

	if (!json_object_get_boolean(in(daemon, "alive")))
		put(v, "daemon",
		    "none runs: new mounts are not classified and nothing is kept "
		    "for the next boot; run `systemctl start reexport-guard`");
	for (size_t i = 0; i < json_object_array_length(left_out); i++) {
		json_object *one = json_object_array_get_idx(left_out, i);

		put(v, "without", "%s: %s", text_of(one, "program"), text_of(one, "without"));
	}
	if (json_object_array_length(in(all, "let_go")))
		put(v, "let go",
		    RG_NFSD ": run `reexport-guard modules follow` once it is "
			    "loaded again");
	if (number_of(all, "pins_put_back"))
		put(v, "pins",
		    "%llu were removed or replaced by somebody, and pinned again by the daemon",
		    number_of(all, "pins_put_back"));
	if (in(in(all, "protect"), "why"))
		put(v, "protect:", "not possible: %s", text_of(in(all, "protect"), "why"));
	if (number_of(in(in(all, "protect"), "refused"), "total"))
		put(v, "protect:",
		    "%llu attempts to change what is pinned were refused: see "
		    "`reexport-guard status -v`",
		    number_of(in(in(all, "protect"), "refused"), "total"));
	if (number_of(all, "writes_failed"))
		put(v, "disk",
		    "%llu times a file of the daemon's could not be written: what is kept for the "
		    "next boot, or metrics, may be out of date; see its log",
		    number_of(all, "writes_failed"));
	if (number_of(all, "disk_waits_seconds"))
		put(v, "disk", "a write of the daemon's has been waiting for %llu s; gates go on",
		    number_of(all, "disk_waits_seconds"));
	put_notices(v, in(all, "nfsv3_notices"));
	if (json_object_array_length(missing))
		put(v, "tracing", "%zu programs are not attached: `trace` and `report` see less",
		    json_object_array_length(missing));
	if (strcmp(text_of(in(all, "recorder"), "state"), rg_recorder_name(RG_RECORDER_FAILED)) ==
	    0)
		put(v, "recorder",
		    "cannot be written, so `report` cannot tell the next recovery: see "
		    "`journalctl -u reexport-guard`");
	if (failures || skipped || lost)
		put(v, "failures",
		    "%llu of programs in the kernel, %llu calls skipped, %llu records lost: see "
		    "`reexport-guard status -v`",
		    failures, skipped, lost);
}

void rg_status_print(json_object *all, FILE *out, unsigned int width, bool colour)
{
	json_object *gates = in(all, "gates"), *mounts = in(all, "mounts");
	const struct view view = {out, width, colour}, *v = &view;

	rg_status_print_verdict(in(all, "verdict"), out, width, colour);
	fputc('\n', out);
	put_list(v, gates, "gates", put_gate);
	put_locks(v, in(all, "regime"));
	put_clients(v, gates);
	put_lost(v, gates);
	put_list(v, mounts, "guarded mounts", put_mount);
	if (!json_object_array_length(mounts))
		put(v, "guarded",
		    "no mount is there yet; those that come are guarded as the policy says");
	put_list(v, in(all, "reboot"), "original servers", put_reboot);
	put_list(v, in(all, "held"), "held threads", put_held);
	put_original(v, in(all, "original"));
	put_counts(v, in(all, "counters"));
	put_trouble(v, all);
}
