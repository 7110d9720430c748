// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What recording costs the tasks that are recorded: added CPU time of the traced thread per page
 * event, for each of
 *
 *   count    a tp_btf program per tracepoint that counts
 *   timed    the same, and it reads the clock
 *   floor    timed, and a second program on frees: the least for whom no free that interrupts a free may
 *            be missing, since the kernel skips a program that runs already
 *   ring     a tp_btf program that puts 24 bytes into a BPF ring of its CPU, which a thread empties
 *   record   mmreplay-record
 *   lean     mmreplay-record --lean
 *   tracefs  a private tracefs instance, drained by splice into a file
 *   perf     perf record -a -m 16M
 *   perfmono the same with -k mono, the clock that the recorder and tracefs stamp with here
 *
 * against no tracing, in a touch loop (fault a page in, give it back) and a pipe loop (a page through
 * a pipe), with one CPU busy and with two. All of it interleaved: a round has every technique once,
 * its own untraced samples around each. The table has medians over rounds, and the difference of the
 * least of all rounds, which other tracers on the machine disturb less. All are given the same six events,
 * and their readers the other CPU while one is busy. Run as root.
 */
#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "record_cost.skel.h"

#define MAX_ROUNDS 200
/*
 * Lost events cost less than others: a sample's events are no more than fit into the 16 MiB of a CPU's buffer,
 * and before it the readers have time to empty that.
 */
#define SAMPLE_MS   60
#define CATCH_UP_US 50000
#define PAGE_BYTES  4096

enum technique { COUNT, TIMED, FLOOR, RING, RECORD, LEAN, TRACEFS, PERF, PERFMONO, NR_TECHNIQUES };
static const char *const technique_names[] = {"count", "timed",   "floor", "ring",    "record",
					      "lean",  "tracefs", "perf",  "perfmono"};
/* How the names of a technique's own programs begin. */
static const char *const prefixes[NR_TECHNIQUES][2] = {
	[COUNT] = {"count_"}, [TIMED] = {"timed_"}, [FLOOR] = {"timed_", "again_"}, [RING] = {"ring_"}};
enum loop { TOUCH, PIPE, NR_LOOPS };
static const char *const loop_names[] = {"touch loop", "pipe loop"};

struct options {
	unsigned int rounds, milliseconds;
	const char *recorder, *folder;
	bool skip[NR_TECHNIQUES];
};

