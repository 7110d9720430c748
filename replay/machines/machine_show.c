// SPDX-License-Identifier: GPL-2.0-or-later
/* A machine as a table, a picture of its address space, and its zonelists. */
#include <string.h>

#include "replay/machines/machine_print.h"

#define BAR_COLUMNS  72
#define MAX_SEGMENTS 64

/* "16M", "3G", "17.5G": a size or an address as short as it goes. */
static const char *short_size(uint64_t bytes, char *buf, size_t size)
{
	static const char units[] = "KMGT";
	double value = (double)bytes / 1024;
	int unit = 0;

	while (value >= 1024 && units[unit + 1]) {
		value /= 1024;
		unit++;
	}
	if (!bytes)
		snprintf(buf, size, "0");
	else if (value < 100 && value != (double)(int)value)
		snprintf(buf, size, "%.1f%c", value, units[unit]);
	else
		snprintf(buf, size, "%.0f%c", value, units[unit]);
	return buf;
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void show_nodes(FILE *out, const struct machine *machine)
{
	char cpus[400], size[16];

	fprintf(out, "\n  node  memory  tier  distances%*s  CPUs\n",
		machine->nr_nodes > 2 ? 4 * ((int)machine->nr_nodes - 2) : 0, "");
	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		fprintf(out, "  %4u  %6s ", n,
			short_size(machine_node_pages(machine, n) << PAGE_SHIFT, size, sizeof(size)));
		if (machine->tier && machine->tier[n] != MACHINE_NO_TIER)
			fprintf(out, " %4d ", machine->tier[n]);
		else
			fprintf(out, "    - ");
		for (unsigned int to = 0; to < machine->nr_nodes; to++)
			fprintf(out, " %3u", machine->distance[n * machine->nr_nodes + to]);
		machine_print_cpus(machine, n, cpus, sizeof(cpus));
		fprintf(out, "%*s  %s\n",
			machine->nr_nodes == 1   ? 6
			: machine->nr_nodes == 2 ? 2
						 : 2,
			"", cpus[0] ? cpus : "none");
	}
}

/* What the table has no column for, where there is such a thing. */
static void show_states(FILE *out, const struct machine *machine)
{
	struct mmr_demotion demotion;
	const char *before = "\n  offline CPUs: ";

	for (unsigned int cpu = 0; cpu < machine->nr_cpus; cpu++) {
		if (machine_cpu_online(machine, cpu))
			continue;
		fprintf(out, "%s%u", before, cpu);
		before = ",";
	}
	if (*before == ',')
		fprintf(out, "\n");
	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		if (!machine_demotion(machine, n, &demotion))
			continue;
		fprintf(out, "  node %u demotes to", n);
		for (unsigned int to = 0; to < machine->nr_nodes; to++) {
			if (demotion.preferred >> to & 1)
				fprintf(out, " %u", to);
		}
		if (demotion.lower != demotion.preferred)
			fprintf(out, ", then to any slower one");
		fprintf(out, "\n");
	}
}

static void show_zones(FILE *out, const struct machine *machine, const struct mmr_machine *core)
{
	fprintf(out, "\n  node zone     first pfn   last pfn    managed     min     low    high  pcp batch  "
		     "high_min..max\n");
	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		for (int z = 0; z < MAX_NR_ZONES; z++) {
			struct mmr_zone_info info;

			if (!mmr_zone_read(core, n, z, &info))
				continue;
			fprintf(out, "  %4u %-7s %10u %10u %10u %7u %7u %7u  %9u  %u..%u\n", n,
				mmr_zone_name(z), info.start_pfn, info.start_pfn + info.spanned_pages - 1,
				info.managed_pages, info.watermark[0], info.watermark[1], info.watermark[2],
				info.pcp_batch, info.pcp_high_min, info.pcp_high_max);
		}
	}
}

/* ---- the picture ----------------------------------------------------------------------------- */

