#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# check: for each finding a test that sets the fault up and shows it gone again.

load common

setup_file() {
	setup_tiers
	in_rex cp /etc/exports /run/exports.before
	in_rex mkdir -p /srv/twin /persist/cld
	# What another suite left of its own in this machine: an end client by NFSv3, other
	# mount options, and a parameter that all tiers share.
	tier_nfs rex rex-umount
	rex_mount
	rex_mount_other
	tier_nfs cli recover-lost-locks N
	in_rex bash -c 'rm -f /var/lib/nfs/sm/*; : >/var/lib/nfs/rmtab'
}
setup() {
	fresh
	in_rex cp /run/exports.before /etc/exports
	in_rex exportfs -ua
	in_rex rm -rf /etc/reexport-guard.conf /run/systemd
}
teardown() {
	in_rex bash -c '! mountpoint -q /srv/twin || umount -l /srv/twin
		for f in /etc/fstab /etc/nfs.conf /var/lib/nfs/nfsdcld /etc/reexport-guard.conf; do
			! mountpoint -q $f || umount -l $f
		done
		for f in /sys/fs/bpf /sys/kernel/security; do
			[[ $(stat -f -c %T $f) != tmpfs ]] || umount -l $f
		done
		rm -rf /run/systemd /run/conf /run/fstab'
	if [[ -e $work/mounted-anew ]]; then
		rm "$work/mounted-anew"
		tier_nfs rex rex-umount
		rex_mount
		rex_mount_other
	fi
}
teardown_file() {
	in_rex cp /run/exports.before /etc/exports
	fresh
}

# ---- what it says ----

