// SPDX-License-Identifier: GPL-2.0-only
#include "state/ledger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "pins/gates.h"
#include "base/log.h"
#include "text/json.h"
#include "text/utf8.h"

void rg_ledger_free(struct rg_ledger *l)
{
	free(l->at);
	memset(l, 0, sizeof(*l));
}

/* ---- pure ---- */

__u32 rg_ledger_locks(const struct rg_client *c, const struct rg_gate *g, __u64 now_ns)
{
	__u32 carried = rg_client_carried(c);
	bool runs = g->knfsd != RG_KNFSD_DOWN && g->knfsd != RG_KNFSD_STARTING;

	if (carried == RG_LOCKS_UNKNOWN)
		return 0;
	/* The end client did not come back before local applications were let in, so its locks
	 * are gone. */
	if (runs && c->generation != rg_client_generation(g) &&
	    rg_gate_view(g, now_ns).state == RG_STATE_OPEN)
		return 0;
	return carried;
}

static int order(const struct rg_ledger_entry *a, const struct rg_ledger_entry *b)
{
	/* Do not order by the number of the initial namespace, which may be unknown or from
	 * another boot. */
	if (a->init_netns != b->init_netns)
		return a->init_netns ? -1 : 1;
	if (!a->init_netns && a->netns != b->netns)
		return a->netns < b->netns ? -1 : 1;
	return (a->name_hash > b->name_hash) - (a->name_hash < b->name_hash);
}

static int by_order(const void *a, const void *b)
{
	return order(a, b);
}

static void sort(struct rg_ledger *l)
{
	if (l->n)
		qsort(l->at, l->n, sizeof(*l->at), by_order);
}

bool rg_ledger_same(const struct rg_ledger *a, const struct rg_ledger *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct rg_ledger_entry *x = &a->at[i], *y = &b->at[i];

		if (order(x, y) || x->locks != y->locks || x->name_len != y->name_len ||
		    x->family != y->family || memcmp(x->addr, y->addr, sizeof(x->addr)) != 0 ||
		    memcmp(x->name, y->name, sizeof(x->name)) != 0)
			return false;
	}
	return true;
}

static bool has_gate(const struct rg_gate *gates, __u32 netns)
{
	for (int i = RG_CANARY_SLOT + 1; i < RG_MAX_GATES; i++)
		if (gates[i].netns == netns)
			return true;
	return false;
}

int rg_ledger_carry(struct rg_ledger *to, const struct rg_ledger *from, const struct rg_gate *gates)
{
	struct rg_ledger_entry *at;
	size_t n = to->n;

	if (!from->n)
		return 0;
	at = realloc(to->at, (to->n + from->n) * sizeof(*at));
	if (!at)
		return -ENOMEM;
	to->at = at;
	for (size_t i = 0; i < from->n && n < RG_MAX_CLIENTS; i++) {
		const struct rg_ledger_entry *e = &from->at[i];

		/* netns 0 stands for the initial one with an unknown number, not for a free
		 * slot. */
		if ((e->netns && has_gate(gates, e->netns)) ||
		    (to->n && bsearch(e, at, to->n, sizeof(*at), by_order)))
			continue;
		at[n++] = *e;
	}
	to->n = n;
	sort(to);
	return 0;
}

static size_t kept(__u16 name_len)
{
	return name_len < RG_CLIENT_NAME ? name_len : RG_CLIENT_NAME;
}

static void put_name(json_object *o, const struct rg_ledger_entry *e)
{
	char hex[2 * RG_CLIENT_NAME + 1];
	size_t n = kept(e->name_len);

	if (rg_utf8_is_text(e->name, n)) {
		rg_json_put(o, "name", rg_json_bytes(e->name, n));
		return;
	}
	for (size_t i = 0; i < n; i++)
		snprintf(&hex[2 * i], 3, "%02x", (unsigned char)e->name[i]);
	rg_json_put_text(o, "name_hex", hex);
}

