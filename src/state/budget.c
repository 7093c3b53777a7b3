// SPDX-License-Identifier: GPL-2.0-only
#include "state/budget.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "text/json.h"
#include "text/shown.h"

#define NS_PER_MS 1000000ULL

/* Two readings of one renewal differ by jiffies and by the speed of the calls. A difference
 * below this is no change to write. */
#define SAME_RENEWAL_NS (100 * NS_PER_MS)

/* Forget a server that this boot has not shown for this long. Not sooner: a clean shutdown
 * unmounts while the daemon still runs. */
#define FORGET_NS (86400 * RG_NS_PER_SEC)

/* Times are written up to 2554-01-01; 64 bits of nanoseconds last until July of that year. */
#define WALL_END_S 18429292800ULL

/* ---- pure: time ---- */

static __u64 distance(__u64 a, __u64 b)
{
	return a > b ? a - b : b - a;
}

__u32 rg_hz_of(__u64 jiffies, __u64 mono_ns)
{
	static const __u32 choices[] = {100, 250, 300, 1000};
	/* jiffies start slightly later than CLOCK_MONOTONIC and may lose ticks. This tolerance
	 * is enough: the closest values of HZ differ by a sixth. */
	__u64 slack_ns = 3 * RG_NS_PER_SEC + mono_ns / 64;
	__u32 hz = 0;

	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		/* INITIAL_JIFFIES: (unsigned long)(unsigned int)(-300 * HZ) */
		__u64 start = (__u32) - (300 * choices[i]), run;

		if (jiffies < start)
			continue;
		run = jiffies - start;
		/* Divide in two steps, since the product may not fit. */
		if (run / choices[i] > mono_ns / RG_NS_PER_SEC * 2 + 60)
			continue;
		if (distance(run * (RG_NS_PER_SEC / 1000) / choices[i] * 1000, mono_ns) > slack_ns)
			continue;
		if (hz)
			return 0;
		hz = choices[i];
	}
	return hz;
}

char *rg_wall_text(__u64 wall_ns, char buf[RG_WALL_SIZE])
{
	__u64 ms = wall_ns / NS_PER_MS;
	char day[24];
	struct tm tm;
	time_t s;

	if (ms >= WALL_END_S * 1000)
		ms = WALL_END_S * 1000 - 1;
	s = (time_t)(ms / 1000);
	gmtime_r(&s, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf, RG_WALL_SIZE, "%s.%03uZ", day, (unsigned int)(ms % 1000));
	return buf;
}

bool rg_wall_of(const char *text, __u64 *wall_ns)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ";
	char again[RG_WALL_SIZE];
	unsigned int ms;
	struct tm tm = {};
	__u64 ns;
	time_t s;

	if (strlen(text) != strlen(form))
		return false;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != form[i])
			return false;
	if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3u", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &ms) != 7)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	s = timegm(&tm);
	if (s < 0 || (__u64)s >= WALL_END_S)
		return false;
	ns = (__u64)s * RG_NS_PER_SEC + ms * NS_PER_MS;
	/* timegm() accepts days that do not exist, such as 31 February. */
	if (strcmp(rg_wall_text(ns, again), text) != 0)
		return false;
	*wall_ns = ns;
	return true;
}

/* ---- pure: taking in ---- */

bool rg_budget_begin(struct rg_budget *b, const char *boot_id)
{
	if (!*boot_id || strcmp(b->boot_id, boot_id) == 0)
		return false;
	for (size_t i = 0; i < b->n; i++) {
		struct rg_budget_server *s = &b->at[i];

		/* The last boot renewed nothing, so the host has been away since the boot
		 * before. */
		if (s->last_ns) {
			memcpy(s->before.boot_id, b->boot_id, sizeof(b->boot_id));
			s->before.lease_s = s->lease_s;
			s->before.last_ns = s->last_ns;
		}
		s->lease_s = 0;
		s->last_ns = 0;
		s->back_ns = 0;
	}
	snprintf(b->boot_id, sizeof(b->boot_id), "%s", boot_id);
	return true;
}

static bool same_server(const struct rg_budget_server *a, const struct rg_budget_server *b)
{
	return a->init_netns == b->init_netns && (a->init_netns || a->netns == b->netns) &&
	       a->minorversion == b->minorversion && a->family == b->family &&
	       memcmp(a->addr, b->addr, sizeof(a->addr)) == 0 && strcmp(a->name, b->name) == 0;
}