# look: once; `says` and the like go by that.
look() {
	rg check --json >"$work/check.out" 2>"$work/check.err" && rc=0 || rc=$?
	jq -r '.findings[] | [.id, .severity, .object // ""] | @tsv' "$work/check.out" >"$work/findings.out"
}
# severities ID [OBJECT]: of all such findings, each once.
severities() {
	local id severity object said=' '
	while IFS=$'\t' read -r id severity object; do
		[[ $id == "$1" && (-z ${2-} || $object == "$2") && $said != *" $severity "* ]] || continue
		said+="$severity "
	done <"$work/findings.out"
	said=${said# }
	echo "${said% }"
}
# says ID SEVERITY [OBJECT]: after looking.
says() {
	[[ $(severities "$1" "${3-}") == "$2" ]] || {
		echo "expected $1 $2 ${3-}; it says:"
		jq -c '.findings[] | select(.id == "'"$1"'")' "$work/check.out"
		cat "$work/check.err"
		return 1
	}
}
# fault ID SEVERITY [OBJECT]; gone ID [OBJECT]: look, and that is said, or nothing
# worse than ok is.
fault() { look && says "$@"; }
gone() {
	local got
	look
	got=$(severities "$1" "${2-}")
	[[ -z $got || $got == ok ]] || says "$1" ok "${2-}"
}

exports() { in_rex bash -c 'cat >/etc/exports' <<<"$1"; }
options=rw,insecure,no_subtree_check
# Mounted anew with other options, until the test is over.
mounted() {
	: >"$work/mounted-anew"
	tier_nfs rex rex-umount
	rex_mount "$1"
}
# over FILE TEXT: that file says something else, in this tier only.
over() {
	in_rex mkdir -p /run/conf
	in_rex bash -c 'cat >"/run/conf/${0##*/}"; [[ -e $0 ]] || : >"$0"
		! mountpoint -q "$0" || umount "$0"; mount --bind "/run/conf/${0##*/}" "$0"' "$1" <<<"$2"
}
# Booted by systemd, as far as sd_booted(3) can tell.
booted() { in_rex mkdir -p /run/systemd/system; }

@test "a set-up as it should be has no problem but the lab's own, and changes nothing" {
	modules=$(wc -l </proc/modules)
	mounts=$(in_rex cat /proc/self/mountinfo)
	progs=$(bpftool -j prog show | jq length)
	look
	jq -r '.findings[] | select(.severity == "problem") | .id' "$work/check.out" >"$work/problems.out"
	# nfsdcld's database of a tier is on a tmpfs.
	[ "$(<"$work/problems.out")" = nfsdcld-storage ]
	[ "$rc" -eq 1 ]
	for id in bpf btf lockdown rung bpffs modules hooks symbols namespaces re-exports \
		mount-options local-locks clients-nfsv3 recover-lost-locks; do
		says $id ok
	done
	[ "$(wc -l </proc/modules)" -eq "$modules" ]
	[ "$(in_rex cat /proc/self/mountinfo)" = "$mounts" ]
	wait_for 10 "the programs to be freed" progs_are "$progs"
	[ ! -e $pins ]
}
progs_are() { [[ $(bpftool -j prog show | jq length) == "$1" ]]; }

@test "exit status 0 without a problem, 1 with one; text and JSON agree" {
	in_rex mount --bind /persist/cld /var/lib/nfs/nfsdcld
	look
	[ "$rc" -eq 0 ]
	[ "$(jq -r .verdict "$work/check.out")" = no-problems ]
	run rg check
	[ "$status" -eq 0 ]
	[[ ${lines[-1]} == "0 problems,"* ]]
	exports "$a *($options)"
	look
	[ "$rc" -eq 1 ]
	[ "$(jq -r .verdict "$work/check.out")" = problems ]
	run rg check
	[ "$status" -eq 1 ]
	[[ $output == "NFSv4    "*$'\n'"NFSv3    "*"problem  export-fsid $a: /etc/exports:1: "*"add fsid=N"* ]]
	run rg check --severity problem
	[ "$status" -eq 1 ]
	[[ $output == *$'\n'"problem  export-fsid "* && $output != *$'\n'"ok  "* ]]
	run rg check --quiet
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	# What end clients get goes by the kernel, and by the policy that is asked about.
	[[ $(severities regime NFSv4) == ok ]] && kept='kept-if' || kept=none
	[ "$(jq -r .end_clients.nfsv4.locks "$work/check.out")" = $kept ]
	printf '[gate]\naction = audit\n' | in_rex tee /run/audit.conf >/dev/null
	rg check --json --config /run/audit.conf >"$work/check.out" || [ $? -eq 1 ]
	[ "$(jq -r '.findings[] | select(.id == "action") | .object' "$work/check.out")" = /run/audit.conf ]
	[ $kept = none ] || [ "$(jq -r .end_clients.nfsv4.locks "$work/check.out")" = lost ]
	[ "$(jq '.counts | add' "$work/check.out")" -eq "$(jq '.findings | length' "$work/check.out")" ]
	# Whatever is wrong has evidence and a remedy.
	[ "$(jq '[.findings[] | select(.evidence == null or .evidence == "" or
		((.severity == "problem" or .severity == "warning") and .remedy == null))] | length' \
		"$work/check.out")" -eq 0 ]
}

# bats test_tags=whole
@test "as nobody: what cannot be seen is unknown, and says why" {
	knfsd_start rex
	run in_rex setpriv --reuid 65534 --clear-groups "$RG" check --json
	[ "$status" -le 1 ]
	printf '%s\n' "$output" >"$work/check.out"
	for id in knfsd grace-lease clients-versions nfsdcld; do
		says $id unknown
	done
	says btf ok
	says rung ok
	says hooks ok
	says re-exports ok
	says mount-options ok $a
	exports "$a *($options)"
	run in_rex setpriv --reuid 65534 --clear-groups "$RG" check --json
	printf '%s\n' "$output" >"$work/check.out"
	says export-fsid problem $a
}

# bats test_tags=whole
@test "no BTF: cannot run, exit 3" {
	run in_rex unshare -m bash -c 'mount -t tmpfs none /sys/kernel/btf && "$0" check --json' "$RG"
	[ "$status" -eq 3 ]
	printf '%s\n' "$output" >"$work/check.out"
	says btf problem
	[ "$(jq -r .verdict "$work/check.out")" = cannot-run ]
}

