/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reboot recovery of a re-export server, with one lock.
 *
 *   end clients 1, 2 --> re-export server (knfsd, NFS client, local application) --> original server
 *                                                            another client of it --^
 *
 * README.md says what is in it and what was learned from it. Each of these switches takes one
 * thing away (0) or puts it back (1):
 *
 *   GATE         2: local applications wait until recovery is over; 1: until knfsd's grace
 *                begins; 0: they never wait
 *   KEEP         the original server keeps a rebooting client's lock
 *   LIMIT        it does so for a limited time (keep-for)
 *   BELIEVE      it stops keeping when it is sent RECLAIM_COMPLETE, which Linux does at once
 *   FORGED       whoever comes by the re-export server's session may say that it is through: an end
 *                client, by a LOOKUP, or a local application
 *   CLOCK        the re-export server answers reclaims only while the lock is surely kept: it
 *                was not down for longer than a lease, and keep-for is not over
 *   WATCH        the same, but it also stops when the original server has restarted
 *   RECHECK      it looks at that clock again when the original server's answer has come
 *   CLIENTS, R_CRASHES, O_CRASHES   how many
 */
#ifndef GATE
#define GATE 2
#endif
#ifndef KEEP
#define KEEP 1
#endif
#ifndef LIMIT
#define LIMIT 1
#endif
#ifndef BELIEVE
#define BELIEVE 0
#endif
#ifndef FORGED
#define FORGED 0
#endif
#ifndef CLOCK
#define CLOCK 1
#endif
#ifndef WATCH
#define WATCH 1
#endif
#ifndef RECHECK
#define RECHECK 1
#endif
#ifndef CLIENTS
#define CLIENTS 2
#endif
#ifndef R_CRASHES
#define R_CRASHES 2
#endif
#ifndef O_CRASHES
#define O_CRASHES 1
#endif

#define NOBODY 0
#define LOCAL 3 /* a local application of the re-export server */
#define OTHER 4 /* another client of the original server */
#define THROUGH_REX(who) (who == 1 || who == 2 || who == LOCAL)

mtype = { DOWN, GONE, MOUNTED, GRACE, OPEN };	    /* the re-export server */
mtype = { IDLE, ASKS, HOLDS, RECLAIMS };	    /* who wants the lock */
mtype = { NONE, OK, LATER, DENIED, NO_GRACE, STALE }; /* answers; LATER is DELAY or GRACE */

/* ---- the original server ---- */

byte o_life = 1;      /* which of its boots this is */
byte holder = NOBODY; /* who has the lock */
bool kept;	      /* the lock is kept for the re-export server */
bool o_grace;
byte confirmed = 1;   /* the life of the re-export server whose session it knows */

/* ---- the re-export server ---- */

mtype r = OPEN;
byte life = 1;
byte sees_o = 1;      /* the life of the original server that it deals with; it is on disk */
byte has = NOBODY;    /* whose lock its NFS client has */
byte pending = NOBODY;/* for whom a LOCK is on its way */
bool pending_reclaim;
bool window;	      /* by its clock the lock is still kept */
bool lapsed;	      /* by its clock, on disk: something was not kept any more */
bool known[3], came[3]; /* nfsdcld's records: may reclaim; has reclaimed in this life */

/* ---- end clients, the local application, the other client ---- */

mtype e[3] = IDLE;
byte e_life[3];
bool sent[3];	      /* a request is on its way to knfsd */
mtype answer[3] = NONE;
mtype app = IDLE;
mtype other = IDLE;

/* On the wire between the two servers: for whom, and the lives of both ends. */
chan to_origin = [2] of { byte, byte, byte };
chan to_rex = [2] of { byte, byte, byte, mtype };

byte r_crashes, o_crashes; /* so far */

/* Only the properties look at these: an end client was granted the lock and was not told that
 * it is lost; and meanwhile somebody else was granted it. */
bool owns[3], intruded[3];

inline grant(who)
{
	holder = who;
	if
	:: owns[1] && who != 1 -> intruded[1] = true
	:: else
	fi;
	if
	:: owns[2] && who != 2 -> intruded[2] = true
	:: else
	fi;
	if
	:: who == 1 || who == 2 ->
		if
		:: e[who] == ASKS || !owns[who] -> intruded[who] = false
		:: else
		fi;
		owns[who] = true
	:: else
	fi
}

/* ---- the original server ---- */

