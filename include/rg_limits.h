/* SPDX-License-Identifier: GPL-2.0-only */
/* Every limit of reexport-guard, shared by the BPF programs and user space. */
#pragma once

/* Version of everything that is pinned (docs/pins.md); goes up when the
 * layout of a pinned map or the meaning of a value in it changes. */
#define RG_PINS_VERSION 1

/* Gates on one host, one a network namespace. Slot 0 is the canary's. */
#define RG_MAX_GATES 64
#define RG_CANARY_SLOT 0

/* NFS superblocks that can be classified; one that is not counts as guarded. */
#define RG_MAX_DEVICES 4096

/* Threads held at one time; one more is denied, and counted. */
#define RG_MAX_HELD 16384

/* Lock managers in grace at one time: two a network namespace. */
#define RG_MAX_MANAGERS (2 * RG_MAX_GATES)

/* Paths and sources a policy can name, and the size of one, NUL included. */
#define RG_MAX_PATHS 256
#define RG_PATH_SIZE 4096

/* The ring of events, bytes. */
#define RG_RING_BYTES (256 * 1024)

/* The daemon renews its heartbeat every so often; one that is older than the
 * second figure is dead, and `hold` then acts as `deny`. */
#define RG_HEARTBEAT_NS 1000000000ULL
#define RG_HEARTBEAT_STALE_NS (5 * RG_HEARTBEAT_NS)

/* Seconds. A gate is open at the latest max-hold after it closed, counted anew
 * when knfsd starts. */
#define RG_DEFAULT_MAX_HOLD 900
#define RG_MAX_MAX_HOLD 86400
/* A Linux end client comes back after NFS4ERR_GRACE with a back-off of up to
 * 15 s (nfs4_update_delay, fs/nfs/nfs4proc.c: NFS4_POLL_RETRY_MAX). */
#define RG_DEFAULT_SETTLE_TIME 20
#define RG_MAX_SETTLE_TIME 3600

#define RG_COMM_SIZE 16
#define RG_NS_PER_SEC 1000000000ULL
