// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * perf.data: the file header, the events' attributes, and the feature sections behind the data.
 * Source: tools/perf/Documentation/perf.data-file-format.txt, v6.12, for the layout.
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "traces/import/import_perf.h"

#define FILE_HEADER_BYTES 104u
#define ATTR_MIN_BYTES    64u /* PERF_ATTR_SIZE_VER0 */
#define MAX_ATTRS         65536u
#define MAX_RANGES        65536u
#define MAX_NODES         1024u
#define TYPE_TRACEPOINT   2u

enum feature {
	FEATURE_TRACING_DATA = 1,
	FEATURE_OSRELEASE = 4,
	FEATURE_ARCH = 6,
	FEATURE_NRCPUS = 7,
	FEATURE_CMDLINE = 11,
	FEATURE_NUMA_TOPOLOGY = 14,
	FEATURE_MEM_TOPOLOGY = 22,
	FEATURE_CLOCK_DATA = 29,
	NR_FEATURES = 256
};

void perf_file_deinit(struct perf_file *pf)
{
	free(pf->attrs);
	free(pf->ids);
	*pf = (struct perf_file){0};
}

/* A section of the file as a cursor; false where it does not lie in the file. */
static bool section(const struct import *im, uint64_t offset, uint64_t size, struct import_cursor *c)
{
	if (offset > im->size || size > im->size - offset)
		return false;
	*c = (struct import_cursor){im->data, im->data + offset, im->data + offset + size, false};
	return true;
}

static int outside(const struct import *im, const char *what, uint64_t offset, uint64_t size,
		   struct mmr_error *err)
{
	return mmr_err(err, -EBADMSG,
		       "%s: byte %" PRIu64 ": the %s should be here, %" PRIu64
		       " bytes long, but the file ends at %zu; "
		       "was it cut short, or perf killed before it finished?",
		       im->path, offset, what, size, im->size);
}

/* ---- attributes ---------------------------------------------------------------------------- */

static int no_memory(const struct import *im, struct mmr_error *err)
{
	return mmr_err(err, -ENOMEM, "%s: no memory for its events", im->path);
}

int perf_add_attr(struct import *im, struct perf_file *pf, struct import_cursor attr, struct import_cursor ids,
		  struct mmr_error *err)
{
	uint32_t nr = (uint32_t)((size_t)(ids.end - ids.pos) / 8);
	struct perf_attr *more = realloc(pf->attrs, (pf->nr_attrs + 1) * sizeof(*more)), a = {0};
	struct perf_id *more_ids =
		more && nr ? realloc(pf->ids, ((size_t)pf->nr_ids + nr) * sizeof(*more_ids)) : pf->ids;
	uint64_t flags;

	pf->attrs = more ? more : pf->attrs;
	pf->ids = more_ids ? more_ids : pf->ids;
	if (!more || (nr && !more_ids))
		return no_memory(im, err);
	a.type = (uint32_t)import_get(&attr, 4);
	import_get(&attr, 4);
	a.config = import_get(&attr, 8);
	a.period = import_get(&attr, 8);
	a.sample_type = import_get(&attr, 8);
	a.read_format = import_get(&attr, 8);
	flags = import_get(&attr, 8);
	a.freq = flags >> 10 & 1;
	a.command_only = flags >> 12 & 1;
	a.sample_id_all = flags >> 18 & 1;
	for (uint32_t i = 0; i < nr; i++)
		pf->ids[pf->nr_ids++] = (struct perf_id){import_get(&ids, 8), pf->nr_attrs};
	pf->attrs[pf->nr_attrs++] = a;
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct perf_id *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* The attributes, behind them where the ids of their samples lie. */
static int read_attr(struct import *im, struct perf_file *pf, struct import_cursor *c, uint64_t attr_bytes,
		     struct mmr_error *err)
{
	struct import_cursor attr = import_get_bytes(c, attr_bytes), place = attr, ids;
	uint64_t offset, size;

