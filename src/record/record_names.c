// SPDX-License-Identifier: GPL-2.0-only
#include "record/record_names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const ops[RG_NR_RECORD_OPS] = {
	[RG_REC_EXCHANGE_ID] = "EXCHANGE_ID",
	[RG_REC_CREATE_SESSION] = "CREATE_SESSION",
	[RG_REC_SETCLIENTID] = "SETCLIENTID",
	[RG_REC_SETCLIENTID_CONFIRM] = "SETCLIENTID_CONFIRM",
	[RG_REC_RECLAIM_COMPLETE] = "RECLAIM_COMPLETE",
	[RG_REC_OPEN] = "OPEN",
	[RG_REC_LOCK] = "LOCK",
	[RG_REC_NLM_LOCK] = "NLM_LOCK",
	[RG_REC_CLIENT_GONE] = "CLIENT_GONE",
	[RG_REC_SM_NOTIFY] = "SM_NOTIFY",
	[RG_REC_KNFSD_STARTING] = "KNFSD_STARTING",
	[RG_REC_KNFSD_FAILED] = "KNFSD_FAILED",
	[RG_REC_GRACE_START] = "GRACE_START",
	[RG_REC_GRACE_SKIPPED] = "GRACE_SKIPPED",
	[RG_REC_GRACE_END] = "GRACE_END",
	[RG_REC_GRACE_END_FORCED] = "GRACE_END_FORCED",
	[RG_REC_KNFSD_SHUTDOWN] = "KNFSD_SHUTDOWN",
	[RG_REC_LOCKD_GRACE_START] = "LOCKD_GRACE_START",
	[RG_REC_LOCKD_GRACE_END] = "LOCKD_GRACE_END",
	[RG_REC_STATE_MANAGER] = "STATE_MANAGER",
	[RG_REC_STATE_MANAGER_FAILED] = "STATE_MANAGER_FAILED",
	[RG_REC_DELEGATION] = "DELEGATION",
	[RG_REC_LOCK_LOST] = "LOCK_LOST",
	[RG_REC_HELD] = "HELD",
	[RG_REC_CONTINUED] = "CONTINUED",
	[RG_REC_DENIED] = "DENIED",
	[RG_REC_AUDITED] = "AUDITED",
	[RG_REC_HAND] = "HAND",
	[RG_REC_GATE] = "GATE",
	[RG_REC_KEPT] = "KEPT",
	[RG_REC_NOT_KEPT] = "NOT_KEPT",
	[RG_REC_RETAKEN] = "RETAKEN",
	[RG_REC_KEPT_FROM] = "KEPT_FROM",
	[RG_REC_KEPT_ENDED] = "KEPT_ENDED",
	[RG_REC_LOST] = "LOST",
};
static const char *const sides[RG_NR_SIDES] = {
	[RG_SIDE_SERVER] = "server",
	[RG_SIDE_CLIENT] = "client",
	[RG_SIDE_GATE] = "gate",
};
static const char *const claims[RG_NR_CLAIMS] = {
	[RG_CLAIM_RECLAIM] = "reclaim",	  [RG_CLAIM_DELEGATION_RECLAIM] = "delegation-reclaim",
	[RG_CLAIM_RETAKE] = "retake",	  [RG_CLAIM_NOGRACE] = "nograce",
	[RG_CLAIM_ORDINARY] = "ordinary",
};
static const char *const gones[RG_NR_GONES] = {
	[RG_GONE_EXPIRED] = "expired",	       [RG_GONE_DESTROYED] = "destroyed",
	[RG_GONE_REPLACED] = "replaced",       [RG_GONE_ADMIN] = "admin",
	[RG_GONE_UNCONFIRMED] = "unconfirmed",
};
static const char *const kept_whys[RG_NR_KEPT_WHYS] = {
	[RG_KEPT_OVER] = "over",
	[RG_KEPT_RETAKEN] = "retaken",
	[RG_KEPT_EXPIRED] = "expired",
	[RG_KEPT_DESTROYED] = "destroyed",
	[RG_KEPT_ADMIN] = "admin",
	[RG_KEPT_SHUTDOWN] = "shutdown",
	[RG_KEPT_DISABLED] = "disabled",
	[RG_KEPT_TOO_LATE] = "too-late",
	[RG_KEPT_LEFT_OUT] = "left-out",
	[RG_KEPT_NO_ROOM] = "no-room",
	[RG_KEPT_SAID_THROUGH] = "through",
};
static const char *const kept_froms[RG_NR_KEPT_FROMS] = {
	[RG_KEPT_FROM_LOCK] = "lock",
	[RG_KEPT_FROM_LOCKT] = "lockt",
	[RG_KEPT_FROM_OPEN] = "open",
	[RG_KEPT_FROM_DELEGATION] = "delegation",
};
/* By number of the bit. A cut name or path has a key of its own. */
static const char *const facts[RG_NR_FACTS] = {
	[0] = "knfsd-grace",	   [1] = "lockd-grace",	   [2] = "grace-skipped",
	[3] = "complete",	   [4] = "no-record",	   [5] = "re-export",
	[6] = "refused-by-client", [9] = "early-complete", [10] = "clients-due",
	[11] = "back-truncated",   [12] = "said-before",
};
static const char *const back_ops[RG_NR_BACK_OPS] = {
	[RG_BACK_NFS_LOCK] = "nfs_lock",       [RG_BACK_OPEN] = "OPEN",
	[RG_BACK_CACHED_OPEN] = "cached OPEN", [RG_BACK_LOCK] = "LOCK",
	[RG_BACK_NLM_LOCK] = "NLM_LOCK",
};
/* enum nfs4_client_state of 6.1 (fs/nfs/nfs4_fs.h). */
static const char *const state_managers[] = {
	"manager-running",	"check-lease",		"lease-expired",
	"reclaim-reboot",	"reclaim-nograce",	"delegreturn",
	"session-reset",	"lease-confirm",	"server-scope-mismatch",
	"purge-state",		"bind-conn-to-session", "moved",
	"lease-moved",		"delegation-expired",	"run-manager",
	"manager-available",	"recall-running",	"recall-any-layout-read",
	"recall-any-layout-rw", "delegreturn-delayed",
};
/* RFC 8881, 18.35, RFC 7862, 14.1; RETAIN_STATE and RECLAIMABLE_R: draft-cel-nfsv4-state-retention.
 */
