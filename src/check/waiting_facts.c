// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-bus.h>

#include "check/root.h"
#include "check/waiting.h"

#define BUS_TIMEOUT_US 5000000
#define SYSTEMD "org.freedesktop.systemd1"
#define UNIT SYSTEMD ".Unit"
#define SERVICE SYSTEMD ".Service"
#define OPEN_TARGET "reexport-guard-open.target"

/* ---- units ---- */

/* Leave out our own unit and the units that the gate itself waits for. */
static bool is_expected(const char *name)
{
	static const char *const names[] = {"nfs-server.service", "nfsv4-server.service",
					    "nfs-mountd.service", "nfsdcld.service",
					    "rpc-statd.service",  "reexport-guard-wait.service"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool is_service(const char *name)
{
	size_t n = strlen(name), suffix = strlen(".service");

	return n > suffix && strcmp(name + n - suffix, ".service") == 0;
}

/* Returns the object of a unit, which systemd loads for it as for `systemctl show`. Owned by the
 * caller. */
static char *load_unit(sd_bus *bus, const char *name, int *err)
{
	sd_bus_message *reply = NULL;
	const char *path = NULL;
	char *copy = NULL;
	int one = sd_bus_call_method(bus, SYSTEMD, "/org/freedesktop/systemd1", SYSTEMD ".Manager",
				     "LoadUnit", NULL, &reply, "s", name);

	if (one >= 0)
		one = sd_bus_message_read(reply, "o", &path);
	if (one >= 0)
		copy = strdup(path);
	if (one >= 0 && !copy)
		one = -ENOMEM;
	if (one < 0)
		*err = one;
	sd_bus_message_unref(reply);
	return copy;
}

static void free_names(char **names)
{
	for (char **n = names; n && *n; n++)
		free(*n);
	free(names);
}

static int ask_of_unit(sd_bus *bus, const char *name, struct rg_waiting_unit *u)
{
	char *type = NULL, **after = NULL, *at;
	uint64_t start = 0, watchdog = 0;
	int err = 0;

	at = load_unit(bus, name, &err);
	if (!at)
		return err;
	err = sd_bus_get_property_strv(bus, SYSTEMD, at, UNIT, "After", NULL, &after);
	if (err >= 0)
		err = sd_bus_get_property_string(bus, SYSTEMD, at, SERVICE, "Type", NULL, &type);
	if (err >= 0)
		err = sd_bus_get_property_trivial(bus, SYSTEMD, at, SERVICE, "TimeoutStartUSec",
						  NULL, 't', &start);
	if (err >= 0)
		err = sd_bus_get_property_trivial(bus, SYSTEMD, at, SERVICE, "WatchdogUSec", NULL,
						  't', &watchdog);
	if (err >= 0) {
		*u = (struct rg_waiting_unit){.start_us = start, .watchdog_us = watchdog};
		snprintf(u->name, sizeof(u->name), "%s", name);
		snprintf(u->type, sizeof(u->type), "%s", type);
		for (char **n = after; n && *n; n++)
			u->after_open |= strcmp(*n, OPEN_TARGET) == 0;
	}
	free_names(after);
	free(type);
	free(at);
	return err < 0 ? err : 0;
}

static int ask_of_all(sd_bus *bus, struct rg_waiting_facts *w)
{
	char **before = NULL, *guard;
	size_t n = 0;
	int err = 0;

	guard = load_unit(bus, "reexport-guard.service", &err);
	if (guard)
		err = sd_bus_get_property_strv(bus, SYSTEMD, guard, UNIT, "Before", NULL, &before);
	free(guard);
	if (err < 0)
		return err;
	while (before && before[n])
		n++;
	w->units = calloc(n + 1, sizeof(*w->units));
	err = w->units ? 0 : -ENOMEM;
	for (size_t i = 0; i < n && !err; i++) {
		if (!is_service(before[i]) || is_expected(before[i]))
			continue;
		err = ask_of_unit(bus, before[i], &w->units[w->n_units]);
		w->n_units += !err;
	}
	free_names(before);
	return err;
}

static int ask_systemd(struct rg_waiting_facts *w)
{
	sd_bus *bus = NULL;
	int err = sd_bus_open_system(&bus);

	if (err >= 0)
		err = sd_bus_set_method_call_timeout(bus, BUS_TIMEOUT_US);
	if (err >= 0)
		err = ask_of_all(bus, w);
	sd_bus_flush_close_unref(bus);
	return err < 0 ? err : 0;
}

/* ---- homes ---- */

static bool can_log_in(const struct passwd *pw)
{
	const char *slash = strrchr(pw->pw_shell, '/');
	const char *shell = slash ? slash + 1 : pw->pw_shell;

	return strcmp(shell, "nologin") != 0 && strcmp(shell, "false") != 0;
}

/* Use the mount table alone: looking at a path could wait for a server. */
static bool is_reexported(const struct rg_reexport_facts *r, const char *path)
{
	const struct rg_mount *m = *path == '/' ? rg_mount_of(&r->mounts, path) : NULL;

	return m && r->reexported && r->reexported[m - r->mounts.at];
}

int rg_waiting_read_passwd(const char *file, const struct rg_reexport_facts *r,
			   struct rg_waiting_facts *w)
{
	FILE *f = fopen(file, "re");
	const struct passwd *pw;

	if (!f)
		return -errno;
	while ((pw = fgetpwent(f))) {
		if (!can_log_in(pw) || !is_reexported(r, pw->pw_dir) || w->n_homes++)
			continue;
		snprintf(w->user, sizeof(w->user), "%s", pw->pw_name);
		snprintf(w->home, sizeof(w->home), "%s", pw->pw_dir);
	}
	fclose(f);
	return 0;
}

void rg_waiting_gather(const char *root, const struct rg_reexport_facts *r,
		       struct rg_waiting_facts *w)
{
	char file[RG_ROOT_PATH];

	*w = (struct rg_waiting_facts){.bus_err = -ENOENT};
	if (rg_root_has(root, "/run/systemd/system") == 1 && rg_root_is_here(root))
		w->bus_err = ask_systemd(w);
	w->passwd_err = rg_waiting_read_passwd(rg_root_path(root, "/etc/passwd", file), r, w);
	w->sshd = rg_root_has(root, "/usr/sbin/sshd");
}

void rg_waiting_free(struct rg_waiting_facts *w)
{
	free(w->units);
	*w = (struct rg_waiting_facts){};
}
