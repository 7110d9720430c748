// SPDX-License-Identifier: GPL-2.0-or-later
/* Describes the running machine for a trace's header. */
#include "traces/record/record_host.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "traces/record/host_btf.h"
#include "traces/record/host_tracefs.h"

/* ---- small readers ------------------------------------------------------------------------- */

struct names {
	struct trace_name_value *pairs;
	uint32_t nr;
	bool failed; /* no memory */
};

static void add_name(struct names *names, const char *name, int64_t value)
{
	struct trace_name_value *more = realloc(names->pairs, (names->nr + 1) * sizeof(*more));
	char *copy = strdup(name);

	if (more)
		names->pairs = more;
	if (!more || !copy) {
		free(copy);
		names->failed = true;
		return;
	}
	names->pairs[names->nr++] = (struct trace_name_value){copy, value};
}

static struct trace_name_value *find_value(struct names *names, int64_t value)
{
	for (uint32_t i = 0; i < names->nr; i++)
		if (names->pairs[i].value == value)
			return &names->pairs[i];
	return NULL;
}

/* First line of a small file, without its newline; "" where it cannot be read. */
static void read_line(const char *root, const char *path, char *line, size_t size)
{
	char full[512];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	line[0] = '\0';
	f = fopen(full, "re");
	if (!f)
		return;
	if (!fgets(line, (int)size, f))
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	fclose(f);
}

/* Calls @fn for every number of a list such as "0-3,8"; returns the highest plus one. */
static uint32_t each_in_list(const char *list, void (*fn)(void *ctx, uint32_t n), void *ctx)
{
	uint32_t bound = 0;

	while (*list) {
		char *end;
		unsigned long from = strtoul(list, &end, 10), to = from;

		if (end == list)
			break;
		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		for (unsigned long n = from; n <= to && n < UINT16_MAX; n++) {
			if (fn)
				fn(ctx, (uint32_t)n);
			if (n + 1 > bound)
				bound = (uint32_t)n + 1;
		}
		list = *end == ',' ? end + 1 : end;
	}
	return bound;
}

/* ---- CPUs and nodes ------------------------------------------------------------------------ */

struct node_cpus {
	struct trace_machine *machine;
	uint16_t nid;
};

static void set_cpu_node(void *ctx, uint32_t cpu)
{
	struct node_cpus *nc = ctx;

	if (cpu < nc->machine->nr_cpus)
		nc->machine->cpu_node[cpu] = nc->nid;
}

static void read_node(const char *root, struct trace_machine *m, uint32_t nid)
{
	struct node_cpus nc = {m, (uint16_t)nid};
	char path[80], line[4096], *pos = line;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/cpulist", nid);
	read_line(root, path, line, sizeof(line));
	each_in_list(line, set_cpu_node, &nc);
	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/distance", nid);
	read_line(root, path, line, sizeof(line));
	for (uint32_t to = 0; to < m->nr_nodes; to++) {
		unsigned long distance = strtoul(pos, &pos, 10);

		if (!distance) /* an absent node: the values ACPI means by here and elsewhere */
			distance = to == nid ? 10 : 20;
		m->node_distance[nid * m->nr_nodes + to] = (uint8_t)distance;
	}
}

static int read_topology(const char *root, struct trace_machine *m, struct mmr_error *err)
{
	char line[4096];

	read_line(root, "/sys/devices/system/cpu/possible", line, sizeof(line));
	m->nr_cpus = each_in_list(line, NULL, NULL);
	read_line(root, "/sys/devices/system/node/online", line, sizeof(line));
	m->nr_nodes = each_in_list(line, NULL, NULL);
	if (!m->nr_cpus)
		m->nr_cpus = (uint32_t)sysconf(_SC_NPROCESSORS_CONF);
	if (!m->nr_nodes)
		m->nr_nodes = 1;
	m->cpu_node = calloc(m->nr_cpus, sizeof(*m->cpu_node));
	m->node_distance = calloc((size_t)m->nr_nodes * m->nr_nodes, 1);
	if (!m->cpu_node || !m->node_distance)
		return mmr_err(err, -ENOMEM, "host: no memory for %u CPUs and %u nodes", m->nr_cpus,
			       m->nr_nodes);
	for (uint32_t nid = 0; nid < m->nr_nodes; nid++)
		read_node(root, m, nid);
	return 0;
}

struct counter {
	uint32_t nr;
};

static void count(void *ctx, uint32_t n)
{
	((struct counter *)ctx)->nr++;
}

