// SPDX-License-Identifier: GPL-2.0-or-later
/* Learns from the running kernel what an event alone does not say; every answer is checked twice. */
#include "traces/record/record_probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "traces/record/record.h"
#include "traces/record/record_attach.h"
#include "traces/record/record_error.h"

#include "record_probe.skel.h"

#define LEARN_PAGES   256 /* touched while learning */
#define LEARN_ENOUGH  64 /* of them must have been seen, and all must agree */
#define PROVOKE_BYTES (64 << 10)

int record_probe_run(int prog_fd, int cpu)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	if (cpu >= 0) {
		opts.flags = BPF_F_TEST_RUN_ON_CPU;
		opts.cpu = (uint32_t)cpu;
	}
	return bpf_prog_test_run_opts(prog_fd, &opts);
}

/* ---- making and unmaking ------------------------------------------------------------------- */

static void *map_values(struct bpf_map *map, size_t bytes)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	void *values;

	bytes = (bytes + page_bytes - 1) & ~(page_bytes - 1);
	values = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
	return values == MAP_FAILED ? NULL : values;
}

static int find_percpu_offsets(struct record_probe *probe)
{
	int fd = bpf_program__fd(probe->skel->progs.tell_percpu_offset);
	bool found = false;

	for (uint32_t cpu = 0; cpu < probe->nr_cpus; cpu++)
		if (!record_probe_run(fd, (int)cpu))
			found = true; /* an offline CPU refuses; its offset stays 0 */
	probe->percpu_offsets = found;
	return 0;
}

static int load(struct record_probe *probe, struct mmr_error *err)
{
	struct record_probe_bpf *skel = record_probe_bpf__open();
	int rc;

	if (!skel)
		return record_bpf_error(err, -errno, "opening the probing BPF object");
	probe->skel = skel;
	bpf_map__set_max_entries(skel->maps.percpu_offsets, probe->nr_cpus);
	bpf_map__set_max_entries(skel->maps.stat_diffs, probe->nr_cpus);
	bpf_map__set_max_entries(skel->maps.blocks, probe->max_blocks);
	rc = record_probe_bpf__load(skel);
	if (rc)
		return record_bpf_error(err, rc, "loading the probing BPF programs");
	probe->blocks = map_values(skel->maps.blocks, (size_t)probe->max_blocks * 8);
	probe->stat_diffs = map_values(skel->maps.stat_diffs, (size_t)probe->nr_cpus * 8);
	probe->offsets = map_values(skel->maps.percpu_offsets, (size_t)probe->nr_cpus * 8);
	if (!probe->blocks || !probe->stat_diffs || !probe->offsets)
		return mmr_err(err, -errno, "recorder: mapping the probe's results: %s", strerror(errno));
	rc = record_probe_run(bpf_program__fd(skel->progs.tell_layout), -1);
	if (rc)
		return record_bpf_error(err, rc, "running a probing BPF program");
	return 0;
}

int record_probe_create(uint32_t nr_cpus, uint32_t max_blocks, struct record_probe **ret, struct mmr_error *err)
{
	struct record_probe *probe = calloc(1, sizeof(*probe));
	int rc;

	if (!probe)
		return mmr_err(err, -ENOMEM, "recorder: no memory for the probe");
	probe->nr_cpus = nr_cpus;
	probe->max_blocks = max_blocks;
	probe->provoke_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "mmr_provoke", 4, PROVOKE_BYTES, 1, NULL);
	rc = load(probe, err);
	if (!rc)
		rc = find_percpu_offsets(probe);
	if (rc) {
		record_probe_destroy(probe);
		return rc;
	}
	*ret = probe;
	return 0;
}

void record_probe_destroy(struct record_probe *probe)
{
	if (!probe)
		return;
	if (probe->offsets)
		munmap((void *)probe->offsets, (size_t)probe->nr_cpus * 8);
	if (probe->blocks)
		munmap((void *)probe->blocks, (size_t)probe->max_blocks * 8);
	if (probe->stat_diffs)
		munmap((void *)probe->stat_diffs, (size_t)probe->nr_cpus * 8);
	if (probe->provoke_fd >= 0)
		close(probe->provoke_fd);
	record_probe_bpf__destroy(probe->skel);
	free(probe->zones);
	free(probe);
}

