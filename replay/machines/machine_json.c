// SPDX-License-Identifier: GPL-2.0-or-later
/* A machine as JSON, and what is doubtful about it. */
#include "replay/machines/machine_print.h"

static json_t *numbers(const uint32_t *values, unsigned int nr)
{
	json_t *array = json_array();

	for (unsigned int i = 0; i < nr; i++)
		json_array_append_new(array, json_integer(values[i]));
	return array;
}

static json_t *zone_json(const struct mmr_zone_info *info, enum zone_type zone)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:{s:I, s:I, s:I}}", "zone", mmr_zone_name(zone),
			 "start_pfn", (json_int_t)info->start_pfn, "spanned", (json_int_t)info->spanned_pages,
			 "present", (json_int_t)info->present_pages, "managed", (json_int_t)info->managed_pages,
			 "watermark", numbers(info->watermark, NR_WMARK), "lowmem_reserve",
			 numbers(info->lowmem_reserve, MAX_NR_ZONES), "pcp", "batch",
			 (json_int_t)info->pcp_batch, "high_min", (json_int_t)info->pcp_high_min, "high_max",
			 (json_int_t)info->pcp_high_max);
}

static json_t *nodes_of(uint64_t mask)
{
	json_t *array = json_array();

	for (int n = 0; mask; n++, mask >>= 1) {
		if (mask & 1)
			json_array_append_new(array, json_integer(n));
	}
	return array;
}

static json_t *demotion_json(const struct machine *machine, unsigned int n)
{
	struct mmr_demotion demotion;

	if (!machine_demotion(machine, n, &demotion))
		return json_null();
	return json_pack("{s:o, s:o}", "preferred", nodes_of(demotion.preferred), "lower",
			 nodes_of(demotion.lower));
}

static json_t *node_json(const struct machine *machine, const struct mmr_machine *core, unsigned int n)
{
	json_t *node = json_object(), *zones = json_array(), *list = json_array(), *distances = json_array(),
	       *cpus = json_array(), *offline = json_array();
	enum zone_type zone;
	unsigned int nid;

	for (unsigned int cpu = 0; cpu < machine->nr_cpus; cpu++)
		if (machine->cpu_node[cpu] == n)
			json_array_append_new(machine_cpu_online(machine, cpu) ? cpus : offline,
					      json_integer(cpu));
	for (unsigned int to = 0; to < machine->nr_nodes; to++)
		json_array_append_new(distances, json_integer(machine->distance[n * machine->nr_nodes + to]));
	for (int z = 0; z < MAX_NR_ZONES; z++) {
		struct mmr_zone_info info;

		if (mmr_zone_read(core, n, z, &info))
			json_array_append_new(zones, zone_json(&info, z));
	}
	for (unsigned int i = 0; mmr_zonelist_read(core, n, i, &nid, &zone); i++)
		json_array_append_new(list, json_pack("{s:i, s:s, s:i}", "node", (int)nid, "zone",
						      mmr_zone_name(zone), "distance",
						      machine->distance[n * machine->nr_nodes + nid]));
	json_object_set_new(node, "node", json_integer(n));
	json_object_set_new(node, "cpus", cpus);
	json_object_set_new(node, "offline_cpus", offline);
	json_object_set_new(node, "managed_bytes",
			    json_integer((json_int_t)(machine_node_pages(machine, n) << PAGE_SHIFT)));
	json_object_set_new(node, "tier",
			    machine->tier && machine->tier[n] != MACHINE_NO_TIER
				    ? json_integer(machine->tier[n])
				    : json_null());
	json_object_set_new(node, "demotes_to", demotion_json(machine, n));
	json_object_set_new(node, "distances", distances);
	json_object_set_new(node, "zones", zones);
	json_object_set_new(node, "zonelist", list);
	return node;
}

