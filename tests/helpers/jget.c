// SPDX-License-Identifier: GPL-2.0-only
/*
 * jget POINTER < JSON: the value at a JSON pointer (RFC 6901), or with a '#'
 * before it the length of the array there. "null" if there is none. In an
 * emulated machine jq takes most of a second to start; a test asks often.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

int main(int argc, char **argv)
{
	json_object *all, *found = NULL;
	const char *at = argc == 2 ? argv[1] : "";
	int count = at[0] == '#';

	all = json_object_from_fd(STDIN_FILENO);
	if (!all || argc != 2) {
		fprintf(stderr, "jget: %s\n", argc == 2 ? json_util_get_last_err() : "POINTER?");
		return 1;
	}
	if (json_pointer_get(all, at + count, &found) < 0)
		puts("null");
	else if (count)
		printf("%zu\n", json_object_array_length(found));
	else
		puts(found ? json_object_get_string(found) : "null");
	json_object_put(all);
	return 0;
}
