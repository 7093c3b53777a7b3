// SPDX-License-Identifier: GPL-2.0-only
/* The verb rehearse: over one restart of knfsd, counts local applications instead of keeping
 * them out, and says which would have been held, for how long, and what the end clients did. The
 * kernel ends a rehearsal that is not renewed (RG_REHEARSAL_NS), so that a killed process leaves
 * the gate as it was. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/names.h"
#include "cli/verbs.h"
#include "metrics/snapshot.h"
#include "pins/gates.h"
#include "record/tracer.h"
#include "text/shown.h"

/* Time between two renewals, ms: several fit before the kernel ends the rehearsal. */
#define RENEW_MS 1000
#define DEFAULT_TIMEOUT_S (10ULL * 60)
/* Number of programs that are printed one by one; of others only the number is. */
#define MOST_SEEN 256

/* A process that came to the closed gate, for one door. */
struct seen {
	__u32 tgid, what; /* enum rg_door */
	__u64 first_ns, times;
	char comm[RG_RECORD_NAME + 1], path[RG_RECORD_PATH + 1];
};

struct rehearsal {
	struct rg_pins p;
	struct rg_tracer_ring ring;
	ino_t pinned;
	__u32 slot, netns, generation;
	struct seen seen[MOST_SEEN];
	size_t n;
	__u64 unseen; /* number of calls without room */
	bool stopped; /* knfsd was restarted since this began */
};

static ino_t pinned_now(void)
{
	struct stat st;
	char path[256];

	return stat(rg_pin_path(path, rg_pin_of_map(RG_MAP_META)), &st) == 0 ? st.st_ino : 0;
}

static int on_record(void *arg, const struct rg_record *r)
{
	struct rehearsal *h = arg;
	struct seen *s;

	if (r->op != RG_REC_AUDITED || r->netns != h->netns)
		return 0;
	for (size_t i = 0; i < h->n; i++)
		if (h->seen[i].tgid == r->tgid && h->seen[i].what == r->value) {
			h->seen[i].times++;
			return 0;
		}
	if (h->n == MOST_SEEN) {
		h->unseen++;
		return 0;
	}
	s = &h->seen[h->n++];
	*s = (struct seen){.tgid = r->tgid,
			   .what = (__u32)r->value,
			   .first_ns = r->time_ns,
			   .times = 1};
	memcpy(s->comm, r->name, sizeof(r->name));
	memcpy(s->path, r->path, sizeof(r->path));
	return 0;
}

/* Begins, renews or ends the rehearsal. Returns 0 or a negative errno. */
static int renew(const struct rehearsal *h, bool on)
{
	struct rg_control c = {.op = RG_OP_REHEARSE, .slot = h->slot, .policy_word = on};

	return rg_control(&h->p, &c);
}

/* If RG_DONE, the set is open and no longer locked. */
static int begin(struct rehearsal *h, const struct rg_options *o)
{
	struct rg_gate gate = {};
	int slot, err = rg_pins_open_enabled(&h->p, RG_LOCK_EXCLUSIVE);

	if (err)
		return err;
	h->pinned = pinned_now();
	slot = rg_gate_named(&h->p, o, &gate);
	if (slot < 0) {
		rg_pins_close(&h->p);
		return RG_FAILED;
	}
	h->slot = (__u32)slot;
	h->netns = gate.netns;
	h->generation = gate.generation;
	err = rg_tracer_open(&h->p, RG_ALARM_RING_BYTES, on_record, h, &h->ring);
	rg_pins_unlock(&h->p);
	if (err) {
		rg_pins_close(&h->p);
		return rg_error(RG_FAILED, "rehearse: no place among the tracers: %s",
				rg_strerror(err));
	}
	err = renew(h, true);
	if (!err)
		return RG_DONE;
	rg_tracer_close(&h->ring);
	rg_pins_close(&h->p);
	if (err == -EBUSY)
		return rg_error(
			RG_FAILED,
			"network namespace %u: its gate is not open: a rehearsal begins before "
			"knfsd is restarted, not in a recovery; see `reexport-guard status`",
			h->netns);
	return rg_error(RG_FAILED, "network namespace %u: cannot rehearse: %s", h->netns,
			rg_strerror(err));
}

/* ---- what came of it ---- */

static void print_seen(const struct rehearsal *h, __u64 opened_ns)
{
	printf("\nlocal programs that would have been kept out: %zu%s\n", h->n,
	       h->unseen ? ", and more than there is room for here" : "");
	for (size_t i = 0; i < h->n; i++) {
		const struct seen *s = &h->seen[i];

		rg_say(stdout, "  %s (%u): %s of %s, would have waited %.1f s%s", s->comm, s->tgid,
		       rg_door_name(s->what), s->path[0] ? s->path : "a file that is not known",
		       opened_ns > s->first_ns ? (double)(opened_ns - s->first_ns) / 1e9 : 0.0,
		       s->times > 1 ? ", and asked again meanwhile" : "");
	}
}

static void print_client(const struct rg_client *c, bool here)
{
	char address[INET6_ADDRSTRLEN] = "address not known", locks[64] = "locks not known";

	if (c->family == AF_INET || c->family == AF_INET6)
		inet_ntop(c->family, c->addr, address, sizeof(address));
	if (!here) {
		printf("  %s: has not come back\n", address);
		return;
	}
	if (rg_client_is_counted(c))
		snprintf(locks, sizeof(locks), "%u lock%s", c->locks, c->locks == 1 ? "" : "s");
	printf("  %s: %s; %u reclaims refused%s\n", address, locks, c->refusals,
	       c->state == RG_CLIENT_AWAITED   ? ", and it has not taken its locks again"
	       : c->state == RG_CLIENT_SETTLED ? ", and it has its locks again"
	       : c->state == RG_CLIENT_QUIET   ? ", and it took some locks again"
	       : c->state == RG_CLIENT_GONE    ? ", and it is gone"
					       : "");
}

