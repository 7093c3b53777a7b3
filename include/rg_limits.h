/* SPDX-License-Identifier: GPL-2.0-only */
/* Every limit of reexport-guard, shared by the BPF programs and user space. */
#pragma once

/* Version of everything that is pinned (docs/pins.md); goes up when the
 * layout of a pinned map or the meaning of a value in it changes. */
#define RG_PINS_VERSION 25

/* Gates on one host, one a network namespace. Slot 0 is the canary's. */
#define RG_MAX_GATES 64
#define RG_CANARY_SLOT 0

/* NFS superblocks that can be classified; one that is not counts as guarded. */
#define RG_MAX_DEVICES 4096

/* The most threads held at one time; one more is denied, and counted. */
#define RG_MAX_HELD 16384

/* A thread that another process continues so many times within a second is refused instead of
 * held again: tmux and screen continue whatever is stopped in their windows, at once and always. */
#define RG_MAX_HELD_AGAIN 32

/* The most ancestors of held processes recorded at one time, and how many generations of each. */
#define RG_MAX_ABOVE 16384
#define RG_MAX_LEVELS 16

/* The most processes recorded at one time that stopped themselves because of a hold; one more is
 * not continued, and counted as a failure. */
#define RG_MAX_WRAPPERS 16384

/* How many denials, and passes at an audit gate, of one process tracers are told of: so many at
 * once, then so many a second. The others are only counted. */
#define RG_TOLD_AT_ONCE 64
#define RG_TOLD_PER_SECOND 10
#define RG_MAX_TOLD 4096
/* How many EXCHANGE_IDs, CREATE_SESSIONs and the like of one address tracers are told of: so many
 * at once, then so many a second. No end client needs a proof of who it is to send them. */
#define RG_PEER_TOLD_AT_ONCE 2048
#define RG_PEER_TOLD_PER_SECOND 1
#define RG_MAX_PEERS_TOLD 4096

/* The most lock managers in grace at one time: two for each network namespace. */
#define RG_MAX_MANAGERS (2 * RG_MAX_GATES)

/* The most threads of knfsd within functions whose return is followed by a kretprobe; the return
 * of one more is not seen, and that is counted. */
#define RG_MAX_ENTERED 1024

/* Lock reclaims under way that the module asked about: a thread of knfsd each. */
#define RG_MAX_RECLAIMING 1024

/* Within this time after the start of its grace period knfsd has started or failed: it waits for
 * nobody in between. */
#define RG_START_NS (10 * 1000000000ULL)

/* Mount rules of all gates, and the size of a path in one, NUL included. */
#define RG_MAX_RULES 1024
#define RG_PATH_SIZE 1024

/* Executables that are exempt. */
#define RG_MAX_EXEMPT 256

/* End clients in the ledger, and (end client, file) pairs whose locks are
 * counted; one more of either is not awaited by count, and counted as lost. */
#define RG_MAX_CLIENTS 16384
#define RG_MAX_NLM_HOSTS 4096
/* Of these, end clients that come from one address (IPv6: one /64), so that nobody fills the ledger
 * with names alone; one more is counted, and is not in the ledger. knfsd itself has room for 1,024
 * in all for each GiB of memory (nfsd4_init_leases_net, fs/nfsd/nfs4state.c). */
#define RG_MAX_OF_ADDRESS 512
#define RG_MAX_NLM_OF_ADDRESS 256
/* Where there is no room, end clients that have had no lock for so long make it. They are looked
 * for once a second. */
#define RG_IDLE_NS (60 * 1000000000ULL)
#define RG_MAX_CLIENT_FILES 65536
#define RG_CLIENT_FILE_BYTES 16 /* a key of it */
/* A LOCK or LOCKU counts the locks of its file only up to this number. If there are more they are
 * counted later (bpf/count.bpf.c), so that the cost of a LOCK does not grow with them. */
#define RG_COUNT_NOW 4
/* The most locks that one such count reads; if a file has more, the number that an end client
 * holds is unknown. And the most locks that LOCKs read within a second to find out whether an
 * awaited end client has its locks again. */
#define RG_MAX_FILE_LOCKS (1 << 20)
#define RG_COUNT_STEPS (1 << 18)
/* What finding all files to count costs, expressed as a number of locks read. */
#define RG_COUNT_ROUND (1 << 13)
/* After so many failed counts in a row the number is unknown. */
#define RG_COUNT_TRIES 5
/* Ranges of end clients' locks that the ledger keeps, of all gates; of more it is only known
 * how many there are. Files that one look at them takes in, the locks that it may look at,
 * and its room for what it says of end clients besides. */