static void die(const char *what)
{
	fprintf(stderr, "record_cost: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double seconds_of(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void pin(pid_t pid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(pid, sizeof(set), &set);
}

/* ---- loops --------------------------------------------------------------------------------- */

static uint64_t touch_pages(void)
{
	enum { PAGES = 256 };
	char *area = mmap(NULL, PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED)
		die("mmap");
	madvise(area, PAGES * PAGE_BYTES, MADV_NOHUGEPAGE);
	for (int i = 0; i < PAGES; i++)
		((volatile char *)area)[i * PAGE_BYTES] = 1;
	munmap(area, PAGES * PAGE_BYTES);
	return PAGES;
}

static uint64_t pipe_pages(const int ends[2])
{
	enum { PAGES = 8 }; /* more than the one or two a pipe keeps for itself */
	static const char zeros[PAGES * PAGE_BYTES];
	static __thread char bin[PAGES * PAGE_BYTES];

	if (write(ends[1], zeros, sizeof(zeros)) != sizeof(zeros) ||
	    read(ends[0], bin, sizeof(bin)) != sizeof(bin))
		die("pipe");
	return PAGES;
}

struct worker {
	pthread_t thread;
	enum loop loop;
	int cpu;
	double seconds; /* of the thread's CPU time, about */
	pthread_barrier_t *start;
	double cpu_s;
	uint64_t pages;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	int ends[2];
	double begin, now;

	pin(0, w->cpu);
	if (pipe(ends))
		die("pipe");
	pthread_barrier_wait(w->start);
	begin = seconds_of(CLOCK_THREAD_CPUTIME_ID);
	do {
		for (int i = 0; i < 50; i++)
			w->pages += w->loop == TOUCH ? touch_pages() : pipe_pages(ends);
		now = seconds_of(CLOCK_THREAD_CPUTIME_ID);
	} while (now - begin < w->seconds);
	w->cpu_s = now - begin;
	close(ends[0]);
	close(ends[1]);
	return NULL;
}

/* ns of CPU time per page, over @nr_busy CPUs. */
static double sample(enum loop loop, int nr_busy, double seconds)
{
	struct worker workers[2] = {{0}};
	pthread_barrier_t start;
	uint64_t pages = 0;
	double cpu_s = 0;

	pthread_barrier_init(&start, NULL, (unsigned int)nr_busy);
	for (int i = 0; i < nr_busy; i++) {
		workers[i] = (struct worker){.loop = loop, .cpu = i, .seconds = seconds, .start = &start};
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			die("pthread_create");
	}
	for (int i = 0; i < nr_busy; i++) {
		pthread_join(workers[i].thread, NULL);
		pages += workers[i].pages;
		cpu_s += workers[i].cpu_s;
	}
	pthread_barrier_destroy(&start);
	return cpu_s * 1e9 / (double)pages;
}

/* ---- techniques ---------------------------------------------------------------------------- */

#define MAX_LINKS 16

struct tracer {
	const struct options *options;
	struct record_cost_bpf *counter;
	struct bpf_link *links[MAX_LINKS];
	unsigned int nr_links;
	struct ring_buffer *rings;
	pthread_t ring_reader;
	pid_t pid;
	char file[4096];
	int tracefs, instance;
	char name[64];
	pthread_t drains[2];
	volatile bool draining;
};

static void start_process(struct tracer *t, char *const argv[])
{
	t->pid = fork();
	if (t->pid < 0)
		die("fork");
	if (t->pid)
		return;
	if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
		_exit(126);
	execvp(argv[0], argv);
	_exit(127);
}

static void wait_for_file(struct tracer *t, off_t bytes)
{
	struct stat st;

	for (int i = 0; i < 1000; i++) {
		if (!stat(t->file, &st) && st.st_size >= bytes)
			return;
		if (waitpid(t->pid, NULL, WNOHANG) == t->pid)
			break;
		usleep(10000);
	}
	errno = ETIMEDOUT;
	die(t->file);
}

static void put_file(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(name);
	close(fd);
}

static const char *const events[] = {"mm_page_alloc",        "mm_page_free",
				     "mm_page_free_batched", "mm_page_alloc_zone_locked",
				     "mm_page_pcpu_drain",   "mm_page_alloc_extfrag"};

static void enable_tracefs(struct tracer *t, const char *on)
{
	char name[80];

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		snprintf(name, sizeof(name), "events/kmem/%s/enable", events[i]);
		put_file(t->instance, name, on);
	}
}

static int pass(void *context, void *data, size_t size)
{
	(void)context;
	(void)data;
	(void)size;
	return 0;
}

static void *read_rings(void *arg)
{
	struct tracer *t = arg;

	while (t->draining) {
		ring_buffer__consume(t->rings);
		usleep(2000);
	}
	return NULL;
}

static void attach_programs(struct tracer *t, enum technique technique)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, t->counter->obj)
	{
		const char *name = bpf_program__name(prog);
		bool mine = false;

		for (int i = 0; i < 2; i++) {
			const char *prefix = prefixes[technique][i];

			mine |= prefix && !strncmp(name, prefix, strlen(prefix));
		}
		if (!mine)
			continue;
		t->links[t->nr_links] = bpf_program__attach(prog);
		if (!t->links[t->nr_links++])
			die(name);
	}
	if (technique != RING)
		return;
	t->draining = true;
	if (pthread_create(&t->ring_reader, NULL, read_rings, t))
		die("pthread_create");
}

static void detach_programs(struct tracer *t, enum technique technique)
{
	while (t->nr_links)
		bpf_link__destroy(t->links[--t->nr_links]);
	if (technique != RING)
		return;
	t->draining = false;
	pthread_join(t->ring_reader, NULL);
}

struct drain {
	struct tracer *tracer;
	int cpu;
};