# bats test_tags=whole
@test "bpf-lsm, lockdown: securityfs that is not mounted is unknown, other lists are read" {
	in_rex mount -t tmpfs none /sys/kernel/security
	fault bpf-lsm unknown
	says lockdown unknown
	says rung ok
	in_rex bash -c 'echo capability,yama >/sys/kernel/security/lsm
		echo "[none] integrity confidentiality" >/sys/kernel/security/lockdown'
	fault bpf-lsm note
	says lockdown ok
	says rung ok fmod_ret
	in_rex bash -c 'echo "none integrity [confidentiality]" >/sys/kernel/security/lockdown'
	fault lockdown problem
	[ "$rc" -eq 3 ]
	in_rex bash -c 'echo capability,bpf >/sys/kernel/security/lsm
		echo "none [integrity] confidentiality" >/sys/kernel/security/lockdown'
	gone lockdown
	gone bpf-lsm
	says rung ok lsm
	in_rex umount /sys/kernel/security
	gone lockdown
}

# bats test_tags=whole
@test "modules: blacklisted, not installed; and not loaded, so what is in them is unknown" {
	in_rex mkdir -p /run/btf
	in_rex cp /sys/kernel/btf/{vmlinux,nfs,nfsd,lockd,grace} /run/btf
	# shellcheck disable=SC2016 # expanded by the inner shell
	run in_rex unshare -m bash -c 'mount --bind /run/btf /sys/kernel/btf && "$0" check --json' "$RG"
	printf '%s\n' "$output" >"$work/check.out"
	says hooks unknown nfsv4
	# A kernel that has not all of them in its types: a kprobe can go by the symbol.
	in_rex bash -c 'cp /sys/kernel/btf/nfsv4 /run/btf && cp /run/btf/nfs /run/btf/grace'
	# shellcheck disable=SC2016
	run in_rex unshare -m bash -c 'mount --bind /run/btf /sys/kernel/btf && "$0" check --json' "$RG"
	printf '%s\n' "$output" >"$work/check.out"
	says hooks note grace_start
	# One that has not all of them.
	# shellcheck disable=SC2016
	run in_rex unshare -m bash -c 'mount --bind /run/btf /sys/kernel/btf &&
		mount --bind /dev/null /proc/kallsyms && "$0" check --json' "$RG"
	printf '%s\n' "$output" >"$work/check.out"
	says hooks problem
	in_rex rm -r /run/btf
	gone hooks
	# shellcheck disable=SC2016
	run in_rex unshare -m bash -c 'mount -t tmpfs none /sys/module && "$0" check --json' "$RG"
	printf '%s\n' "$output" >"$work/check.out"
	says modules ok
	in_rex bash -c 'mkdir -p /run/modprobe.d && echo "blacklist nfsd" >/run/modprobe.d/x.conf'
	# shellcheck disable=SC2016
	run in_rex unshare -m bash -c 'mount -t tmpfs none /sys/module && "$0" check --json' "$RG"
	in_rex rm -r /run/modprobe.d
	printf '%s\n' "$output" >"$work/check.out"
	says modules problem nfsd
	says modules ok nfs
	# shellcheck disable=SC2016
	run in_rex unshare -m bash -c 'mount -t tmpfs none /sys/module &&
		mount -t tmpfs none /lib/modules && "$0" check --json' "$RG"
	printf '%s\n' "$output" >"$work/check.out"
	says modules problem nfsd
	gone modules
}

@test "bpffs" {
	in_rex mount -t tmpfs none /sys/fs/bpf
	fault bpffs problem
	in_rex umount /sys/fs/bpf
	gone bpffs
}

# bats test_tags=whole
@test "symbols, namespaces" {
	before=$(</proc/sys/kernel/kptr_restrict)
	echo 2 >/proc/sys/kernel/kptr_restrict
	fault symbols problem
	echo "$before" >/proc/sys/kernel/kptr_restrict
	gone symbols
	run in_rex unshare -p -f --mount-proc "$RG" check --json
	printf '%s\n' "$output" >"$work/check.out"
	says namespaces problem
	gone namespaces
}

