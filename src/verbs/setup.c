// SPDX-License-Identifier: GPL-2.0-only
/* The verb setup: protects a host after installing. Asks what it cannot find out, writes the
 * configuration, checks, says what end clients need, and enables. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "check/check.h"
#include "verbs/mount_unit.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "mounts/guarded.h"
#include "mounts/tool.h"
#include "policy/config_edit.h"
#include "policy/rules.h"
#include "state/state.h"
#include "text/shown.h"

#define UNIT "reexport-guard.service"
#define COLLECTOR "/var/lib/prometheus/node-exporter"
#define TEMPORARY ".reexport-guard-setup"
/* Number of times that a wrong answer is asked for again. */
#define TRIES 3
/* Longest wait for systemd to start the daemon, ms: longer than TimeoutStartSec= of the unit. */
#define SYSTEMCTL_MS 310000

struct setup {
	const struct rg_options *o;
	const char *file; /* the configuration; links are resolved if it exists */
	struct rg_config now;
	bool exists, asks;
	bool module;	/* the kernel module is installed */
	char *text;	/* text of the new file; owned */
	size_t changes; /* number of changed keys */
};

/* ---- questions ---- */

/* Asks, and writes the answer to `answer` (size bytes): `initial` if the answer is empty or
 * nothing is asked. Returns RG_DONE, or RG_FAILED at the end of the input, after reporting it. */
static int ask(const struct setup *s, const char *question, const char *initial, char *answer,
	       size_t size)
{
	if (!s->asks) {
		printf("%s %s\n", question, initial);
		snprintf(answer, size, "%s", initial);
		return RG_DONE;
	}
	printf("%s [%s] ", question, initial);
	fflush(stdout);
	if (!fgets(answer, (int)size, stdin))
		return rg_error(RG_FAILED, "setup: no answer: nothing was changed");
	answer[strcspn(answer, "\n")] = '\0';
	if (!*answer)
		snprintf(answer, size, "%s", initial);
	return RG_DONE;
}

static int give_up(void)
{
	return rg_error(RG_FAILED, "setup: no answer that can be used: nothing was changed");
}

static int ask_yes_no(const struct setup *s, const char *question, bool *yes)
{
	char answer[64];

	for (int i = 0; i < TRIES; i++) {
		int err = ask(s, question, *yes ? "yes" : "no", answer, sizeof(answer));

		if (err)
			return err;
		if (strcmp(answer, "yes") == 0 || strcmp(answer, "y") == 0)
			*yes = true;
		else if (strcmp(answer, "no") == 0 || strcmp(answer, "n") == 0)
			*yes = false;
		else {
			puts("Please answer yes or no.");
			continue;
		}
		return RG_DONE;
	}
	return give_up();
}

/* ---- the configuration ---- */

static void hear(const char *mistake)
{
	rg_error(RG_FAILED, "%s", mistake);
}

/* Sets the key in the text if its value changes. */
static int set(struct setup *s, enum rg_key key, const char *value)
{
	char before[RG_PATH_SIZE];

	if (strcmp(rg_config_text(&s->now, key, 0, before), value) == 0)
		return RG_DONE;
	if (rg_config_edit(&s->text, key, value))
		return rg_error(RG_FAILED, "setup: out of memory");
	s->changes++;
	printf("  [%s] %s = %s (it was %s)\n", rg_keys[key].section, rg_keys[key].name, value,
	       before);
	return RG_DONE;
}

/* Asks for the value of a key until the answer is valid. */
static int ask_key(struct setup *s, const char *question, enum rg_key key)
{
	char initial[RG_PATH_SIZE], answer[256], expected[RG_EXPECTED_SIZE];
	struct rg_config scratch;
	bool fits;

	rg_config_text(&s->now, key, 0, initial);
	for (int i = 0; i < TRIES; i++) {
		int err = ask(s, question, initial, answer, sizeof(answer));

		if (err)
			return err;
		rg_config_init(&scratch);
		fits = rg_config_set(&scratch, key, answer, 0, expected);
		rg_config_free(&scratch);
		if (fits)
			return set(s, key, answer);
		rg_say(stdout, "%s: expected %s", answer, expected);
	}
	return give_up();
}