static const char *const exchange_flags[] = {
	[0] = "SUPP_MOVED_REFER",     [1] = "SUPP_MOVED_MIGR",	  [2] = "SUPP_FENCE_OPS",
	[3] = "RETAIN_STATE",	      [8] = "BIND_PRINC_STATEID", [16] = "USE_NON_PNFS",
	[17] = "USE_PNFS_MDS",	      [18] = "USE_PNFS_DS",	  [29] = "RECLAIMABLE_R",
	[30] = "UPD_CONFIRMED_REC_A", [31] = "CONFIRMED_R",
};
static const char *const lock_types[] = {[1] = "read", [2] = "write", [3] = "both"};
static const char *const hands[] = {
	[RG_HAND_OFF] = "off",
	[RG_HAND_OPEN] = "open",
	[RG_HAND_CLOSED] = "closed",
	[RG_HAND_NOTHING] = "nothing-to-protect",
};
static const struct {
	const char *name, *text;
} downgrades[RG_NR_DOWNGRADES] = {
	[RG_DOWNGRADE_REFUSED_BY_CLIENT] =
		{"reclaim-refused-by-client",
		 "this host's NFS client cannot forward a reclaim (nfs_lock answers ENOGRACE, of "
		 "which knfsd makes NFS4ERR_NO_GRACE); nothing "
		 "was sent to the original server"},
	[RG_DOWNGRADE_GRACE_SKIPPED] = {"grace-skipped",
					"knfsd had started without a grace period, as it knew of "
					"nobody who could reclaim"},
	[RG_DOWNGRADE_GRACE_ENDED] = {"grace-ended", "the grace period was over"},
	[RG_DOWNGRADE_AFTER_COMPLETE] = {"reclaim-after-complete",
					 "the end client had already sent RECLAIM_COMPLETE"},
	[RG_DOWNGRADE_NO_RECORD] = {"no-record",
				    "knfsd's stable storage has no record of this end client"},
	[RG_DOWNGRADE_GRANTED_AS_NEW] =
		{"granted-as-new-lock",
		 "the reclaim was forwarded as a new lock; nothing proves that nobody held it "
		 "meanwhile"},
	[RG_DOWNGRADE_TAKEN] =
		{"lock-taken", "the reclaim was forwarded as a new lock, and somebody else has the "
			       "lock"},
	[RG_DOWNGRADE_ORIGIN_NO_GRACE] = {"origin-no-grace", "the original server is not in grace"},
	[RG_DOWNGRADE_ORIGIN_RECLAIM_BAD] = {"origin-reclaim-bad",
					     "the original server knows of nothing to reclaim"},
	[RG_DOWNGRADE_ORIGIN_RECLAIM_CONFLICT] = {"origin-reclaim-conflict",
						  "somebody else has it on the original server"},
	[RG_DOWNGRADE_PREMATURE_COMPLETE] =
		{"premature-reclaim-complete",
		 "this host told the original server RECLAIM_COMPLETE before its own end clients "
		 "were through"},
	[RG_DOWNGRADE_LOCKS_UNSUPPORTED] = {"locks-unsupported",
					    "this kernel refuses locks through a re-export"},
	[RG_DOWNGRADE_OTHER] = {"refused", "the reclaim was refused for another reason"},
};
static const char *const timeds[RG_NR_TIMED] = {
	[RG_TIMED_OPEN] = "open",
	[RG_TIMED_LOCK] = "lock",
	[RG_TIMED_OPEN_RECLAIM] = "open-reclaim",
	[RG_TIMED_LOCK_RECLAIM] = "lock-reclaim",
	[RG_TIMED_NLM_LOCK] = "nlm-lock",
};
static const char *const tallies[RG_NR_TALLIES] = {
	[RG_TALLY_RECLAIMS_OK] = "reclaims_granted",
	[RG_TALLY_RECLAIMS_REFUSED] = "reclaims_refused",
	[RG_TALLY_RETAKEN] = "retaken",
	[RG_TALLY_OPENS] = "opens",
	[RG_TALLY_LOCKS] = "locks",
	[RG_TALLY_GRACE] = "told_grace",
	[RG_TALLY_DELAY] = "told_delay",
	[RG_TALLY_DENIED] = "denied",
	[RG_TALLY_ERRORS] = "errors",
};