static int print_clients(const struct rehearsal *h)
{
	struct rg_snapshot s;
	__u32 any = 0;
	int err = rg_snapshot_read(&h->p, 0, &s);

	if (err)
		return rg_error(RG_FAILED, "rehearse: end clients cannot be read: %s",
				rg_strerror(err));
	puts("\nNFSv4 end clients that have or had locks:");
	for (__u32 i = 0; i < s.ledger.n; i++) {
		if (s.ledger.keys[i].slot != h->slot)
			continue;
		any++;
		print_client(&s.ledger.clients[i], s.ledger.clients[i].generation ==
							   rg_client_generation(&s.gates[h->slot]));
	}
	if (!any)
		puts("  none is known");
	if (s.gates[h->slot].netns != h->netns)
		puts("  the gate was made anew meanwhile");
	rg_snapshot_free(&s);
	puts("\n`reexport-guard report` has the whole recovery, if the daemon records it.");
	return RG_DONE;
}

/* ---- waiting ---- */

/* Looks at the gate. *opened_ns: when it opened after knfsd's restart; 0: not yet. Returns
 * RG_DONE, or another enum rg_exit after reporting why. */
static int look(struct rehearsal *h, __u64 *opened_ns)
{
	struct rg_gate gate;
	struct rg_view v;
	int err = rg_tracer_consume(&h->ring);

	if (err < 0)
		return rg_error(RG_FAILED, "rehearse: the ring cannot be read: %s",
				rg_strerror(err));
	if (pinned_now() != h->pinned)
		return rg_error(RG_NOT_ENABLED, "rehearse: disabled, or enabled anew, meanwhile");
	if (bpf_map_lookup_elem(h->p.map_fd[RG_MAP_GATES], &h->slot, &gate) < 0)
		return rg_error(RG_FAILED, "map gates: cannot be read: %s", rg_strerror(errno));
	v = rg_gate_view(&gate, rg_now_ns());
	if (!h->stopped && (gate.knfsd == RG_KNFSD_DOWN || gate.generation != h->generation)) {
		h->stopped = true;
		puts("knfsd has stopped: from here on local programs are counted");
		fflush(stdout);
	}
	*opened_ns = 0;
	if (h->stopped && gate.generation != h->generation && v.state == RG_STATE_OPEN)
		*opened_ns = v.since_ns;
	return RG_DONE;
}

/* Renews the rehearsal and looks until the gate opens again, a signal comes, or time is over. */
static int follow(struct rehearsal *h, int signals, __u64 end_ns, __u64 *opened_ns)
{
	struct pollfd fds[] = {{.fd = signals, .events = POLLIN},
			       {.fd = rg_tracer_fd(&h->ring), .events = POLLIN}};
	__u64 renewed_ns = rg_now_ns();
	int err;

	for (;;) {
		__u64 now_ns;

		err = look(h, opened_ns);
		if (err || *opened_ns)
			return err;
		now_ns = rg_now_ns();
		if (now_ns >= end_ns)
			return rg_error(RG_TIMED_OUT,
					h->stopped ? "rehearse: knfsd has not started and the gate "
						     "has not opened within the time that was given"
						   : "rehearse: knfsd was not restarted within the "
						     "time that was given");
		if (now_ns - renewed_ns >= (__u64)RENEW_MS * 1000000) {
			err = renew(h, true);
			/* The rehearsal was not renewed in time, so the gate keeps applications
			 * out. */
			if (err)
				return rg_error(
					RG_FAILED,
					"rehearse: ended early, as this process did not run "
					"for %llu s: the gate keeps local programs out",
					(unsigned long long)(RG_REHEARSAL_NS / RG_NS_PER_SEC));
			renewed_ns = now_ns;
		}
		if (poll(fds, 2, RENEW_MS) < 0 && errno != EINTR)
			return rg_error(RG_FAILED, "poll: %s", rg_strerror(errno));
		if (fds[0].revents)
			return rg_error(RG_FAILED, "rehearse: ended by a signal");
	}
}

int rg_verb_rehearse(const struct rg_options *o)
{
	static struct rehearsal h;
	__u64 timeout_s = o->timeout_s ? (__u64)o->timeout_s : DEFAULT_TIMEOUT_S, opened_ns = 0;
	sigset_t set;
	int signals, err;

	if (!o->yes)
		return rg_error(
			RG_USAGE,
			"rehearse: local programs are not kept out while knfsd restarts, and "
			"an end client may lose a lock to one of them: say --yes if that may "
			"happen");
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return rg_error(RG_FAILED, "signalfd: %s", rg_strerror(errno));
	err = begin(&h, o);
	if (err) {
		close(signals);
		return err;
	}
	printf("rehearsal: network namespace %u, %llu s at most; restart knfsd now, for instance "
	       "by\n"
	       "`systemctl restart nfs-server`\n",
	       h.netns, (unsigned long long)timeout_s);
	fflush(stdout);
	err = follow(&h, signals, rg_now_ns() + timeout_s * RG_NS_PER_SEC, &opened_ns);
	/* If this fails, the kernel does it a few seconds later. */
	renew(&h, false);
	close(signals);
	if (h.stopped) {
		print_seen(&h, opened_ns ?: rg_now_ns());
		if (rg_tracer_lost(&h.ring))
			printf("  %llu events were lost: there may be more\n",
			       (unsigned long long)rg_tracer_lost(&h.ring));
		err = err ?: print_clients(&h);
	}
	puts("The gate is as it was before the rehearsal.");
	rg_tracer_close(&h.ring);
	rg_pins_close(&h.p);
	return err;
}