/* Reads the present text; "" if there is no file. */
static int read_text(struct setup *s)
{
	size_t size = 0;
	FILE *f;

	if (!s->exists) {
		s->text =
			strdup("# reexport-guard.conf(5), written by `reexport-guard setup`. Keys "
			       "that are not here\n# have their defaults.\n");
		return s->text ? RG_DONE : rg_error(RG_FAILED, "setup: out of memory");
	}
	f = fopen(s->file, "re");
	if (!f || (getdelim(&s->text, &size, '\0', f) < 0 && !feof(f))) {
		int err = errno;

		if (f)
			fclose(f);
		return rg_error(RG_FAILED, "%s: cannot be read: %s", s->file, rg_strerror(err));
	}
	fclose(f);
	if (s->text && size)
		return RG_DONE;
	free(s->text);
	s->text = strdup("");
	return s->text ? RG_DONE : rg_error(RG_FAILED, "setup: out of memory");
}

/* Has the reader check the text before it becomes a file. */
static int prove_text(const struct setup *s)
{
	size_t n = strlen(s->text);
	struct rg_config config;
	char path[64];
	int fd = memfd_create("reexport-guard.conf", MFD_CLOEXEC), mistakes;

	if (fd < 0 || write(fd, s->text, n) != (ssize_t)n) {
		int err = errno;

		if (fd >= 0)
			close(fd);
		return rg_error(RG_FAILED, "setup: memory for the new configuration: %s",
				rg_strerror(err));
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	rg_config_init(&config);
	mistakes = rg_config_read(&config, path, 0, hear);
	rg_config_free(&config);
	close(fd);
	return mistakes ? rg_error(RG_FAILED,
				   "setup: the new configuration has mistakes: nothing was changed")
			: RG_DONE;
}

/* Keeps the old file under an unused name with the time. */
static int keep_backup(const struct setup *s, int dir, const char *name)
{
	char backup[NAME_MAX + 1], stamp[32];
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	if (snprintf(backup, sizeof(backup), "%s.%s", name, stamp) >= (int)sizeof(backup) ||
	    linkat(dir, name, dir, backup, 0) < 0)
		return rg_error(RG_FAILED,
				"%s: no backup can be made as %s.%s beside it: %s; nothing was "
				"changed",
				s->file, name, stamp, rg_strerror(errno));
	printf("%s: the file as it was is kept as %s\n", s->file, backup);
	return RG_DONE;
}

static int write_file(const struct setup *s)
{
	char directory[RG_PATH_SIZE], base[RG_PATH_SIZE];
	struct stat st = {.st_mode = 0644};
	const char *name;
	int dir, err;

	snprintf(directory, sizeof(directory), "%s", s->file);
	snprintf(base, sizeof(base), "%s", s->file);
	name = basename(base);
	dir = open(dirname(directory), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return rg_error(RG_FAILED, "%s: its directory cannot be opened: %s", s->file,
				rg_strerror(errno));
	if (s->exists && fstatat(dir, name, &st, 0) < 0)
		err = rg_error(RG_FAILED, "%s: %s", s->file, rg_strerror(errno));
	else
		err = s->exists ? keep_backup(s, dir, name) : RG_DONE;
	if (!err) {
		err = rg_replace_file(dir, TEMPORARY, name, s->text, strlen(s->text),
				      st.st_mode & 0777, true);
		if (err)
			err = rg_error(RG_FAILED, "%s: cannot be written: %s", s->file,
				       rg_strerror(err));
		else
			printf("%s: written\n", s->file);
	}
	close(dir);
	return err;
}

/* ---- what the host is like ---- */

static bool has_module(const struct rg_findings *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->at[i].id == RG_F_MODULE && f->at[i].severity == RG_OK)
			return true;
	return false;
}

static bool is_roots_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == 0;
}

static bool has_systemd(void)
{
	return access("/run/systemd/system", F_OK) == 0;
}

