// SPDX-License-Identifier: GPL-2.0-only
#include "record/record.h"

#include <string.h>
#include <sys/socket.h>

__u64 rg_record_wall(const struct rg_record_around *around, __u64 boot_ns)
{
	__u64 wall_ns = boot_ns + (__u64)around->wall_offset_ns;

	if (around->wall_offset_ns < 0)
		return wall_ns > boot_ns ? 0 : wall_ns;
	return wall_ns < boot_ns ? ~0ULL : wall_ns;
}

bool rg_record_has_address(const struct rg_record *r)
{
	return r->side != RG_SIDE_GATE && (r->family == AF_INET || r->family == AF_INET6);
}

bool rg_record_has_peer(const struct rg_record *r)
{
	return r->side != RG_SIDE_GATE && (rg_record_has_address(r) || r->cl_boot || r->cl_id ||
					   r->verifier || rg_record_name_length(r));
}

size_t rg_record_name_length(const struct rg_record *r)
{
	if (r->side == RG_SIDE_GATE || !r->name_len)
		return strnlen(r->name, sizeof(r->name));
	return r->name_len < sizeof(r->name) ? r->name_len : sizeof(r->name);
}

/* A state manager's name is the section that failed. */
static bool has_path(const struct rg_record *r)
{
	return r->path[0] && r->op != RG_REC_STATE_MANAGER_FAILED;
}

bool rg_record_has_file(const struct rg_record *r)
{
	return r->dev || r->fileid || r->fsid_major || r->fsid_minor || has_path(r);
}

bool rg_record_has_range(const struct rg_record *r)
{
	if (r->op == RG_REC_KEPT_FROM)
		return r->how == RG_KEPT_FROM_LOCK || r->how == RG_KEPT_FROM_LOCKT;
	return r->op == RG_REC_LOCK || r->op == RG_REC_NLM_LOCK || r->op == RG_REC_LOCK_LOST ||
	       r->op == RG_REC_RETAKEN;
}

bool rg_record_is_forwarded(const struct rg_record *r)
{
	return r->side == RG_SIDE_SERVER && r->facts & RG_FACT_NFS &&
	       (r->op == RG_REC_OPEN || r->op == RG_REC_LOCK || r->op == RG_REC_NLM_LOCK);
}

__u32 rg_record_backs(const struct rg_record *r)
{
	return r->n_back < RG_BACK_MAX ? r->n_back : RG_BACK_MAX;
}

__u32 rg_back_status_kind(const struct rg_back *b)
{
	if (b->status)
		return b->status < 10000 ? RG_STATUS_ERRNO : RG_STATUS_NFS4;
	return b->op == RG_BACK_OPEN || b->op == RG_BACK_LOCK ? RG_STATUS_NFS4 : RG_STATUS_ERRNO;
}

bool rg_record_is_downgrade(const struct rg_record *r)
{
	return r->downgrade > RG_DOWNGRADE_NONE && r->downgrade < RG_NR_DOWNGRADES;
}

bool rg_record_is_error(const struct rg_record *r)
{
	return r->status && r->status_kind > RG_STATUS_NONE && r->status_kind < RG_NR_STATUS_KINDS;
}

struct rg_record_path rg_record_path_of(const struct rg_record *r,
					const struct rg_mountpoints *points)
{
	struct rg_record_path p = {.mount = "", .rest = r->path};
	const struct rg_mountpoint *mount;

	if (!has_path(r))
		return p;
	p.rest_n = strnlen(r->path, sizeof(r->path));
	/* A path without its beginning cannot be put below the mount point. */
	if (r->path[0] != '/' || r->facts & RG_FACT_PATH_CUT)
		return p;
	mount = rg_mountpoint_find(points, r->dev);
	if (!mount)
		return p;
	if (p.rest_n == 1 && mount->path_n) { /* the root of the mount */
		p.rest = mount->path;
		p.rest_n = mount->path_n;
		return p;
	}
	p.mount = mount->path;
	p.mount_n = mount->path_n;
	return p;
}
