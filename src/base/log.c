// SPDX-License-Identifier: GPL-2.0-only
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "text/shown.h"

#define PREFIX "reexport-guard: "

int rg_error(int status, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	rg_vsay(stderr, PREFIX, fmt, args);
	va_end(args);
	return status;
}

void rg_warn(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	rg_vsay(stderr, PREFIX "warning: ", fmt, args);
	va_end(args);
}

void rg_info(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	rg_vsay(stderr, PREFIX, fmt, args);
	va_end(args);
}

static int RG_PRINTF(2, 0) libbpf_says(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level;
	if (!getenv("RG_DEBUG"))
		return 0;
	fputs("    ", stderr);
	return vfprintf(stderr, fmt, args);
}

void rg_log_start(void)
{
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	libbpf_set_print(libbpf_says);
}

const char *rg_strerror(int err)
{
	if (err < 0)
		err = -err;
	if (err == 524) /* ENOTSUPP, include/linux/errno.h */
		return "not supported by this kernel";
	return strerror(err);
}