static void say_end_clients(const struct setup *s)
{
	if (s->module)
		puts("\nEnd clients at their defaults keep their locks by the kernel module. "
		     "Where it cannot pass a\nreclaim on, these lines on each end client "
		     "(Linux, NFSv4), as root, let it take its locks again:");
	else
		puts("\nOn each end client (Linux, NFSv4), as root; without it an end client "
		     "gives up its locks when\nthis host reboots:");
	puts("  # from its next boot on\n"
	     "  echo 'options nfs recover_lost_locks=1' >/etc/modprobe.d/nfs-recover.conf\n"
	     "  # at once\n"
	     "  echo Y >/sys/module/nfs/parameters/recover_lost_locks\n"
	     "  # if nfs is built into its kernel, on the kernel's command line instead: "
	     "nfs.recover_lost_locks=1");
}

/* Prints units for guarded mounts that nothing makes at boot. */
static int offer_units(const struct setup *s)
{
	struct rg_rules rules = {};
	struct rg_mounts mounts;
	bool *guarded = NULL;
	int err = rg_mounts_read("/proc/self/mountinfo", &mounts);
	bool any = false;

	if (err)
		return rg_error(RG_FAILED, "/proc/self/mountinfo: cannot be read: %s",
				rg_strerror(err));
	rg_mounts_ask_fsids(RG_VOLUMES, &mounts);
	err = rg_rules_make(&s->now, &mounts, &rules);
	guarded = err ? NULL : calloc(mounts.n + 1, sizeof(*guarded));
	if (!err && (!guarded || rg_mounts_guarded(&mounts, rules.at, rules.n, 0,
						   s->now.policy.mount_mode, guarded)))
		err = rg_error(RG_FAILED, "setup: out of memory");
	for (size_t i = 0; guarded && i < mounts.n && !err; i++) {
		if (!guarded[i] || rg_mount_is_made_at_boot("", mounts.at[i].target))
			continue;
		if (!any)
			puts("\nNeither /etc/fstab nor a unit has these mounts, so they are not "
			     "made "
			     "after a reboot. Units for\nthem, to be enabled with `systemctl "
			     "enable "
			     "NAME`; add the options that you mount with:\n");
		any = true;
		rg_mount_unit_print(&mounts.at[i], stdout);
	}
	free(guarded);
	rg_rules_free(&rules);
	rg_mounts_free(&mounts);
	return err;
}

/* ---- enabling ---- */

static int systemctl(const char *verb)
{
	const char *const argv[] = {"systemctl", verb, UNIT, NULL};
	char *bytes;
	size_t n;
	int err;

	printf("systemctl %s " UNIT "\n", verb);
	fflush(stdout);
	err = rg_tool_run(argv, SYSTEMCTL_MS, 1 << 16, &bytes, &n);
	free(bytes);
	return err ? rg_error(RG_FAILED,
			      "systemctl %s " UNIT ": %s; see `systemctl status " UNIT "`", verb,
			      rg_strerror(err))
		   : RG_DONE;
}

/* The unit uses only the file at its default path. */
static bool by_systemd(const struct setup *s)
{
	return has_systemd() && !s->o->config;
}

static int enable(const struct setup *s)
{
	struct rg_options o = *s->o;
	struct rg_arm_request request;
	struct rg_config config;
	int err;

	if (by_systemd(s))
		return systemctl("enable") ?: systemctl("reload-or-restart");
	o.verb = "enable";
	err = rg_arm_request_of(&o, &config, &request) ?: rg_arm_and_say(&request);
	rg_config_free(&config);
	if (!err)
		printf("\nIt is enabled until the next boot. Have `reexport-guard run` started at "
		       "boot, before NFS mounts\nare made and before knfsd starts, and now.\n");
	return err;
}

static int say_enable(const struct setup *s)
{
	if (by_systemd(s))
		puts("\nwould run: systemctl enable " UNIT "\n"
		     "would run: systemctl reload-or-restart " UNIT);
	else
		puts("\nwould enable the guard until the next boot, as this host runs without "
		     "systemd or --config is\ngiven");
	return RG_DONE;
}

/* ---- in order ---- */

