/* SPDX-License-Identifier: GPL-2.0-only */
/* Made by vmlinux/make-vmlinux from Debian's 6.1.0-57-amd64: do not edit, change `types`. */
#pragma once

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef signed char __s8;
typedef unsigned char __u8;
typedef short int __s16;
typedef short unsigned int __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long int __s64;
typedef long long unsigned int __u64;
typedef __s8 s8;
typedef __u8 u8;
typedef __s16 s16;
typedef __u16 u16;
typedef __s32 s32;
typedef __u32 u32;
typedef __s64 s64;
typedef __u64 u64;
typedef __u16 __le16;
typedef __u16 __be16;
typedef __u32 __le32;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;
typedef long unsigned int __kernel_ulong_t;
typedef __kernel_ulong_t __kernel_size_t;
typedef __kernel_size_t size_t;
typedef int __kernel_pid_t;
typedef __kernel_pid_t pid_t;
typedef u32 __kernel_dev_t;
typedef __kernel_dev_t dev_t;
typedef unsigned int fmode_t;
typedef short unsigned int umode_t;
typedef struct {
	long unsigned int sig[1];
} sigset_t;
typedef u64 uint64_t;
typedef short unsigned int __kernel_sa_family_t;
typedef long long int __kernel_loff_t;
typedef __kernel_loff_t loff_t;
typedef __s64 time64_t;
typedef struct {
	int counter;
} atomic_t;
typedef struct {
	char data[8];
} nfs4_verifier;
typedef struct {
	u32 cl_boot;
	u32 cl_id;
} clientid_t;

struct inode;
struct super_block;
struct file_lock_context;
struct list_head;
struct mm_struct;
struct task_struct;
struct files_struct;
struct nsproxy;
struct signal_struct;
struct sigpending;
struct pid;
struct fdtable;
struct file;
struct dentry;
struct qstr;
struct net;
struct ns_common;
struct net_generic;
struct nfs_client;
struct nfs_fsid;
struct __kernel_sockaddr_storage;
struct lock_manager;
struct xdr_netobj;
struct nfs4_client;
struct svc_fh;
struct nlm_lock;
struct file_lock;
struct nlm_res;

enum bpf_map_type {
	BPF_MAP_TYPE_UNSPEC = 0,
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PROG_ARRAY = 3,
	BPF_MAP_TYPE_PERF_EVENT_ARRAY = 4,
	BPF_MAP_TYPE_PERCPU_HASH = 5,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_STACK_TRACE = 7,
	BPF_MAP_TYPE_CGROUP_ARRAY = 8,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_LRU_PERCPU_HASH = 10,
	BPF_MAP_TYPE_LPM_TRIE = 11,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_HASH_OF_MAPS = 13,
	BPF_MAP_TYPE_DEVMAP = 14,
	BPF_MAP_TYPE_SOCKMAP = 15,
	BPF_MAP_TYPE_CPUMAP = 16,
	BPF_MAP_TYPE_XSKMAP = 17,
	BPF_MAP_TYPE_SOCKHASH = 18,
	BPF_MAP_TYPE_CGROUP_STORAGE = 19,
	BPF_MAP_TYPE_REUSEPORT_SOCKARRAY = 20,
	BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE = 21,
	BPF_MAP_TYPE_QUEUE = 22,
	BPF_MAP_TYPE_STACK = 23,
	BPF_MAP_TYPE_SK_STORAGE = 24,
	BPF_MAP_TYPE_DEVMAP_HASH = 25,
	BPF_MAP_TYPE_STRUCT_OPS = 26,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_INODE_STORAGE = 28,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
	BPF_MAP_TYPE_BLOOM_FILTER = 30,
	BPF_MAP_TYPE_USER_RINGBUF = 31,
};

struct super_block {
	dev_t s_dev;
	long unsigned int s_magic;
	void *s_fs_info;
};

struct sigpending {
	sigset_t signal;
};

struct signal_struct {
	struct sigpending shared_pending;
	struct pid *pids[4];
};

struct qstr {
	unsigned char *name;
};

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
	u64 net_cookie;
	struct net_generic *gen;
};

struct nsproxy {
	struct net *net_ns;
};

struct list_head {
	struct list_head *next;
	struct list_head *prev;
};

struct file_lock_context {
	struct list_head flc_posix;
};