/* Clean the host's name, which is printed and written to disk. */
static void copy_name(char to[RG_SERVER_NAME + 1], const char *from)
{
	rg_shown(from, strnlen(from, RG_SERVER_NAME), 0, to, RG_SERVER_NAME + 1);
}

/* Converts what the kernel says of a server; last_ns is 0 if no renewal is known. Returns false
 * for a server without a lease. */
static bool take(const struct rg_server *seen, const struct rg_budget_now *now,
		 struct rg_budget_server *s)
{
	__u64 age_ns, lease_s;

	memset(s, 0, sizeof(*s));
	if (!now->hz || !seen->lease_jiffies || seen->slot <= RG_CANARY_SLOT ||
	    seen->slot >= RG_MAX_GATES || !now->gates[seen->slot].netns)
		return false;
	lease_s = (seen->lease_jiffies - 1) / now->hz + 1;
	if (lease_s > UINT32_MAX)
		return false;
	s->lease_s = (__u32)lease_s;
	s->netns = now->gates[seen->slot].netns;
	s->init_netns = s->netns == now->init_netns;
	s->minorversion = seen->minorversion;
	s->family = seen->family == AF_INET || seen->family == AF_INET6 ? seen->family : 0;
	if (s->family)
		memcpy(s->addr, seen->addr, s->family == AF_INET ? 4 : sizeof(s->addr));
	copy_name(s->name, seen->name);

	/* A time before this boot means no renewal: cl_last_renewal is 0. */
	if (seen->age_jiffies / now->hz > now->boot_ns / RG_NS_PER_SEC)
		return true;
	age_ns = seen->age_jiffies / now->hz * RG_NS_PER_SEC +
		 seen->age_jiffies % now->hz * RG_NS_PER_SEC / now->hz;
	/* The element may be left from an earlier reading, and the server gone since. */
	if (seen->seen_ns && seen->seen_ns < now->boot_ns)
		age_ns += now->boot_ns - seen->seen_ns;
	if (age_ns <= now->boot_ns && age_ns < now->wall_ns)
		s->last_ns = (now->wall_ns - age_ns) / NS_PER_MS * NS_PER_MS;
	return true;
}

static struct rg_budget_server *find(struct rg_budget *b, const struct rg_budget_server *like)
{
	for (size_t i = 0; i < b->n; i++)
		if (same_server(&b->at[i], like))
			return &b->at[i];
	return NULL;
}

/* Returns room for one more server. If the list is full, reuses that of the server renewed least
 * recently, but never one of `fresh`. */
static struct rg_budget_server *make_room(struct rg_budget *b, const __u64 *fresh)
{
	struct rg_budget_server *oldest = NULL;

	if (b->n < RG_MAX_SERVERS)
		return &b->at[b->n++];
	for (size_t i = 0; i < b->n; i++) {
		struct rg_budget_server *s = &b->at[i];

		if (fresh[i])
			continue;
		if (!oldest ||
		    (s->last_ns ?: s->before.last_ns) < (oldest->last_ns ?: oldest->before.last_ns))
			oldest = s;
	}
	return oldest;
}

/* Forgets servers that were not seen for long. Returns true if there was one. */
static bool forget(struct rg_budget *b, const struct rg_budget_now *now)
{
	size_t left = 0;

	for (size_t i = 0; i < b->n; i++) {
		const struct rg_budget_server *s = &b->at[i];
		/* Count from this boot: the time that the host was off says nothing. */
		__u64 unseen_ns = now->boot_ns;

		if (s->last_ns)
			unseen_ns = now->wall_ns > s->last_ns ? now->wall_ns - s->last_ns : 0;
		if (unseen_ns < FORGET_NS)
			b->at[left++] = *s;
	}
	if (left == b->n)
		return false;
	memset(&b->at[left], 0, (b->n - left) * sizeof(b->at[0]));
	b->n = left;
	return true;
}