# bats test_tags=whole
@test "configuration, release, action, max-hold" {
	knfsd_start rex
	over /etc/reexport-guard.conf "[gate]
release = never"
	fault configuration problem
	over /etc/reexport-guard.conf "[gate]
release = grace-end
action = audit
max-hold = 5s"
	gone configuration
	says release warning
	says action problem
	says max-hold problem
	over /etc/reexport-guard.conf "[gate]
release = settled"
	gone release
	gone action
	gone max-hold
}

@test "enabled: goes by what is in force" {
	fault enabled note
	arm --mount $a --action deny --release settled
	gone enabled
	says release ok "in force"
	# The other mount is exported, and not guarded.
	exports "$a *($options,fsid=11)
$other *($options,fsid=12)"
	fault mount-not-guarded problem $other
	gone mount-not-guarded $a
	rg disable
	gone mount-not-guarded
	arm --mount $a --action audit
	fault action problem "in force"
}

# bats test_tags=whole
@test "delegations: with a kernel that hands out write delegations" {
	over /etc/reexport-guard.conf "[gate]
scope = locks"
	look
	if ! grep -qa nfsd4_deleg_getattr_conflict /sys/kernel/btf/nfsd; then
		says delegations ok
		return 0
	fi
	says delegations problem
	delegations off
	gone delegations
	delegations on
	over /etc/reexport-guard.conf "[gate]
scope = opens"
	fault delegations note
}

# An earlier boot's kernel and what it did with NFSv4 locks.
earlier() {
	in_rex tee /var/lib/reexport-guard/regime.json >/dev/null <<-END
	{"version": 1, "boot_id": "another", "now": {
		"nfs4_locks": {"regime": "$1", "kernel": "0.0-last"},
		"nlm_locks": {"regime": "unknown", "kernel": ""}}, "before": {
		"nfs4_locks": {"regime": "unknown", "kernel": ""},
		"nlm_locks": {"regime": "unknown", "kernel": ""}}}
	END
}

# bats test_tags=whole
@test "the regime: of this kernel, enabled or not; and another one than the last kernel's" {
	arm --mount $a --action deny
	# Suite cli compares this with what end clients get.
	now=$(json .regime.nfs4_locks)
	[[ $now == forwarded ]] && not=refused severity=ok || not=forwarded severity=warning
	[[ $now == forwarded || $now == refused ]]
	fault regime $severity NFSv4
	says regime-changed note
	rg disable
	fault regime $severity NFSv4
	if [[ $now == forwarded ]]; then
		says regime ok NLM
	else
		says regime unknown NLM
	fi
	says regime-changed note
	earlier $not
	fault regime-changed warning NFSv4
	[[ $(evidence_of regime-changed) == \
		"NFSv4 locks of end clients are $now; kernel 0.0-last $not them" ]]
	earlier $now
	gone regime-changed
	in_rex bash -c 'echo "{" >/var/lib/reexport-guard/regime.json'
	fault regime-changed unknown
	in_rex rm /var/lib/reexport-guard/regime.json
	# Who may not ask, and where there is nobody to be asked.
	run in_rex setpriv --reuid 65534 --clear-groups "$RG" check --json
	printf '%s\n' "$output" >"$work/check.out"
	says regime unknown
	[[ $(evidence_of regime) == *"only root"* ]]
	# shellcheck disable=SC2016 # expanded by the inner shell
	run in_rex unshare -m bash -c 'mount -t tmpfs none /sys/module && "$0" check --json' "$RG"
	printf '%s\n' "$output" >"$work/check.out"
	says regime unknown
	[[ $(evidence_of regime) == *"not loaded"* ]]
	# With 2 the kernel tells nobody where its flags are.
	before=$(</proc/sys/kernel/kptr_restrict)
	echo 2 >/proc/sys/kernel/kptr_restrict
	fault regime unknown NFSv4
	echo "$before" >/proc/sys/kernel/kptr_restrict
	fault regime $severity NFSv4
}
evidence_of() {
	jq -r --arg id "$1" '[.findings[] | select(.id == $id)][0].evidence' "$work/check.out"
}

# bats test_tags=whole
@test "knfsd, and its grace and lease times" {
	fault knfsd note
	knfsd_start rex 20 10
	gone knfsd
	says grace-lease problem
	knfsd_stop rex
	knfsd_start rex 10 10
	gone grace-lease
}