struct inode {
	umode_t i_mode;
	struct super_block *i_sb;
	long unsigned int i_ino;
	struct file_lock_context *i_flctx;
	__u32 i_generation;
};

struct file {
	struct inode *f_inode;
	fmode_t f_mode;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct task_struct {
	unsigned int flags;
	struct mm_struct *mm;
	pid_t pid;
	pid_t tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	u64 start_boottime;
	char comm[16];
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct sigpending pending;
};

struct dentry {
	unsigned int d_flags;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};

struct nfs_fsid {
	uint64_t major;
	uint64_t minor;
};

struct xdr_netobj {
	unsigned int len;
	u8 *data;
};

struct __kernel_sockaddr_storage {
	union {
		struct {
			__kernel_sa_family_t ss_family;
			char __data[126];
		};
		void *__align;
	};
};

struct nfs_client {
	struct __kernel_sockaddr_storage cl_addr;
	char *cl_hostname;
	struct list_head cl_share_link;
	u32 cl_minorversion;
	u64 cl_clientid;
	long unsigned int cl_state;
	long unsigned int cl_lease_time;
	long unsigned int cl_last_renewal;
	struct net *cl_net;
};

struct nfs_server {
	struct nfs_client *nfs_client;
	struct nfs_fsid fsid;
};

struct file_lock {
	loff_t fl_start;
	loff_t fl_end;
};

struct svc_xprt {
	struct net *xpt_net;
};

struct svc_rqst {
	struct svc_xprt *rq_xprt;
	struct __kernel_sockaddr_storage rq_addr;
	void *rq_argp;
};

struct lock_manager {
	struct list_head list;
	bool block_opens;
};

struct nfs_net {
	struct list_head nfs_client_list;
};

struct nfsd_net {
	struct lock_manager nfsd4_manager;
	int reclaim_str_hashtbl_size;
	time64_t nfsd4_lease;
	time64_t nfsd4_grace;
	atomic_t nr_reclaim_complete;
};

struct nfs4_client {
	struct xdr_netobj cl_name;
	nfs4_verifier cl_verifier;
	struct __kernel_sockaddr_storage cl_addr;
	clientid_t cl_clientid;
	u32 cl_minorversion;
	long unsigned int cl_flags;
	struct net *net;
};

struct nfs4_stateowner {
	struct nfs4_client *so_client;
	struct xdr_netobj so_owner;
};

struct svc_fh {
	struct dentry *fh_dentry;
};

struct nfsd4_compound_state {
	struct svc_fh current_fh;
	struct nfs4_client *clp;
	u32 minorversion;
};

struct nfsd4_open {
	u32 op_claim_type;
	u32 op_delegate_type;
	struct xdr_netobj op_owner;
	u32 op_share_access;
};

struct nfsd4_lock {
	u32 lk_type;
	u32 lk_reclaim;
	u64 lk_offset;
	u64 lk_length;
	u32 lk_is_new;
};

struct nfsd4_exchange_id {
	nfs4_verifier verifier;
	struct xdr_netobj clname;
	clientid_t clientid;
};

struct nfsd4_create_session {
	clientid_t clientid;
};

struct nfsd4_setclientid {
	nfs4_verifier se_verf;
	struct xdr_netobj se_name;
	clientid_t se_clientid;
};

struct nfsd4_setclientid_confirm {
	clientid_t sc_clientid;
};

struct nlm_lock {
	char *caller;
	unsigned int len;
	struct xdr_netobj oh;
	u64 lock_start;
	u64 lock_len;
	struct file_lock fl;
};

struct nlm_args {
	struct nlm_lock lock;
	u32 reclaim;
};

struct nlm_res {
	__be32 status;
};

struct nlm_reboot {
	char *mon;
	unsigned int len;
	u32 state;
};

struct nlm_rqst {
	struct nlm_res a_res;
};

struct nlm_host {
	struct __kernel_sockaddr_storage h_addr;
	char *h_name;
	struct net *net;
};

struct nlm_file {
	struct file *f_file[2];
};

struct nlm_lockowner {
	struct nlm_host *host;
	u32 pid;
};

struct nfs_open_context {
	struct dentry *dentry;
};

struct nfs4_state {
	struct inode *inode;
};

struct nfs4_lock_state {
	long unsigned int ls_flags;
};

#pragma clang attribute pop
