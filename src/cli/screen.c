// SPDX-License-Identifier: GPL-2.0-only
#include "cli/screen.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int rg_screen_init(struct rg_screen *s, unsigned int width, unsigned int height)
{
	memset(s, 0, sizeof(*s));
	s->width = width ? width : 1;
	s->height = height ? height : 1;
	s->cells = calloc((size_t)s->width * s->height, sizeof(*s->cells));
	s->used = calloc(s->height, sizeof(*s->used));
	if (s->cells && s->used)
		return 0;
	rg_screen_free(s);
	return -ENOMEM;
}

void rg_screen_free(struct rg_screen *s)
{
	free(s->cells);
	free(s->used);
	memset(s, 0, sizeof(*s));
}

bool rg_screen_line(struct rg_screen *s)
{
	/* The position behind the last line means that there is no room. */
	if (s->n <= s->height)
		s->n++;
	return s->n <= s->height;
}

static bool is_open(const struct rg_screen *s)
{
	return s->n && s->n <= s->height;
}

unsigned int rg_screen_left(const struct rg_screen *s)
{
	return is_open(s) ? s->width - s->used[s->n - 1] : 0;
}

static void put(struct rg_screen *s, char c, enum rg_look look)
{
	unsigned int line = s->n - 1;

	if (!rg_screen_left(s))
		return;
	if (c < ' ' || c > '~') /* replace what a caller did not escape */
		c = '?';
	s->cells[(size_t)line * s->width + s->used[line]++] =
		(struct rg_cell){.c = c, .look = (unsigned char)look};
}

void rg_screen_put(struct rg_screen *s, enum rg_look look, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	for (const char *c = text; *c; c++)
		put(s, *c, look);
}

void rg_screen_column(struct rg_screen *s, unsigned int column)
{
	while (rg_screen_left(s) && s->used[s->n - 1] < column)
		put(s, ' ', RG_LOOK_PLAIN);
}

static unsigned int lines(const struct rg_screen *s)
{
	return s->n < s->height ? s->n : s->height;
}

char *rg_screen_text(const struct rg_screen *s, unsigned int i, char *buf)
{
	unsigned int n = i < lines(s) ? s->used[i] : 0;

	for (unsigned int k = 0; k < n; k++)
		buf[k] = s->cells[(size_t)i * s->width + k].c;
	buf[n] = '\0';
	return buf;
}

/* ---- printing ---- */

#define RESET "\033[0m"

static void print_line(const struct rg_cell *at, unsigned int n, FILE *out, bool colour)
{
	static const char *const looks[RG_NR_LOOKS] = {
		[RG_LOOK_PLAIN] = RESET,
		[RG_LOOK_HEADING] = RESET "\033[1m",
		[RG_LOOK_GOOD] = RESET "\033[32m",
		[RG_LOOK_WARN] = RESET "\033[33m",
		[RG_LOOK_BAD] = RESET "\033[1;31m",
	};
	unsigned char look = RG_LOOK_PLAIN;

	for (unsigned int i = 0; i < n; i++) {
		if (colour && at[i].look != look && at[i].look < RG_NR_LOOKS) {
			look = at[i].look;
			fputs(looks[look], out);
		}
		fputc(at[i].c, out);
	}
	if (look != RG_LOOK_PLAIN)
		fputs(RESET, out);
}

void rg_screen_print(const struct rg_screen *s, FILE *out, bool in_place, bool colour)
{
	if (in_place)
		fputs("\033[H", out); /* move to the first cell */
	for (unsigned int i = 0; i < lines(s); i++) {
		if (in_place && i)
			fputs("\r\n", out);
		print_line(&s->cells[(size_t)i * s->width], s->used[i], out, colour);
		/* Do not clear behind a full line: the cursor is on its last cell. */
		if (in_place && s->used[i] < s->width)
			fputs("\033[K", out); /* clear what the last screen left below */
		if (!in_place)
			fputc('\n', out);
	}
	if (in_place && lines(s) < s->height)
		fputs(lines(s) ? "\r\n\033[J" : "\033[J", out);
}
