# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# One machine: how QEMU is started, and how a command gets in and its output
# out.  A machine is a folder $lab_dir/m/NAME with
#
#   argv           QEMU's command line, for the keeper to start
#   pid            its process, while it runs
#   console        what it wrote to its serial console, all boots together
#   qemu.log       what QEMU itself said
#   bell tty       FIFO pairs behind its virtio serial ports
#   share/         /run/lab in the guest: configuration and jobs
#   persist/       /persist in the guest; survives a power cut
#   disk           of a machine that systemd boots: its root; survives a power cut
#
# $lab_dir/shared is a second disk of each machine that has a disk, where it is there.
#
# To be sourced after common.bash.  Paths given to QEMU are relative to
# $lab_dir where it is a socket's: their length is limited to 108 bytes.

# ---- Acceleration ----

# accel KERNEL: kvm or tcg (icount, only where it is asked for).  That /dev/kvm can be opened does not mean that a
# kernel boots under it, so one is booted, once per host kernel and QEMU.
accel() {
	local answer
	if [[ -n ${RG_LAB_ACCEL:-} ]]; then
		printf '%s\n' "$RG_LAB_ACCEL"
		return
	fi
	[[ -r /dev/kvm && -w /dev/kvm ]] || {
		echo tcg
		return
	}
	answer=$cache_dir/accel-$({
		uname -srm
		qemu-system-x86_64 --version
		grep -m 1 '^model name' /proc/cpuinfo
	} | sha256sum | cut -c1-16)
	if [[ ! -s $answer ]]; then
		accel_probe "$1" >"$answer.$$"
		mv "$answer.$$" "$answer"
	fi
	cat "$answer"
}

accel_probe() {
	local temp
	temp=$(mktemp -d)
	initrd_make "$1" "$temp/initrd"
	# KVM boots this in two seconds; where it has to be emulated below us it
	# may hang instead of failing.
	# The braces: where QEMU aborts, it is the shell that says so.
	{
		timeout -s KILL 15 qemu-system-x86_64 -accel kvm -cpu host \
			"${qemu_base[@]}" -m 512 \
			-kernel "$1/vmlinux" -initrd "$temp/initrd" \
			-append "console=ttyS0 panic=-1 rg.probe" \
			-serial stdio </dev/null || :
	} >"$temp/console" 2>&1
	if grep -q 'lab: this machine boots' "$temp/console"; then
		echo kvm
	else
		echo tcg
	fi
	rm -rf "$temp"
}

# ---- Initramfs ----

initrd_modules=(virtio_pci virtio_console 9pnet_virtio 9p overlay virtio_net)
# For a disk.
initrd_modules_disk=(virtio_blk ext4)

# initrd_of KERNEL: that of this lab.
initrd_of() { printf '%s/initrd-%s\n' "$lab_dir" "$(<"$1/release")"; }