active proctype OriginForRex()
{
	byte who, l, o;

	do
	:: d_step { nempty(to_origin) && nfull(to_rex) ->
		to_origin ? who, l, o;
		if
		:: l != confirmed || o != o_life -> to_rex ! who, l, o, STALE
		:: else ->
			if
			:: o_grace -> to_rex ! who, l, o, LATER
			:: !o_grace && (holder == NOBODY || holder == who) ->
				kept = false; /* taken back: it cannot tell a reclaim from a new lock */
				grant(who);
				to_rex ! who, l, o, OK
			:: else -> to_rex ! who, l, o, DENIED
			fi
		fi;
		who = 0; l = 0; o = 0 }
	od
}

active proctype OriginForOther()
{
	do
	:: d_step { other == ASKS && !o_grace && !kept ->
		if
		:: holder == NOBODY -> grant(OTHER); other = HOLDS
		:: else -> other = IDLE
		fi }
	od
}

active proctype OriginClock()
{
	do
	/* keep-for is over. The re-export server's own clock runs ahead of this one. */
	:: d_step { LIMIT && kept && (!CLOCK || !window) -> kept = false; lapsed = lapsed || CLOCK }
	/* The lease of a re-export server that is down: its locks go, and nothing is kept. */
	:: d_step { (r == DOWN || r == GONE) && THROUGH_REX(holder) -> holder = NOBODY; lapsed = lapsed || CLOCK }
	:: d_step { o_grace && (r == DOWN || r == GONE || sees_o == o_life) -> o_grace = false }
	od
}

active proctype OriginCrashes()
{
	do
	:: d_step { o_crashes < O_CRASHES -> o_crashes++;
		o_life++;
		o_grace = true;
		kept = false;
		/* The other client is alive and reclaims at once. */
		holder = (holder == OTHER -> OTHER : NOBODY) }
	od
}

active proctype Other()
{
	do
	:: other == IDLE -> other = ASKS
	:: d_step { other == HOLDS -> other = IDLE; holder = NOBODY } /* or its lease ran out */
	od
}

/* ---- the re-export server ---- */

active proctype RexLife()
{
	do
	/* It boots and mounts. Its clock starts before the original server is told. */
	:: d_step { r == DOWN ->
		life++;
		lapsed = lapsed || WATCH && sees_o != o_life;
		window = !lapsed;
		sees_o = o_life;
		confirmed = life;
		if
		:: THROUGH_REX(holder) -> holder = NOBODY; kept = KEEP && !BELIEVE
		:: else ->
			if
			:: BELIEVE -> kept = false
			:: else
			fi
		fi;
		r = MOUNTED }
	:: d_step { r == MOUNTED -> r = GRACE }
	/* knfsd's grace ends, all are through or time is over. nfsdcld forgets who did not come.
	 * Then the gate opens and the original server is told, but not before the last reclaim
	 * that is on its way is answered. */
	:: d_step { r == GRACE && !pending_reclaim ->
		known[1] = came[1];
		known[2] = came[2];
		lapsed = false;
		window = false;
		r = OPEN;
		if
		:: sees_o == o_life -> kept = false
		:: else
		fi }
	/* The original server restarted: its client is recovered, and its lock reclaimed. */
	:: d_step { (r == MOUNTED || r == GRACE || r == OPEN) && sees_o != o_life ->
		sees_o = o_life;
		confirmed = life;
		if
		:: o_grace && holder == NOBODY -> holder = has
		:: else
		fi;
		if
		:: WATCH && window -> window = false; lapsed = true
		:: else
		fi }
	od
}

active proctype RexClock()
{
	do
	:: d_step { CLOCK && window -> window = false; lapsed = true }
	od
}

inline lose_power(state)
{
	d_step {
		r_crashes++;
		r = state;
		has = NOBODY;
		pending = NOBODY;
		pending_reclaim = false;
		window = false;
		app = IDLE;
		came[1] = false;
		came[2] = false
	}
}

active proctype RexCrashes()
{
	do
	:: r_crashes < R_CRASHES && r != DOWN && r != GONE -> lose_power(DOWN)
	:: r_crashes < R_CRASHES && r != DOWN && r != GONE -> lose_power(GONE) /* for good */
	od
}

#define SERVES (r == GRACE || r == OPEN)

#if FORGED
active proctype Forger()
{
	do
	:: d_step { kept && SERVES && sees_o == o_life -> kept = false }
	od
}
#endif

#define FORWARDS(c) (r == GRACE && known[c] && window)

