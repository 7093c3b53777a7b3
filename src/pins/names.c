// SPDX-License-Identifier: GPL-2.0-only
/* Names the pins, and the directory in which they are. */
#include "pins/pins.h"

#include <stdio.h>

/* clang-format off: it takes the lists for expressions. */
enum { RG_BY_ANY = false, RG_BY_KERNEL = true };

const struct rg_pinned_map rg_pinned_maps[RG_NR_MAPS] = {
#define RG_MAP(number, name, key, value, writer)                                                   \
	[RG_MAP_##number] = {"map_" #name, #name, key, value, writer},
	RG_PINNED_MAPS(RG_MAP)};

static const char *const link_pins[RG_NR_LINKS] = {
#define RG_LINK(number, name) [RG_LINK_##number] = "link_" #name,
#define RG_DOOR(number, name, hook, scope, when) [RG_LINK_DOOR_##number] = "link_door_" #name,
#define RG_RETURN(number, name) [RG_LINK_##number##_ENTERS] = "link_" #name "_enters",
	RG_FOLLOWER_LINKS(RG_LINK) RG_DOORS(RG_DOOR) RG_OTHER_LINKS(RG_LINK) RG_RETURNS(RG_RETURN)
#undef RG_DOOR
#undef RG_RETURN
};

static const enum rg_link returns[RG_NR_RETURNS] = {
#define RG_RETURN(number, name) [RG_RETURN_##number] = RG_LINK_##number,
	RG_RETURNS(RG_RETURN)};

static const char *const prog_pins[RG_NR_PROGS] = {[RG_PROG_CONTROL] = "prog_control",
#define RG_DOOR(number, name, hook, scope, when) [RG_PROG_DOOR_##number] = "prog_door_" #name,
						   RG_DOORS(RG_DOOR)};
/* clang-format on */

const char *rg_pin_of_map(enum rg_map map)
{
	return rg_pinned_maps[map].pin;
}

const char *rg_pin_of_link(enum rg_link link)
{
	return link_pins[link];
}

enum rg_link rg_link_of_return(enum rg_return function)
{
	return returns[function];
}

enum rg_link rg_link_that_enters(enum rg_link link)
{
	for (int i = 0; i < RG_NR_RETURNS; i++)
		if (returns[i] == link)
			return RG_LINK_ENTERS + i;
	return RG_NR_LINKS;
}

const char *rg_pin_of_prog(enum rg_prog prog)
{
	return prog_pins[prog];
}

static const char *pin_dir = RG_PIN_DIR;

const char *rg_pins_dir(void)
{
	return pin_dir;
}

void rg_pins_place(enum rg_pins_place place)
{
	pin_dir = place == RG_PLACE_BESIDE ? RG_PIN_DIR_BESIDE : RG_PIN_DIR;
}

char *rg_pin_path(char *buf, const char *name)
{
	snprintf(buf, 256, "%s/%s", pin_dir, name);
	return buf;
}
