// SPDX-License-Identifier: GPL-2.0-only
#include "check/finding.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "text/json.h"
#include "text/shown.h"
#include "text/wrap.h"

#define SCHEMA_VERSION 1

/* Width of the first word of a line. */
#define HEAD 9

static const char *const names[RG_NR_FINDING_IDS] = {
	[RG_F_BPF] = "bpf",
	[RG_F_BTF] = "btf",
	[RG_F_LOCKDOWN] = "lockdown",
	[RG_F_BPF_LSM] = "bpf-lsm",
	[RG_F_RUNG] = "rung",
	[RG_F_BPFFS] = "bpffs",
	[RG_F_MODULES] = "modules",
	[RG_F_HOOKS] = "hooks",
	[RG_F_PREEMPTION] = "preemption",
	[RG_F_SYMBOLS] = "symbols",
	[RG_F_NAMESPACES] = "namespaces",
	[RG_F_CONFIGURATION] = "configuration",
	[RG_F_ENABLED] = "enabled",
	[RG_F_RELEASE] = "release",
	[RG_F_ACTION] = "action",
	[RG_F_MAX_HOLD] = "max-hold",
	[RG_F_DELEGATIONS] = "delegations",
	[RG_F_KNFSD] = "knfsd",
	[RG_F_NFS_CONF] = "nfs-conf",
	[RG_F_GRACE_LEASE] = "grace-lease",
	[RG_F_LOCKD_GRACE] = "lockd-grace",
	[RG_F_NFSDCLD] = "nfsdcld",
	[RG_F_NFSDCLD_STORAGE] = "nfsdcld-storage",
	[RG_F_NFSDCLD_CLIENTS] = "nfsdcld-clients",
	[RG_F_REGIME] = "regime",
	[RG_F_REGIME_CHANGED] = "regime-changed",
	[RG_F_MODULE] = "module",
	[RG_F_EXPORTS_READ] = "exports-read",
	[RG_F_REEXPORTS] = "re-exports",
	[RG_F_EXPORTS_UNSEEN] = "exports-unseen",
	[RG_F_EXPORT_BLANK] = "export-blank",
	[RG_F_EXPORT_AUTOMOUNT] = "export-automount",
	[RG_F_EXPORT_REEXPORT] = "export-reexport",
	[RG_F_FSIDD] = "fsidd",
	[RG_F_EXPORT_FSID] = "export-fsid",
	[RG_F_EXPORT_FSID_TWICE] = "export-fsid-twice",
	[RG_F_EXPORT_CROSSMNT] = "export-crossmnt",
	[RG_F_MOUNTS_READ] = "mounts-read",
	[RG_F_MOUNT_OPTIONS] = "mount-options",
	[RG_F_MOUNT_SOFT] = "mount-soft",
	[RG_F_MOUNT_LOCAL_LOCK] = "mount-local-lock",
	[RG_F_MOUNT_NOLOCK] = "mount-nolock",
	[RG_F_MOUNT_VERSION] = "mount-version",
	[RG_F_MOUNT_NOSHARECACHE] = "mount-nosharecache",
	[RG_F_MOUNT_TWICE] = "mount-twice",
	[RG_F_MOUNT_NOT_GUARDED] = "mount-not-guarded",
	[RG_F_RECOVER_LOST_LOCKS] = "recover-lost-locks",
	[RG_F_LEASE_BOOT] = "lease-boot",
	[RG_F_LEASE_LAST_BOOT] = "lease-last-boot",
	[RG_F_FSTAB_READ] = "fstab-read",
	[RG_F_FSTAB_CYCLE] = "fstab-cycle",
	[RG_F_FSTAB_AFTER_KNFSD] = "fstab-after-knfsd",
	[RG_F_UNIT_ENABLED] = "unit-enabled",
	[RG_F_UNIT_ORDER] = "unit-order",
	[RG_F_UNIT_CYCLE] = "unit-cycle",
	[RG_F_UNIT_HELD] = "unit-held",
	[RG_F_HOMES] = "homes",
	[RG_F_CLIENTS_VERSIONS] = "clients-versions",
	[RG_F_CLIENTS_NFSV3] = "clients-nfsv3",
	[RG_F_LOCAL_LOCKS] = "local-locks",
	[RG_F_ORIGINAL_ROLE] = "original-role",
	[RG_F_ORIGINAL_HOOKS] = "original-hooks",
	[RG_F_ORIGINAL_KEEP_FOR] = "original-keep-for",
	[RG_F_ORIGINAL_NLM] = "original-nlm",
	[RG_F_ORIGINAL_V40] = "original-v40",
	[RG_F_ORIGINAL_LOST] = "original-lost",
};

