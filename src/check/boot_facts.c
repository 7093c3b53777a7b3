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

/* Not mnt_fs_match_options(), which is for mount -O: there "no" negates. */
static bool has_option(struct libmnt_fs *fs, const char *option)
{
	const char *options = mnt_fs_get_options(fs);
	char *value;
	size_t n;

	return options && mnt_optstr_get_option(options, option, &value, &n) == 0;
}

/* Copies the value of an option. Returns NULL if there is none or no memory. */
static char *value_of(struct libmnt_fs *fs, const char *option)
{
	const char *options = mnt_fs_get_options(fs);
	char *value = NULL;
	size_t n = 0;

	if (!options || mnt_optstr_get_option(options, option, &value, &n) || !value)
		return NULL;
	return strndup(value, n);
}

static void free_mount(struct rg_fstab_mount *m)
{
	free(m->target);
	free(m->source);
	free(m->needs);
	free(m->idle);
}

static int add(struct rg_boot_facts *b, struct libmnt_fs *fs)
{
	const char *type = mnt_fs_get_fstype(fs) ?: "";
	struct rg_fstab_mount *more,
		one = {
			.nfs = strcmp(type, "nfs") == 0 || strcmp(type, "nfs4") == 0,
			.noauto = has_option(fs, "noauto"),
			.automount = has_option(fs, "x-systemd.automount"),
			.needs = value_of(fs, "x-systemd.requires-mounts-for"),
			.idle = value_of(fs, "x-systemd.idle-timeout"),
		};

	one.target = strdup(mnt_fs_get_target(fs) ?: "");
	one.source = strdup(mnt_fs_get_srcpath(fs) ?: mnt_fs_get_source(fs) ?: "");
	more = reallocarray(b->at, b->n + 1, sizeof(*more));
	if (more)
		b->at = more;
	if (!more || !one.target || !one.source) {
		free_mount(&one);
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

/* A directory with only the files that `check` reads tells nothing about systemd: judge it as a
 * host that systemd boots, with nfs-utils' generator. */
static bool shows_systemd(const char *root)
{
	return rg_root_is_here(root) || rg_root_has(root, "/usr/lib/systemd") ||
	       rg_root_has(root, "/lib/systemd") || rg_root_has(root, "/run/systemd");
}

/* The first directory that has the generator counts, and a link to /dev/null masks it
 * (systemd.generator(7)). */
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
	return !shows_systemd(root);
}

/* Reads a property of a unit that is a list of names (free_names()). Returns NULL if it is
 * empty, or if it cannot be read (*err). */
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

/* Has systemd load the unit, as `systemctl show` does, without starting it. Returns the object's
 * path, owned by the caller, or NULL and *err. */
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
	b->before_nfsv4 = has_name(before, "nfsv4-server.service");
	b->before_remote_fs = has_name(before, "remote-fs-pre.target");
	free_names(before);
	free(unit);
}

/* Reads a unit that starts knfsd. Returns whether it exists. */
static bool ask_of_knfsd(sd_bus *bus, const char *name, struct rg_boot_facts *b)
{
	char *unit = load_unit(bus, name, &b->bus_err), load[32], **before, **after;

	if (!unit)
		return false;
	take_text(bus, unit, "LoadState", load, sizeof(load), &b->bus_err);
	before = names_of(bus, unit, "Before", &b->bus_err);
	after = names_of(bus, unit, "After", &b->bus_err);
	for (char **n = before; n && *n && !b->cycle[0]; n++)
		if (has_name(after, *n)) {
			snprintf(b->cycle, sizeof(b->cycle), "%s", *n);
			snprintf(b->cycle_of, sizeof(b->cycle_of), "%s", name);
		}
	free_names(before);
	free_names(after);
	free(unit);
	return load[0] && strcmp(load, "not-found") != 0 && strcmp(load, "masked") != 0;
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
		ask_of_knfsd(bus, "nfs-server.service", b);
		b->nfsv4_installed = ask_of_knfsd(bus, "nfsv4-server.service", b);
		ask_of_time(bus, b);
	}
	sd_bus_flush_close_unref(bus);
}

/* Resolves the links of a path; copies a path that leads nowhere. Returns NULL without
 * memory. */
static char *real_of(const struct rg_exports_where *where, const struct rg_mounts *mounts,
		     const char *path)
{
	char real[RG_PATH_SIZE];

	return strdup(rg_exports_real(where, mounts, path, real) ? path : real);
}

/* Resolves the paths of exports and of fstab, as far as that waits for no server. */
static int follow_links(const char *root, struct rg_boot_facts *b)
{
	struct rg_exports_where where, plain = {};
	char file[RG_ROOT_PATH];
	struct rg_mounts mounts;
	int err = rg_mounts_read(rg_root_path(root, "/proc/self/mountinfo", file), &mounts);

	if (err)
		return err; /* reported with the mounts */
	rg_exports_where(root, false, &where);
	snprintf(plain.root, sizeof(plain.root), "%s", root);
	b->paths = calloc(b->exports.n + 1, sizeof(*b->paths));
	err = b->paths ? 0 : -ENOMEM;
	for (size_t i = 0; i < b->exports.n && !err; i++) {
		const char *path = b->exports.at[i].path;
		char rooted[2 * RG_PATH_SIZE];

		snprintf(rooted, sizeof(rooted), "%s%s", where.rootdir, path);
		b->paths[i].waits = real_of(&plain, &mounts, path);
		b->paths[i].lies = real_of(&where, &mounts, rooted);
		err = b->paths[i].waits && b->paths[i].lies ? 0 : -ENOMEM;
	}
	for (size_t i = 0; i < b->n && !err; i++) {
		char *target = real_of(&plain, &mounts, b->at[i].target);

		if (!target)
			continue;
		free(b->at[i].target);
		b->at[i].target = target;
	}
	rg_mounts_free(&mounts);
	return err;
}

static void free_paths(struct rg_boot_facts *b)
{
	for (size_t i = 0; b->paths && i < b->exports.n; i++) {
		free(b->paths[i].waits);
		free(b->paths[i].lies);
	}
	free(b->paths);
	b->paths = NULL;
}

void rg_boot_gather(const char *root, struct rg_boot_facts *b)
{
	char file[RG_ROOT_PATH], dir[RG_ROOT_PATH];

	memset(b, 0, sizeof(*b));
	/* Mistakes of the exports are reported in their own group. */
	rg_exports_read(&b->exports, rg_root_path(root, RG_EXPORTS, file),
			rg_root_path(root, RG_EXPORTS_D, dir), NULL, NULL);
	b->fstab_err = rg_boot_read_fstab(rg_root_path(root, FSTAB, file), b);
	if (follow_links(root, b))
		free_paths(b);
	b->generator = find_generator(root);
	b->systemd = rg_root_has(root, "/run/systemd/system"); /* sd_booted(3) */
	if (!b->systemd && !shows_systemd(root))
		b->systemd = 1;
	if (b->systemd == 1 && rg_root_is_here(root))
		rg_boot_ask_systemd(b);
	else
		b->bus_err = -ENOENT;
}

void rg_boot_free(struct rg_boot_facts *b)
{
	for (size_t i = 0; i < b->n; i++)
		free_mount(&b->at[i]);
	free(b->at);
	free_paths(b);
	rg_exports_free(&b->exports);
	*b = (struct rg_boot_facts){};
}