/* The kernel sizes PCP batches by each CPU's share of the last level cache. */
static void read_llc(const char *root, struct trace_machine *m)
{
	for (int index = 9; index >= 0; index--) {
		struct counter sharing = {0};
		char path[96], line[256], *unit;
		unsigned long size;

		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu0/cache/index%d/size", index);
		read_line(root, path, line, sizeof(line));
		size = strtoul(line, &unit, 10);
		if (!size)
			continue;
		size <<= *unit == 'K' ? 10 : *unit == 'M' ? 20 : 0;
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu0/cache/index%d/shared_cpu_list",
			 index);
		read_line(root, path, line, sizeof(line));
		each_in_list(line, count, &sharing);
		m->llc_bytes_per_cpu = (uint32_t)(size / (sharing.nr ? sharing.nr : 1));
		return;
	}
}

/* ---- memory -------------------------------------------------------------------------------- */

static int read_ranges(const char *root, struct trace_machine *m, struct mmr_error *err)
{
	char path[512], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/iomem", root);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		unsigned long long from, to;
		struct trace_range *more;

		/* Without CAP_SYS_ADMIN the kernel shows zeros: then there are no ranges. */
		if (line[0] == ' ' || !strstr(line, ": System RAM") ||
		    sscanf(line, "%llx-%llx", &from, &to) != 2 || to <= from)
			continue;
		more = realloc(m->ranges, (m->nr_ranges + 1) * sizeof(*more));
		if (!more) {
			fclose(f);
			return mmr_err(err, -ENOMEM, "%s: no memory for its ranges", path);
		}
		m->ranges = more;
		from = (from + m->page_size - 1) / m->page_size;
		m->ranges[m->nr_ranges++] = (struct trace_range){from, (to + 1) / m->page_size - from};
	}
	if (f)
		fclose(f);
	return 0;
}

/* Orders: a column each in buddyinfo. Pageblocks: told by pagetypeinfo, which only root may read. */
static void read_orders(const char *root, struct trace_machine *m)
{
	char path[512], line[512], *save = NULL;
	unsigned long kib = 0;
	uint32_t columns = 0;
	FILE *f;

	read_line(root, "/proc/buddyinfo", line, sizeof(line));
	for (char *word = strtok_r(line, " ", &save); word; word = strtok_r(NULL, " ", &save))
		columns++;
	m->max_order = columns > 5 ? columns - 5 : 10; /* "Node 0, zone DMA" and one per order */
	read_line(root, "/proc/pagetypeinfo", line, sizeof(line));
	if (sscanf(line, "Page block order: %u", &m->pageblock_order) == 1)
		return;
	snprintf(path, sizeof(path), "%s/proc/meminfo", root);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Hugepagesize: %lu kB", &kib) == 1)
			break;
	if (f)
		fclose(f);
	m->pageblock_order = m->max_order;
	for (uint32_t order = 0; order < m->max_order && kib; order++)
		if ((unsigned long)m->page_size << order == kib << 10)
			m->pageblock_order = order;
}

/* vm.* settings that are numbers; of a list each number, as "name[0]", "name[1]". */
static int read_sysctls(const char *root, struct trace_machine *m, struct mmr_error *err)
{
	struct names names = {0};
	struct dirent *entry;
	char path[512];
	DIR *dir;

	snprintf(path, sizeof(path), "%s/proc/sys/vm", root);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		char file[300], line[512], name[300], *pos = line, *end;
		long long value;

		/* Reading stat_refresh folds counters: a look must not change what it looks at. */
		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, "stat_refresh"))
			continue;
		snprintf(file, sizeof(file), "/proc/sys/vm/%s", entry->d_name);
		read_line(root, file, line, sizeof(line));
		for (int i = 0; (value = strtoll(pos, &end, 10), end != pos); i++, pos = end) {
			if (!i && !strpbrk(end, "0123456789"))
				snprintf(name, sizeof(name), "%s", entry->d_name);
			else
				snprintf(name, sizeof(name), "%s[%d]", entry->d_name, i);
			add_name(&names, name, value);
		}
	}
	if (dir)
		closedir(dir);
	m->sysctls = names.pairs;
	m->nr_sysctls = names.nr;
	return names.failed ? mmr_err(err, -ENOMEM, "%s: no memory for its settings", path) : 0;
}

/* ---- names of the kernel's numbers --------------------------------------------------------- */

