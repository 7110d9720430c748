/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lab-work: what a shell cannot ask of the page allocator. The lab's workloads run it in the guest.
 *
 * Each act is one path: memory unmapped in pieces, huge pages that split and collapse, NUMA policies,
 * more memory than there is, large skbs. The same arguments make the same requests.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/mempolicy.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE       ((size_t)4096)
#define HUGE       ((size_t)2 << 20)
#define MIB        ((size_t)1 << 20)
#define EXIT_USAGE 2

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1 */
#endif
#define WORK_MPOL_WEIGHTED_INTERLEAVE 6 /* Linux 6.9 */

static uint64_t random_state = 0x9e3779b97f4a7c15;

/* A number below @limit; xorshift64, the same row in every run. */
static size_t random_below(size_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % limit;
}

static void complain(const char *what)
{
	fprintf(stderr, "lab-work: %s: %s\n", what, strerror(errno));
}

/* Anonymous memory that starts on a huge page's border; NULL with a message where there is none. */
static char *map(size_t bytes)
{
	char *raw = mmap(NULL, bytes + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (raw == MAP_FAILED) {
		complain("mmap");
		return NULL;
	}
	size_t head = -(uintptr_t)raw % HUGE;
	if (head)
		munmap(raw, head);
	munmap(raw + head + bytes, HUGE - head);
	return raw + head;
}

static void touch(char *memory, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += PAGE)
		memory[at] = (char)(at / PAGE + 1);
}

/* Unmap in pieces of 1 to 64 pages, every second piece first: the frees come in neither order. */
static void unmap_in_pieces(char *memory, size_t bytes)
{
	for (int pass = 0; pass < 2; pass++) {
		bool take = pass == 0;
		uint64_t row = random_state;
		for (size_t at = 0, length; at < bytes; at += length, take = !take) {
			length = (1 + random_below(64)) * PAGE;
			if (length > bytes - at)
				length = bytes - at;
			if (take)
				munmap(memory + at, length);
		}
		if (pass == 0)
			random_state = row; /* the second pass cuts at the same places */
	}
}

static int act_pieces(size_t bytes, size_t rounds)
{
	for (size_t round = 0; round < rounds; round++) {
		char *memory = map(bytes);
		if (!memory)
			return EXIT_FAILURE;
		madvise(memory, bytes, MADV_NOHUGEPAGE);
		touch(memory, bytes);
		unmap_in_pieces(memory, bytes);
	}
	return EXIT_SUCCESS;
}

/* Locked in pieces too, so that the unevictable list and its batches take part. */
static int act_locked(size_t bytes, size_t rounds)
{
	for (size_t round = 0; round < rounds; round++) {
		char *memory = map(bytes);
		if (!memory)
			return EXIT_FAILURE;
		madvise(memory, bytes, MADV_NOHUGEPAGE);
		for (size_t at = 0; at + 16 * PAGE <= bytes; at += 32 * PAGE)
			if (mlock(memory + at, 16 * PAGE)) {
				complain("mlock");
				return EXIT_FAILURE;
			}
		touch(memory, bytes);
		unmap_in_pieces(memory, bytes);
	}
	return EXIT_SUCCESS;
}

/* Huge pages at fault, split by holes, collapsed again, freed. */
static int act_huge(size_t bytes, size_t rounds)
{
	for (size_t round = 0; round < rounds; round++) {
		char *memory = map(bytes);
		if (!memory)
			return EXIT_FAILURE;
		madvise(memory, bytes, MADV_HUGEPAGE);
		touch(memory, bytes);
		for (size_t at = 0; at < bytes; at += 2 * HUGE) /* every second one gets a hole */
			madvise(memory + at + random_below(HUGE / PAGE) * PAGE, PAGE, MADV_DONTNEED);
		touch(memory, bytes);
		for (size_t at = 0; at < bytes; at += 4 * HUGE)
			if (madvise(memory + at, HUGE, MADV_COLLAPSE) && errno != EAGAIN && errno != ENOMEM &&
			    errno != EBUSY && errno != EINVAL) {
				complain("MADV_COLLAPSE");
				return EXIT_FAILURE;
			}
		if (round % 2)
			unmap_in_pieces(memory, bytes);
		else
			munmap(memory, bytes);
	}
	return EXIT_SUCCESS;
}

/* The nodes with memory as a mask; 1 where they cannot be read. */
static unsigned long memory_nodes(void)
{
	unsigned long mask = 0;
	unsigned int first, last;
	FILE *file = fopen("/sys/devices/system/node/has_memory", "r");
	if (!file)
		return 1;
	while (fscanf(file, "%u", &first) == 1) {
		last = first;
		if (fscanf(file, "-%u", &last) < 0)
			last = first;
		for (unsigned int node = first; node <= last && node < 64; node++)
			mask |= 1ul << node;
		if (fgetc(file) != ',')
			break;
	}
	fclose(file);
	return mask ? mask : 1;
}

/* Memory under one policy, moved to another node's, freed in pieces. Old kernels lack a policy: said, not
 * failed. */
