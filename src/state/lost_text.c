// SPDX-License-Identifier: GPL-2.0-only
/* The words of a recovery: reasons, and one line for all that was lost. */
#include "state/lost.h"

#include <stdio.h>
#include <time.h>

static const char *const keys[RG_NR_LOST_WHYS] = {
	[RG_LOST_NOT] = "not-lost",	     [RG_LOST_REFUSED] = "refused",
	[RG_LOST_NOT_ASKED] = "not-asked",   [RG_LOST_ABSENT] = "absent",
	[RG_LOST_THROWN_OUT] = "thrown-out", [RG_LOST_NLM_NOT_NOTIFIED] = "not-notified",
	[RG_LOST_NLM_GRACE] = "nlm-grace",   [RG_LOST_NLM_DENIED] = "nlm-denied",
};

static const char *const texts[RG_NR_LOST_WHYS] = {
	[RG_LOST_NOT] = "",
	[RG_LOST_REFUSED] = "its end client was refused a reclaim and did not take it again",
	[RG_LOST_NOT_ASKED] = "its end client came back and did not ask for it",
	[RG_LOST_ABSENT] = "its end client did not come back",
	[RG_LOST_THROWN_OUT] = "it was held again until knfsd threw its end client out",
	[RG_LOST_NLM_NOT_NOTIFIED] = "its NFSv3 end client did not come back: it was not notified "
				     "of the restart, or is gone",
	[RG_LOST_NLM_GRACE] = "lockd refused its NFSv3 end client's reclaim with "
			      "NLM4_DENIED_GRACE_PERIOD, as lockd's grace period was over",
	[RG_LOST_NLM_DENIED] = "lockd refused its NFSv3 end client's reclaim with NLM4_DENIED or "
			       "NLM4_DENIED_NOLOCKS: somebody else had it, or locks are refused",
};

const char *rg_lost_why_key(enum rg_lost_why why)
{
	return keys[why];
}

const char *rg_lost_why_text(enum rg_lost_why why)
{
	return texts[why];
}

void rg_lost_text(const struct rg_lost *l, const struct rg_lost_sum *sum,
		  char text[RG_LOST_TEXT_SIZE])
{
	char wall[64] = "";
	size_t n;

	if (!l->over) {
		snprintf(text, RG_LOST_TEXT_SIZE,
			 "recovery under way: %llu of %llu known locks are held again",
			 (unsigned long long)sum->back,
			 (unsigned long long)(sum->back + sum->pending));
		return;
	}
	n = (size_t)snprintf(text, RG_LOST_TEXT_SIZE, "%s%llu lock%s of %llu end client%s lost",
			     sum->lower_bound && sum->total ? "at least " : "",
			     (unsigned long long)sum->total, sum->total == 1 ? "" : "s",
			     (unsigned long long)sum->clients, sum->clients == 1 ? "" : "s");
	if (sum->unnamed && n < RG_LOST_TEXT_SIZE)
		n += (size_t)snprintf(text + n, RG_LOST_TEXT_SIZE - n,
				      "; of %llu the ledger had no range%s",
				      (unsigned long long)sum->unnamed,
				      l->cut ? ", as there were more than it keeps" : "");
	if (sum->given_back && n < RG_LOST_TEXT_SIZE)
		n += (size_t)snprintf(text + n, RG_LOST_TEXT_SIZE - n,
				      "; %llu more are not held and may have been given back",
				      (unsigned long long)sum->given_back);
	if (l->as_of_ns > 1) {
		time_t s = (time_t)(l->as_of_ns / RG_NS_PER_SEC);
		struct tm tm;

		gmtime_r(&s, &tm);
		strftime(wall, sizeof(wall), "%Y-%m-%d %H:%M:%S UTC", &tm);
	}
	if (l->as_of_ns && n < RG_LOST_TEXT_SIZE)
		snprintf(text + n, RG_LOST_TEXT_SIZE - n,
			 "; a lower bound, by the ledger on disk as it was written %s: what was "
			 "locked later is not in it",
			 wall[0] ? wall : "at an unknown time");
	else if (sum->lower_bound && !sum->given_back && n < RG_LOST_TEXT_SIZE)
		snprintf(text + n, RG_LOST_TEXT_SIZE - n, "; a lower bound, as %s",
			 l->cut && !sum->unnamed ? "there were more than the ledger keeps"
						 : "the ledger was a few seconds old");
}