/* As trace-cmd does: whole pages out of the ring into a file, not through this process' memory. */
static void *drain_tracefs(void *arg)
{
	struct drain *d = arg;
	struct tracer *t = d->tracer;
	char name[80];
	int in, out, ends[2];

	snprintf(name, sizeof(name), "per_cpu/cpu%d/trace_pipe_raw", d->cpu);
	in = openat(t->instance, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	snprintf(name, sizeof(name), "%s/tracefs.%d", t->options->folder, d->cpu);
	out = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (in < 0 || out < 0 || pipe(ends))
		die(name);
	fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
	while (t->draining) {
		ssize_t n = splice(in, NULL, ends[1], NULL, 1 << 19, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);

		if (n <= 0)
			usleep(2000);
		while (n > 0) {
			ssize_t done = splice(ends[0], NULL, out, NULL, (size_t)n, SPLICE_F_MOVE);

			if (done <= 0)
				die("splice");
			n -= done;
		}
	}
	close(in);
	close(out);
	close(ends[0]);
	close(ends[1]);
	unlink(name);
	free(d);
	return NULL;
}

static void start_tracefs(struct tracer *t)
{
	t->tracefs = open("/sys/kernel/tracing", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->tracefs < 0)
		die("/sys/kernel/tracing");
	snprintf(t->name, sizeof(t->name), "instances/mmr_cost_%d", (int)getpid());
	if (mkdirat(t->tracefs, t->name, 0700) && errno != EEXIST)
		die(t->name);
	t->instance = openat(t->tracefs, t->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put_file(t->instance, "buffer_size_kb", "16384");
	put_file(t->instance, "trace_clock", "mono");
	t->draining = true;
	for (int cpu = 0; cpu < 2; cpu++) {
		struct drain *d = malloc(sizeof(*d));

		*d = (struct drain){t, cpu};
		if (pthread_create(&t->drains[cpu], NULL, drain_tracefs, d))
			die("pthread_create");
	}
	enable_tracefs(t, "1");
}

static void stop_tracefs(struct tracer *t)
{
	enable_tracefs(t, "0");
	t->draining = false;
	for (int cpu = 0; cpu < 2; cpu++)
		pthread_join(t->drains[cpu], NULL);
	close(t->instance);
	unlinkat(t->tracefs, t->name, AT_REMOVEDIR);
	close(t->tracefs);
}

static void start(struct tracer *t, enum technique technique)
{
	char list[400] = "";

	snprintf(t->file, sizeof(t->file), "%s/cost.out", t->options->folder);
	unlink(t->file);
	switch (technique) {
	case COUNT:
	case TIMED:
	case FLOOR:
	case RING:
		attach_programs(t, technique);
		break;
	case RECORD:
	case LEAN:
		start_process(t, (char *[]){(char *)t->options->recorder, "-q", "--no-keyframes", "-o", t->file,
					    technique == LEAN ? "--lean" : NULL, NULL});
		wait_for_file(t, 1);
		break;
	case TRACEFS:
		start_tracefs(t);
		break;
	case PERF:
	case PERFMONO:
		for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
			snprintf(list + strlen(list), sizeof(list) - strlen(list), "%skmem:%s", i ? "," : "",
				 events[i]);
		start_process(t, (char *[]){"perf", "record", "-q", "-a", "-m", "16M", "-e", list, "-o",
					    t->file, technique == PERFMONO ? "-k" : NULL, "mono", NULL});
		wait_for_file(t, 4096);
		break;
	default:
		break;
	}
	usleep(200000);
}

static void stop(struct tracer *t, enum technique technique)
{
	if (technique <= RING)
		detach_programs(t, technique);
	else if (technique == TRACEFS)
		stop_tracefs(t);
	else
		kill(t->pid, SIGINT);
	if (t->pid > 0)
		waitpid(t->pid, NULL, 0);
	t->pid = 0;
	unlink(t->file);
}

/* ---- rounds -------------------------------------------------------------------------------- */

/* [technique][loop][busy - 1][round]: ns added per event, and ns per page with it */
static double added[NR_TECHNIQUES][NR_LOOPS][2][MAX_ROUNDS];
static double traced[NR_TECHNIQUES][NR_LOOPS][2][MAX_ROUNDS];
static double bases[NR_LOOPS][2][MAX_ROUNDS * NR_TECHNIQUES];
static double floors[NR_LOOPS][2][MAX_ROUNDS * NR_TECHNIQUES]; /* the lower of the two around a sample */
static double events_per_page[NR_LOOPS];

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double quantile(const double *values, unsigned int nr, double q)
{
	static double sorted[MAX_ROUNDS * NR_TECHNIQUES];

	memcpy(sorted, values, nr * sizeof(*values));
	qsort(sorted, nr, sizeof(*sorted), by_value);
	return sorted[(unsigned int)(q * (nr - 1) + 0.5)];
}

static uint64_t counted(const struct tracer *t, int cpu)
{
	return t->counter->bss->counts[cpu].nr;
}

/*
 * What other tracers and tasks of the machine add, they add to some samples more than to others: the
 * difference of the least of all rounds is what is left of this technique alone.
 */
static double least(const struct options *o, enum technique t, enum loop loop, int busy)
{
	return (quantile(traced[t][loop][busy - 1], o->rounds, 0) -
		quantile(floors[loop][busy - 1], o->rounds * NR_TECHNIQUES, 0)) /
	       events_per_page[loop];
}

/* How many events a page of each loop is; the other tasks of that CPU add a little. */
static void count_events(struct tracer *t)
{
	attach_programs(t, COUNT);
	for (enum loop loop = 0; loop < NR_LOOPS; loop++) {
		double best = 1e9;

		for (int i = 0; i < 20; i++) {
			struct worker w = {.loop = loop, .cpu = 0, .seconds = 0.03};
			pthread_barrier_t one;
			uint64_t before = counted(t, 0);

			pthread_barrier_init(&one, NULL, 1);
			w.start = &one;
			if (pthread_create(&w.thread, NULL, work, &w))
				die("pthread_create");
			pthread_join(w.thread, NULL);
			if ((double)(counted(t, 0) - before) / (double)w.pages < best)
				best = (double)(counted(t, 0) - before) / (double)w.pages;
		}
		events_per_page[loop] = best;
	}
	detach_programs(t, COUNT);
}

/* While one CPU is busy the readers have the other, whose caches they may use. */
static void place_readers(const struct tracer *t, enum technique technique, int busy)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(1, &set);
	if (busy == 2)
		CPU_SET(0, &set);
	if (t->pid > 0)
		sched_setaffinity(t->pid, sizeof(set), &set);
	if (technique == RING)
		pthread_setaffinity_np(t->ring_reader, sizeof(set), &set);
	for (int i = 0; technique == TRACEFS && i < 2; i++)
		pthread_setaffinity_np(t->drains[i], sizeof(set), &set);
}

static void measure(struct tracer *t, enum technique technique, unsigned int round)
{
	double seconds = t->options->milliseconds / 1000.0, base[NR_LOOPS][2], with[NR_LOOPS][2];
	unsigned int nr = round * NR_TECHNIQUES + technique;

	for (enum loop loop = 0; loop < NR_LOOPS; loop++)
		for (int busy = 1; busy <= 2; busy++)
			base[loop][busy - 1] = sample(loop, busy, seconds / 2);
	start(t, technique);
	for (enum loop loop = 0; loop < NR_LOOPS; loop++) {
		for (int busy = 1; busy <= 2; busy++) {
			place_readers(t, technique, busy);
			usleep(CATCH_UP_US);
			with[loop][busy - 1] = sample(loop, busy, seconds);
		}
	}
	stop(t, technique);
	for (enum loop loop = 0; loop < NR_LOOPS; loop++) {
		for (int busy = 1; busy <= 2; busy++) {
			double after = sample(loop, busy, seconds / 2), *b = &base[loop][busy - 1];

			floors[loop][busy - 1][nr] = *b < after ? *b : after;
			*b = (*b + after) / 2;
			bases[loop][busy - 1][nr] = *b;
			traced[technique][loop][busy - 1][round] = with[loop][busy - 1];
			added[technique][loop][busy - 1][round] =
				(with[loop][busy - 1] - *b) / events_per_page[loop];
		}
	}
}

static void print_ratios(const struct options *o, enum technique t, enum loop loop)
{
	double one = least(o, t, loop, 1);

	if (o->skip[t])
		return;
	printf("%s, %s, by the least:", technique_names[t], loop_names[loop]);
	if (!o->skip[TRACEFS])
		printf(" %.2f x tracefs (1.00 is asked for),", one / least(o, TRACEFS, loop, 1));
	if (!o->skip[PERF])
		printf(" %.2f x perf (0.35),", one / least(o, PERF, loop, 1));
	printf(" both busy %.0f ns (60)\n", least(o, t, loop, 2));
}

static void print_table(const struct options *o)
{
	for (int busy = 1; busy <= 2; busy++) {
		printf("%s busy: ns added per event, median [quartiles] and least of %u rounds\n",
		       busy == 1 ? "one CPU" : "both CPUs", o->rounds);
		printf("  %-8s", "");
		for (enum loop loop = 0; loop < NR_LOOPS; loop++)
			printf("  %-10s %6.0f ns/page      ", loop_names[loop],
			       quantile(bases[loop][busy - 1], o->rounds * NR_TECHNIQUES, 0.5));
		puts("");
		for (enum technique t = 0; t < NR_TECHNIQUES; t++) {
			if (o->skip[t])
				continue;
			printf("  %-8s", technique_names[t]);
			for (enum loop loop = 0; loop < NR_LOOPS; loop++) {
				const double *v = added[t][loop][busy - 1];

				printf("  %7.1f [%6.1f %6.1f] %6.1f", quantile(v, o->rounds, 0.5),
				       quantile(v, o->rounds, 0.25), quantile(v, o->rounds, 0.75),
				       least(o, t, loop, busy));
			}
			puts("");
		}
	}
	for (enum technique t = FLOOR; t <= LEAN; t++)
		for (enum loop loop = 0; loop < NR_LOOPS; loop++)
			print_ratios(o, t, loop);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'r':
		o->rounds = (unsigned int)strtoul(arg, NULL, 10);
		if (!o->rounds || o->rounds > MAX_ROUNDS)
			argp_error(state, "--rounds: found \"%s\", expected 1 to %d", arg, MAX_ROUNDS);
		break;
	case 'm':
		o->milliseconds = (unsigned int)strtoul(arg, NULL, 10);
		if (!o->milliseconds)
			argp_error(state, "--milliseconds: found \"%s\", expected a number above 0", arg);
		break;
	case 'w':
		o->recorder = arg;
		break;
	case 's':
		for (enum technique t = 0; t < NR_TECHNIQUES; t++)
			o->skip[t] |= !strcmp(arg, technique_names[t]);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct argp_option table[] = {
		{"rounds", 'r', "N", 0, "Rounds (default 15)", 0},
		{"milliseconds", 'm', "N", 0,
		 "CPU time of a sample (default 60; more may be more than perf's buffers hold)", 0},
		{"recorder", 'w', "FILE", 0,
		 "mmreplay-record to measure (default: the one beside this program)", 0},
		{"skip", 's', "TECHNIQUE", 0, "Leave this one out (any number of times)", 0},
		{0}};
	static const struct argp argp = {table,
					 parse_option,
					 NULL,
					 "What recording costs the traced thread, beside other tracers.\v"
					 "Example:\n  record_cost --rounds 31\n",
					 NULL,
					 NULL,
					 NULL};
	static char recorder[4096], folder[] = "/tmp/mmr-cost.XXXXXX";
	struct options o = {.rounds = 15, .milliseconds = SAMPLE_MS, .recorder = recorder, .folder = folder};
	struct tracer t = {.options = &o};
	ssize_t len = readlink("/proc/self/exe", recorder, sizeof(recorder) - 32);

	if (len > 0) {
		recorder[len] = '\0';
		strcpy(strrchr(recorder, '/'), "/../mmreplay-record");
	}
	argp_parse(&argp, argc, argv, 0, NULL, &o);
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2 || !mkdtemp(folder)) {
		fprintf(stderr, "record_cost: two CPUs and a folder in /tmp are needed\n");
		return 1;
	}
	/* perf looks for tracefs at its usual place: mounted there, where it is not, for this process alone. */
	if (access("/sys/kernel/tracing/events", F_OK) &&
	    (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	     mount("none", "/sys/kernel/tracing", "tracefs", 0, NULL)))
		die("mounting tracefs");
	t.counter = record_cost_bpf__open_and_load();
	if (!t.counter)
		die("loading the programs");
	t.rings = ring_buffer__new(bpf_map__fd(t.counter->maps.ring_0), pass, NULL, NULL);
	if (!t.rings || ring_buffer__add(t.rings, bpf_map__fd(t.counter->maps.ring_1), pass, NULL))
		die("the rings");
	count_events(&t);
	for (enum loop loop = 0; loop < NR_LOOPS; loop++)
		for (int busy = 0; busy < 2; busy++)
			for (unsigned int i = 0; i < MAX_ROUNDS * NR_TECHNIQUES; i++)
				floors[loop][busy][i] = bases[loop][busy][i] = 1e9;
	for (unsigned int round = 0; round < o.rounds; round++)
		for (unsigned int i = 0; i < NR_TECHNIQUES; i++)
			if (!o.skip[(i + round) % NR_TECHNIQUES])
				measure(&t, (i + round) % NR_TECHNIQUES, round);
	printf("events per page: touch loop %.2f, pipe loop %.2f\n", events_per_page[TOUCH],
	       events_per_page[PIPE]);
	print_table(&o);
	ring_buffer__free(t.rings);
	record_cost_bpf__destroy(t.counter);
	rmdir(folder);
	return 0;
}