	import_get_bytes(&place, attr_bytes - 16);
	offset = import_get(&place, 8);
	size = import_get(&place, 8);
	if (!section(im, offset, size, &ids))
		return outside(im, "event ids", offset, size, err);
	return perf_add_attr(im, pf, attr, ids, err);
}

static int read_attrs(struct import *im, struct perf_file *pf, uint64_t offset, uint64_t size,
		      uint64_t attr_bytes, struct mmr_error *err)
{
	struct import_cursor c;
	uint64_t nr;
	int rc = 0;

	if (attr_bytes < ATTR_MIN_BYTES + 16 || attr_bytes > 4096)
		return mmr_err(err, -EINVAL,
			       "%s: byte 16: attributes of %" PRIu64 " bytes, expected 80 to 4096", im->path,
			       attr_bytes);
	if (!section(im, offset, size, &c))
		return outside(im, "attributes", offset, size, err);
	nr = size / attr_bytes;
	if (!nr || nr > MAX_ATTRS)
		return mmr_err(err, -EINVAL, "%s: byte 32: found %" PRIu64 " events, expected 1 to %u",
			       im->path, nr, MAX_ATTRS);
	for (uint64_t i = 0; i < nr && !rc; i++)
		rc = read_attr(im, pf, &c, attr_bytes, err);
	return rc;
}

/* Samples of several layouts can be told apart only by an identifier in front of each. */
int perf_check_layouts(const struct import *im, struct perf_file *pf, struct mmr_error *err)
{
	if (pf->nr_ids)
		qsort(pf->ids, pf->nr_ids, sizeof(*pf->ids), by_id);
	pf->one_layout = true;
	for (uint32_t i = 1; i < pf->nr_attrs; i++)
		if (pf->attrs[i].sample_type != pf->attrs[0].sample_type ||
		    pf->attrs[i].read_format != pf->attrs[0].read_format)
			pf->one_layout = false;
	for (uint32_t i = 0; i < pf->nr_attrs && !pf->one_layout; i++)
		if (!(pf->attrs[i].sample_type & SAMPLE_IDENTIFIER))
			return mmr_err(
				err, -ENOTSUP,
				"%s: events of several layouts and no identifier in their samples, expected "
				"one layout or an identifier (perf from 3.12 on writes it)",
				im->path);
	for (uint32_t i = 0; i < pf->nr_attrs; i++)
		if (pf->attrs[i].type == TYPE_TRACEPOINT && !(pf->attrs[i].sample_type & SAMPLE_RAW))
			return mmr_err(
				err, -ENOTSUP,
				"%s: tracepoint samples without their fields, expected them recorded with -R "
				"(the default)",
				im->path);
	return 0;
}

/* ---- features: the machine ----------------------------------------------------------------- */

/* A text with its length in front, NUL-padded; owned by the caller. */
static char *get_text(struct import_cursor *c)
{
	struct import_cursor part = import_get_bytes(c, import_get(c, 4));

	return strndup((const char *)part.pos, (size_t)(part.end - part.pos));
}

static void read_command(struct import_cursor *c, struct trace_machine *m)
{
	uint32_t nr = (uint32_t)import_get(c, 4);
	size_t len = 0;

	for (uint32_t i = 0; i < nr && !c->bad && len < 4096; i++) {
		char *word = get_text(c), *more;

		more = word ? realloc(m->command, len + strlen(word) + 2) : NULL;
		if (!more) {
			free(word);
			return;
		}
		m->command = more;
		if (len)
			more[len++] = ' ';
		strcpy(more + len, word);
		len += strlen(word);
		free(word);
	}
}

static void set_cpus(struct trace_machine *m, uint16_t nid, const char *list)
{
	while (*list) {
		char *end;
		unsigned long from = strtoul(list, &end, 10), to = from;

		if (end == list)
			return;
		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		for (unsigned long cpu = from; cpu <= to && cpu < m->nr_cpus; cpu++)
			m->cpu_node[cpu] = nid;
		list = *end == ',' ? end + 1 : end;
	}
}

/* After the number of CPUs is known. */
static void read_nodes(struct import_cursor *c, struct trace_machine *m)
{
	uint32_t nr = (uint32_t)import_get(c, 4);

	m->cpu_node = calloc(m->nr_cpus ? m->nr_cpus : 1, sizeof(*m->cpu_node));
	for (uint32_t i = 0; i < nr && m->cpu_node && !c->bad; i++) {
		uint32_t nid = (uint32_t)import_get(c, 4);
		char *cpus;

		import_get_bytes(c, 16); /* total and free memory */
		cpus = get_text(c);
		if (cpus && !c->bad && nid < MAX_NODES) {
			set_cpus(m, (uint16_t)nid, cpus);
			if (nid >= m->nr_nodes)
				m->nr_nodes = nid + 1;
		}
		free(cpus);
	}
}

static bool add_block(struct trace_machine *m, uint64_t start_pfn, uint64_t nr_pages)
{
	struct trace_range *last = m->nr_ranges ? &m->ranges[m->nr_ranges - 1] : NULL, *more;

	if (last && last->start_pfn + last->nr_pages == start_pfn) {
		last->nr_pages += nr_pages;
		return true;
	}
	if (m->nr_ranges == MAX_RANGES)
		return false;
	more = realloc(m->ranges, (m->nr_ranges + 1) * sizeof(*more));
	if (!more)
		return false;
	m->ranges = more;
	m->ranges[m->nr_ranges++] = (struct trace_range){start_pfn, nr_pages};
	return true;
}

/* Memory blocks present, one bitmap per node. */
static void read_memory(struct import_cursor *c, struct trace_machine *m)
{
	uint64_t version = import_get(c, 8), block = import_get(c, 8), nr = import_get(c, 8);

	if (version != 1 || block < 4096 || block > 1ull << 40)
		return;
	for (uint64_t i = 0; i < nr && !c->bad; i++) {
		uint64_t bits;

		import_get_bytes(c, 16); /* node, size */
		bits = import_get(c, 8);
		for (uint64_t at = 0; at < bits && !c->bad; at += 64) {
			uint64_t word = import_get(c, 8);

			for (; word; word &= word - 1) {
				uint64_t number = at + (uint64_t)__builtin_ctzll(word);

				if (number >= 1ull << 24 ||
				    !add_block(m, number * (block / 4096), block / 4096))
					return;
			}
		}
	}
}

static void read_clock(struct import_cursor *c, struct trace_machine *m)
{
	uint64_t version = import_get(c, 4), clock = import_get(c, 4), wall = import_get(c, 8);
	uint64_t time = import_get(c, 8);

	if (version != 1 || clock != 1 || c->bad)
		return;
	m->realtime_ns = wall;
	m->monotonic_ns = time;
}

static void read_cpus(struct import_cursor *c, struct trace_machine *m)
{
	uint32_t present = (uint32_t)import_get(c, 4), online = (uint32_t)import_get(c, 4);

	m->nr_cpus = present > online ? present : online;
	if (m->nr_cpus > 4096)
		m->nr_cpus = 4096;
}

int perf_read_tracing(struct import *im, struct perf_file *pf, struct import_cursor *c, struct mmr_error *err)
{
	const char *version;
	int rc = import_tracing_magic(im, &pf->tracing, c, &version, err);

	return rc ? rc : import_tracing_read(im, &pf->tracing, c, err);
}

int perf_read_feature(struct import *im, struct perf_file *pf, unsigned int feature, struct import_cursor *c,
		      struct mmr_error *err)
{
	struct trace_machine *m = &im->machine;