/* A stretch of a node's addresses: of one zone, or of none. */
struct segment {
	const char *label;
	uint64_t begin_pfn, end_pfn;
	unsigned int columns;
};

struct bar {
	struct segment segments[MAX_SEGMENTS];
	unsigned int nr;
};

static void add_segment(struct bar *bar, const char *label, uint64_t begin, uint64_t end)
{
	struct segment *last = bar->nr ? &bar->segments[bar->nr - 1] : NULL;

	if (last && last->end_pfn < begin && bar->nr < MAX_SEGMENTS - 1) {
		/* What is too short to be seen belongs to its neighbour. */
		if (begin - last->end_pfn < 1024)
			last->end_pfn = begin;
		else
			bar->segments[bar->nr++] = (struct segment){"hole", last->end_pfn, begin, 0};
		last = &bar->segments[bar->nr - 1];
	}
	if (last && strcmp(last->label, label) == 0)
		last->end_pfn = end;
	else if (bar->nr < MAX_SEGMENTS)
		bar->segments[bar->nr++] = (struct segment){label, begin, end, 0};
}

/* The node's zones by address, each cut where the RAM has gaps. */
static void fill_bar(const struct machine *machine, unsigned int n, struct bar *bar)
{
	uint64_t at = 0;

	bar->nr = 0;
	for (;;) {
		const struct mmr_zone_config *next = NULL;
		int zone = 0;

		for (int z = 0; z < MAX_NR_ZONES; z++) {
			const struct mmr_zone_config *cfg = &machine->nodes[n].zones[z];

			if (cfg->spanned_pages && cfg->start_pfn >= at &&
			    (!next || cfg->start_pfn < next->start_pfn)) {
				next = cfg;
				zone = z;
			}
		}
		if (!next)
			return;
		at = (uint64_t)next->start_pfn + next->spanned_pages;
		if (!machine->nr_ranges)
			add_segment(bar, mmr_zone_name(zone), next->start_pfn, at);
		for (unsigned int r = 0; r < machine->nr_ranges; r++) {
			uint64_t from = machine->ranges[r].start_pfn, to = from + machine->ranges[r].nr_pages;

			from = from > next->start_pfn ? from : next->start_pfn;
			to = to < at ? to : at;
			if (from < to)
				add_segment(bar, mmr_zone_name(zone), from, to);
		}
	}
}

/* Columns by size, but room for the label and for the address below. */
static void size_bar(struct bar *bar)
{
	uint64_t pages = bar->segments[bar->nr - 1].end_pfn - bar->segments[0].begin_pfn;

	for (unsigned int i = 0; i < bar->nr; i++) {
		struct segment *s = &bar->segments[i];
		unsigned int least = (unsigned int)strlen(s->label) + 2;

		s->columns = (unsigned int)((s->end_pfn - s->begin_pfn) * BAR_COLUMNS / pages);
		s->columns = s->columns > least ? s->columns : least;
	}
}

static void repeat(FILE *out, const char *what, unsigned int times)
{
	while (times--)
		fputs(what, out);
}

static void border(FILE *out, const struct bar *bar, const char *left, const char *between, const char *right)
{
	fprintf(out, "  %s", left);
	for (unsigned int i = 0; i < bar->nr; i++) {
		repeat(out, strcmp(bar->segments[i].label, "hole") ? "─" : "╌", bar->segments[i].columns);
		fputs(i + 1 < bar->nr ? between : right, out);
	}
	fputc('\n', out);
}