/* ---- where page structs lie ---------------------------------------------------------------- */

/* Which page frame backs @page; 0 where the kernel does not tell. */
static uint64_t pagemap_pfn(int pagemap, const void *page)
{
	uint64_t entry = 0;
	off_t at = (off_t)((uintptr_t)page / (size_t)sysconf(_SC_PAGESIZE) * sizeof(entry));

	if (pread(pagemap, &entry, sizeof(entry), at) != sizeof(entry) || !(entry >> 63))
		return 0;
	return entry & ((1ULL << 55) - 1);
}

/* Touches pages one by one; with @pagemap their numbers are taken from there. */
static int touch_pages(struct record_probe *probe, int pagemap)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE), bytes = LEARN_PAGES * page_bytes;
	char *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile uint32_t *nr_pages = &probe->skel->bss->nr_pages;

	if (area == MAP_FAILED)
		return -errno;
	madvise(area, bytes, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < LEARN_PAGES; i++) {
		uint32_t before = *nr_pages;

		((volatile char *)area)[i * page_bytes] = 1;
		if (pagemap < 0)
			continue;
		/* A fault's own page is its last allocation; the pairs stay one to one. */
		for (uint32_t n = before; n < *nr_pages; n++)
			probe->skel->bss->pfns[n] =
				n + 1 == *nr_pages ? pagemap_pfn(pagemap, area + i * page_bytes) : 0;
	}
	munmap(area, bytes);
	return 0;
}

/* All pairs must give the same base. Return: how many did, 0 where one differs. */
static uint32_t agree_on_base(struct record_probe *probe, uint32_t nr)
{
	uint64_t size = probe->skel->bss->layout.page_size, base = 0;
	uint32_t agree = 0;

	for (uint32_t i = 0; i < nr; i++) {
		uint64_t page = probe->skel->bss->pages[i], pfn = probe->skel->bss->pfns[i];

		if (!page || !pfn)
			continue;
		if (!agree)
			base = page - pfn * size;
		else if (page - pfn * size != base)
			return 0;
		agree++;
	}
	probe->page_base = base;
	probe->pages = (struct record_pages){
		.base = base & REC_PAGE_MASK,
		.full_base = base,
		.size = (uint32_t)size,
	};
	return agree;
}

static uint32_t learn_once(struct record_probe *probe, int pagemap)
{
	struct record_probe_bpf__bss *bss = probe->skel->bss;
	uint32_t nr;

	bss->nr_pages = bss->nr_pfns = bss->nr_on_stack = 0;
	__atomic_store_n(&bss->learn_tid, (uint32_t)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	if (touch_pages(probe, pagemap))
		return 0;
	__atomic_store_n(&bss->learn_tid, 0, __ATOMIC_SEQ_CST);
	nr = bss->nr_pages;
	if (pagemap < 0 && bss->nr_pfns < nr)
		nr = bss->nr_pfns;
	/* These were a task's own faults, but for the odd interrupt. */
	probe->stack_tells = bss->nr_on_stack >= bss->nr_pages - bss->nr_pages / 8;
	return agree_on_base(probe, nr);
}

int record_probe_learn_pages(struct record_probe *probe, int tracefs, struct mmr_error *err)
{
	int pagemap = tracefs < 0 ? open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC) : -1;
	struct bpf_link *by_address, *by_number = NULL;
	uint32_t agree = 0;
	int rc = 0;

	by_address = bpf_program__attach(probe->skel->progs.learn_page);
	if (!by_address)
		rc = record_bpf_error(err, -errno, "attaching to mm_page_alloc");
	if (!rc && tracefs >= 0) {
		by_number =
			record_attach_classic(probe->skel->progs.learn_pfn, tracefs, "kmem/mm_page_alloc", err);
		if (!by_number)
			rc = err && err->code ? err->code : -EIO;
	}
	/* An interrupt's allocation between the two programs puts the pairs out of step: once more. */
	for (int attempt = 0; !rc && attempt < 8 && agree < LEARN_ENOUGH; attempt++)
		agree = learn_once(probe, pagemap);
	if (!rc && agree < LEARN_ENOUGH)
		rc = mmr_err(err, -EIO,
			     "recorder: learning where page structs lie: %u of %d touched pages agree, "
			     "expected %d or "
			     "more%s",
			     agree, LEARN_PAGES, LEARN_ENOUGH,
			     tracefs < 0 ? " (without tracefs this needs CAP_SYS_ADMIN)" : "");
	bpf_link__destroy(by_number);
	bpf_link__destroy(by_address);
	if (pagemap >= 0)
		close(pagemap);
	return rc;
}