bool rg_budget_update(struct rg_budget *b, const struct rg_server *seen, size_t n,
		      const struct rg_budget_now *now)
{
	bool changed = rg_budget_begin(b, now->boot_id);
	__u64 newest[RG_MAX_SERVERS] = {}; /* renewal of each server in this reading; 0: none */
	__u32 lease_s[RG_MAX_SERVERS] = {};

	/* Take known servers first, so that new ones do not push them out. */
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < n; i++) {
			struct rg_budget_server s, *at;

			if (!take(&seen[i], now, &s) || !s.last_ns)
				continue;
			at = find(b, &s);
			if (!at && pass == 0)
				continue;
			if (!at) {
				at = make_room(b, newest);
				if (!at)
					continue;
				*at = s;
				at->last_ns = 0;
				changed = true;
			}
			at->netns = s.netns; /* number of the initial namespace, now */
			/* Of several NFS clients of one server the last renewal counts. */
			if (s.last_ns > newest[at - b->at]) {
				newest[at - b->at] = s.last_ns;
				lease_s[at - b->at] = s.lease_s;
			}
		}
	}
	for (size_t i = 0; i < b->n; i++) {
		struct rg_budget_server *s = &b->at[i];

		if (!newest[i])
			continue;
		if (s->lease_s != lease_s[i]) {
			s->lease_s = lease_s[i];
			changed = true;
		}
		/* It may go back, when somebody sets the clock. */
		if (!s->last_ns || distance(newest[i], s->last_ns) >= SAME_RENEWAL_NS) {
			s->last_ns = newest[i];
			changed = true;
		}
		if (!s->back_ns)
			s->back_ns = newest[i];
	}
	return forget(b, now) || changed;
}

__u32 rg_budget_interval_s(const struct rg_budget *b)
{
	__u32 shortest = 0;

	for (size_t i = 0; i < b->n; i++)
		if (b->at[i].lease_s && (!shortest || b->at[i].lease_s < shortest))
			shortest = b->at[i].lease_s;
	return ((shortest ?: RG_DEFAULT_LEASE) - 1) / 10 + 1;
}

/* ---- pure: saying ---- */

struct rg_budget_view rg_budget_view(const struct rg_budget_server *s, __u64 wall_ns)
{
	__u64 until_ns = s->back_ns ?: wall_ns, away_ns;
	struct rg_budget_view v = {.back = s->back_ns != 0};

	/* A time in the future was written by another clock. */
	if (!s->before.last_ns || until_ns < s->before.last_ns || until_ns > wall_ns)
		return v;
	away_ns = until_ns - s->before.last_ns;
	v.away_s = away_ns / RG_NS_PER_SEC + (away_ns % RG_NS_PER_SEC != 0);
	if (away_ns > s->before.lease_s * RG_NS_PER_SEC)
		v.verdict = RG_BUDGET_LATE;
	else
		v.verdict = v.back ? RG_BUDGET_IN_TIME : RG_BUDGET_NOT_BACK_YET;
	return v;
}

const char *rg_budget_verdict_name(enum rg_budget_verdict verdict)
{
	switch (verdict) {
	case RG_BUDGET_IN_TIME:
		return "in-time";
	case RG_BUDGET_LATE:
		return "late";
	case RG_BUDGET_NOT_BACK_YET:
		return "not-back-yet";
	case RG_BUDGET_UNKNOWN:
		break;
	}
	return "unknown";
}

/* Writes "origin (10.77.1.1)", "10.77.1.1" or "origin". */
static void who(const struct rg_budget_server *s, char *buf, size_t size)
{
	char addr[INET6_ADDRSTRLEN] = "";

	if (s->family)
		inet_ntop(s->family, s->addr, addr, sizeof(addr));
	if (!*addr || strcmp(addr, s->name) == 0)
		snprintf(buf, size, "%s", s->name);
	else if (!*s->name)
		snprintf(buf, size, "%s", addr);
	else
		snprintf(buf, size, "%s (%s)", s->name, addr);
}

int rg_budget_text(const struct rg_budget_server *s, __u64 wall_ns, char *buf, size_t size)
{
	struct rg_budget_view v = rg_budget_view(s, wall_ns);
	char name[RG_SERVER_NAME + INET6_ADDRSTRLEN + 4];

	who(s, name, sizeof(name));
	if (!s->before.last_ns)
		return snprintf(buf, size,
				"%s: %u s lease, no renewal of an earlier boot on record", name,
				s->lease_s);
	if (v.verdict == RG_BUDGET_UNKNOWN)
		return snprintf(buf, size,
				"%s: %u s lease, away for an unknown time: the clock was changed",
				name, s->before.lease_s);
	return snprintf(buf, size, "%s: %saway %llu s of a %u s lease%s", name,
			v.back ? "" : "not back yet, ", (unsigned long long)v.away_s,
			s->before.lease_s,
			v.verdict == RG_BUDGET_IN_TIME ? ": in time"
			: v.verdict == RG_BUDGET_LATE  ? ": not in time"
						       : "");
}

