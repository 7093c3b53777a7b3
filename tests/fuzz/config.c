// SPDX-License-Identifier: GPL-2.0-only
/* /etc/reexport-guard.conf, and `policy show` of what it says. */
#include <string.h>

#include "fuzz.h"

#include "policy/config.h"

static void hear(const char *mistake)
{
	fuzz_clean(mistake, strlen(mistake));
	fuzz_need(!strchr(mistake, '\n'));
}

void fuzz_one(const char *bytes, size_t n)
{
	char text[RG_PATH_SIZE];
	struct rg_config c;

	rg_config_init(&c);
	if (!rg_config_read(&c, fuzz_file("conf", bytes, n), 0, hear))
		for (int key = 0; key < RG_NR_KEYS; key++)
			for (size_t i = 0; i < rg_config_count(&c, key); i++)
				fuzz_need(strlen(rg_config_text(&c, key, i, text)) < sizeof(text));
	rg_config_free(&c);
}