static const char *const severities[RG_NR_SEVERITIES] = {
	[RG_PROBLEM] = "problem", [RG_WARNING] = "warning", [RG_UNKNOWN] = "unknown",
	[RG_NOTE] = "note",	  [RG_OK] = "ok",
};

static const char *const outlooks[RG_NR_OUTLOOKS] = {
	[RG_OUTLOOK_UNKNOWN] = "unknown", [RG_OUTLOOK_KEPT] = "kept",
	[RG_OUTLOOK_KEPT_IF] = "kept-if", [RG_OUTLOOK_LOST] = "lost",
	[RG_OUTLOOK_NONE] = "none",
};

const char *rg_outlook_name(enum rg_outlook_kind kind)
{
	return (size_t)kind < RG_NR_OUTLOOKS ? outlooks[kind] : "?";
}

const char *rg_finding_name(enum rg_finding_id id)
{
	return (size_t)id < RG_NR_FINDING_IDS ? names[id] : "?";
}

const char *rg_severity_name(enum rg_severity severity)
{
	return (size_t)severity < RG_NR_SEVERITIES ? severities[severity] : "?";
}

int rg_severity_of(const char *name)
{
	for (int i = 0; i < RG_NR_SEVERITIES; i++)
		if (strcmp(severities[i], name) == 0)
			return i;
	return -1;
}

/* ---- adding ---- */

static RG_PRINTF(1, 0) char *format(const char *fmt, va_list args)
{
	char *raw, *out;

	if (vasprintf(&raw, fmt, args) < 0)
		return NULL;
	out = rg_shown_copy(raw);
	free(raw);
	return out;
}

static void free_one(struct rg_finding *one)
{
	free(one->object);
	free(one->evidence);
	free(one->remedy);
}

void rg_find(struct rg_findings *f, enum rg_severity severity, enum rg_finding_id id,
	     const char *object, const char *evidence, ...)
{
	struct rg_finding one = {.id = id, .severity = severity}, *more;
	va_list args;

	va_start(args, evidence);
	one.evidence = format(evidence, args);
	va_end(args);
	one.object = object ? rg_shown_copy(object) : NULL;
	more = reallocarray(f->at, f->n + 1, sizeof(*more));
	if (more)
		f->at = more;
	if (!more || !one.evidence || (object && !one.object)) {
		free_one(&one);
		f->no_memory = true;
		return;
	}
	more[f->n++] = one;
}

void rg_remedy(struct rg_findings *f, const char *remedy, ...)
{
	va_list args;

	if (!f->n)
		return;
	va_start(args, remedy);
	free(f->at[f->n - 1].remedy);
	f->at[f->n - 1].remedy = format(remedy, args);
	va_end(args);
	f->no_memory |= !f->at[f->n - 1].remedy;
}

void rg_outlook_is(struct rg_findings *f, enum rg_lock_protocol protocol, enum rg_outlook_kind kind,
		   const char *text, ...)
{
	struct rg_outlook *o = &f->outlook[protocol];
	va_list args;

	va_start(args, text);
	free(o->text);
	*o = (struct rg_outlook){.kind = kind, .text = format(text, args)};
	va_end(args);
	f->no_memory |= !o->text;
}

void rg_cannot(struct rg_findings *f)
{
	if (f->n)
		f->at[f->n - 1].cannot = true;
}

void rg_findings_free(struct rg_findings *f)
{
	for (size_t i = 0; i < f->n; i++)
		free_one(&f->at[i]);
	for (int i = 0; i < RG_NR_LOCK_PROTOCOLS; i++)
		free(f->outlook[i].text);
	free(f->at);
	*f = (struct rg_findings){};
}

/* ---- what they come to ---- */

/* An insertion sort is enough for a few findings and keeps equal ones in their order. */
void rg_findings_sort(struct rg_findings *f)
{
	for (size_t i = 1; i < f->n; i++) {
		struct rg_finding one = f->at[i];
		size_t to = i;

		for (; to > 0 && f->at[to - 1].severity > one.severity; to--)
			f->at[to] = f->at[to - 1];
		f->at[to] = one;
	}
}

size_t rg_findings_count(const struct rg_findings *f, enum rg_severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += f->at[i].severity == severity;
	return n;
}

int rg_findings_status(const struct rg_findings *f)
{
	int status = RG_DONE;

	for (size_t i = 0; i < f->n; i++) {
		if (f->at[i].cannot)
			return RG_CANNOT;
		if (f->at[i].severity == RG_PROBLEM)
			status = RG_FAILED;
	}
	return status;
}

/* ---- printing ---- */