/* writes null for 0 */
static void put_wall(json_object *o, const char *key, __u64 wall_ns)
{
	char text[RG_WALL_SIZE];

	if (wall_ns)
		rg_json_put_text(o, key, rg_wall_text(wall_ns, text));
	else
		rg_json_put(o, key, NULL);
}

static void put_lease(json_object *o, __u32 lease_s)
{
	rg_json_put(o, "lease_seconds", lease_s ? rg_json_uint(lease_s) : NULL);
}

static void put_server(json_object *o, const struct rg_budget_server *s)
{
	json_object *before = NULL;

	rg_json_put_text(o, "name", s->name);
	rg_json_put_address(o, s->family, s->addr);
	rg_json_put_uint(o, "minorversion", s->minorversion);
	put_lease(o, s->lease_s);
	put_wall(o, "last_renewal", s->last_ns);
	put_wall(o, "back", s->back_ns);
	if (s->before.last_ns) {
		before = rg_json_object();
		rg_json_put_text(before, "boot_id", s->before.boot_id);
		put_lease(before, s->before.lease_s);
		put_wall(before, "last_renewal", s->before.last_ns);
	}
	rg_json_put(o, "before", before);
}

json_object *rg_budget_json(const struct rg_budget *b, __u64 wall_ns)
{
	json_object *list = rg_json_array();

	for (size_t i = 0; i < b->n; i++) {
		const struct rg_budget_server *s = &b->at[i];
		struct rg_budget_view v = rg_budget_view(s, wall_ns);
		json_object *o = rg_json_object();
		char text[256];

		rg_json_put_uint(o, "netns", s->netns);
		put_server(o, s);
		rg_json_put_text(o, "verdict", rg_budget_verdict_name(v.verdict));
		rg_json_put(o, "away_seconds",
			    v.verdict == RG_BUDGET_UNKNOWN ? NULL : rg_json_uint(v.away_s));
		rg_budget_text(s, wall_ns, text, sizeof(text));
		rg_json_put_text(o, "text", text);
		rg_json_add(list, o);
	}
	return list;
}

/* ---- pure: the file's text ---- */

json_object *rg_budget_file_json(const struct rg_budget *b)
{
	json_object *o = rg_json_object(), *list = rg_json_array();

	rg_json_put_uint(o, "version", 1);
	rg_json_put_text(o, "boot_id", b->boot_id);
	for (size_t i = 0; i < b->n; i++) {
		json_object *s = rg_json_object();

		rg_json_put_netns(s, b->at[i].netns, b->at[i].init_netns);
		put_server(s, &b->at[i]);
		rg_json_add(list, s);
	}
	rg_json_put(o, "servers", list);
	return o;
}

static bool is_null(json_object *o, const char *key)
{
	json_object *value = NULL;

	return json_object_object_get_ex(o, key, &value) && !value;
}

static bool get_wall(json_object *o, const char *key, bool may_be_null, __u64 *wall_ns)
{
	char text[RG_WALL_SIZE];

	if (may_be_null && is_null(o, key)) {
		*wall_ns = 0;
		return true;
	}
	return rg_json_get_text(o, key, text, sizeof(text)) && rg_wall_of(text, wall_ns) &&
	       *wall_ns;
}

static bool get_lease(json_object *o, bool may_be_null, __u32 *lease_s)
{
	__u64 n = 0;

	if (!(may_be_null && is_null(o, "lease_seconds")) &&
	    !rg_json_get_uint(o, "lease_seconds", 1, UINT32_MAX, &n))
		return false;
	*lease_s = (__u32)n;
	return true;
}

