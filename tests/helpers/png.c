// SPDX-License-Identifier: GPL-2.0-only
/* png FILE: "WIDTH HEIGHT COLOURS MEAN" of a screenshot: how many different colours it
 * has (up to 1000), and how light it is, 0 to 255. For 8 bit RGB and RGBA, as a browser
 * writes them; anything else is an error. */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#define COLOURS 1000

struct png {
	uint32_t width, height, channels;
	uint8_t *packed, *rows;
	size_t n_packed;
};

static uint32_t be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void read_header(struct png *p, const uint8_t *at)
{
	p->width = be32(at);
	p->height = be32(at + 4);
	p->channels = at[9] == 2 ? 3 : at[9] == 6 ? 4 : 0;
	if (at[8] != 8 || !p->channels || at[12] || p->width - 1 > 20000 || p->height - 1 > 20000)
		errx(1, "not 8 bit RGB or RGBA, or interlaced");
}

static void read_chunks(struct png *p, const uint8_t *at, const uint8_t *end)
{
	while (end - at >= 12) {
		uint32_t n = be32(at);

		if (n > (size_t)(end - at) - 12)
			errx(1, "cut off");
		if (memcmp(at + 4, "IHDR", 4) == 0 && n == 13)
			read_header(p, at + 8);
		if (memcmp(at + 4, "IDAT", 4) == 0) {
			memcpy(p->packed + p->n_packed, at + 8, n);
			p->n_packed += n;
		}
		at += 12 + n;
	}
}

static uint8_t paeth(int a, int b, int c)
{
	int p = a + b - c, da = abs(p - a), db = abs(p - b), dc = abs(p - c);

	return (uint8_t)(da <= db && da <= dc ? a : db <= dc ? b : c);
}

/* RFC 2083, 6: each row begins with how it was filtered. */
static void unfilter(const struct png *p)
{
	size_t bytes = (size_t)p->width * p->channels;

	for (uint32_t y = 0; y < p->height; y++) {
		uint8_t *row = p->rows + y * (bytes + 1) + 1, filter = row[-1];
		const uint8_t *up = y ? row - bytes - 1 : NULL;

		for (size_t x = 0; x < bytes; x++) {
			uint8_t a = x < p->channels ? 0 : row[x - p->channels], b = up ? up[x] : 0,
				c = up && x >= p->channels ? up[x - p->channels] : 0;

			row[x] = (uint8_t)(row[x] + (filter == 1   ? a
						     : filter == 2 ? b
						     : filter == 3 ? (a + b) / 2
						     : filter == 4 ? paeth(a, b, c)
								   : 0));
		}
	}
}

static void look(const struct png *p)
{
	uint32_t colours[COLOURS];
	size_t n = 0, bytes = (size_t)p->width * p->channels;
	uint64_t sum = 0;

	for (uint32_t y = 0; y < p->height; y++)
		for (uint32_t x = 0; x < p->width; x++) {
			const uint8_t *at = p->rows + y * (bytes + 1) + 1 + (size_t)x * p->channels;
			uint32_t colour = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
			size_t i = 0;

			sum += at[0] + at[1] + at[2];
			while (i < n && colours[i] != colour)
				i++;
			if (i == n && n < COLOURS)
				colours[n++] = colour;
		}
	printf("%u %u %zu %llu\n", p->width, p->height, n,
	       (unsigned long long)(sum / 3 / p->width / p->height));
}

int main(int argc, char **argv)
{
	static const uint8_t magic[] = {137, 'P', 'N', 'G', 13, 10, 26, 10};
	size_t room = 64UL << 20, n;
	uint8_t *file = calloc(1, room);
	struct png p = {.packed = calloc(1, room)};
	uLongf unpacked;
	FILE *in;

	if (argc != 2)
		errx(2, "usage: png FILE");
	in = fopen(argv[1], "re");
	if (!in)
		err(1, "%s", argv[1]);
	if (!file || !p.packed)
		errx(1, "out of memory");
	n = fread(file, 1, room, in);
	if (n < sizeof(magic) || n == room || memcmp(file, magic, sizeof(magic)) != 0)
		errx(1, "%s: no PNG", argv[1]);
	read_chunks(&p, file + sizeof(magic), file + n);
	if (!p.channels)
		errx(1, "%s: no header", argv[1]);
	unpacked = ((size_t)p.width * p.channels + 1) * p.height;
	p.rows = calloc(1, unpacked);
	if (!p.rows || uncompress(p.rows, &unpacked, p.packed, p.n_packed) != Z_OK)
		errx(1, "%s: cannot be unpacked", argv[1]);
	unfilter(&p);
	look(&p);
	fclose(in);
	return 0;
}
