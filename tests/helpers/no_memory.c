// SPDX-License-Identifier: GPL-2.0-only
/*
 * no_memory, to be preloaded: the allocation with the number NO_MEMORY fails with ENOMEM, once;
 * 0: none. They are counted from 1, in all threads, from before main() on. At exit how many there
 * were is written to the file that NO_MEMORY_COUNT names.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t n);

static atomic_ulong made, fails;
static atomic_bool counts;

__attribute__((constructor)) static void begin(void)
{
	const char *at = getenv("NO_MEMORY");

	fails = at ? strtoul(at, NULL, 10) : 0;
	counts = true;
}

__attribute__((destructor)) static void end(void)
{
	const char *file = getenv("NO_MEMORY_COUNT");
	FILE *f;

	counts = false;
	f = file ? fopen(file, "we") : NULL;
	if (f) {
		fprintf(f, "%lu\n", made);
		fclose(f);
	}
}

static bool may_fail(void)
{
	if (!counts || ++made != fails)
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t n)
{
	return may_fail() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	return may_fail() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t n)
{
	return may_fail() ? NULL : __libc_realloc(old, n);
}