json_object *rg_ledger_entry_json(const struct rg_ledger_entry *e)
{
	json_object *c = rg_json_object();
	char hash[17];

	rg_json_put_netns(c, e->netns, e->init_netns);
	put_name(c, e);
	rg_json_put_uint(c, "name_length", e->name_len);
	snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)e->name_hash);
	rg_json_put_text(c, "name_hash", hash);
	rg_json_put_address(c, e->family, e->addr);
	rg_json_put_uint(c, "locks", e->locks);
	if (e->nfs3)
		rg_json_put(c, "nfs3", rg_json_bool(true));
	return c;
}

json_object *rg_ledger_json(const struct rg_ledger *l)
{
	json_object *o = rg_json_object(), *list = rg_json_array();

	rg_json_put_uint(o, "version", 1);
	for (size_t i = 0; i < l->n; i++)
		rg_json_add(list, rg_ledger_entry_json(&l->at[i]));
	rg_json_put(o, "clients", list);
	return o;
}

/* Returns the value of a hexadecimal digit in lower case, or -1. */
static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static bool get_name(json_object *o, struct rg_ledger_entry *e)
{
	char text[2 * RG_CLIENT_NAME + 1];
	size_t n = kept(e->name_len);
	bool plain = json_object_object_get_ex(o, "name", NULL);

	/* Accept one of the two only: nothing says which of both would count. */
	if (plain == json_object_object_get_ex(o, "name_hex", NULL))
		return false;
	if (!rg_json_get_bytes(o, plain ? "name" : "name_hex", text, sizeof(text)))
		return false;
	if (strlen(text) != (plain ? n : 2 * n))
		return false;
	if (plain) {
		memcpy(e->name, text, n);
		return true;
	}
	for (size_t i = 0; i < n; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		e->name[i] = (char)(high << 4 | low);
	}
	return true;
}

static bool get_hash(json_object *o, __u64 *hash)
{
	char text[17];

	if (!rg_json_get_text(o, "name_hash", text, sizeof(text)) || strlen(text) != 16)
		return false;
	*hash = 0;
	for (int i = 0; i < 16; i++) {
		int d = digit(text[i]);

		if (d < 0)
			return false;
		*hash = *hash << 4 | (__u64)d;
	}
	return true;
}

const char *rg_ledger_entry_of_json(json_object *o, __u32 init_netns, struct rg_ledger_entry *e)
{
	json_object *nfs3;
	__u64 n;

	memset(e, 0, sizeof(*e));
	if (!rg_json_get_netns(o, init_netns, &e->netns, &e->init_netns))
		return "netns";
	if (!rg_json_get_uint(o, "name_length", 0, UINT16_MAX, &n))
		return "name_length";
	e->name_len = (__u16)n;
	if (!get_name(o, e))
		return "name";
	if (!get_hash(o, &e->name_hash))
		return "name_hash";
	if (!rg_json_get_address(o, &e->family, e->addr))
		return "address";
	if (!rg_json_get_uint(o, "locks", 1, RG_LOCKS_UNKNOWN - 1, &n))
		return "locks";
	e->locks = (__u32)n;
	if (json_object_object_get_ex(o, "nfs3", &nfs3)) {
		if (!json_object_is_type(nfs3, json_type_boolean))
			return "nfs3";
		e->nfs3 = json_object_get_boolean(nfs3);
	}
	return NULL;
}

int rg_ledger_of_json(json_object *o, __u32 init_netns, struct rg_ledger *l, char *why)
{
	json_object *list = json_object_object_get(o, "clients");
	size_t n;

	memset(l, 0, sizeof(*l));
	if (!json_object_is_type(list, json_type_array)) {
		snprintf(why, RG_STATE_WHY, "no list \"clients\"");
		return -EBADMSG;
	}
	n = json_object_array_length(list);
	if (n > RG_MAX_CLIENTS) {
		snprintf(why, RG_STATE_WHY, "%zu clients, more than %d", n, RG_MAX_CLIENTS);
		return -EBADMSG;
	}
	if (!n)
		return 0;
	l->at = calloc(n, sizeof(*l->at));
	if (!l->at)
		return -ENOMEM;
	for (; l->n < n; l->n++) {
		json_object *c = json_object_array_get_idx(list, l->n);
		const char *bad = "no object";

		if (json_object_is_type(c, json_type_object))
			bad = rg_ledger_entry_of_json(c, init_netns, &l->at[l->n]);
		if (!bad)
			continue;
		snprintf(why, RG_STATE_WHY, "client %zu: \"%s\" is missing or makes no sense",
			 l->n + 1, bad);
		rg_ledger_free(l);
		return -EBADMSG;
	}
	sort(l);
	for (size_t i = 1; i < n; i++) {
		if (order(&l->at[i - 1], &l->at[i]))
			continue;
		snprintf(why, RG_STATE_WHY, "name_hash %016llx is there twice",
			 (unsigned long long)l->at[i].name_hash);
		rg_ledger_free(l);
		return -EBADMSG;
	}
	return 0;
}

