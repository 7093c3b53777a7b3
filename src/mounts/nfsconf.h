/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nfs.conf as nfs-utils reads it: support/nfs/conffile.c, 2.6.2 to 2.8.3. Section
 * names and tags match in any case, values may be quoted, a comment may follow a
 * value, `include` reads another file, files named *.conf of nfs.conf.d come
 * last, and $NAME is looked up in section [environment].
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A value that the configuration sets and owns. */
struct rg_nfsconf_value {
	char *section, *tag, *value;
	char *origin; /* "/etc/nfs.conf.local:2"; "nfsconf --dump" */
};

/* Owned by the caller (rg_nfsconf_free); {} is an empty one. */
struct rg_nfsconf {
	struct rg_nfsconf_value *at; /* later ones override earlier ones */
	size_t n;
	int err;	   /* 0, or the errno (negative) of the first file that is there and was not
			    * read: then values may be missing */
	char trouble[256]; /* the first mistake: "file:line: what"; "": none */
};

/* Reads the host's configuration. root: the directory that holds its /, "" for this
 * host. With `ask`, and without a root, nfs-utils' own `nfsconf --dump` is asked, for
 * 5 s at most; where that is not there or fails the files are read. A file that is
 * not there sets nothing. Returns c->err, or -ENOMEM. */
int rg_nfsconf_read(const char *root, bool ask, struct rg_nfsconf *c);

/* Returns the value, or NULL where none is set. */
const struct rg_nfsconf_value *rg_nfsconf_find(const struct rg_nfsconf *c, const char *section,
					       const char *tag);
const char *rg_nfsconf_get(const struct rg_nfsconf *c, const char *section, const char *tag);

/* Returns a yes or no as conf_get_bool() takes it; `otherwise` if it is not set, or
 * is neither. */
bool rg_nfsconf_is(const struct rg_nfsconf *c, const char *section, const char *tag,
		   bool otherwise);

/* Stores a number as conf_get_num() takes it (any base). Returns false if there is
 * none; then `number` is unchanged. */
bool rg_nfsconf_number(const struct rg_nfsconf *c, const char *section, const char *tag,
		       long long *number);

void rg_nfsconf_free(struct rg_nfsconf *c);