static void add_gfp_bit(void *ctx, const char *enumerator, int64_t value)
{
	size_t len = strlen(enumerator);
	struct names *names = ctx;
	char name[64];

	if (strncmp(enumerator, "___GFP_", 7) || len < 12 || len - 11 >= sizeof(name) ||
	    strcmp(enumerator + len - 4, "_BIT") || value < 0 || value > 31)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)(len - 11), enumerator + 7);
	if (strncmp(name, "UNUSED", 6) && strncmp(name, "LAST", 4) && !find_value(names, 1LL << value))
		add_name(names, name, 1LL << value);
}

/*
 * A flag is a name for one bit. The table has names for common combinations too, and "GFP_NOWAIT"
 * was such a name for a single bit once, so "__GFP_" goes first.
 */
static void add_gfp_flag(void *ctx, const char *name, uint64_t value)
{
	struct names *names = ctx;
	struct trace_name_value *known = find_value(names, (int64_t)value);
	bool proper = !strncmp(name, "__GFP_", 6);

	if (!value || value & (value - 1) || value > UINT32_MAX)
		return;
	if (!proper && strncmp(name, "GFP_", 4))
		return;
	name += proper ? 6 : 4;
	if (!known) {
		add_name(names, name, (int64_t)value);
	} else if (proper && strcmp(known->name, name)) {
		char *copy = strdup(name);

		if (copy) {
			free(known->name);
			known->name = copy;
		}
	}
}

static int read_gfp_names(const struct host_btf *btf, int tracefs, struct trace_machine *m,
			  struct mmr_error *err)
{
	struct names names = {0};

	if (btf)
		host_btf_each_enumerator(btf, NULL, add_gfp_bit, &names);
	if (!names.nr && tracefs >= 0) {
		char *format = host_tracefs_read_format(tracefs, "kmem/mm_page_alloc", err);

		if (!format)
			return err ? err->code : -EIO;
		host_tracefs_parse_flags(format, NULL, add_gfp_flag, &names);
		free(format);
	}
	m->gfp_names = names.pairs;
	m->nr_gfp_names = names.nr;
	return names.failed ? mmr_err(err, -ENOMEM, "host: no memory for the gfp names") : 0;
}

/* "MIGRATE_MOVABLE" and "ZONE_DMA32" without their prefix; bounds such as MIGRATE_TYPES are no names. */
static void add_migratetype(void *ctx, const char *name, int64_t value)
{
	if (!strncmp(name, "MIGRATE_", 8) && strcmp(name, "MIGRATE_PCPTYPES") && strcmp(name, "MIGRATE_TYPES"))
		add_name(ctx, name + 8, value);
}

static void add_zone(void *ctx, const char *name, int64_t value)
{
	if (!strncmp(name, "ZONE_", 5))
		add_name(ctx, name + 5, value);
}

static int read_enum_names(const struct host_btf *btf, struct trace_machine *m, struct mmr_error *err)
{
	struct names types = {0}, zones = {0};

	host_btf_each_enumerator(btf, "migratetype", add_migratetype, &types);
	host_btf_each_enumerator(btf, "zone_type", add_zone, &zones);
	m->migratetype_names = types.pairs;
	m->nr_migratetype_names = types.nr;
	m->zone_names = zones.pairs;
	m->nr_zone_names = zones.nr;
	if (types.failed || zones.failed)
		return mmr_err(err, -ENOMEM, "host: no memory for the kernel's names");
	return 0;
}

/* ---- features: what this kernel's structs have --------------------------------------------- */

struct member_ctx {
	struct names *names;
	const char *of;
};

static void add_member(void *ctx, const char *name, int64_t offset)
{
	struct member_ctx *mc = ctx;
	char text[128];

	if (!name[0]) /* an anonymous union */
		return;
	snprintf(text, sizeof(text), "%s.%s", mc->of, name);
	add_name(mc->names, text, 1);
}

static int read_features(const char *root, const struct host_btf *btf, struct trace_machine *m,
			 struct mmr_error *err)
{
	static const char *const structs[] = {"zone", "free_area", "per_cpu_pages", "per_cpu_zonestat",
					      "alloc_context"};
	struct names names = {0};
	char line[16];
	uint32_t bytes;

