// SPDX-License-Identifier: GPL-2.0-only
/*
 * Takes every place for fentry and fexit programs on some functions of a module, as
 * other tools might: one program more is refused (BPF_MAX_TRAMP_LINKS, include/linux/bpf.h).
 *
 *   stranger MODULE FUNCTION...   says "crowded", and stays until it is killed
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#define MANY 1000 /* more than there are places */

static void fail(const char *what)
{
	fprintf(stderr, "stranger: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* fd of the module's BTF, and the BTF. */
static int types_of(const char *module, struct btf **btf)
{
	__u32 id = 0;

	while (bpf_btf_get_next_id(id, &id) == 0) {
		char name[64] = "";
		struct bpf_btf_info info = {.name = (__u64)(unsigned long)name,
					    .name_len = sizeof(name)};
		__u32 size = sizeof(info);
		int fd = bpf_btf_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && info.kernel_btf &&
		    strcmp(name, module) == 0) {
			*btf = btf__load_from_kernel_by_id_split(id, btf__load_vmlinux_btf());
			if (*btf)
				return fd;
		}
		close(fd);
	}
	fail(module);
	return -1;
}

/* One that does nothing; false: there is no place left. */
static int attach(int btf_fd, int id)
{
	/* r0 = 0; exit */
	static const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY,
		    .attach_btf_obj_fd = (__u32)btf_fd, .attach_btf_id = (__u32)id);
	int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "stranger", "GPL", nothing, 2, &opts);

	if (fd < 0)
		fail("a program");
	if (bpf_raw_tracepoint_open(NULL, fd) >= 0)
		return 1;
	if (errno != E2BIG)
		fail("a link");
	return 0;
}

int main(int argc, char **argv)
{
	struct btf *btf = NULL;
	int fd;

	if (argc < 3)
		return 2;
	fd = types_of(argv[1], &btf);
	for (int i = 2; i < argc; i++) {
		int id = btf__find_by_name_kind(btf, argv[i], BTF_KIND_FUNC), n = 0;

		if (id < 0)
			fail(argv[i]);
		while (attach(fd, id))
			if (++n == MANY)
				fail("there is no end of places");
	}
	puts("crowded");
	fflush(stdout);
	for (;;)
		pause();
}