static json_t *settings_json(const struct machine *machine, const struct mmr_machine *core)
{
	json_t *settings = json_object();

	for (unsigned int id = 0; id < NR_MACHINE_SETTINGS; id++) {
		const struct machine_setting *row = machine_setting((enum machine_setting_id)id);

		if (row->use == SETTING_MODELLED || machine->settings.given[id])
			json_object_set_new(settings, row->name,
					    json_integer((json_int_t)machine_settings_get(
						    &machine->settings, (enum machine_setting_id)id)));
	}
	json_object_set_new(settings, "min_free_kbytes", json_integer(mmr_min_free_kbytes(core)));
	json_object_set_new(settings, "lowmem_reserve_ratio",
			    numbers(machine->sysctl.lowmem_reserve_ratio, MAX_NR_ZONES));
	return settings;
}

json_t *machine_json(const struct machine *machine, const struct mmr_machine *core, const char *kernel)
{
	json_t *root = json_object(), *nodes = json_array(), *ram = json_array(), *notes = json_array();
	char doubt[200];

	for (unsigned int n = 0; n < machine->nr_nodes; n++)
		json_array_append_new(nodes, node_json(machine, core, n));
	for (unsigned int i = 0; i < machine->nr_ranges; i++)
		json_array_append_new(ram, json_pack("{s:I, s:I}", "start_pfn",
						     (json_int_t)machine->ranges[i].start_pfn, "pages",
						     (json_int_t)machine->ranges[i].nr_pages));
	for (unsigned int i = 0; machine_doubt(machine, i, doubt, sizeof(doubt)); i++)
		json_array_append_new(notes, json_string(doubt));
	json_object_set_new(root, "schema", json_string("mmreplay.machine/1"));
	json_object_set_new(root, "name", json_string(machine->name));
	json_object_set_new(root, "about", machine->about ? json_string(machine->about) : json_null());
	json_object_set_new(root, "kernel_profile", json_string(kernel));
	json_object_set_new(root, "arch", json_string(machine->arch == MACHINE_X86_32 ? "x86-32" : "x86-64"));
	json_object_set_new(root, "cpus", json_integer(machine->nr_cpus));
	json_object_set_new(root, "managed_bytes",
			    json_integer((json_int_t)(machine_managed_pages(machine) << PAGE_SHIFT)));
	json_object_set_new(root, "llc_bytes_per_cpu",
			    json_integer((json_int_t)machine->cpu_llc_pages << PAGE_SHIFT));
	json_object_set_new(root, "nodes", nodes);
	json_object_set_new(root, "ram", ram);
	json_object_set_new(root, "sysctl", settings_json(machine, core));
	json_object_set_new(root, "notes", notes);
	return root;
}

/* ---- doubts ----------------------------------------------------------------------------------- */

static bool say(unsigned int *left, const char *text, char *buf, size_t size)
{
	if ((*left)--)
		return false;
	snprintf(buf, size, "%s", text);
	return true;
}

bool machine_doubt(const struct machine *machine, unsigned int index, char *buf, size_t size)
{
	uint64_t movable = 0, other = 0;
	char text[200];

	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		bool cpus = false;

		for (unsigned int cpu = 0; cpu < machine->nr_cpus; cpu++)
			cpus |= machine->cpu_node[cpu] == n;
		snprintf(text, sizeof(text), "node %u has neither CPUs nor memory", n);
		if (!cpus && !machine_node_pages(machine, n) && say(&index, text, buf, size))
			return true;
		for (unsigned int to = n + 1; to < machine->nr_nodes; to++) {
			unsigned int there = machine->distance[n * machine->nr_nodes + to];
			unsigned int back = machine->distance[to * machine->nr_nodes + n];

			snprintf(text, sizeof(text), "distance %u from node %u to %u, but %u back", there, n,
				 to, back);
			if (there != back && say(&index, text, buf, size))
				return true;
		}
		for (int z = 0; z < MAX_NR_ZONES; z++)
			*(z == ZONE_MOVABLE ? &movable : &other) += machine->nodes[n].zones[z].managed_pages;
	}
	snprintf(text, sizeof(text), "%.0f %% of the memory is Movable: kernel memory has little room",
		 100.0 * (double)movable / (double)(movable + other ? movable + other : 1));
	return movable > 4 * other && say(&index, text, buf, size);
}
