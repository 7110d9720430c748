// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A load for the recorder's tests: touches anonymous pages and gives them back, as fast as one CPU
 * can. With -n exactly that many pages, with -d for so many seconds; with -p it sends pages through a
 * pipe instead, for so many seconds: the most page events a CPU can make. Prints "pages N seconds S".
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define CHUNK_PAGES 1024UL

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void touch(size_t nr_pages, size_t page_bytes)
{
	char *area =
		mmap(NULL, nr_pages * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED) {
		perror("record_load: mmap");
		exit(1);
	}
	/* One page at a time: a huge page would be one event. */
	madvise(area, nr_pages * page_bytes, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < nr_pages; i++)
		((volatile char *)area)[i * page_bytes] = 1;
	munmap(area, nr_pages * page_bytes);
}

/* More than the one or two pages a pipe keeps for itself. */
static size_t pipe_pages(size_t page_bytes)
{
	static char block[8 * 4096];
	static int ends[2] = {-1, -1};
	size_t bytes = 8 * page_bytes;

	if ((ends[0] < 0 && pipe(ends)) || bytes > sizeof(block) ||
	    write(ends[1], block, bytes) != (ssize_t)bytes || read(ends[0], block, bytes) != (ssize_t)bytes) {
		perror("record_load: pipe");
		exit(1);
	}
	return 8;
}

int main(int argc, char **argv)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	uint64_t want = UINT64_MAX, done = 0;
	double begin = now(), end = 1e300;

	if (argc != 3 || (strcmp(argv[1], "-n") && strcmp(argv[1], "-d") && strcmp(argv[1], "-p"))) {
		fprintf(stderr, "usage: record_load -n PAGES | -d SECONDS | -p SECONDS\n");
		return 2;
	}
	if (argv[1][1] == 'n')
		want = strtoull(argv[2], NULL, 10);
	else
		end = begin + strtod(argv[2], NULL);
	while (done < want && now() < end) {
		uint64_t chunk = want - done < CHUNK_PAGES ? want - done : CHUNK_PAGES;

		if (argv[1][1] == 'p') {
			for (int i = 0; i < 1000; i++)
				done += pipe_pages(page_bytes);
			continue;
		}
		touch(chunk, page_bytes);
		done += chunk;
	}
	printf("pages %llu seconds %.3f\n", (unsigned long long)done, now() - begin);
	return 0;
}