#define RG_MAX_RANGES 16384
#define RG_MAX_LISTED_FILES 512
#define RG_MAX_LISTED_CLIENTS 1024
#define RG_MAX_LISTED (RG_MAX_RANGES + RG_MAX_LISTED_CLIENTS)
#define RG_LIST_STEPS (1 << 18)
/* What is kept of a file's path, NUL included. */
#define RG_LISTED_PATH 128
/* How many bytes of an end client's name (co_ownerid) are kept, and how many are hashed. */
#define RG_CLIENT_NAME 128
#define RG_CLIENT_NAME_HASHED 256
/* FNV-1a, 64 bits (RFC 9923). */
#define RG_FNV_OFFSET 0xcbf29ce484222325ULL
#define RG_FNV_PRIME 0x100000001b3ULL

/* The most end clients that tracing keeps figures of: those seen last. */
#define RG_MAX_FLOW_CLIENTS 4096

/* The most NFSv3 end clients that are to be told at one time that lockd dropped their locks; one
 * more is not told, and counted. */
#define RG_MAX_DROPPED 4096

/* Original servers whose lease is watched. */
#define RG_MAX_SERVERS 64
#define RG_SERVER_NAME 64

/* The ring of events, bytes. */
#define RG_RING_BYTES (256 * 1024)

/* The most tracers at one time, and the ring of each in bytes: large enough for a storm of
 * records until the tracer gets a CPU. */
#define RG_MAX_TRACERS 4
/* Of the daemon's recording: MiB in all, and the parts it is kept in. */
#define RG_DEFAULT_RECORD_MIB 64
#define RG_MIN_RECORD_MIB 8
#define RG_MAX_RECORD_MIB (16L * 1024)
#define RG_RECORD_PARTS 8
#define RG_TRACER_RING_BYTES (2 * 1024 * 1024)
/* The daemon's ring; it is mapped twice, so it counts twice in the daemon's memory. */
#define RG_ALARM_RING_BYTES (1024 * 1024)

/* A lock that an end client takes in the ordinary way within this time after a refused reclaim is
 * reported as taken again: Linux retries within 15 s after the last grace period
 * (NFS4_POLL_RETRY_MAX), which may end a lease after knfsd's. */
#define RG_RETAKE_NS (180 * 1000000000ULL)

/* How many slowest reclaims and last downgrades are kept for `top`. */
#define RG_SLOWEST 8
#define RG_LAST_DOWNGRADES 16

/* How often the daemon renews its heartbeat. If the heartbeat is older than the second figure the
 * daemon counts as dead, and `hold` acts as `deny`. */
#define RG_HEARTBEAT_NS 1000000000ULL
#define RG_HEARTBEAT_STALE_NS (5 * RG_HEARTBEAT_NS)

/* Seconds. A gate opens at the latest max-hold after it closed; the time starts again when knfsd
 * starts. */
#define RG_DEFAULT_MAX_HOLD 900
#define RG_MAX_MAX_HOLD 86400
/* After the last grace period `settled` waits for refused end clients: at most settle-timeout (0:
 * knfsd's lease), and no longer for one that took locks again and then was quiet for
 * settle-quiet. A Linux end client comes back after
 * NFS4ERR_GRACE with a back-off of up to 15 s (NFS4_POLL_RETRY_MAX,
 * fs/nfs/nfs4proc.c), but then takes one lock after the other. */
#define RG_MAX_SETTLE_TIMEOUT 3600
#define RG_DEFAULT_SETTLE_QUIET 10
#define RG_MAX_SETTLE_QUIET 600
/* knfsd's default lease (fs/nfsd/nfs4state.c), used until its own is known. */
#define RG_DEFAULT_LEASE 90

/* The ledger is written to disk at most so often, seconds. */
#define RG_DEFAULT_LEDGER_INTERVAL 2
#define RG_MAX_LEDGER_INTERVAL 60

/* Metrics are written every so often, seconds. */
#define RG_DEFAULT_METRICS_INTERVAL 10
#define RG_MAX_METRICS_INTERVAL 3600

/* The longest interval of `top`, seconds. */
#define RG_MAX_INTERVAL 3600

/* The longest --timeout of `wait`, seconds. */
#define RG_MAX_TIMEOUT 86400

#define RG_STATE_DIR "/var/lib/reexport-guard"
#define RG_METRICS_FILE "reexport-guard.prom" /* in metrics-dir */
#define RG_CONFIG_FILE "/etc/reexport-guard.conf"

#define RG_COMM_SIZE 16
#define RG_NS_PER_SEC 1000000000ULL
