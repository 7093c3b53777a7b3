// SPDX-License-Identifier: GPL-2.0-only
/*
 * jget POINTER... < JSON: the value at each JSON pointer (RFC 6901), or with a
 * '#' before it the length of the array there, one a line. "null" if there is
 * none. In an emulated machine jq takes most of a second to start; a test asks
 * often.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

static void get(json_object *all, const char *at)
{
	int count = at[0] == '#';
	json_object *found = NULL;

	if (json_pointer_get(all, at + count, &found) < 0)
		puts("null");
	else if (count)
		printf("%zu\n", json_object_array_length(found));
	else
		puts(found ? json_object_get_string(found) : "null");
}

int main(int argc, char **argv)
{
	json_object *all = json_object_from_fd(STDIN_FILENO);

	if (!all || argc < 2) {
		fprintf(stderr, "jget: %s\n", argc < 2 ? "POINTER?" : json_util_get_last_err());
		return 1;
	}
	for (int i = 1; i < argc; i++)
		get(all, argv[i]);
	json_object_put(all);
	return 0;
}
