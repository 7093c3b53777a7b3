// SPDX-License-Identifier: GPL-2.0-only
/*
 * jget POINTER... < JSON: the value at each JSON pointer (RFC 6901), or with a
 * '#' before it the length of the array there, one a line. "null" if there is
 * none. A step ?KEY=TEXT is the first element of an array whose member KEY is TEXT, up to a
 * slash in the member; without =TEXT, the first that has the member. In an emulated machine jq
 * takes most of a second to start; a test asks often.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

static int is_it(json_object *element, const char *key, const char *text)
{
	const char *member = json_object_get_string(json_object_object_get(element, key));

	return member && (!text || (strncmp(member, text, strlen(text)) == 0 &&
				    (!member[strlen(text)] || member[strlen(text)] == '/')));
}

/* Goes by a step ?KEY=TEXT, and by those after it. */
static int choose(json_object *array, char *step, json_object **found)
{
	char *rest = strchr(step, '/'), *text;

	if (rest)
		*rest++ = '\0';
	text = strchr(step, '=');
	if (text)
		*text++ = '\0';
	for (size_t i = 0; i < json_object_array_length(array); i++) {
		json_object *element = json_object_array_get_idx(array, i);
		char pointer[256];

		if (!is_it(element, step, text))
			continue;
		snprintf(pointer, sizeof(pointer), "%s%s", rest ? "/" : "", rest ? rest : "");
		return json_pointer_get(element, pointer, found);
	}
	return -1;
}

static int find(json_object *all, const char *at, json_object **found)
{
	const char *step = strstr(at, "/?");
	char before[256], chosen[256];
	json_object *array = NULL;

	if (!step)
		return json_pointer_get(all, at, found);
	snprintf(before, sizeof(before), "%.*s", (int)(step - at), at);
	snprintf(chosen, sizeof(chosen), "%s", step + 2);
	return json_pointer_get(all, before, &array) < 0 ||
			       !json_object_is_type(array, json_type_array)
		       ? -1
		       : choose(array, chosen, found);
}

static void get(json_object *all, const char *at)
{
	int count = at[0] == '#';
	json_object *found = NULL;

	if (find(all, at + count, &found) < 0)
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
