// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions of libkmod that we use, under their own names (libkmod.h), in a library that
 * is opened when the first of them is called. libkmod is linked with libcrypto, to check the
 * signatures of modules, and to relocate that is half of what a command takes to start;
 * `enable` and `check` alone ask for modules. systemd opens it likewise (src/shared/module-util.c).
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>

#include <libkmod.h>

#define LIBRARY "libkmod.so.2" /* name of the library with the ABI of libkmod.h */

/* Returns the library's function, or NULL with errno ELIBACC: the library is missing or has
 * another ABI. */
static void *function(const char *name)
{
	static void *library;
	void *at;

	if (!library)
		library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	at = library ? dlsym(library, name) : NULL;
	if (!at)
		errno = ELIBACC;
	return at;
}

/* A declaration, which no parentheses can be around. NOLINTNEXTLINE(bugprone-macro-parentheses) */
#define FUNCTION(name) __typeof__(name) *f = function(#name)

struct kmod_ctx *kmod_new(const char *dirname, const char *const *config_paths)
{
	FUNCTION(kmod_new);

	return f ? f(dirname, config_paths) : NULL;
}

/* The argument of these comes from the library, so it is open already. */

struct kmod_ctx *kmod_unref(struct kmod_ctx *ctx)
{
	FUNCTION(kmod_unref);

	return f ? f(ctx) : NULL;
}

void kmod_set_log_priority(struct kmod_ctx *ctx, int priority)
{
	FUNCTION(kmod_set_log_priority);

	if (f)
		f(ctx, priority);
}

int kmod_module_new_from_lookup(struct kmod_ctx *ctx, const char *alias, struct kmod_list **list)
{
	FUNCTION(kmod_module_new_from_lookup);

	return f ? f(ctx, alias, list) : -errno;
}

int kmod_module_apply_filter(const struct kmod_ctx *ctx, enum kmod_filter filter_type,
			     const struct kmod_list *input, struct kmod_list **output)
{
	FUNCTION(kmod_module_apply_filter);

	return f ? f(ctx, filter_type, input, output) : -errno;
}

int kmod_module_probe_insert_module(
	struct kmod_module *mod, unsigned int flags, const char *extra_options,
	int (*run_install)(struct kmod_module *m, const char *cmdline, void *data),
	const void *data,
	void (*print_action)(struct kmod_module *m, bool install, const char *options))
{
	FUNCTION(kmod_module_probe_insert_module);

	return f ? f(mod, flags, extra_options, run_install, data, print_action) : -errno;
}

struct kmod_module *kmod_module_get_module(const struct kmod_list *entry)
{
	FUNCTION(kmod_module_get_module);

	return f ? f(entry) : NULL;
}

struct kmod_module *kmod_module_unref(struct kmod_module *mod)
{
	FUNCTION(kmod_module_unref);

	return f ? f(mod) : NULL;
}

int kmod_module_unref_list(struct kmod_list *list)
{
	FUNCTION(kmod_module_unref_list);

	return f ? f(list) : -errno;
}

struct kmod_list *kmod_list_next(const struct kmod_list *list, const struct kmod_list *curr)
{
	FUNCTION(kmod_list_next);

	return f ? f(list, curr) : NULL;
}