# bats test_tags=whole
@test "lockd's grace period" {
	knfsd_start rex 20 20 40
	fault lockd-grace note
	knfsd_stop rex
	knfsd_start rex 20 20 10
	fault lockd-grace warning
	knfsd_stop rex
	knfsd_start rex 20 20 20
	gone lockd-grace
}

# bats test_tags=whole
@test "nfsdcld: killed, and started again" {
	knfsd_start rex
	gone nfsdcld
	pid=$(in_rex cat /run/nfs-pids/nfsdcld)
	kill -KILL "$pid"
	wait_for 10 "nfsdcld to end" is_gone "$pid"
	fault nfsdcld problem
	knfsd_stop rex
	fault nfsdcld warning
	knfsd_start rex
	gone nfsdcld
}
is_gone() { [[ ! -e /proc/$1 ]]; }

@test "nfsdcld's database: in memory, on a disk; empty, and not" {
	fault nfsdcld-storage problem
	in_rex mount --bind /persist/cld /var/lib/nfs/nfsdcld
	gone nfsdcld-storage
	in_rex umount /var/lib/nfs/nfsdcld
	knfsd_forget_clients rex
	fault nfsdcld-clients note
	want_grace
	gone nfsdcld-clients
	# End clients are there, and none is on record.
	knfsd_start rex
	cli_mount
	tier cli bash -c ': >>/mnt/a/.known'
	wait_for 30 "the end client to be seen" sees_client
	pid=$(in_rex cat /run/nfs-pids/nfsdcld)
	kill -KILL "$pid"
	wait_for 10 "nfsdcld to end" is_gone "$pid"
	in_rex rm -f /var/lib/nfs/nfsdcld/main.sqlite
	look
	# Where the kernel has another way to keep records, and its place is not there, nobody can
	# tell; else nobody is on record there either.
	recovery=$(in_rex cat /proc/fs/nfsd/nfsv4recoverydir 2>/dev/null) || recovery=
	if [[ -n $recovery ]] && ! in_rex test -d "$recovery"; then
		says nfsdcld-clients unknown
	else
		says nfsdcld-clients problem
	fi
}
sees_client() {
	look
	[[ $(jq -r '.findings[] | select(.id == "clients-versions") | .severity' "$work/check.out") == ok ]]
}

# bats test_tags=whole
@test "exports: unreadable lines, none" {
	exports "relative *(rw)
$a *($options,fsid=11)"
	fault exports-read warning
	exports ""
	gone exports-read
	in_rex exportfs -ua
	fault re-exports note
	exports "$a *($options,fsid=11)"
	gone re-exports
}

# bats test_tags=whole
@test "an export without fsid=, and one whose fsid= another has" {
	exports "$a 10.77.2.2($options,fsid=11) *($options)"
	fault export-fsid problem $a
	exports "$a *($options,fsid=11)"
	gone export-fsid
	exports "/srv/reexport *($options,fsid=11)
$a *($options,fsid=11)"
	fault export-fsid-twice problem
	exports "/srv/reexport *($options,fsid=0)
$a *($options,fsid=11)"
	gone export-fsid-twice
}

@test "rootdir= of nfs.conf, included and quoted: what is exported below it is guarded and checked" {
	in_rex mkdir -p /run/conf
	in_rex bash -c "echo 'RootDir = \"/srv/reexport\" # here' >/run/conf/more.conf"
	over /etc/nfs.conf "[exports]
include = -/run/conf/more.conf
[nfsd]
grace-time=15"
	[ "$(in_rex nfsconf --get exports rootdir)" = /srv/reexport ]
	exports "/a *($options,fsid=11)"
	in_rex exportfs -ra
	look
	says re-exports ok
	says mount-options ok $a
	says grace-lease problem /etc/nfs.conf:4 # the lease stays at the kernel's 90 s
	run rg enable --dry-run
	[[ $output == *"guard   $a"* ]]
	in_rex umount /etc/nfs.conf
	in_rex exportfs -ua
	run rg enable --dry-run
	[[ $output == *"leave   $a"* ]]
}