# initrd_make KERNEL FILE
initrd_make() {
	local kernel=$1 file=$2 temp busybox path release
	release=$(<"$kernel/release")
	busybox=$(PATH=$PATH:/usr/sbin:/sbin command -v busybox)
	if ldd "$busybox" >/dev/null 2>&1; then
		die "busybox is dynamically linked; install the package busybox-static"
	fi
	temp=$(mktemp -d)
	mkdir -p "$temp"/{bin,modules}
	cp "$busybox" "$temp/bin/busybox"
	install -m 0755 "$vm_dir/guest/init" "$temp/init"
	# One that is not found is built in, as far as can be known: 7.x has no
	# list of those.  If it is neither, init says what it cannot mount.
	PATH=$PATH:/usr/sbin:/sbin modprobe -C /dev/null -d "$kernel" -S "$release" \
		--show-depends -a "${initrd_modules[@]}" 2>/dev/null |
		while read -r verb path _; do
			[[ $verb == insmod && ! -e $temp/modules/${path##*/} ]] || continue
			cp "$path" "$temp/modules/"
			printf '%s\n' "${path##*/}"
		done >"$temp/modules/order"
	(cd "$temp" && find . | busybox cpio -o -H newc) >"$file" 2>/dev/null
	rm -rf "$temp"
}

# ---- QEMU's command line ----

qemu_base=(-nodefaults -no-user-config -display none -no-reboot)

# machine_argv NAME KERNEL MODULES TOOLS ACCEL MEMORY CPUS APPEND NIC...: each NIC is
# "MAC LOCAL-SOCKET REMOTE-SOCKET".  Sets $argv.
machine_argv() {
	local name=$1 kernel=$2 modules=$3 tools=$4 accel=$5 memory=$6 cpus=$7 append=$8
	local disk=''
	shift 8
	[[ ! -e $lab_dir/m/$name/disk ]] || disk=$(machine_cmdline_disk)
	argv=(qemu-system-x86_64 "${qemu_base[@]}" -name "$name"
		-m "$memory" -smp "$cpus"
		-kernel "$kernel/vmlinux" -initrd "$(initrd_of "$kernel")"
		-append "$(machine_cmdline "$accel" "$(<"$kernel/release")")$disk $append"
		-chardev "file,id=console,path=m/$name/console,append=on"
		-serial chardev:console
		-device virtio-serial-pci
		-chardev "pipe,id=tty,path=m/$name/tty"
		-device "virtconsole,chardev=tty"
		-chardev "pipe,id=bell,path=m/$name/bell"
		-device "virtserialport,chardev=bell,name=rg.bell")
	argv_accel "$accel"
	argv_share root / none,readonly=on
	argv_share tools "$tools" none,readonly=on
	argv_share modules "$modules/" none,readonly=on
	argv_share repo "$repo_dir" none,readonly=on
	argv_share share "$lab_dir/m/$name/share" none
	# Owners and modes are kept in attributes, so that a guest's root can
	# give files away although QEMU's user is an ordinary one.
	argv_share persist "$lab_dir/m/$name/persist" mapped-xattr
	# unsafe: what the guest has synced is in this host's memory, which a cut of QEMU leaves alone. It
	# need not wait for this host's disk, nor does the cut.
	[[ -z $disk ]] ||
		argv+=(-drive "if=virtio,format=raw,cache=unsafe,file=m/$name/disk")
	[[ -z $disk || ! -e $lab_dir/shared ]] ||
		argv+=(-drive "if=virtio,format=raw,cache=unsafe,file=shared,file.locking=off")
	argv_nics "$@"
}

tcg_cheap=-erms,-fsrm,-la57,-smap,-smep,-umip,-pku,-avx,-avx2,-f16c,-fma

argv_accel() {
	case $1 in
	kvm) argv+=(-accel kvm -cpu host) ;;
	# cmpxchg16b under TCG of QEMU 7.2 corrupts flags: 6.12 then crashes in
	# its memory allocator. The others cost an emulated machine an eighth of its
	# time: a level of page tables more, and what is done at every system call and
	# switch of threads.
	tcg) argv+=(-accel 'tcg,thread=multi' -cpu "max,-cx16,$tcg_cheap") ;;
	# Each instruction takes a nanosecond of the guest's time. An idle guest waits
	# as others do (sleep=off would have its timeouts expire while the host reads).
	icount) argv+=(-accel 'tcg,thread=single' -cpu 'max,-cx16' -icount shift=0) ;;
	*) die "RG_LAB_ACCEL must be kvm, tcg or icount, not $1" ;;
	esac
}

# A comma in a path is doubled, QEMU's way of quoting it.
argv_share() {
	argv+=(-fsdev "local,id=$1,path=${2//,/,,},multidevs=remap,security_model=$3"
		-device "virtio-9p-pci,fsdev=$1,mount_tag=$1")
}

# With RG_CAPTURE, a directory, all that goes over a link is written into
# RG_CAPTURE/SOCKET.pcap there, from each boot on anew.
argv_nics() {
	local nic mac near far n=0
	for nic in "$@"; do
		read -r mac near far <<<"$nic"
		argv+=(-netdev "dgram,id=net$n,local.type=unix,local.path=$near,remote.type=unix,remote.path=$far"
			-device "virtio-net-pci,netdev=net$n,mac=$mac,romfile=")
		[[ -z ${RG_CAPTURE-} ]] ||
			argv+=(-object "filter-dump,id=dump$n,netdev=net$n,file=$RG_CAPTURE/${near##*/}.pcap")
		n=$((n + 1))
	done
}