/* Prints "2 problems, 1 warning, 3 unknown, 4 notes, 12 ok". */
static void print_sum(const struct rg_findings *f, FILE *out)
{
	for (int s = 0; s < RG_NR_SEVERITIES; s++) {
		size_t n = rg_findings_count(f, s);
		bool plural = n != 1 && s != RG_UNKNOWN && s != RG_OK;

		fprintf(out, "%s%zu %s%s", s ? ", " : "", n, severities[s], plural ? "s" : "");
	}
	fprintf(out, "%s\n",
		rg_findings_status(f) == RG_CANNOT ? "; reexport-guard cannot run here" : "");
}

/* Prints "problem " in the severity's colour: red, yellow, yellow, none, green. */
static void print_head(const struct rg_findings_look *look, enum rg_severity severity, FILE *out)
{
	static const char *const colours[RG_NR_SEVERITIES] = {
		[RG_PROBLEM] = "1;31", [RG_WARNING] = "33", [RG_UNKNOWN] = "33",
		[RG_NOTE] = NULL,      [RG_OK] = "32",
	};
	const char *colour = look->colour ? colours[severity] : NULL;

	fprintf(out, "%s%s%s%-*s%s", colour ? "\033[" : "", colour ?: "", colour ? "m" : "", HEAD,
		severities[severity], colour ? "\033[m" : "");
}

static void print_one(const struct rg_finding *one, const struct rg_findings_look *look, FILE *out)
{
	char *text;

	if (asprintf(&text, "%s%s%s: %s", rg_finding_name(one->id), one->object ? " " : "",
		     one->object ?: "", one->evidence) < 0)
		text = NULL;
	print_head(look, one->severity, out);
	rg_wrap(out, look->width, HEAD, HEAD, text ?: rg_finding_name(one->id));
	free(text);
	if (one->remedy) {
		fprintf(out, "%-*s", HEAD, "");
		rg_wrap(out, look->width, HEAD, HEAD, one->remedy);
	}
}

/* Prints "NFSv4 kept ...", one line for each protocol, and an empty line. */
static void print_outlook(const struct rg_findings *f, const struct rg_findings_look *look,
			  FILE *out)
{
	bool any = false;

	for (int i = 0; i < RG_NR_LOCK_PROTOCOLS; i++) {
		if (!f->outlook[i].text)
			continue;
		fprintf(out, "%-*s", HEAD, i == RG_LOCKS_NLM ? "NFSv3" : "NFSv4");
		rg_wrap(out, look->width, HEAD, HEAD, f->outlook[i].text);
		any = true;
	}
	if (any)
		fputc('\n', out);
}

void rg_findings_text(const struct rg_findings *f, const struct rg_findings_look *look, FILE *out)
{
	print_outlook(f, look, out);
	for (int severity = RG_NR_SEVERITIES - 1; severity >= 0; severity--)
		for (size_t i = 0; i < f->n; i++)
			if ((int)f->at[i].severity == severity && f->at[i].severity <= look->least)
				print_one(&f->at[i], look, out);
	print_sum(f, out);
}

static json_object *json_of(const struct rg_finding *one)
{
	json_object *o = rg_json_object();

	rg_json_put_text(o, "id", rg_finding_name(one->id));
	rg_json_put_text(o, "severity", rg_severity_name(one->severity));
	rg_json_put_text(o, "object", one->object);
	rg_json_put_text(o, "evidence", one->evidence);
	rg_json_put_text(o, "remedy", one->remedy);
	return o;
}

static json_object *outlook_json(const struct rg_findings *f)
{
	json_object *all = rg_json_object();

	for (int i = 0; i < RG_NR_LOCK_PROTOCOLS; i++) {
		json_object *one = rg_json_object();

		rg_json_put_text(one, "locks", outlooks[f->outlook[i].kind]);
		rg_json_put_text(one, "text", f->outlook[i].text);
		rg_json_put(all, i == RG_LOCKS_NLM ? "nfsv3" : "nfsv4", one);
	}
	return all;
}

bool rg_findings_json(const struct rg_findings *f, enum rg_severity least, FILE *out)
{
	json_object *all = rg_json_object(), *counts = rg_json_object(), *list = rg_json_array();
	int status = rg_findings_status(f);

	for (int s = 0; s < RG_NR_SEVERITIES; s++)
		rg_json_put(counts, severities[s], rg_json_uint(rg_findings_count(f, s)));
	for (size_t i = 0; i < f->n; i++)
		if (f->at[i].severity <= least)
			rg_json_add(list, json_of(&f->at[i]));
	rg_json_put(all, "schema", rg_json_int(SCHEMA_VERSION));
	rg_json_put_text(all, "version", RG_VERSION);
	rg_json_put_text(all, "verdict",
			 status == RG_CANNOT   ? "cannot-run"
			 : status == RG_FAILED ? "problems"
					       : "no-problems");
	rg_json_put(all, "end_clients", outlook_json(f));
	rg_json_put(all, "counts", counts);
	rg_json_put(all, "findings", list);
	return rg_json_end(all, out);
}
