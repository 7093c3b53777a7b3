// SPDX-License-Identifier: GPL-2.0-only
/* The verb report: tells a recovery afterwards, from files alone. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/verbs.h"
#include "record/recorder.h"
#include "report/report.h"
#include "text/json.h"

/* ---- the daemon's own recording ---- */

/* Lists the existing parts. */
struct own {
	char names[RG_RECORD_PARTS][RG_PATH_SIZE + sizeof(RG_RECORDER_FILE) + 16];
	char *paths[RG_RECORD_PARTS];
	size_t n;
};

static void hear_nothing(const char *mistake)
{
	(void)mistake;
}

/* Finds the daemon's recording by option or configuration. */
static void find_dir(const struct rg_options *o, char dir[RG_PATH_SIZE])
{
	struct rg_config config;

	rg_config_init(&config);
	if (rg_config_read(&config, RG_CONFIG_FILE, RG_READ_OPTIONAL, hear_nothing)) {
		rg_config_free(&config);
		rg_config_init(&config);
	}
	snprintf(dir, RG_PATH_SIZE, "%s", config.state_dir);
	rg_config_free(&config);
	for (size_t i = 0; i < o->n_settings; i++)
		if (o->settings[i].key == RG_KEY_STATE_DIR)
			snprintf(dir, RG_PATH_SIZE, "%s", o->settings[i].value);
}

static int find_own(const struct rg_options *o, struct own *own)
{
	char dir[RG_PATH_SIZE];
	int err = ENOENT;

	own->n = 0;
	find_dir(o, dir);
	for (unsigned int i = 0; i < RG_RECORD_PARTS; i++) {
		char *name = own->names[own->n];

		if (i)
			snprintf(name, sizeof(own->names[0]), "%s/%s.%u", dir, RG_RECORDER_FILE, i);
		else
			snprintf(name, sizeof(own->names[0]), "%s/%s", dir, RG_RECORDER_FILE);
		if (access(name, R_OK) == 0) {
			own->paths[own->n] = name;
			own->n++;
		} else if (errno != ENOENT) {
			err = errno;
		}
	}
	if (own->n)
		return RG_DONE;
	if (err != ENOENT)
		return rg_error(RG_FAILED,
				"report: %s/" RG_RECORDER_FILE ": %s; run it as root, or "
				"name a recording",
				dir, rg_strerror(err));
	return rg_error(RG_FAILED,
			"report: %s/" RG_RECORDER_FILE " is not there: the daemon has "
			"recorded nothing yet, or records nothing (`record = off`); "
			"name a recording of `trace`",
			dir);
}

/* ---- output ---- */

/* Never write the report over the recording. */
static bool is_input(const struct stat *out, const struct rg_options *o)
{
	struct stat in;

	for (size_t i = 0; i < o->n_files; i++) {
		int err = strcmp(o->files[i], "-") == 0 ? fstat(STDIN_FILENO, &in)
							: stat(o->files[i], &in);

		if (err == 0 && S_ISREG(in.st_mode) && in.st_dev == out->st_dev &&
		    in.st_ino == out->st_ino)
			return true;
	}
	return false;
}

static int check_output(const struct rg_options *o)
{
	struct stat st;

	if (o->output && stat(o->output, &st) == 0 && is_input(&st, o))
		return rg_error(RG_USAGE, "report: --output %s: is one of the recordings",
				o->output);
	return RG_DONE;
}

/* Create it for its owner alone, since it has names and addresses of end clients, and follow no
 * link. */
static FILE *open_output(const struct rg_options *o)
{
	FILE *out = NULL;
	int fd;

	if (!o->output)
		return stdout;
	fd = open(o->output, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC,
		  0600);
	if (fd >= 0)
		out = fdopen(fd, "w");
	if (!out)
		rg_error(RG_FAILED, "report: --output %s: %s", o->output,
			 fd < 0 && errno == ELOOP ? "a symbolic link: name the file itself"
						  : rg_strerror(errno));
	if (fd >= 0 && !out)
		close(fd);
	return out;
}

/* main() checks standard output. */
static int write_all(const struct rg_options *o, const struct rg_report *r, json_object *all,
		     FILE *out)
{
	bool bad;

	if (o->json)
		rg_json_print(out, all);
	else if (o->html)
		rg_report_html(r, out);
	else
		rg_report_text(r, out);
	if (out == stdout)
		return RG_DONE;
	errno = 0;
	bad = ferror(out);
	if (fclose(out) == EOF || bad)
		return rg_error(RG_FAILED, "report: --output %s: %s", o->output,
				errno ? rg_strerror(errno) : "could not be written");
	return RG_DONE;
}

/* Returns the status of the worst recovery in the report. */
static int exit_code(const struct rg_report *r)
{
	int worst = RG_DONE;

	for (size_t i = 0; i < r->n; i++) {
		enum rg_outcome outcome = r->at[i]->verdict.outcome;

		if (outcome == RG_OUTCOME_LOST)
			return RG_LOST;
		if (outcome == RG_OUTCOME_UNPROVEN || outcome == RG_OUTCOME_UNDECIDED)
			worst = RG_NOT_SURE;
	}
	return worst;
}

int rg_verb_report(const struct rg_options *o)
{
	static struct own own;
	struct rg_options with = *o;
	struct rg_report r;
	json_object *all = NULL;
	FILE *out = NULL;
	int err;

	if (o->json && o->html)
		return rg_error(RG_USAGE, "report: --json and --html: one of them");
	if (o->n_files && o->given & RG_TAKES(RG_KEY_STATE_DIR))
		return rg_error(RG_USAGE, "report: --state-dir goes without FILE");
	err = o->n_files ? RG_DONE : find_own(o, &own);
	if (err)
		return err;
	if (!o->n_files) {
		with.files = own.paths;
		with.n_files = own.n;
	}
	err = check_output(&with);
	if (err)
		return err;
	rg_report_init(&r);
	if (rg_report_read(&r, with.files, with.n_files)) {
		if (!o->n_files)
			rg_report_keep_last(&r);
		all = o->json ? rg_report_json(&r) : NULL;
		if (rg_json_whole())
			out = open_output(o);
		else
			rg_error(RG_FAILED, "report: out of memory, nothing is printed");
	}
	err = RG_FAILED;
	if (out)
		err = write_all(o, &r, all, out);
	if (!err && r.bad_lines)
		err = RG_FAILED;
	if (!err && o->exit_code)
		err = exit_code(&r);
	json_object_put(all);
	rg_report_free(&r);
	return err;
}