static int use_policy(const char *name, int policy, unsigned long mask, unsigned long move_to, size_t bytes)
{
	if (syscall(SYS_set_mempolicy, policy, &mask, 64ul)) {
		if (errno != EINVAL) {
			complain(name);
			return EXIT_FAILURE;
		}
		printf("lab-work: this kernel has no policy %s\n", name);
		return EXIT_SUCCESS;
	}
	char *memory = map(bytes);
	if (!memory)
		return EXIT_FAILURE;
	madvise(memory, bytes, MADV_NOHUGEPAGE);
	touch(memory, bytes);
	if (syscall(SYS_mbind, memory, bytes / 2, MPOL_BIND, &move_to, 64ul, MPOL_MF_MOVE) && errno != EIO)
		complain("mbind"); /* pages that could not move are no failure of the act */
	unmap_in_pieces(memory, bytes);
	return EXIT_SUCCESS;
}

static int act_policies(size_t bytes, size_t rounds)
{
	static const struct {
		const char *name;
		int policy;
		bool all; /* over all nodes, or one after the other */
	} policies[] = {
		{"bind", MPOL_BIND, false},
		{"preferred", MPOL_PREFERRED, false},
		{"interleave", MPOL_INTERLEAVE, true},
		{"weighted interleave", WORK_MPOL_WEIGHTED_INTERLEAVE, true},
	};
	unsigned long all = memory_nodes();
	for (size_t round = 0; round < rounds; round++)
		for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
			for (unsigned int node = 0; node < 64; node++) {
				unsigned long one = all & 1ul << node;
				if (!one)
					continue;
				unsigned long others = all & ~one ? all & ~one : one;
				if (use_policy(policies[i].name, policies[i].policy,
					       policies[i].all ? all : one, others, bytes))
					return EXIT_FAILURE;
			}
	return EXIT_SUCCESS;
}

/* Touched again and again for @seconds, so that what was swapped or reclaimed comes back. */
static int act_hold(size_t bytes, size_t seconds)
{
	char *memory = map(bytes);
	if (!memory)
		return EXIT_FAILURE;
	for (time_t end = time(NULL) + (time_t)seconds; time(NULL) < end;)
		touch(memory, bytes);
	return EXIT_SUCCESS;
}

/*
 * A pipe full of kernel memory, a page of it for each page written; kept in a row of pipes, the oldest given
 * back. Return: false with a message where that fails.
 */
static bool fill_next_pipe(int (*pipes)[2], size_t nr, size_t turn)
{
	static char page[4096];
	int *ends = pipes[turn % nr];
	if (turn >= nr) {
		close(ends[0]);
		close(ends[1]);
	}
	if (pipe(ends) || fcntl(ends[1], F_SETPIPE_SZ, MIB) < 0) {
		complain("pipe of 1 MiB");
		return false;
	}
	for (size_t at = 0; at < MIB; at += PAGE)
		if (write(ends[1], page, PAGE) != (ssize_t)PAGE) {
			complain("write to a pipe");
			return false;
		}
	return true;
}

/* As a program that computes something between two pages, @steps of a few instructions each: the recorder keeps
 * up. */
static void touch_and_compute(char *memory, size_t bytes, unsigned int steps)
{
	for (size_t at = 0; at < bytes; at += PAGE) {
		volatile unsigned int sum = (unsigned int)(at / PAGE);
		for (unsigned int i = 0; i < steps; i++)
			sum = sum * 31 + i;
		memory[at] = (char)(sum | 1);
	}
}

/* Wait until as many jobs have come to @place, a file, as JOB_CPUS says there are; without it nobody waits. */
static bool meet(const char *place)
{
	const char *jobs = getenv("JOB_CPUS");
	off_t parties = jobs ? atoi(jobs) : 1;
	int fd = open(place, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0 || write(fd, "", 1) != 1) {
		complain(place);
		return false;
	}
	while (lseek(fd, 0, SEEK_END) < parties)
		usleep(1000);
	close(fd);
	return true;
}

/*
 * More than there may be: written once, then a part of it each round at random places, so that what was
 * reclaimed comes back; and kernel memory that comes and goes in between. Counted, not timed: the same work in
 * every run. All jobs fill memory before one goes on, and none gives its memory back before all are done.
 */
