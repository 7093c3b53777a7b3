// SPDX-License-Identifier: GPL-2.0-only
#include "verbs/mount_unit.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include <libmount.h>

#include "text/shown.h"

#define UNITS "/etc/systemd/system"

char *rg_mount_unit_name(const char *path, char buf[RG_UNIT_SIZE])
{
	size_t n = 0;

	while (*path == '/')
		path++;
	if (!*path)
		buf[n++] = '-';
	for (const char *at = path; *at && n + sizeof("\\x2d.mount") < RG_UNIT_SIZE; at++) {
		if (*at == '/') {
			if (at[1] && at[1] != '/')
				buf[n++] = '-';
		} else if (isalnum((unsigned char)*at) || strchr(":_", *at) ||
			   (*at == '.' && at != path)) {
			buf[n++] = *at;
		} else {
			n += (size_t)snprintf(buf + n, RG_UNIT_SIZE - n, "\\x%02x",
					      (unsigned char)*at);
		}
	}
	snprintf(buf + n, RG_UNIT_SIZE - n, ".mount");
	return buf;
}

bool rg_mount_is_made_at_boot(const char *root, const char *target)
{
	char path[PATH_MAX], unit[RG_UNIT_SIZE];
	struct libmnt_table *fstab;
	bool named;

	snprintf(path, sizeof(path), "%s" UNITS "/%s", root, rg_mount_unit_name(target, unit));
	if (access(path, F_OK) == 0)
		return true;
	snprintf(path, sizeof(path), "%s/etc/fstab", root);
	fstab = mnt_new_table_from_file(path);
	named = fstab && mnt_table_find_target(fstab, target, MNT_ITER_FORWARD);
	mnt_unref_table(fstab);
	return named;
}

/* Prints a value of a unit, with % doubled, since systemd takes it for a specifier. */
static void put_value(const char *key, const char *value, FILE *out)
{
	fprintf(out, "%s=", key);
	for (; *value; value++) {
		char escaped[4];

		if (*value == '%')
			fputs("%%", out);
		else if (iscntrl((unsigned char)*value)) {
			rg_shown_octal((unsigned char)*value, escaped);
			fwrite(escaped, 1, sizeof(escaped), out);
		} else
			fputc(*value, out);
	}
	fputc('\n', out);
}

static void put_options(const char *options, FILE *out)
{
	static const char *const kept[] = {"vers", "sec", "port"};
	char text[256], *value;
	size_t size, n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		if (mnt_optstr_get_option(options, kept[i], &value, &size) == 0 && value &&
		    n < sizeof(text))
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s=%.*s", n ? "," : "",
					      kept[i], (int)size, value);
	if (mnt_optstr_get_option(options, "ro", NULL, NULL) == 0 && n < sizeof(text))
		snprintf(text + n, sizeof(text) - n, "%sro", n ? "," : "");
	put_value("Options", text[0] ? text : "defaults", out);
}

void rg_mount_unit_print(const struct rg_mount *m, FILE *out)
{
	char unit[RG_UNIT_SIZE];

	fprintf(out, "# " UNITS "/%s\n[Unit]\n", rg_mount_unit_name(m->target, unit));
	fputs("Description=An NFS mount that is exported again\n"
	      "Wants=network-online.target\n"
	      "After=network-online.target remote-fs-pre.target\n"
	      "Before=remote-fs.target nfs-server.service nfsv4-server.service\n\n[Mount]\n",
	      out);
	put_value("What", m->source, out);
	put_value("Where", m->target, out);
	fputs("Type=nfs\n", out);
	put_options(m->options, out);
	fputs("\n[Install]\nWantedBy=remote-fs.target\n", out);
}
