#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The Debian package in a machine: installing arms nothing; an upgrade, removing and purging
# with a thread held. tests/run builds the packages into build/deb before. There is no
# systemd in these machines: what the unit does is not tested here.

load common

setup_file() {
	setup_tiers
	in_rex dpkg --force-unsafe-io -i "$(package)" >"$work/dpkg.log" 2>&1 || {
		cat "$work/dpkg.log"
		return 1
	}
}
setup() {
	RG=/usr/sbin/reexport-guard
	fresh
}
teardown_file() { fresh; }

# The package as it was built.
package() { echo "$repo"/build/deb/reexport-guard_*.deb; }
# later VERSION: the same package with a later version, made in the machine.
later() {
	local dir=$work/later
	rm -rf "$dir"
	dpkg-deb -R "$(package)" "$dir"
	sed -i "s/^Version: .*/Version: $1/" "$dir/DEBIAN/control"
	dpkg-deb -Znone -b "$dir" "$dir.deb" >/dev/null
	echo "$dir.deb"
}

@test "installed: the program, its manual, a configuration that is a conffile; nothing is armed" {
	[ "$(rg --version)" = "$(build=$repo/build/reexport-guard && "$build" --version)" ]
	[ ! -e $pins ]
	run rg policy check
	echo "$output"
	[ "$status" -eq 0 ]
	dpkg-query -W -f '${Conffiles}\n' reexport-guard | grep -q /etc/reexport-guard.conf
	for page in man7/reexport-guard.7 man8/reexport-guard.8 man5/reexport-guard.conf.5 man5/reexport-guard-json.5; do
		[ -e /usr/share/man/$page.gz ]
	done
	[ -e /usr/share/man/man5/reexport-guard.conf.5.gz ]
	[ -e /usr/lib/modprobe.d/50-reexport-guard.conf ]
	[ -e /usr/share/bash-completion/completions/reexport-guard ]
	not grep -E 'bats|qemu|tests/' <<<"$(dpkg -L reexport-guard)"
	grep -q '^ExecStart=/usr/sbin/reexport-guard run' /usr/lib/systemd/system/reexport-guard.service
}

@test "the package for DKMS has the source of the module, and names itself as dkms looks for it" {
	dpkg-deb -x "$repo"/build/deb/reexport-guard-dkms_*.deb $work/dkms
	cd $work/dkms/usr/src/reexport-guard-*
	diff -r --exclude=dkms.conf . "$repo/kmod"
	. ./dkms.conf
	[ "$PACKAGE_NAME-$PACKAGE_VERSION" = "${PWD##*/}" ]
	[ "$PACKAGE_VERSION" = "$(dpkg-query -W -f '${source:Upstream-Version}' reexport-guard)" ]
	[ -x "${MAKE[0]%% *}" ]
	[ "${BUILT_MODULE_NAME[0]}" = reexport_guard ]
	rm -r $work/dkms
}

# ra ACTION [NAME=VALUE...]: the resource agent, with these parameters.
ra() {
	run in_rex env "${@/#/OCF_RESKEY_}" OCF_RESKEY_config=/run/ocf.conf \
		/usr/lib/ocf/resource.d/reexport-guard/reexport-guard "${action:?}"
	echo "$action: $status $output"
}
# answers STATUS ACTION [NAME=VALUE...]
answers() {
	local action=$2
	ra "${@:3}"
	[ "$status" -eq "$1" ]
}
daemon_of_status() { json .daemon.pid; }

# bats test_tags=whole
@test "the OCF agent: start, monitor and stop, twice each; a daemon that is killed; a gate that stays while knfsd runs; mistakes" {
	local action pid dir=state_dir=/run/ocf-state
	in_rex bash -c "rm -rf /run/ocf-state && mkdir -m 0700 /run/ocf-state
		printf '%s\n' '[mounts]' 'mount = $a' >/run/ocf.conf"
	answers 0 meta-data
	[ "$(grep -c '<action name=' <<<"$output")" -eq 5 ]
	answers 3 promote
	answers 0 validate-all $dir
	answers 7 monitor $dir
	answers 0 stop $dir
	answers 0 stop $dir

	# Mistakes: nothing is started, and Pacemaker is told whether another node may do better.
	for action in validate-all start monitor; do
		answers 5 $action $dir program=/usr/sbin/nothing
	done
	answers 0 stop program=/usr/sbin/nothing
	answers 6 start state_dir=relative
	answers 1 start state_dir=/run/nothing
	[[ $output == *"state_dir /run/nothing is not there"* ]]
	in_rex bash -c 'echo "relase = settled" >>/run/ocf.conf'
	answers 6 start $dir
	in_rex sed -i /relase/d /run/ocf.conf
	answers 7 monitor $dir
	[ ! -e $pins ]

	answers 0 start $dir
	answers 0 monitor $dir
	pid=$(daemon_of_status)
	answers 0 start $dir
	[ "$(daemon_of_status)" = "$pid" ]
	[ "$(json '.gates[0].state')" = closed ]
	held_try one posix $a/f
	wait_for 30 "the ledger's directory to be used" in_rex bash -c '[[ -n $(ls /run/ocf-state) ]]'

	# Killed: not running at once, and the next start takes over who is held.
	kill -KILL "$pid"
	answers 7 monitor $dir
	answers 0 start $dir
	answers 0 monitor $dir
	[ "$(daemon_of_status)" != "$pid" ]
	held_is 1
	[ "$(json '.gates[0].state')" = closed ]

	# Stopped while knfsd runs, the gate stays as it is, also closed.
	want_skip
	knfsd_start rex 10 10 3
	wait_gate open 60
	expect_end one 0 granted
	rg close
	answers 0 stop $dir
	answers 7 monitor $dir
	[ "$(json '.gates[0].state')" = closed ]
	answers 0 start $dir
	held_try two posix $a/f
	# Stopped after knfsd, as a failover does it: nothing is left, and who is held goes on.
	knfsd_stop rex
	answers 0 stop $dir
	expect_end two 0 granted
	[ ! -e $pins ]
	nobody_stopped
	answers 0 stop $dir
	answers 7 monitor $dir
}

# bats test_tags=whole
@test "an upgrade leaves the gate closed and a held thread held, and the new program lets it go" {
	arm_hold --mount $a
	held_try one posix $a/f
	in_rex dpkg --force-unsafe-io -i "/proc/1/root$(later 9.1)"
	held_is 1
	[ "$(json '.gates[0].state')" = closed ]
	rg release
	expect_end one 0 granted
	nobody_stopped
}

@test "removed with a thread held: it goes on, and nothing of the guard is left in the kernel" {
	arm_hold --mount $a
	held_try one posix $a/f
	in_rex dpkg -r reexport-guard
	expect_end one 0 granted
	expect_end daemon 0 "disabled by another process"
	[ ! -e $pins ]
	nobody_stopped
	[ ! -e $RG ]
	[ -e /etc/reexport-guard.conf ]
}

@test "purged: configuration and state are gone" {
	mkdir -p /var/lib/reexport-guard
	dpkg -P reexport-guard
	[ ! -e /etc/reexport-guard.conf ]
	[ ! -e /var/lib/reexport-guard ]
}
