/* SPDX-License-Identifier: GPL-2.0-only */
/* Declares the maps of an object in one line each. A file that sets RG_DEFINE_MAPS defines them; in
 * all others they are extern. */
#pragma once

#define BPF_F_NO_PREALLOC 1
#define BPF_F_MMAPABLE (1U << 10)

#ifdef RG_DEFINE_MAPS
#define RG_MAP
#else
#define RG_MAP extern
#endif

#define RG_MAP_FLAGS(name_, type_, entries_, key_, value_, flags_)                                 \
	RG_MAP struct {                                                                            \
		__uint(type, BPF_MAP_TYPE_##type_);                                                \
		__uint(max_entries, entries_);                                                     \
		__uint(map_flags, flags_);                                                         \
		__type(key, key_);                                                                 \
		__type(value, value_);                                                             \
	} name_ SEC(".maps")
#define RG_MAP_OF(name_, type_, entries_, key_, value_)                                            \
	RG_MAP_FLAGS(name_, type_, entries_, key_, value_, 0)
