// SPDX-License-Identifier: GPL-2.0-or-later
/* vm.* settings by name. */
#include "replay/machines/machine_settings.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Of those with a smallest value above 1, 0 means "off". */
#define MODELLED(name, value, low, high) {#name, SETTING_MODELLED, value, low, high, (low) > 1},
#define NEAR(name, value, low, high)     {#name, SETTING_NEAR, value, low, high, false},
#define FAR(name)                        {#name, SETTING_FAR, 0, 0, INT64_MAX, false},
static const struct machine_setting table[] = {MACHINE_SETTINGS(MODELLED, NEAR, FAR)};

const struct machine_setting *machine_setting(enum machine_setting_id id)
{
	return &table[id];
}

enum machine_setting_id machine_setting_find(const char *name)
{
	unsigned int id = 0;

	name += strncmp(name, "vm.", 3) == 0 ? 3 : 0;
	while (id < NR_MACHINE_SETTINGS && strcmp(table[id].name, name) != 0)
		id++;
	return (enum machine_setting_id)id;
}

static void set_modelled(struct mmr_sysctl *sysctl, enum machine_setting_id id, uint32_t value)
{
	switch (id) {
	case MACHINE_SETTING_min_free_kbytes:
		sysctl->min_free_kbytes = value;
		break;
	case MACHINE_SETTING_watermark_scale_factor:
		sysctl->watermark_scale_factor = value;
		break;
	case MACHINE_SETTING_watermark_boost_factor:
		sysctl->watermark_boost_factor = value;
		break;
	case MACHINE_SETTING_percpu_pagelist_high_fraction:
		sysctl->percpu_pagelist_high_fraction = value;
		break;
	case MACHINE_SETTING_zone_reclaim_mode:
		sysctl->zone_reclaim_mode = value;
		break;
	case MACHINE_SETTING_defrag_mode:
		sysctl->defrag_mode = value;
		break;
	case MACHINE_SETTING_compaction_proactiveness:
		sysctl->compaction_proactiveness = value;
		break;
	case MACHINE_SETTING_extfrag_threshold:
		sysctl->extfrag_threshold = value;
		break;
	case MACHINE_SETTING_stat_interval:
		sysctl->stat_interval_ms = value * 1000;
		break;
	default:
		break;
	}
}

int machine_settings_set(struct machine_settings *settings, struct mmr_sysctl *sysctl,
			 enum machine_setting_id id, uint64_t value, struct mmr_error *err)
{
	const struct machine_setting *row = &table[id];

	if ((value < row->min || value > row->max) && !(row->zero_too && value == 0)) {
		const char *or_zero = row->zero_too ? "0 or " : "";

		if (row->max >= UINT32_MAX && value < row->min)
			return mmr_err(err, -EINVAL, "%" PRIu64 ", expected %sat least %" PRIu64, value,
				       or_zero, row->min);
		return mmr_err(err, -EINVAL, "%" PRIu64 ", expected %s%" PRIu64 "..%" PRIu64, value, or_zero,
			       row->min, row->max);
	}
	settings->given[id] = true;
	settings->value[id] = value;
	if (row->use == SETTING_MODELLED)
		set_modelled(sysctl, id, (uint32_t)value);
	return 0;
}

uint64_t machine_settings_get(const struct machine_settings *settings, enum machine_setting_id id)
{
	return settings->given[id] ? settings->value[id] : table[id].value_default;
}
