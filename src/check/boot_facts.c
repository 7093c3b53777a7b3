// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libmount.h>
#include <systemd/sd-bus.h>

#include "check/boot.h"
#include "check/root.h"

#define FSTAB "/etc/fstab"
#define BUS_TIMEOUT_US 5000000

/* ---- fstab ---- */

static int pass_over(struct libmnt_table *table, const char *file, int line)
{
	struct rg_boot_facts *b = mnt_table_get_userdata(table);

	(void)file;
	(void)line;
	b->n_bad++;
	return 1; /* and go on */
}

/* Not mnt_fs_match_options(): that is mount -O's, and "no" means not. */
static bool has_option(struct libmnt_fs *fs, const char *option)
{
	const char *options = mnt_fs_get_options(fs);
	char *value;
	size_t n;

	return options && mnt_optstr_get_option(options, option, &value, &n) == 0;
}

static int add(struct rg_boot_facts *b, struct libmnt_fs *fs)
{
	struct rg_fstab_mount *more, one = {.noauto = has_option(fs, "noauto")};
	const char *type = mnt_fs_get_fstype(fs) ?: "";

	if (strcmp(type, "nfs") != 0 && strcmp(type, "nfs4") != 0)
		return 0;
	one.target = strdup(mnt_fs_get_target(fs) ?: "");
	one.source = strdup(mnt_fs_get_source(fs) ?: "");
	more = reallocarray(b->at, b->n + 1, sizeof(*more));
	if (more)
		b->at = more;
	if (!more || !one.target || !one.source) {
		free(one.target);
		free(one.source);
		return -ENOMEM;
	}
	more[b->n++] = one;
	return 0;
}

int rg_boot_read_fstab(const char *file, struct rg_boot_facts *b)
{
	struct libmnt_table *table = mnt_new_table();
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;
	int err = -ENOMEM;

	if (table && iter) {
		mnt_table_set_userdata(table, b);
		mnt_table_set_parser_errcb(table, pass_over);
		err = mnt_table_parse_file(table, file);
		if (err > 0)
			err = -EINVAL;
		while (!err && mnt_table_next_fs(table, iter, &fs) == 0)
			err = add(b, fs);
	}
	mnt_free_iter(iter);
	mnt_unref_table(table);
	return err;
}

/* ---- systemd ---- */

/* By systemd.generator(7): the first directory that has it counts, and a link to
 * /dev/null is none. */
static int find_generator(const char *root)
{
	static const char *const dirs[] = {"/run", "/etc", "/usr/local/lib", "/usr/lib", "/lib"};
	char path[128], full[RG_ROOT_PATH], to[PATH_MAX];

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		ssize_t n;
		int there;

		snprintf(path, sizeof(path), "%s/systemd/system-generators/nfs-server-generator",
			 dirs[i]);
		n = readlink(rg_root_path(root, path, full), to, sizeof(to) - 1);
		to[n > 0 ? n : 0] = '\0';
		if (strcmp(to, "/dev/null") == 0)
			return 0;
		there = rg_root_has(root, path);
		if (there)
			return there;
	}
	return 0;
}

/* A list of names, a property of a unit; free_names(). NULL: there are none, or
 * *err says why they cannot be had. */
static char **names_of(sd_bus *bus, const char *unit, const char *property, int *err)
{
	char **names = NULL;
	int one = sd_bus_get_property_strv(bus, "org.freedesktop.systemd1", unit,
					   "org.freedesktop.systemd1.Unit", property, NULL, &names);

	if (one < 0)
		*err = one;
	return one < 0 ? NULL : names;
}

static void free_names(char **names)
{
	for (char **n = names; n && *n; n++)
		free(*n);
	free(names);
}