# mitigations and KASLR cost an emulated machine much and test nothing here. So do
# processes at random addresses: TCG translates what it has translated for another
# address anew, and exec of true(1) takes twice the time.
# panic=-1 with -no-reboot turns a panic into an exit that the host sees.
#
# From 7.x on BPF's storage of tasks is had from kmalloc_nolock(), which without
# cmpxchg16b (argv_accel) gives nothing but from caches that are debugged: no tracing
# program would know the operation that its thread is at.
machine_cmdline() {
	printf '%s' "console=ttyS0 panic=-1 oops=panic quiet loglevel=5" \
		" mitigations=off nokaslr random.trust_cpu=on audit=0" \
		" rcupdate.rcu_expedited=1 net.ifnames=0"
	[[ $1 == kvm ]] || printf '%s' " tsc=reliable no_timer_check"
	[[ $1 != tcg ]] || printf '%s' " norandmaps"
	[[ $1 == kvm || $2 == [1-6].* ]] || printf '%s' " slab_debug=F,kmalloc-*"
}

# What systemd and udev do at a boot of a disk that has nothing to do with NFS is left out: an emulated
# machine needs half as long without.
machine_cmdline_disk() {
	local unit
	printf ' systemd.getty_auto=no'
	for unit in e2scrub_reap systemd-logind getty@tty1 systemd-pcrphase systemd-pcrphase-sysinit; do
		printf ' systemd.mask=%s.service' "$unit"
	done
	printf ' modprobe.blacklist=%s' "kvm,kvm_amd,kvm_intel,ata_piix,ata_generic,i2c_piix4,acpi_cpufreq,powernow_k8" \
		"aesni_intel,ghash_clmulni_intel,crct10dif_pclmul,crc32_pclmul,sha512_ssse3,cryptd" \
		"psmouse,pcspkr,evdev,serio_raw,sr_mod,floppy,parport_pc,button,intel_agp,joydev"
}

# ---- Life ----

keeper_alive() { pid_alive "$lab_dir/keeper.pid"; }

# keeper_ask VERB NAME: opened for reading too, so that it cannot block when
# the keeper has just died.
keeper_ask() {
	keeper_alive || die "the lab $lab_dir is not up (see: lab up)"
	printf '%s\n' "$*" 1<>"$lab_dir/keeper.fifo"
}

machine_alive() { keeper_alive && pid_alive "$lab_dir/m/$1/pid"; }

# machine_start NAME ADDRESSES: QEMU's command line is in the folder already;
# ADDRESSES are those of its network devices, in order.
machine_start() {
	local at=$lab_dir/m/$1 end
	rm -rf "$at/share/jobs" "$at/share/ready"
	mkdir -p "$at/share/jobs" "$at/persist"
	for end in bell.in bell.out tty.in tty.out; do
		rm -f "$at/$end"
		mkfifo "$at/$end"
	done
	{
		printf 'RG_NAME=%q\n' "$1"
		printf 'RG_REPO=%q\n' "$repo_dir"
		printf 'RG_ADDRESSES=%q\n' "$2"
		[[ ! -e $at/disk ]] || printf 'RG_DISK=1\n'
	} >"$at/share/config"
	printf '\n--- lab: boot of %s ---\n' "$1" >>"$at/console"
	keeper_ask start "$1"
}

# machine_crashed NAME: did QEMU itself die of a signal? A panic of the guest's kernel ends
# it with status 0, and the keeper notes nothing of one that it cut.
machine_crashed() {
	local status
	status=$(cat "$lab_dir/m/$1/status" 2>/dev/null) && ((status > 128))
}

