// SPDX-License-Identifier: GPL-2.0-only
#include "fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>
#include <wctype.h>

char fuzz_dir[64];

/* What the program says on stderr: judged after each input. */
static char *said;
static size_t said_n;
static FILE *said_to;

void fuzz_fail(const char *file, int line, const char *what)
{
	dprintf(STDERR_FILENO, "%s:%d: not so: %s\n", file, line, what);
	abort();
}

void fuzz_clean(const char *text, size_t n)
{
	mbstate_t state = {};

	for (size_t at = 0; at < n;) {
		wchar_t c;
		size_t one = mbrtowc(&c, text + at, n - at, &state);

		fuzz_need(one > 0 && one <= 4);
		fuzz_need(c == '\n' || c == '\t' || !iswcntrl((wint_t)c));
		at += one;
	}
}

static struct {
	FILE *to;
	char *text;
	size_t n;
} page;

FILE *fuzz_page(void)
{
	page.to = open_memstream(&page.text, &page.n);
	fuzz_need(page.to);
	return page.to;
}

void fuzz_printed(bool json)
{
	fuzz_need(fclose(page.to) == 0);
	fuzz_clean(page.text, page.n);
	if (json) {
		json_tokener *tok = json_tokener_new();
		json_object *o;

		fuzz_need(tok);
		json_tokener_set_flags(tok, JSON_TOKENER_VALIDATE_UTF8);
		o = json_tokener_parse_ex(tok, page.text, (int)page.n);
		fuzz_need(json_tokener_get_error(tok) == json_tokener_success);
		json_object_put(o);
		json_tokener_free(tok);
	}
	free(page.text);
}

const char *fuzz_file(const char *name, const char *bytes, size_t n)
{
	static char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", fuzz_dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	fuzz_need(fd >= 0);
	fuzz_need(write(fd, bytes, n) == (ssize_t)n);
	close(fd);
	return path;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void clean_up(void)
{
	nftw(fuzz_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_need(setlocale(LC_CTYPE, "C.UTF-8"));
	snprintf(fuzz_dir, sizeof(fuzz_dir), "/dev/shm/rg-fuzz-XXXXXX");
	fuzz_need(mkdtemp(fuzz_dir));
	atexit(clean_up);
	/* Sanitizers and libFuzzer write to the descriptor. */
	said_to = open_memstream(&said, &said_n);
	fuzz_need(said_to);
	stderr = said_to;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	rewind(said_to);
	/* A copy of its own, so that a byte too many is seen. */
	char *bytes = malloc(size ?: 1);

	fuzz_need(bytes);
	memcpy(bytes, data, size);
	fuzz_one(bytes, size);
	free(bytes);
	fuzz_need(fflush(said_to) == 0);
	fuzz_clean(said, (size_t)ftell(said_to));
	return 0;
}