static int ask_all(struct setup *s, bool *go)
{
	bool others = !s->now.policy.only_client;
	int err;

	err = ask_key(s,
		      "1. What happens to local programs that come while end clients recover: hold "
		      "(they wait)\n   or deny (they get an error)?",
		      RG_KEY_ACTION);
	err = err ?: ask_key(s, "2. How long may they wait at most?", RG_KEY_MAX_HOLD);
	/* Only the module uses it. */
	if (!err && s->module) {
		err = ask_yes_no(s,
				 "3. Do other hosts use the same files of the original server, not "
				 "by way of this host?",
				 &others);
		err = err ?: set(s, RG_KEY_ONLY_CLIENT, others ? "no" : "yes");
	}
	if (!err && !s->now.metrics_dir[0] && is_roots_directory(COLLECTOR))
		err = set(s, RG_KEY_METRICS_DIR, COLLECTOR);
	if (err || s->o->dry_run)
		return err;
	return ask_yes_no(s,
			  "4. Write the configuration and enable the guard, now and at every boot?",
			  go);
}

static int write_changes(struct setup *s)
{
	if (!s->changes && s->exists) {
		printf("%s: stays as it is\n", s->file);
		return RG_DONE;
	}
	if (s->o->dry_run) {
		printf("would write %s%s\n", s->file,
		       s->exists ? ", and keep it as it is now beside it" : "");
		return RG_DONE;
	}
	return write_file(s);
}

/* Prints what `check` finds about the configuration in `file`, problems last. */
static int check(const char *file, struct rg_findings *f, bool print)
{
	const struct rg_findings_look look = {
		.least = RG_WARNING,
		.width = rg_terminal_width(),
		.colour = rg_terminal_has_colours(),
	};

	rg_check("", file, f);
	if (print)
		rg_findings_text(f, &look, stdout);
	return rg_findings_status(f);
}

static int set_up(struct setup *s)
{
	struct rg_findings f = {};
	const char *file = s->exists ? s->file : NULL;
	bool go = true;
	int err;

	err = check(file, &f, false);
	s->module = has_module(&f);
	if (err == RG_CANNOT)
		rg_findings_text(&f, &(struct rg_findings_look){.least = RG_PROBLEM}, stdout);
	rg_findings_free(&f);
	if (err == RG_CANNOT)
		return rg_error(RG_CANNOT, "setup: this host cannot run it, see above: nothing was "
					   "changed");
	err = ask_all(s, &go) ?: prove_text(s);
	if (err)
		return err;
	if (!go) {
		puts("Nothing was changed.");
		return RG_DONE;
	}
	err = write_changes(s);
	if (err)
		return err;
	puts("\nWhat `reexport-guard check` finds on this host:\n");
	check(s->o->dry_run ? file : s->file, &f, true);
	rg_findings_free(&f);
	say_end_clients(s);
	err = offer_units(s);
	if (err)
		return err;
	return s->o->dry_run ? say_enable(s) : enable(s);
}

int rg_verb_setup(const struct rg_options *o)
{
	struct setup s = {.o = o, .file = o->config ?: RG_CONFIG_FILE};
	char *real = realpath(s.file, NULL);
	int err = RG_DONE;

	s.exists = real != NULL;
	if (real)
		s.file = real;
	s.asks = !o->yes && !o->dry_run;
	rg_config_init(&s.now);
	if (s.asks && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)))
		err = rg_error(RG_USAGE, "setup: cannot ask, since standard input or output is no "
					 "terminal: use --yes to take the answers in brackets, or "
					 "--dry-run to see what it would do");
	else if (!real && errno != ENOENT)
		err = rg_error(RG_FAILED, "%s: %s", s.file, rg_strerror(errno));
	else if (strlen(s.file) >= RG_PATH_SIZE)
		err = rg_error(RG_FAILED, "%s: its name is too long", s.file);
	if (!err && s.exists && rg_config_read(&s.now, s.file, 0, hear))
		err = rg_error(RG_FAILED,
			       "%s: has mistakes, see above: correct them, or move the file away, "
			       "and run `setup` again; nothing was changed",
			       s.file);
	err = err ?: read_text(&s) ?: set_up(&s);
	rg_config_free(&s.now);
	free(s.text);
	free(real);
	return err;
}