# machine_wait_ready NAME SECONDS: 1, it is not ready; 3, because QEMU crashed.
machine_wait_ready() {
	local end
	now_ms
	end=$((now_ms + $2 * 1000))
	while [[ ! -e $lab_dir/m/$1/share/ready ]]; do
		nap 0.05
		now_ms
		# The keeper needs a moment to start it.
		if ((now_ms > end - $2 * 1000 + 2000)) && ! machine_alive "$1"; then
			machine_complain "$1" "the machine ended while it was booting"
			! machine_crashed "$1" || return 3
			return 1
		fi
		if ((now_ms > end)); then
			machine_complain "$1" "not booted after $2 seconds"
			return 1
		fi
	done
}

machine_cut() {
	local i
	machine_alive "$1" || return 0
	keeper_ask cut "$1"
	for ((i = 0; i < 600; i++)); do
		machine_alive "$1" || return 0
		nap 0.05
	done
	die "$1 still runs 30 seconds after its power was cut"
}

# machine_complain NAME WHAT: to say what went wrong is half; the console says
# the other half.
machine_complain() {
	{
		printf 'lab: %s: %s\n' "$1" "$2"
		printf -- '--- end of the console of %s ---\n' "$1"
		tail -n 30 "$lab_dir/m/$1/console" | tr -d '\r'
		tail -n 5 "$lab_dir/m/$1/qemu.log" 2>/dev/null
		printf -- '---\n'
	} >&2
}

# ---- Commands ----

# machine_run NAME SECONDS COMMAND...: run it in the guest, its output passed on
# while it comes, standard input taken from $job_input.  The status is that of
# the command; 124 after SECONDS; 125 if the machine ended or was not there.
machine_run() {
	local name=$1 seconds=$2 job at status=125 waiter
	shift 2
	machine_alive "$name" || {
		warn "$name is not running"
		return 125
	}
	at=$(mktemp -d "$lab_dir/m/$name/share/jobs/XXXXXX") || return 125
	job=${at##*/}
	: >"$at/out"
	: >"$at/err"
	cat "${job_input:-/dev/null}" >"$at/in"
	{
		printf 'cd %q 2>/dev/null || cd /\n' "$PWD"
		printf 'exec --'
		printf ' %q' "$@"
		printf '\n'
	} >"$at/cmd"
	# Whoever ends the client means the command.
	trap 'job_kill "$name" "$job"; exit 130' INT TERM HUP
	printf 'run %s\n' "$job" 1<>"$lab_dir/m/$name/bell.in"
	job_wait "$name" "$job" "$seconds" "$*" &
	waiter=$!
	# tail reads once more after the waiter has ended, then ends too.
	tail -q -s 0.05 --pid="$waiter" -c +1 -f "$at/out" &
	local tail_out=$!
	tail -q -s 0.05 --pid="$waiter" -c +1 -f "$at/err" >&2 &
	local tail_err=$!
	wait "$waiter"
	status=$?
	wait "$tail_out" "$tail_err"
	trap - INT TERM HUP
	rm -rf "$at"
	return "$status"
}

job_kill() { printf 'kill %s\n' "$2" 1<>"$lab_dir/m/$1/bell.in"; }

# job_wait NAME JOB SECONDS WORDS: ends with the status of the job.
job_wait() {
	local file=$lab_dir/m/$1/share/jobs/$2/status status begun end pause
	now_ms
	begun=$now_ms
	end=$((now_ms + $3 * 1000))
	while :; do
		if { read -r status <"$file"; } 2>/dev/null; then
			exit "$status"
		fi
		now_ms
		if ! machine_alive "$1"; then
			machine_complain "$1" "the machine ended while running: $4"
			exit 125
		fi
		if ((now_ms > end)); then
			job_kill "$1" "$2"
			machine_complain "$1" "still running after $3 seconds: $4"
			exit 124
		fi
		# A twentieth of what it has waited: for a whole suite, 50 looks a second are 4 % of a CPU.
		pause=$(((now_ms - begun) / 20))
		((pause >= 20)) || pause=20
		((pause <= 250)) || pause=250
		printf -v pause '0.%03d' "$pause"
		nap "$pause"
	done
}
