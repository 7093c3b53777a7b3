// SPDX-License-Identifier: GPL-2.0-only
#include "load/mend.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "load/programs.h"

/* Is this link always there? Others come and go with the gates, or with the module. */
static bool is_kept(int link)
{
	return link < RG_NR_FIXED_LINKS || link >= RG_LINK_ENTERS;
}

static ino_t pin_inode(const char *name)
{
	struct stat st;
	char path[256];

	return stat(rg_pin_path(path, name), &st) == 0 ? st.st_ino : 0;
}

/* Is it attached anew now and then, as nfsd is unloaded and loaded? */
static bool is_in_nfsd(int link)
{
	const struct rg_program *f = rg_follower_of(link);

	return f && f->module && strcmp(f->module, RG_NFSD) == 0;
}

static bool is_let_go(const struct rg_meta *meta, int link)
{
	const struct rg_program *f = rg_follower_of(link);

	return f && (meta->let_go & 1u << f->link);
}

static void drop(struct rg_mend *m, int link)
{
	if (m->link_fd[link] >= 0)
		close(m->link_fd[link]);
	m->link_fd[link] = -1;
	m->links[link] = 0;
}

static void take(struct rg_mend *m, int link)
{
	char path[256];

	drop(m, link);
	m->link_fd[link] = bpf_obj_get(rg_pin_path(path, rg_pin_of_link((enum rg_link)link)));
	if (m->link_fd[link] >= 0)
		m->links[link] = pin_inode(rg_pin_of_link((enum rg_link)link));
}

void rg_mend_init(struct rg_mend *m)
{
	memset(m, 0, sizeof(*m));
	for (int i = 0; i < RG_NR_LINKS; i++)
		m->link_fd[i] = -1;
}

void rg_mend_start(struct rg_mend *m, const struct rg_pins *p)
{
	for (int i = 0; i < RG_NR_LINKS; i++)
		if (is_kept(i))
			take(m, i);
	for (int i = 0; i < RG_NR_MAPS; i++)
		m->maps[i] = p->map_fd[i] >= 0 ? pin_inode(rg_pin_of_map((enum rg_map)i)) : 0;
	for (int i = 0; i < RG_NR_PROGS; i++)
		m->progs[i] = p->prog_fd[i] >= 0 ? pin_inode(rg_pin_of_prog((enum rg_prog)i)) : 0;
}

void rg_mend_end(struct rg_mend *m)
{
	for (int i = 0; i < RG_NR_LINKS; i++)
		drop(m, i);
}

bool rg_mend_take(struct rg_mend *m, const struct rg_pins *p)
{
	struct rg_meta meta;

	if (rg_pins_meta(p, &meta) < 0)
		return false;
	for (int i = 0; i < RG_NR_LINKS; i++)
		if (!meta.armed || is_let_go(&meta, i))
			drop(m, i);
	return meta.armed;
}

/* Is each pin the one that is known? */
static bool is_whole(const struct rg_mend *m)
{
	for (int i = 0; i < RG_NR_LINKS; i++)
		if (is_kept(i) && pin_inode(rg_pin_of_link((enum rg_link)i)) != m->links[i])
			return false;
	for (int i = 0; i < RG_NR_MAPS; i++)
		if (pin_inode(rg_pin_of_map((enum rg_map)i)) != m->maps[i])
			return false;
	for (int i = 0; i < RG_NR_PROGS; i++)
		if (pin_inode(rg_pin_of_prog((enum rg_prog)i)) != m->progs[i])
			return false;
	return true;
}

/* *known: the inode of its pin, which is not what is pinned there now. */
static void put_back(int fd, const char *name, ino_t *known, struct rg_mended *done)
{
	char path[256];

	rg_pin_path(path, name);
	if ((unlink(path) < 0 && errno != ENOENT) || bpf_obj_pin(fd, path) < 0) {
		done->err = -errno;
		done->failed = name;
		return;
	}
	*known = pin_inode(name);
	done->first = done->first ?: name;
	done->n++;
}

static void mend_link(struct rg_mend *m, int link, struct rg_mended *done)
{
	const char *name = rg_pin_of_link((enum rg_link)link);
	ino_t now = pin_inode(name);

	if (now == m->links[link])
		return;
	/* Attached since then, or anew: nfsd was unloaded and loaded unseen. */
	if (now && (m->link_fd[link] < 0 || is_in_nfsd(link)))
		take(m, link);
	else if (m->link_fd[link] >= 0)
		put_back(m->link_fd[link], name, &m->links[link], done);
}

struct rg_mended rg_mend(struct rg_mend *m, struct rg_pins *p)
{
	struct rg_mended done = {};

	if (!rg_mend_take(m, p) || is_whole(m) || rg_pins_lock(p, RG_LOCK_EXCLUSIVE_NOW, true))
		return done;
	/* Whoever had the lock meanwhile may have taken it away. */
	if (rg_mend_take(m, p)) {
		for (int i = 0; i < RG_NR_LINKS; i++)
			if (is_kept(i))
				mend_link(m, i, &done);
		for (int i = 0; i < RG_NR_MAPS; i++)
			if (p->map_fd[i] >= 0 &&
			    pin_inode(rg_pin_of_map((enum rg_map)i)) != m->maps[i])
				put_back(p->map_fd[i], rg_pin_of_map((enum rg_map)i), &m->maps[i],
					 &done);
		for (int i = 0; i < RG_NR_PROGS; i++)
			if (p->prog_fd[i] >= 0 &&
			    pin_inode(rg_pin_of_prog((enum rg_prog)i)) != m->progs[i])
				put_back(p->prog_fd[i], rg_pin_of_prog((enum rg_prog)i),
					 &m->progs[i], &done);
		p->live->pins_put_back += done.n;
	}
	rg_pins_unlock(p);
	return done;
}