/* ---- the file ---- */

int rg_ledger_load(const char *dir, __u32 init_netns, struct rg_ledger *l)
{
	char why[RG_STATE_WHY] = "";
	json_object *o;
	int err;

	memset(l, 0, sizeof(*l));
	err = rg_state_load(dir, RG_LEDGER_FILE, &o, why);
	if (!err && o)
		err = rg_ledger_of_json(o, init_netns, l, why);
	json_object_put(o);
	if (err)
		rg_warn("%s/%s: %s; how many locks end clients held is not known from it", dir,
			RG_LEDGER_FILE, err == -EBADMSG ? why : rg_strerror(err));
	return err;
}

int rg_ledger_save(const char *dir, const struct rg_ledger *l)
{
	return rg_state_save(dir, RG_LEDGER_FILE, rg_ledger_json(l));
}

/* ---- the map `clients` ---- */

/* Returns false if the ledger has nothing of this end client. */
static bool entry_of(const struct rg_client_key *key, const struct rg_client *c,
		     const struct rg_gate *gates, __u32 init_netns, __u64 now_ns,
		     struct rg_ledger_entry *e)
{
	const struct rg_gate *g;

	if (key->slot <= RG_CANARY_SLOT || key->slot >= RG_MAX_GATES)
		return false;
	g = &gates[key->slot];
	memset(e, 0, sizeof(*e));
	e->locks = g->netns ? rg_ledger_locks(c, g, now_ns) : 0;
	if (!e->locks)
		return false;
	e->name_hash = key->name_hash;
	e->netns = g->netns;
	e->init_netns = g->netns == init_netns;
	e->name_len = c->name_len;
	e->family = c->family;
	memcpy(e->addr, c->addr, sizeof(e->addr));
	memcpy(e->name, c->name, kept(c->name_len));
	return true;
}

int rg_ledger_collect(const struct rg_awaited *clients, const struct rg_gate *gates,
		      __u32 init_netns, struct rg_ledger *l)
{
	__u64 now_ns = rg_now_ns();

	memset(l, 0, sizeof(*l));
	if (!clients->n)
		return 0;
	l->at = calloc(clients->n, sizeof(*l->at));
	if (!l->at)
		return -ENOMEM;
	for (__u32 i = 0; i < clients->n; i++)
		l->n += entry_of(&clients->keys[i], &clients->clients[i], gates, init_netns, now_ns,
				 &l->at[l->n]);
	sort(l);
	return 0;
}

int rg_ledger_to_map(const struct rg_pins *p, const struct rg_ledger *l, __u32 slot, __u32 netns)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct rg_ledger_entry *e = &l->at[i];
		struct rg_client_key key = {.name_hash = e->name_hash, .slot = slot};
		struct rg_client c = {
			.state = RG_CLIENT_KNOWN,
			.expected = e->locks,
			.family = e->family,
			.name_len = e->name_len,
		};

		if (e->netns != netns)
			continue;
		memcpy(c.addr, e->addr, sizeof(c.addr));
		memcpy(c.name, e->name, sizeof(c.name));
		if (bpf_map_update_elem(p->map_fd[RG_MAP_CLIENTS], &key, &c, BPF_NOEXIST) < 0 &&
		    errno != EEXIST)
			return -errno;
	}
	return 0;
}