struct status {
	__u32 value;
	const char *name;
};

/* nfsstat4 (RFC 8881 15.1, RFC 7862 11.1), sorted. */
static const struct status nfs4[] = {
	{0, "NFS4_OK"},
	{1, "NFS4ERR_PERM"},
	{2, "NFS4ERR_NOENT"},
	{5, "NFS4ERR_IO"},
	{6, "NFS4ERR_NXIO"},
	{13, "NFS4ERR_ACCESS"},
	{17, "NFS4ERR_EXIST"},
	{18, "NFS4ERR_XDEV"},
	{20, "NFS4ERR_NOTDIR"},
	{21, "NFS4ERR_ISDIR"},
	{22, "NFS4ERR_INVAL"},
	{27, "NFS4ERR_FBIG"},
	{28, "NFS4ERR_NOSPC"},
	{30, "NFS4ERR_ROFS"},
	{31, "NFS4ERR_MLINK"},
	{63, "NFS4ERR_NAMETOOLONG"},
	{66, "NFS4ERR_NOTEMPTY"},
	{69, "NFS4ERR_DQUOT"},
	{70, "NFS4ERR_STALE"},
	{10001, "NFS4ERR_BADHANDLE"},
	{10003, "NFS4ERR_BAD_COOKIE"},
	{10004, "NFS4ERR_NOTSUPP"},
	{10005, "NFS4ERR_TOOSMALL"},
	{10006, "NFS4ERR_SERVERFAULT"},
	{10007, "NFS4ERR_BADTYPE"},
	{10008, "NFS4ERR_DELAY"},
	{10009, "NFS4ERR_SAME"},
	{10010, "NFS4ERR_DENIED"},
	{10011, "NFS4ERR_EXPIRED"},
	{10012, "NFS4ERR_LOCKED"},
	{10013, "NFS4ERR_GRACE"},
	{10014, "NFS4ERR_FHEXPIRED"},
	{10015, "NFS4ERR_SHARE_DENIED"},
	{10016, "NFS4ERR_WRONGSEC"},
	{10017, "NFS4ERR_CLID_INUSE"},
	{10018, "NFS4ERR_RESOURCE"},
	{10019, "NFS4ERR_MOVED"},
	{10020, "NFS4ERR_NOFILEHANDLE"},
	{10021, "NFS4ERR_MINOR_VERS_MISMATCH"},
	{10022, "NFS4ERR_STALE_CLIENTID"},
	{10023, "NFS4ERR_STALE_STATEID"},
	{10024, "NFS4ERR_OLD_STATEID"},
	{10025, "NFS4ERR_BAD_STATEID"},
	{10026, "NFS4ERR_BAD_SEQID"},
	{10027, "NFS4ERR_NOT_SAME"},
	{10028, "NFS4ERR_LOCK_RANGE"},
	{10029, "NFS4ERR_SYMLINK"},
	{10030, "NFS4ERR_RESTOREFH"},
	{10031, "NFS4ERR_LEASE_MOVED"},
	{10032, "NFS4ERR_ATTRNOTSUPP"},
	{10033, "NFS4ERR_NO_GRACE"},
	{10034, "NFS4ERR_RECLAIM_BAD"},
	{10035, "NFS4ERR_RECLAIM_CONFLICT"},
	{10036, "NFS4ERR_BADXDR"},
	{10037, "NFS4ERR_LOCKS_HELD"},
	{10038, "NFS4ERR_OPENMODE"},
	{10039, "NFS4ERR_BADOWNER"},
	{10040, "NFS4ERR_BADCHAR"},
	{10041, "NFS4ERR_BADNAME"},
	{10042, "NFS4ERR_BAD_RANGE"},
	{10043, "NFS4ERR_LOCK_NOTSUPP"},
	{10044, "NFS4ERR_OP_ILLEGAL"},
	{10045, "NFS4ERR_DEADLOCK"},
	{10046, "NFS4ERR_FILE_OPEN"},
	{10047, "NFS4ERR_ADMIN_REVOKED"},
	{10048, "NFS4ERR_CB_PATH_DOWN"},
	{10049, "NFS4ERR_BADIOMODE"},
	{10050, "NFS4ERR_BADLAYOUT"},
	{10051, "NFS4ERR_BAD_SESSION_DIGEST"},
	{10052, "NFS4ERR_BADSESSION"},
	{10053, "NFS4ERR_BADSLOT"},
	{10054, "NFS4ERR_COMPLETE_ALREADY"},
	{10055, "NFS4ERR_CONN_NOT_BOUND_TO_SESSION"},
	{10056, "NFS4ERR_DELEG_ALREADY_WANTED"},
	{10057, "NFS4ERR_BACK_CHAN_BUSY"},
	{10058, "NFS4ERR_LAYOUTTRYLATER"},
	{10059, "NFS4ERR_LAYOUTUNAVAILABLE"},
	{10060, "NFS4ERR_NOMATCHING_LAYOUT"},
	{10061, "NFS4ERR_RECALLCONFLICT"},
	{10062, "NFS4ERR_UNKNOWN_LAYOUTTYPE"},
	{10063, "NFS4ERR_SEQ_MISORDERED"},
	{10064, "NFS4ERR_SEQUENCE_POS"},
	{10065, "NFS4ERR_REQ_TOO_BIG"},
	{10066, "NFS4ERR_REP_TOO_BIG"},
	{10067, "NFS4ERR_REP_TOO_BIG_TO_CACHE"},
	{10068, "NFS4ERR_RETRY_UNCACHED_REP"},
	{10069, "NFS4ERR_UNSAFE_COMPOUND"},
	{10070, "NFS4ERR_TOO_MANY_OPS"},
	{10071, "NFS4ERR_OP_NOT_IN_SESSION"},
	{10072, "NFS4ERR_HASH_ALG_UNSUPP"},
	{10074, "NFS4ERR_CLIENTID_BUSY"},
	{10075, "NFS4ERR_PNFS_IO_HOLE"},
	{10076, "NFS4ERR_SEQ_FALSE_RETRY"},
	{10077, "NFS4ERR_BAD_HIGH_SLOT"},
	{10078, "NFS4ERR_DEADSESSION"},
	{10079, "NFS4ERR_ENCR_ALG_UNSUPP"},
	{10080, "NFS4ERR_PNFS_NO_LAYOUT"},
	{10081, "NFS4ERR_NOT_ONLY_OP"},
	{10082, "NFS4ERR_WRONG_CRED"},
	{10083, "NFS4ERR_WRONG_TYPE"},
	{10084, "NFS4ERR_DIRDELEG_UNAVAIL"},
	{10085, "NFS4ERR_REJECT_DELEG"},
	{10086, "NFS4ERR_RETURNCONFLICT"},
	{10087, "NFS4ERR_DELEG_REVOKED"},
};