/* Reads one server. Returns NULL, or the name of the member that is missing or invalid. */
static const char *get_server(json_object *o, __u32 init_netns, struct rg_budget_server *s)
{
	json_object *before = NULL;
	__u64 n;

	if (!rg_json_get_netns(o, init_netns, &s->netns, &s->init_netns))
		return "netns";
	if (!rg_json_get_text(o, "name", s->name, sizeof(s->name)))
		return "name";
	if (!rg_json_get_address(o, &s->family, s->addr))
		return "address";
	if (!rg_json_get_uint(o, "minorversion", 0, UINT16_MAX, &n))
		return "minorversion";
	s->minorversion = (__u16)n;
	if (!get_lease(o, true, &s->lease_s))
		return "lease_seconds";
	/* A renewal needs its lease. */
	if (!get_wall(o, "last_renewal", true, &s->last_ns) || !s->last_ns != !s->lease_s)
		return "last_renewal";
	if (!get_wall(o, "back", true, &s->back_ns) || !s->back_ns != !s->last_ns)
		return "back";
	if (!json_object_object_get_ex(o, "before", &before))
		return "before";
	if (!before)
		return s->last_ns ? NULL : "before";
	if (!json_object_is_type(before, json_type_object) ||
	    !rg_json_get_text(before, "boot_id", s->before.boot_id, sizeof(s->before.boot_id)) ||
	    !get_lease(before, false, &s->before.lease_s) ||
	    !get_wall(before, "last_renewal", false, &s->before.last_ns))
		return "before";
	return NULL;
}

static int bad(struct rg_budget *b)
{
	memset(b, 0, sizeof(*b));
	return -EBADMSG;
}

int rg_budget_of_json(json_object *o, __u32 init_netns, struct rg_budget *b, char *why)
{
	json_object *list = json_object_object_get(o, "servers");
	size_t n;

	memset(b, 0, sizeof(*b));
	if (!rg_json_get_text(o, "boot_id", b->boot_id, sizeof(b->boot_id))) {
		snprintf(why, RG_STATE_WHY, "no \"boot_id\"");
		return bad(b);
	}
	if (!json_object_is_type(list, json_type_array)) {
		snprintf(why, RG_STATE_WHY, "no list \"servers\"");
		return bad(b);
	}
	n = json_object_array_length(list);
	if (n > RG_MAX_SERVERS) {
		snprintf(why, RG_STATE_WHY, "%zu servers, more than %d", n, RG_MAX_SERVERS);
		return bad(b);
	}
	for (; b->n < n; b->n++) {
		json_object *s = json_object_array_get_idx(list, b->n);
		const char *wrong = "no object";

		if (json_object_is_type(s, json_type_object))
			wrong = get_server(s, init_netns, &b->at[b->n]);
		if (wrong) {
			snprintf(why, RG_STATE_WHY,
				 "server %zu: \"%s\" is missing or makes no sense", b->n + 1,
				 wrong);
			return bad(b);
		}
		if (find(b, &b->at[b->n])) {
			snprintf(why, RG_STATE_WHY, "server %zu is there twice", b->n + 1);
			return bad(b);
		}
	}
	return 0;
}

/* ---- the file, the host ---- */

int rg_budget_load(const char *dir, __u32 init_netns, struct rg_budget *b)
{
	char why[RG_STATE_WHY] = "";
	json_object *o;
	int err;

	memset(b, 0, sizeof(*b));
	err = rg_state_load(dir, RG_BUDGET_FILE, &o, why);
	if (!err && o)
		err = rg_budget_of_json(o, init_netns, b, why);
	json_object_put(o);
	if (err)
		rg_warn("%s/%s: %s; how long this host was away is not known from it", dir,
			RG_BUDGET_FILE, err == -EBADMSG ? why : rg_strerror(err));
	return err;
}

int rg_budget_save(const char *dir, const struct rg_budget *b)
{
	return rg_state_save(dir, RG_BUDGET_FILE, rg_budget_file_json(b));
}

void rg_budget_clocks(struct rg_budget_now *now)
{
	struct timespec wall, boot;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	now->wall_ns = (__u64)wall.tv_sec * RG_NS_PER_SEC + (__u64)wall.tv_nsec;
	now->boot_ns = (__u64)boot.tv_sec * RG_NS_PER_SEC + (__u64)boot.tv_nsec;
}

int rg_boot_id(char boot_id[RG_BOOT_ID_SIZE])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, boot_id, RG_BOOT_ID_SIZE - 1);
	close(fd);
	if (n != RG_BOOT_ID_SIZE - 1)
		return n < 0 ? -errno : -EIO;
	boot_id[n] = '\0';
	return 0;
}