# bats test_tags=whole
@test "a blank before the options; exportfs -a takes no export away that no file names" {
	exports "$a 10.77.2.2 ($options,fsid=11)"
	fault export-blank problem $a
	in_rex exportfs -ra || true # it complains of the client that has no fsid=
	[[ $(in_rex exportfs -s) == *"$a  *("*"rw,"* ]] # everybody may write
	exports "$a 10.77.2.2($options,fsid=11)"
	in_rex exportfs -ra
	gone export-blank
	# An export that a cluster made, and a mistake in the file.
	in_rex exportfs -o "$options,fsid=12" "*:$other"
	exports "$a *($options)"
	fault export-fsid problem $a
	[[ $(jq -r '.findings[] | select(.id == "export-fsid") | .remedy' "$work/check.out") == *'`exportfs -a`'* ]]
	exports "$a *($options,fsid=11)"
	in_rex exportfs -a
	gone export-fsid
	in_rex grep -q "^$other" /var/lib/nfs/etab
	in_rex exportfs -ra # what is not proposed, for this
	not in_rex grep "^$other" /var/lib/nfs/etab
}

# bats test_tags=whole
@test "crossmnt" {
	exports "$a *($options,fsid=11,crossmnt)"
	fault export-crossmnt warning $a
	exports "/srv *($options,fsid=0,crossmnt)
$a *($options,fsid=11)"
	fault export-crossmnt warning /srv
	exports "/srv *($options,fsid=0,crossmnt)
$a *($options,fsid=11)
$other *($options,fsid=12)"
	gone export-crossmnt
}

# bats test_tags=whole
@test "mount options: soft, nosharecache" {
	mounted vers=4.2,soft
	fault mount-soft warning $a
	mounted vers=4.2,nosharecache
	gone mount-soft
	says mount-nosharecache note $a
	mounted vers=4.2
	gone mount-nosharecache
	says mount-options ok $a
}

# bats test_tags=whole
@test "mount options: vers=3, nolock, local_lock" {
	mounted vers=3,nolock
	fault mount-nolock problem $a
	says mount-version warning $a
	mounted vers=3,local_lock=posix
	fault mount-local-lock problem $a
	gone mount-nolock
	mounted vers=3
	gone mount-local-lock
	says mount-version warning $a
	mounted vers=4.2
	gone mount-version
}

# bats test_tags=whole
@test "the same thing mounted twice, by another superblock" {
	in_rex mount -t nfs -o vers=4.2,nosharecache origin:/a /srv/twin
	gone mount-twice
	over /etc/reexport-guard.conf "[mounts]
exports = yes
except = /srv/twin"
	fault mount-twice problem $a
	in_rex umount /etc/reexport-guard.conf
	gone mount-twice
	in_rex umount /srv/twin
	gone mount-twice
	in_rex mount --bind $a /srv/twin
	gone mount-twice
}

@test "a mount that is exported and excepted" {
	over /etc/reexport-guard.conf "[mounts]
except = $a"
	fault mount-not-guarded problem $a
	over /etc/reexport-guard.conf "[gate]
release = settled"
	gone mount-not-guarded
}

@test "recover_lost_locks on this host" {
	tier_nfs rex recover-lost-locks Y
	fault recover-lost-locks warning
	tier_nfs rex recover-lost-locks N
	gone recover-lost-locks
}

# budget BACK BEFORE: seconds after this boot's kernel started; of a lease of 10 s.
budget() {
	local now up
	now=$(date +%s)
	up=$(cut -d . -f 1 /proc/uptime)
	at() { date -u -d "@$((now - up + $1))" +%Y-%m-%dT%H:%M:%S.000Z; }
	in_rex bash -c 'cat >/var/lib/reexport-guard/budget.json' <<-END
		{"version": 1, "boot_id": "$(</proc/sys/kernel/random/boot_id)", "servers": [{
		"netns": $(in_rex stat -Lc %i /proc/self/ns/net), "name": "origin",
		"address": "10.77.1.1", "minorversion": 2, "lease_seconds": 10,
		"last_renewal": "$(at "$1")", "back": "$(at "$1")", "before": {
		"boot_id": "0b7c7ad4-5f0c-43a8-9a5e-b0f6f3a1d7e2", "lease_seconds": 10,
		"last_renewal": "$(at "$2")"}}]}
	END
}