/* nlm4_stats (X/Open XNFS). */
static const char *const nlm4[] = {
	"NLM4_GRANTED",
	"NLM4_DENIED",
	"NLM4_DENIED_NOLOCKS",
	"NLM4_BLOCKED",
	"NLM4_DENIED_GRACE_PERIOD",
	"NLM4_DEADLCK",
	"NLM4_ROFS",
	"NLM4_STALE_FH",
	"NLM4_FBIG",
	"NLM4_FAILED",
};

#define PICK(table, i) ((i) < COUNT(table) && (table)[i] ? (table)[i] : "?")
#define PICK_OR_NULL(table, i) ((i) < COUNT(table) ? (table)[i] : NULL)

const char *rg_record_op_name(__u32 op)
{
	return PICK(ops, op);
}

const char *rg_side_name(__u32 side)
{
	return PICK(sides, side);
}

const char *rg_claim_name(__u32 claim)
{
	return PICK_OR_NULL(claims, claim);
}

const char *rg_gone_name(__u32 gone)
{
	return PICK(gones, gone);
}

const char *rg_kept_why_name(__u32 why)
{
	return PICK(kept_whys, why);
}

const char *rg_kept_why_text(__u32 why)
{
	static const char *const texts[RG_NR_KEPT_WHYS] = {
		[RG_KEPT_OVER] = "keep-for is over",
		[RG_KEPT_RETAKEN] = "it has everything back",
		[RG_KEPT_EXPIRED] = "its lease ran out",
		[RG_KEPT_DESTROYED] = "it gave up its id (DESTROY_CLIENTID)",
		[RG_KEPT_ADMIN] = "an administrator expired it",
		[RG_KEPT_SHUTDOWN] = "knfsd shut down",
		[RG_KEPT_DISABLED] = "the role of an original server was disabled",
		[RG_KEPT_TOO_LATE] = "it came back after its lease had run out",
		[RG_KEPT_LEFT_OUT] = "the configuration does not name it",
		[RG_KEPT_NO_ROOM] = "there is no room for one more client",
		[RG_KEPT_SAID_THROUGH] = "it said that its end clients are through",
	};

	return PICK(texts, why);
}