	switch (feature) {
	case FEATURE_TRACING_DATA:
		return perf_read_tracing(im, pf, c, err);
	case FEATURE_OSRELEASE:
		free(m->kernel_release);
		m->kernel_release = get_text(c);
		break;
	case FEATURE_ARCH:
		free(m->arch);
		m->arch = get_text(c);
		break;
	case FEATURE_NRCPUS:
		read_cpus(c, m);
		break;
	case FEATURE_CMDLINE:
		if (!m->command)
			read_command(c, m);
		break;
	case FEATURE_NUMA_TOPOLOGY:
		if (!m->cpu_node)
			read_nodes(c, m);
		break;
	case FEATURE_MEM_TOPOLOGY:
		if (!m->nr_ranges)
			read_memory(c, m);
		break;
	case FEATURE_CLOCK_DATA:
		read_clock(c, m);
		break;
	}
	return 0;
}

/* Features lie behind the data: a table of places in the order of their bits, then the sections. */
static int read_features(struct import *im, struct perf_file *pf, const uint8_t *bits, struct mmr_error *err)
{
	uint64_t table = pf->data_offset + pf->data_size;
	bool have_tracing = bits[0] >> FEATURE_TRACING_DATA & 1;
	uint32_t nr = 0;
	int rc = 0;

	if (!have_tracing)
		return mmr_err(
			err, -ENODATA,
			"%s: byte 72: no tracing data, so nothing tells what its events look like; expected a "
			"recording of tracepoints that perf finished",
			im->path);
	for (unsigned int feature = 0; feature < NR_FEATURES && !rc; feature++) {
		struct import_cursor place, c;
		uint64_t offset, size;

		if (!(bits[feature / 8] >> feature % 8 & 1))
			continue;
		if (!section(im, table + 16ull * nr, 16, &place))
			return outside(im, "table of features", table + 16ull * nr, 16, err);
		nr++;
		offset = import_get(&place, 8);
		size = import_get(&place, 8);
		if (!section(im, offset, size, &c))
			return outside(im, "section of a feature", offset, size, err);
		rc = perf_read_feature(im, pf, feature, &c, err);
	}
	return rc;
}

/* ---- the file ------------------------------------------------------------------------------ */

/* perf to a pipe writes a header of the magic and its own length only. */
static bool is_pipe(const struct import *im)
{
	return im->size >= 16 && im->data[8] == 16 && !memcmp(im->data + 9, "\0\0\0\0\0\0\0", 7);
}

static int check_magic(const struct import *im, struct mmr_error *err)
{
	if (im->size >= 8 && !memcmp(im->data, "2ELIFREP", 8))
		return mmr_err(err, -ENOTSUP,
			       "%s: byte 0: a big-endian perf.data, expected a little-endian one", im->path);
	if (im->size >= 8 && !memcmp(im->data, "PERFFILE", 8))
		return mmr_err(err, -ENOTSUP, "%s: byte 0: perf.data version 1 (PERFFILE), expected version 2",
			       im->path);
	if (im->size < 8 || memcmp(im->data, "PERFILE2", 8) != 0)
		return mmr_err(err, -EINVAL, "%s: byte 0: no perf.data, expected \"PERFILE2\"", im->path);
	if (im->size < FILE_HEADER_BYTES && !is_pipe(im))
		return mmr_err(err, -EBADMSG, "%s: byte %zu: the file ends in its header, expected %u bytes",
			       im->path, im->size, FILE_HEADER_BYTES);
	return 0;
}

int perf_file_read(struct import *im, struct perf_file *pf, struct mmr_error *err)
{
	struct import_cursor c = {im->data, im->data + 8, im->data + im->size, false};
	uint64_t header_bytes, attr_bytes, attrs_offset, attrs_size;
	int rc = check_magic(im, err);

	if (rc)
		return rc;
	if (is_pipe(im))
		return perf_pipe_read(im, pf, err);
	header_bytes = import_get(&c, 8);
	attr_bytes = import_get(&c, 8);
	attrs_offset = import_get(&c, 8);
	attrs_size = import_get(&c, 8);
	pf->data_offset = import_get(&c, 8);
	pf->data_size = import_get(&c, 8);
	if (header_bytes != FILE_HEADER_BYTES)
		return mmr_err(err, -ENOTSUP, "%s: byte 8: a header of %" PRIu64 " bytes, expected %u",
			       im->path, header_bytes, FILE_HEADER_BYTES);
	if (!pf->data_size)
		return mmr_err(err, -EBADMSG,
			       "%s: byte 48: found a data size of 0: perf was killed before it wrote what its "
			       "events look like, so nothing can be done with it; what perf writes to a pipe "
			       "(perf record -o -) survives that",
			       im->path);
	if (!section(im, pf->data_offset, pf->data_size, &c))
		return outside(im, "data", pf->data_offset, pf->data_size, err);
	rc = read_attrs(im, pf, attrs_offset, attrs_size, attr_bytes, err);
	if (!rc)
		rc = perf_check_layouts(im, pf, err);
	return rc ? rc : read_features(im, pf, im->data + 72, err);
}