# bats test_tags=whole
@test "the original server's lease, and how long this host takes to boot" {
	fault lease-boot unknown $a
	says lease-last-boot note
	budget 40 -5
	fault lease-boot warning $a
	says lease-last-boot warning origin
	budget 5 -2
	gone lease-boot $a
	gone lease-last-boot
}

@test "fstab: a re-exported mount is an ordering cycle, or comes after knfsd" {
	booted
	over /etc/fstab "origin:/a $a nfs4 vers=4.2 0 0"
	exports "$a *($options,fsid=11)"
	fault fstab-cycle problem $a
	exports "$a *($options,fsid=11,mp)"
	gone fstab-cycle
	says fstab-after-knfsd warning $a
	over /etc/fstab "origin:/a $a nfs4 vers=4.2,noauto 0 0"
	exports "$a *($options,fsid=11)"
	gone fstab-cycle
	says fstab-after-knfsd warning $a
	over /etc/fstab "origin:/b $other nfs4 vers=4.2 0 0"
	gone fstab-cycle
	gone fstab-after-knfsd
	over /etc/fstab "only-one-word"
	fault fstab-read warning
	in_rex umount /etc/fstab
	gone fstab-read
	in_rex rm -r /run/systemd
	over /etc/fstab "origin:/a $a nfs4 vers=4.2 0 0"
	fault fstab-cycle note $a
}

# bats test_tags=whole
@test "what nfs-server-generator writes is what fstab-cycle says of it" {
	generator=/usr/lib/systemd/system-generators/nfs-server-generator
	over /etc/fstab "origin:/a $a nfs4 vers=4.2 0 0"
	for export in "$a *($options,fsid=11)" "$a *($options,fsid=11,mp)" "$a/x *($options,fsid=11)"; do
		exports "$export"
		in_rex rm -rf /run/units
		in_rex mkdir -p /run/units
		in_rex $generator /run/units /run/units /run/units
		after=$(in_rex grep -rc RequiresMountsFor= /run/units | cut -d : -f 2)
		before=$(in_rex grep -rc Before=srv-reexport-a.mount /run/units | cut -d : -f 2)
		[ "$before" -eq 1 ]
		booted
		look
		if ((after)); then says fstab-cycle problem $a; else says fstab-after-knfsd warning $a; fi
	done
}

# bats test_tags=whole
@test "units: no systemd is unknown; one that does not answer as well" {
	fault unit-order unknown
	booted
	fault unit-order unknown
	[[ $(jq -r '.findings[] | select(.id == "unit-order") | .evidence' "$work/check.out") == \
		*"cannot be asked"* ]]
}

@test "end clients: by NFSv4.2, 4.0 and 3" {
	knfsd_start rex 10 10 3
	cli_umount
	fault clients-versions note
	cli_mount vers=4.2
	tier cli bash -c ': >>/mnt/a/.known'
	gone clients-versions
	cli_umount
	cli_mount vers=4.0
	tier cli bash -c ': >>/mnt/a/.known'
	fault clients-versions note
	cli_umount
	gone clients-nfsv3
	cli_mount vers=3
	fault clients-nfsv3 warning
	cli_umount
	wait_for 10 "mountd to forget it" gone clients-nfsv3
}

@test "locks that local applications hold now" {
	gone local-locks
	talk other "$LOCKER" unlock posix $a/f
	wait_said other ^locked
	fault local-locks warning $a
	[[ $(jq -r '.findings[] | select(.id == "local-locks") | .evidence' "$work/check.out") == \
		*" (locker) holds a lock on inode "* ]]
	tell other
	expect_end other 0
	gone local-locks
	# One of a mount that is not exported again is nobody's business.
	talk elsewhere "$LOCKER" unlock posix $other/f
	wait_said elsewhere ^locked
	gone local-locks
}