const char *rg_kept_from_name(__u32 what)
{
	return PICK(kept_froms, what);
}

const char *rg_fact_name(__u32 bit)
{
	return PICK_OR_NULL(facts, bit);
}

const char *rg_back_op_name(__u32 op)
{
	return PICK(back_ops, op);
}

const char *rg_state_manager_name(__u32 bit)
{
	return PICK_OR_NULL(state_managers, bit);
}

const char *rg_exchange_flag_name(__u32 bit)
{
	return PICK_OR_NULL(exchange_flags, bit);
}

const char *rg_lock_type_name(__u32 type)
{
	return PICK_OR_NULL(lock_types, type);
}

const char *rg_hand_name(__u32 hand)
{
	return PICK(hands, hand);
}

const char *rg_downgrade_name(__u32 downgrade)
{
	return downgrade < COUNT(downgrades) ? downgrades[downgrade].name : "?";
}

const char *rg_downgrade_text(__u32 downgrade)
{
	return downgrade && downgrade < COUNT(downgrades) ? downgrades[downgrade].text : "?";
}

/* Who has the lock that was denied, as far as `back` tells. The original server's answer names a
 * client of its own by a number that means nothing here (LOCK4denied, RFC 8881 18.10), and Linux
 * drops it (decode_lock() in fs/nfs/nfs4xdr.c). Before it sends anything _nfs4_proc_setlk() looks
 * among the locks of this host; nlmclnt_lock() too, but its answers are the same either way. */