/* ---- where zones are ----------------------------------------------------------------------- */

static int find_nodes(struct record_probe *probe, struct mmr_error *err)
{
	struct bpf_link *link = bpf_program__attach_iter(probe->skel->progs.find_nodes, NULL);
	int fd = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
	char unused[64];
	int rc = 0;

	if (fd < 0) {
		rc = record_bpf_error(err, -errno, "walking the list of tasks for the nodes' kswapd");
	} else {
		while (read(fd, unused, sizeof(unused)) > 0)
			;
		close(fd);
	}
	bpf_link__destroy(link);
	return rc;
}

static int add_zone(struct record_probe *probe, const struct trace_zone *zone, uint64_t address)
{
	struct record_probe_zone *more = realloc(probe->zones, (probe->nr_zones + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	probe->zones = more;
	probe->zones[probe->nr_zones++] = (struct record_probe_zone){
		.nid = zone->nid,
		.zone = zone->zone,
		.address = address,
		.start_pfn = zone->start_pfn,
		.end_pfn = zone->start_pfn + zone->spanned_pages,
	};
	return 0;
}

/* Looks for @zone among node @n's zones; what its memory says of itself must be what zoneinfo says. */
static int find_zone(struct record_probe *probe, uint32_t n, const struct trace_zone *zone)
{
	struct record_probe_bpf__bss *bss = probe->skel->bss;

	for (uint32_t z = 0; z < bss->layout.nr_zones && z < 8; z++) {
		uint64_t address = bss->nodes[n].zones + (uint64_t)z * bss->layout.zone_size;

		if (probe->map->zone[z] != zone->zone)
			continue;
		bss->zone_asked = address;
		if (record_probe_run(bpf_program__fd(probe->skel->progs.tell_zone), -1) ||
		    bss->zone_pgdat != bss->nodes[n].pgdat || bss->zone_start_pfn != zone->start_pfn ||
		    bss->zone_spanned_pages != zone->spanned_pages)
			return -ENOENT;
		return add_zone(probe, zone, address);
	}
	return -ENOENT;
}

int record_probe_find_zones(struct record_probe *probe, const struct trace_machine *machine,
			    const struct gfp_map *map, struct mmr_error *err)
{
	struct record_probe_bpf__bss *bss = probe->skel->bss;
	int rc = find_nodes(probe, err);

	if (rc)
		return rc;
	probe->map = map;
	probe->pageblock_order = machine->pageblock_order;
	for (uint32_t i = 0; i < machine->nr_zones; i++) {
		const struct trace_zone *zone = &machine->zones[i];

		rc = -ENOENT;
		for (uint32_t n = 0; n < bss->nr_nodes && rc == -ENOENT; n++)
			if (bss->nodes[n].nid == zone->nid)
				rc = find_zone(probe, n, zone);
		if (rc)
			return mmr_err(err, rc,
				       "recorder: node %u zone %u (pfn %llu, %llu pages) of /proc/zoneinfo not "
				       "found in "
				       "the kernel's memory; %u nodes seen",
				       zone->nid, zone->zone, (unsigned long long)zone->start_pfn,
				       (unsigned long long)zone->spanned_pages, bss->nr_nodes);
	}
	return 0;
}