static bool has_name(char **names, const char *name)
{
	for (; names && *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

static void take_text(sd_bus *bus, const char *unit, const char *property, char *buf, size_t size,
		      int *err)
{
	char *text = NULL;
	int one =
		sd_bus_get_property_string(bus, "org.freedesktop.systemd1", unit,
					   "org.freedesktop.systemd1.Unit", property, NULL, &text);

	if (one < 0)
		*err = one;
	snprintf(buf, size, "%s", one < 0 ? "" : text);
	free(text);
}

/* What `systemctl show` does; the unit does not start by that. The object's path,
 * owned by the caller, or NULL and *err. */
static char *load_unit(sd_bus *bus, const char *name, int *err)
{
	sd_bus_message *reply = NULL;
	const char *path = NULL;
	char *copy = NULL;
	int one = sd_bus_call_method(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
				     "org.freedesktop.systemd1.Manager", "LoadUnit", NULL, &reply,
				     "s", name);

	if (one >= 0)
		one = sd_bus_message_read(reply, "o", &path);
	if (one >= 0 && path) {
		copy = strdup(path);
		one = copy ? 0 : -ENOMEM;
	}
	if (one < 0)
		*err = one;
	sd_bus_message_unref(reply);
	return copy;
}

static void ask_of_guard(sd_bus *bus, struct rg_boot_facts *b)
{
	char *unit = load_unit(bus, "reexport-guard.service", &b->bus_err), load[32], **before;

	if (!unit)
		return;
	take_text(bus, unit, "LoadState", load, sizeof(load), &b->bus_err);
	b->installed = load[0] && strcmp(load, "not-found") != 0;
	take_text(bus, unit, "UnitFileState", b->state, sizeof(b->state), &b->bus_err);
	before = names_of(bus, unit, "Before", &b->bus_err);
	b->before_knfsd = has_name(before, "nfs-server.service");
	b->before_remote_fs = has_name(before, "remote-fs-pre.target");
	free_names(before);
	free(unit);
}

static void ask_of_knfsd(sd_bus *bus, struct rg_boot_facts *b)
{
	char *unit = load_unit(bus, "nfs-server.service", &b->bus_err), **before, **after;

	if (!unit)
		return;
	before = names_of(bus, unit, "Before", &b->bus_err);
	after = names_of(bus, unit, "After", &b->bus_err);
	for (char **n = before; n && *n && !b->cycle[0]; n++)
		if (has_name(after, *n))
			snprintf(b->cycle, sizeof(b->cycle), "%s", *n);
	free_names(before);
	free_names(after);
	free(unit);
}

static void ask_of_time(sd_bus *bus, struct rg_boot_facts *b)
{
	char *unit = load_unit(bus, "remote-fs.target", &b->bus_err);
	uint64_t us = 0;

	if (unit &&
	    sd_bus_get_property_trivial(bus, "org.freedesktop.systemd1", unit,
					"org.freedesktop.systemd1.Unit",
					"ActiveEnterTimestampMonotonic", NULL, 't', &us) >= 0)
		b->remote_fs_s = (long long)(us / 1000000);
	free(unit);
}

void rg_boot_ask_systemd(struct rg_boot_facts *b)
{
	sd_bus *bus = NULL;
	int err = sd_bus_open_system(&bus);

	if (err >= 0)
		err = sd_bus_set_method_call_timeout(bus, BUS_TIMEOUT_US);
	if (err < 0) {
		b->bus_err = err;
	} else {
		ask_of_guard(bus, b);
		ask_of_knfsd(bus, b);
		ask_of_time(bus, b);
	}
	sd_bus_flush_close_unref(bus);
}

void rg_boot_gather(const char *root, struct rg_boot_facts *b)
{
	char file[RG_ROOT_PATH], dir[RG_ROOT_PATH];

	memset(b, 0, sizeof(*b));
	/* What is wrong with them is said with the exports. */
	rg_exports_read(&b->exports, rg_root_path(root, RG_EXPORTS, file),
			rg_root_path(root, RG_EXPORTS_D, dir), NULL, NULL);
	b->fstab_err = rg_boot_read_fstab(rg_root_path(root, FSTAB, file), b);
	b->generator = find_generator(root);
	b->systemd = rg_root_has(root, "/run/systemd/system"); /* sd_booted(3) */
	if (b->systemd == 1 && rg_root_is_here(root))
		rg_boot_ask_systemd(b);
	else
		b->bus_err = -ENOENT;
}

void rg_boot_free(struct rg_boot_facts *b)
{
	for (size_t i = 0; i < b->n; i++) {
		free(b->at[i].target);
		free(b->at[i].source);
	}
	free(b->at);
	rg_exports_free(&b->exports);
	*b = (struct rg_boot_facts){};
}