static void draw_bar(FILE *out, const struct bar *bar)
{
	unsigned int column = 0, written = 0;
	char text[16];

	border(out, bar, "┌", "┬", "┐");
	fputs("  │", out);
	for (unsigned int i = 0; i < bar->nr; i++) {
		const struct segment *s = &bar->segments[i];
		unsigned int len = (unsigned int)strlen(s->label), pad = (s->columns - len) / 2;

		fprintf(out, "%*s%s%*s│", (int)pad, "", s->label, (int)(s->columns - len - pad), "");
	}
	fputc('\n', out);
	border(out, bar, "└", "┴", "┘");
	fputs("  ", out);
	for (unsigned int i = 0; i <= bar->nr; i++) {
		uint64_t pfn = i < bar->nr ? bar->segments[i].begin_pfn : bar->segments[i - 1].end_pfn;

		short_size((pfn == 1 ? 0 : pfn) << PAGE_SHIFT, text, sizeof(text));
		if (column >= written) {
			fprintf(out, "%*s%s", (int)(column - written), "", text);
			written = column + (unsigned int)strlen(text);
		}
		column += i < bar->nr ? bar->segments[i].columns + 1 : 0;
	}
	fputc('\n', out);
}

static void show_picture(FILE *out, const struct machine *machine)
{
	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		char cpus[400], size[16];
		struct bar bar;

		machine_print_cpus(machine, n, cpus, sizeof(cpus));
		fprintf(out, "\n  node %u: %s%s, %s\n", n, cpus[0] ? "CPUs " : "no CPUs", cpus,
			short_size(machine_node_pages(machine, n) << PAGE_SHIFT, size, sizeof(size)));
		fill_bar(machine, n, &bar);
		if (!bar.nr) {
			fprintf(out, "  no memory\n");
			continue;
		}
		size_bar(&bar);
		draw_bar(out, &bar);
	}
}

/* ---- zonelists ------------------------------------------------------------------------------- */

static void show_zonelists(FILE *out, const struct machine *machine, const struct mmr_machine *core)
{
	fprintf(out, "\n  zonelists: what a request of a node's CPU tries, in this order; (distance)\n");
	for (unsigned int n = 0; n < machine->nr_nodes; n++) {
		unsigned int before = UINT32_MAX, nid;
		enum zone_type zone;

		fprintf(out, "  %4u:", n);
		for (unsigned int i = 0; mmr_zonelist_read(core, n, i, &nid, &zone); i++) {
			if (nid != before)
				fprintf(out, "%s node %u (%u)", i ? " →" : "", nid,
					machine->distance[n * machine->nr_nodes + nid]);
			fprintf(out, " %s", mmr_zone_name(zone));
			before = nid;
		}
		fputc('\n', out);
	}
}

/* ---- all of it ------------------------------------------------------------------------------- */

void machine_print_show(FILE *out, const struct machine *machine, const struct mmr_machine *core,
			const char *kernel)
{
	char size[16], doubt[200];

	fprintf(out, "machine %s%s%s\n", machine->name, machine->about ? ": " : "",
		machine->about ? machine->about : "");
	fprintf(out, "  %u node%s, %u CPU%s, %s managed; kernel %s; min_free_kbytes %u\n", machine->nr_nodes,
		machine->nr_nodes == 1 ? "" : "s", machine->nr_cpus, machine->nr_cpus == 1 ? "" : "s",
		short_size(machine_managed_pages(machine) << PAGE_SHIFT, size, sizeof(size)), kernel,
		mmr_min_free_kbytes(core));
	if (machine->placement)
		fprintf(out, "  placement: %s\n", machine->placement);
	for (unsigned int i = 0; i < machine->nr_rules; i++) {
		const struct machine_rule *rule = &machine->rules[i];

		fprintf(out, "  tasks %s:%s%s%s%s%s%s\n", rule->task ? rule->task : "*",
			rule->policy ? " policy " : "", rule->policy ? rule->policy : "",
			rule->cpus ? " CPUs " : "", rule->cpus ? rule->cpus : "", rule->mems ? " nodes " : "",
			rule->mems ? rule->mems : "");
	}
	show_nodes(out, machine);
	show_states(out, machine);
	show_zones(out, machine, core);
	show_picture(out, machine);
	show_zonelists(out, machine, core);
	for (unsigned int i = 0; machine_doubt(machine, i, doubt, sizeof(doubt)); i++)
		fprintf(out, "%s  note: %s\n", i ? "" : "\n", doubt);
}
