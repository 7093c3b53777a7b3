// SPDX-License-Identifier: GPL-2.0-only
#include "state/origin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/log.h"
#include "base/netns.h"

/* Looks in the network namespace that mounted it. */
#define END_GRACE "/proc/fs/nfsd/v4_end_grace"

static bool grace_is_over(void)
{
	char over = 'N';
	int fd = open(END_GRACE, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (read(fd, &over, 1) < 0)
		over = 'N';
	close(fd);
	return over == 'Y';
}

/* Returns 0; EALREADY: the grace period was over; or another errno. */
static int end_grace(void)
{
	int err = 0, fd = open(END_GRACE, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	if (write(fd, "Y", 1) < 0)
		err = errno;
	close(fd);
	/* knfsd gives the same errno when it does not let the grace period be ended
	 * (write_v4_end_grace(), fs/nfsd/nfsctl.c). */
	return err == EBUSY && grace_is_over() ? EALREADY : err;
}

void rg_origin_no_grace(const struct rg_gate *g)
{
	int err;

	if (!g->policy.end_grace || g->knfsd != RG_KNFSD_GRACE) {
		rg_warn("network namespace %u: an original server answered NO_GRACE to this host's "
			"own reclaims: what end clients held there may be lost%s",
			g->netns,
			g->knfsd == RG_KNFSD_GRACE
				? "; on-origin-no-grace = end-grace would end knfsd's grace period"
				: "");
		return;
	}
	if (g->netns != rg_netns_self()) {
		rg_warn("network namespace %u: an original server answered NO_GRACE; knfsd's grace "
			"period there cannot be ended from here: write Y to its %s",
			g->netns, END_GRACE);
		return;
	}
	err = end_grace();
	if (!err)
		rg_warn("network namespace %u: an original server answered NO_GRACE: knfsd's grace "
			"period is ended, since its end clients' reclaims have come to nothing",
			g->netns);
	else if (err == EALREADY)
		rg_warn("network namespace %u: an original server answered NO_GRACE: knfsd's grace "
			"period was over before it could be ended",
			g->netns);
	else
		rg_warn("network namespace %u: an original server answered NO_GRACE; %s: %s: "
			"knfsd's grace period %s",
			g->netns, END_GRACE, rg_strerror(err),
			err == EBUSY
				? "cannot be ended: knfsd is shutting down, or keeps no record "
				  "of its clients (nfsdcld)"
				: "goes on");
}