	for (size_t i = 0; i < sizeof(structs) / sizeof(structs[0]); i++) {
		struct member_ctx mc = {&names, structs[i]};

		host_btf_each_member(btf, structs[i], add_member, &mc);
	}
	bytes = host_btf_struct_bytes(btf, "page");
	if (bytes)
		add_name(&names, "sizeof.page", bytes);
	/* The recorder sets this where its events say whether they came in an interrupt. */
	add_name(&names, "irq_context", 0);
	/* Then a coin says to which end of their list the largest blocks go. */
	read_line(root, "/sys/module/page_alloc/parameters/shuffle", line, sizeof(line));
	add_name(&names, "page_alloc.shuffle", line[0] == 'Y');
	m->features = names.pairs;
	m->nr_features = names.nr;
	return names.failed ? mmr_err(err, -ENOMEM, "host: no memory for the kernel's features") : 0;
}

struct tier {
	struct names *names;
	unsigned int id;
	uint32_t nr_nodes;
};

static void add_tier(void *ctx, uint32_t nid)
{
	struct tier *tier = ctx;
	char name[32];

	snprintf(name, sizeof(name), "memory_tier[%u]", nid);
	if (nid < tier->nr_nodes)
		add_name(tier->names, name, tier->id);
}

/* Which memory tier each node is in, as features "memory_tier[NODE]"; kernels before 6.1 have none. */
static int read_tiers(const char *root, struct trace_machine *m, struct mmr_error *err)
{
	struct names names = {m->features, m->nr_features, false};
	char path[512];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/sys/devices/virtual/memory_tiering", root);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		char file[400], line[1024];
		struct tier tier = {&names, 0, m->nr_nodes};

		if (sscanf(entry->d_name, "memory_tier%u", &tier.id) != 1)
			continue;
		snprintf(file, sizeof(file), "/sys/devices/virtual/memory_tiering/%s/nodelist", entry->d_name);
		read_line(root, file, line, sizeof(line));
		each_in_list(line, add_tier, &tier);
	}
	if (dir)
		closedir(dir);
	m->features = names.pairs;
	m->nr_features = names.nr;
	return names.failed ? mmr_err(err, -ENOMEM, "%s: no memory for the tiers", path) : 0;
}

/* ---- all of it ----------------------------------------------------------------------------- */

static int read_identity(const char *command, struct trace_machine *m, struct mmr_error *err)
{
	struct timespec real, mono;
	struct utsname u;

	if (uname(&u))
		return mmr_err(err, -errno, "uname: %s", strerror(errno));
	m->kernel_release = strdup(u.release);
	m->kernel_version = strdup(u.version);
	m->arch = strdup(u.machine);
	m->command = strdup(command);
	if (!m->kernel_release || !m->kernel_version || !m->arch || !m->command)
		return mmr_err(err, -ENOMEM, "host: no memory for the kernel's name");
	m->page_size = (uint32_t)sysconf(_SC_PAGESIZE);
	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	m->realtime_ns = (uint64_t)real.tv_sec * 1000000000 + (uint64_t)real.tv_nsec;
	m->monotonic_ns = (uint64_t)mono.tv_sec * 1000000000 + (uint64_t)mono.tv_nsec;
	return 0;
}

static int read_btf(const char *root, int tracefs, struct trace_machine *m, struct mmr_error *err)
{
	struct host_btf *btf = NULL;
	char path[512];
	int rc;

	snprintf(path, sizeof(path), "%s" HOST_BTF_PATH, root);
	if (host_btf_load(path, &btf,
			  NULL)) /* without it the header has no names; the recorder needs it anyway */
		return read_gfp_names(NULL, tracefs, m, err);
	rc = read_gfp_names(btf, tracefs, m, err);
	if (!rc)
		rc = read_enum_names(btf, m, err);
	if (!rc)
		rc = read_features(root, btf, m, err);
	host_btf_free(btf);
	return rc;
}

int record_host_describe(const char *root, int tracefs, const char *command, struct trace_machine *ret,
			 struct mmr_error *err)
{
	int rc;

	*ret = (struct trace_machine){0};
	rc = read_identity(command, ret, err);
	if (!rc)
		rc = read_topology(root, ret, err);
	if (!rc)
		rc = record_host_zones(root, ret, err);
	if (!rc)
		rc = read_ranges(root, ret, err);
	if (!rc)
		rc = read_sysctls(root, ret, err);
	if (!rc)
		rc = read_btf(root, tracefs, ret, err);
	if (!rc)
		rc = read_tiers(root, ret, err);
	if (rc) {
		trace_machine_deinit(ret);
		return rc;
	}
	read_orders(root, ret);
	read_llc(root, ret);
	return 0;
}