/* knfsd, for one end client. */
proctype Knfsd(byte c)
{
	do
	:: d_step { sent[c] && SERVES && e_life[c] != life -> sent[c] = false; answer[c] = STALE }
	:: d_step { sent[c] && SERVES && e_life[c] == life && e[c] == ASKS && r == GRACE ->
		sent[c] = false; answer[c] = LATER }
	:: d_step { sent[c] && e_life[c] == life && e[c] == ASKS && r == OPEN && pending == NOBODY && nfull(to_origin) ->
		pending = c;
		to_origin ! c, life, sees_o }
	:: d_step { sent[c] && SERVES && e_life[c] == life && e[c] == RECLAIMS && !FORWARDS(c) && pending != c ->
		sent[c] = false; answer[c] = NO_GRACE }
	:: d_step { sent[c] && e_life[c] == life && e[c] == RECLAIMS && FORWARDS(c) && pending == NOBODY && nfull(to_origin) ->
		pending = c;
		pending_reclaim = true;
		to_origin ! c, life, sees_o /* an ordinary LOCK */ }
	/* The end client has crashed, or has let go: its lock is given back. */
	:: d_step { SERVES && has == c && e[c] == IDLE && sees_o == o_life ->
		has = NOBODY;
		if
		:: holder == c -> holder = NOBODY
		:: else
		fi }
	od
}

active proctype RexAnswers()
{
	byte who, l, o;
	mtype what;

	do
	:: d_step { to_rex ? who, l, o, what ->
		if
		:: l != life || r == DOWN || r == GONE -> skip /* of a life before this one */
		:: else ->
			if
			:: o != sees_o -> what = STALE /* of the original server before it restarted */
			:: else
			fi;
			if
			:: what == OK -> has = who
			:: else
			fi;
			if
			:: what == OK && RECHECK && pending_reclaim && !window ->
				/* Somebody else may have had it in between. */
				has = NOBODY;
				if
				:: holder == who -> holder = NOBODY
				:: else
				fi;
				what = NO_GRACE
			:: else
			fi;
			/* A reclaim is granted only if nobody else has had the lock. */
			assert(what != OK || !pending_reclaim || !intruded[who]);
			if
			:: who == LOCAL -> app = (what == OK -> HOLDS : IDLE)
			:: else ->
				/* Only who has all its locks again is on record. */
				if
				:: what == OK -> came[who] = true; known[who] = true
				:: else
				fi;
				sent[who] = false;
				answer[who] = (what == STALE -> LATER : what)
			fi;
			pending = NOBODY;
			pending_reclaim = false
		fi;
		who = 0; l = 0; o = 0; what = NONE }
	od
}

#define MAY_PASS (GATE == 0 && r != DOWN && r != GONE || GATE == 1 && SERVES || r == OPEN)

active proctype Local()
{
	do
	:: d_step { app == IDLE && MAY_PASS && pending == NOBODY && nfull(to_origin) ->
		app = ASKS;
		pending = LOCAL;
		to_origin ! LOCAL, life, sees_o }
	:: d_step { app == HOLDS && sees_o == o_life ->
		app = IDLE;
		has = NOBODY;
		if
		:: holder == LOCAL -> holder = NOBODY
		:: else
		fi }
	od
}

/* ---- an end client ---- */

proctype EndClient(byte c)
{
	do
	:: d_step { e[c] == IDLE && SERVES && (has != c) ->
		e[c] = ASKS;
		e_life[c] = life;
		sent[c] = true }
	/* It sees that the server is another one. */
	:: d_step { e[c] == HOLDS && SERVES && e_life[c] != life ->
		e[c] = RECLAIMS;
		e_life[c] = life;
		sent[c] = true }
	:: d_step { answer[c] != NONE ->
		if
		:: answer[c] == OK -> e[c] = HOLDS
		:: answer[c] == LATER || answer[c] == STALE -> /* again, to whoever is there now */
			e_life[c] = life;
			sent[c] = true
		:: answer[c] == DENIED || answer[c] == NO_GRACE -> /* it is told */
			e[c] = IDLE;
			owns[c] = false
		fi;
		answer[c] = NONE }
	/* It writes under the lock. */
	:: d_step { e[c] == HOLDS && e_life[c] == life && SERVES && sees_o == o_life && !o_grace ->
		assert(holder == c) }
	/* It unlocks, or crashes. */
	:: d_step { e[c] == HOLDS -> e[c] = IDLE; owns[c] = false }
	od
}

init {
	atomic {
		run EndClient(1);
		run Knfsd(1);
		if
		:: CLIENTS == 2 -> run EndClient(2); run Knfsd(2)
		:: else
		fi
	}
}

/* Once nobody crashes any more, nobody waits for ever. */
ltl progress {
	([]<> !kept) &&
	([]<> (r == OPEN || r == GONE)) &&
	([] (e[1] == RECLAIMS -> <> (e[1] != RECLAIMS || r == GONE))) &&
	([] (other == ASKS -> <> (other != ASKS)))
}
