// SPDX-License-Identifier: GPL-2.0-only
/*
 * crowd OBJECT MAP ADDRESS N: adds N to the number of end clients that an IPv4 address has in the
 * ledger, by the program in OBJECT (crowd.bpf.c), as MAP is frozen for processes. It fails unless
 * there is one such address.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

int main(int argc, char **argv)
{
	struct {
		uint32_t addr, n;
	} more = {0};
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &more, .ctx_size_in = sizeof(more));
	struct bpf_object *o;
	int map;

	if (argc != 5 || inet_pton(AF_INET, argv[3], &more.addr) != 1)
		return 2;
	more.n = (uint32_t)strtoul(argv[4], NULL, 10);
	o = bpf_object__open(argv[1]);
	map = bpf_obj_get(argv[2]);
	if (!o || map < 0 || bpf_map__reuse_fd(bpf_object__find_map_by_name(o, "crowds"), map) ||
	    bpf_object__load(o) ||
	    bpf_prog_test_run_opts(bpf_program__fd(bpf_object__find_program_by_name(o, "crowd")),
				   &run)) {
		perror("crowd");
		return 1;
	}
	printf("%u\n", run.retval);
	return run.retval == 1 ? 0 : 1;
}