static int act_squeeze(size_t bytes, size_t rounds)
{
	enum { NR_PIPES = 24, PIPES_A_ROUND = 2 };
	int pipes[NR_PIPES][2];
	char *memory = map(bytes);
	if (!memory)
		return EXIT_FAILURE;
	madvise(memory, bytes, MADV_NOHUGEPAGE);
	touch_and_compute(memory, bytes, 1000);
	if (!meet("squeeze.filled"))
		return EXIT_FAILURE;
	for (size_t round = 0; round < rounds; round++) {
		for (size_t touched = 0; touched < bytes / 32;) {
			size_t length = (1 + random_below(64)) * PAGE;
			touch_and_compute(memory + random_below((bytes - length) / PAGE) * PAGE, length, 400);
			touched += length;
		}
		for (size_t i = 0; i < PIPES_A_ROUND; i++)
			if (!fill_next_pipe(pipes, NR_PIPES, round * PIPES_A_ROUND + i))
				return EXIT_FAILURE;
	}
	return meet("squeeze.done") ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int receive_all(int listener)
{
	static char buffer[256 << 10];
	int from = accept(listener, NULL, NULL);
	if (from < 0)
		return EXIT_FAILURE;
	ssize_t got;
	while ((got = read(from, buffer, sizeof(buffer))) > 0)
		;
	return got < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* @bytes over a loopback TCP connection in writes of 256 KiB, @rounds connections. */
static int act_skbs(size_t bytes, size_t rounds)
{
	static char buffer[256 << 10];
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&address, &length)) {
		complain("loopback socket");
		return EXIT_FAILURE;
	}
	for (size_t round = 0; round < rounds; round++) {
		pid_t child = fork();
		if (child == 0)
			_exit(receive_all(listener));
		int to = socket(AF_INET, SOCK_STREAM, 0);
		if (child < 0 || to < 0 || connect(to, (struct sockaddr *)&address, length)) {
			complain("connection");
			return EXIT_FAILURE;
		}
		for (size_t sent = 0; sent < bytes; sent += sizeof(buffer))
			if (write(to, buffer, sizeof(buffer)) < 0) {
				complain("write");
				return EXIT_FAILURE;
			}
		close(to);
		int status;
		if (waitpid(child, &status, 0) < 0 || status)
			return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

/* BPF arrays of many sizes: what vmalloc() takes and gives back, in bulk or in blocks that it splits. */
static int act_mapped(size_t bytes, size_t rounds)
{
	enum { NR_MAPS = 16 };
	int maps[NR_MAPS];
	for (size_t round = 0; round < rounds; round++) {
		for (size_t i = 0; i < NR_MAPS; i++) {
			/* From a few pages on; smaller ones are not mapped. */
			size_t pages = 9 + random_below(bytes / PAGE / NR_MAPS * 2);
			union bpf_attr attr = {
				.map_type = BPF_MAP_TYPE_ARRAY,
				.key_size = sizeof(uint32_t),
				.value_size = PAGE,
				.max_entries = (uint32_t)pages,
			};
			maps[i] = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
			if (maps[i] < 0) {
				complain("BPF_MAP_CREATE");
				return EXIT_FAILURE;
			}
		}
		for (size_t i = 0; i < NR_MAPS; i++)
			close(maps[(i * 7 + round) % NR_MAPS]); /* in another order than they came */
	}
	return EXIT_SUCCESS;
}

/* Children that write to their copy of the parent's pages. */
static int act_copies(size_t bytes, size_t rounds)
{
	char *memory = map(bytes);
	if (!memory)
		return EXIT_FAILURE;
	madvise(memory, bytes, MADV_NOHUGEPAGE);
	touch(memory, bytes);
	for (size_t round = 0; round < rounds; round++) {
		pid_t child = fork();
		if (child < 0) {
			complain("fork");
			return EXIT_FAILURE;
		}
		if (child == 0) {
			touch(memory + random_below(bytes / 2 / PAGE) * PAGE, bytes / 2);
			_exit(EXIT_SUCCESS);
		}
		if (round % 4 == 3)
			while (waitpid(-1, NULL, 0) > 0)
				;
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
	return EXIT_SUCCESS;
}

static const struct act {
	const char *name, *count, *summary;
	int (*run)(size_t bytes, size_t count);
} acts[] = {
	{"pieces", "ROUNDS", "touched, unmapped in pieces", act_pieces},
	{"locked", "ROUNDS", "the same, half of it mlocked in pieces", act_locked},
	{"huge", "ROUNDS", "huge pages: fault, split, collapse, free", act_huge},
	{"policies", "ROUNDS", "bind, preferred, interleave, weighted interleave, migrated halfway",
	 act_policies},
	{"hold", "SECONDS", "touched again and again", act_hold},
	{"squeeze", "ROUNDS", "touched here and there, again and again, and pipes filled", act_squeeze},
	{"skbs", "ROUNDS", "sent over loopback in large writes", act_skbs},
	{"mapped", "ROUNDS", "vmalloc and vfree: BPF arrays of many sizes", act_mapped},
	{"copies", "ROUNDS", "children write to half of the parent's pages", act_copies},
};

static int usage(FILE *to)
{
	fprintf(to, "usage: lab-work ACT MIB COUNT\n");
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		fprintf(to, "  %-9s MIB %-8s %s\n", acts[i].name, acts[i].count, acts[i].summary);
	fprintf(to, "Example: lab-work huge 64 4\n");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--help"))
		return usage(stdout), EXIT_SUCCESS;
	if (argc != 4)
		return usage(stderr);
	char *end_mib, *end_count;
	unsigned long mib = strtoul(argv[2], &end_mib, 10), count = strtoul(argv[3], &end_count, 10);
	if (*end_mib || *end_count || !mib || !count || mib > 1ul << 30)
		return usage(stderr);
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (!strcmp(argv[1], acts[i].name))
			return acts[i].run(mib * MIB, count);
	return usage(stderr);
}