static const char *consequence_of_taken(const struct rg_record *r)
{
	__u32 n = r->facts & RG_FACT_BACK_CUT || r->n_back > RG_BACK_MAX ? 0 : r->n_back;
	const struct rg_back *last = n ? &r->back[n - 1] : NULL;

#define LOST_ALONE                                                                                 \
	"this lock is lost, and no other one: writes of the application that had it fail with "    \
	"EIO; "
	if (last && last->op == RG_BACK_LOCK && last->status == RG_NFS4ERR_DENIED)
		return LOST_ALONE "somebody at the original server has it, another client or an "
				  "application there: its answer does not tell who";
	if (last && last->op == RG_BACK_NFS_LOCK && last->status == EAGAIN)
		return LOST_ALONE "no LOCK to the original server was seen: a local application or "
				  "another end client has it on this host, see /proc/locks";
	return LOST_ALONE "who has it was not seen";
#undef LOST_ALONE
}

/* Sources: nfs4_reclaim_open_state() in fs/nfs/nfs4state.c, nfs4_lock_expired() in nfs4proc.c,
 * reclaimer() in fs/lockd/clntlock.c. */
const char *rg_downgrade_consequence(const struct rg_record *r)
{
	switch (r->downgrade) {
	case RG_DOWNGRADE_GRANTED_AS_NEW:
		return "the end client has the lock and is told nothing; another may have had it "
		       "and changed the file";
	case RG_DOWNGRADE_TAKEN:
		return consequence_of_taken(r);
	case RG_DOWNGRADE_PREMATURE_COMPLETE:
		return "the original server takes this host's recovery for finished and reclaims "
		       "nothing for its end clients any more";
	case RG_DOWNGRADE_LOCKS_UNSUPPORTED:
		return "end clients cannot lock files of this re-export at all";
	case RG_DOWNGRADE_NONE:
		return "none";
	default:
		break;
	}
	if (r->side == RG_SIDE_CLIENT)
		return r->op == RG_REC_OPEN
			       ? "this host opens it anew; with nfs.recover_lost_locks=N here the "
				 "locks of its end clients on it are lost"
			       : "the lock is lost for the end client that this host holds it for, "
				 "unless nfs.recover_lost_locks=Y here and nobody was quicker";
	if (r->op == RG_REC_NLM_LOCK)
		return "the end client loses the lock and its kernel logs `failed to reclaim lock`";
	if (r->op == RG_REC_OPEN)
		return "the end client opens it anew; with nfs.recover_lost_locks=N there it loses "
		       "its locks on the file and their writers get EIO";
	return "LOCK refused; with nfs.recover_lost_locks=N the application of the end client gets "
	       "EIO, with Y it takes the lock anew if nobody was quicker";
}

const char *rg_timed_name(__u32 timed)
{
	return PICK(timeds, timed);
}

const char *rg_tally_name(__u32 tally)
{
	return PICK(tallies, tally);
}

static int by_value(const void *key, const void *at)
{
	__u32 a = *(const __u32 *)key, b = ((const struct status *)at)->value;

	return a < b ? -1 : a > b;
}

const char *rg_nfs4_status_name(__u32 status)
{
	const struct status *s = bsearch(&status, nfs4, COUNT(nfs4), sizeof(nfs4[0]), by_value);

	return s ? s->name : NULL;
}

static const char *errno_name(__u32 err)
{
	switch (err) { /* from include/linux/errno.h, which is not for user space, so libc has no
			  names */
	case 0:
		return "OK";
	case 524:
		return "ENOTSUPP";
	case 531:
		return "ENOGRACE";
	default:
		return err < 512 ? strerrorname_np((int)err) : NULL;
	}
}

const char *rg_status_name(__u32 kind, __u32 status, char *buf)
{
	const char *name = NULL;

	if (kind == RG_STATUS_NFS4)
		name = rg_nfs4_status_name(status);
	else if (kind == RG_STATUS_NLM)
		name = PICK_OR_NULL(nlm4, status);
	else if (kind == RG_STATUS_ERRNO)
		name = errno_name(status);
	if (name)
		return name;
	snprintf(buf, RG_STATUS_SIZE, "%u", status);
	return buf;
}

static int find(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (names[i] && strcmp(names[i], name) == 0)
			return (int)i;
	return -1;
}

int rg_record_op_of(const char *name)
{
	return find(ops, COUNT(ops), name);
}

int rg_side_of(const char *name)
{
	return find(sides, COUNT(sides), name);
}

int rg_downgrade_named(const char *name)
{
	for (size_t i = 0; i < COUNT(downgrades); i++)
		if (downgrades[i].name && strcmp(downgrades[i].name, name) == 0)
			return (int)i;
	return -1;
}
