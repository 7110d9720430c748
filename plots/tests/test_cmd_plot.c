// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs `mmreplay plot` as a user would, on two made-up results, and looks into the pictures. */
#include "plots/plot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#define RECORDED  "plots/tests/results/recorded"
#define TWO_NODES "plots/tests/results/two-nodes"

static char scratch[64];

static char *file_read(const char *path, size_t *size)
{
	FILE *file = fopen(path, "re");
	char *data;
	long len;

	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	fseek(file, 0, SEEK_END);
	len = ftell(file);
	rewind(file);
	data = calloc(1, (size_t)len + 1);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, (size_t)len, file), len);
	fclose(file);
	if (size)
		*size = (size_t)len;
	return data;
}

/* A path inside the scratch folder; overwritten by the fourth next call. */
static const char *in_scratch(const char *name)
{
	static char paths[4][256];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", scratch, name);
	return path;
}

static void file_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* `mmreplay plot ARGS…` in a child; its output ends up in the scratch files "out" and "err". */
static int plot(const char *const *args)
{
	char *argv[16] = {"plot"};
	int argc = 1, status;
	pid_t pid;

	for (; args[argc - 1]; argc++)
		argv[argc] = (char *)args[argc - 1];
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (!freopen(in_scratch("out"), "w", stdout) || !freopen(in_scratch("err"), "w", stderr))
			_exit(99);
		exit(cmd_plot(argc, argv));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}
#define PLOT(...) plot((const char *const[]){__VA_ARGS__, NULL})

/* stderr holds exactly one line, and @part is in it. */
static void assert_one_complaint(const char *part)
{
	char *said = file_read(in_scratch("err"), NULL);

	if (!strstr(said, part))
		fail_msg("stderr is \"%s\", expected \"%s\" in it", said, part);
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
	assert_memory_equal(said, "mmreplay plot: ", 15);
	free(said);
}

static void assert_svg_has(const char *name, const char *const *texts)
{
	char *svg = file_read(in_scratch(name), NULL);

	assert_memory_equal(svg, "<?xml", 5);
	assert_non_null(strstr(svg, "</svg>"));
	for (; *texts; texts++)
		if (!strstr(svg, *texts))
			fail_msg("%s: no text \"%s\"", name, *texts);
	free(svg);
}
#define ASSERT_SVG_HAS(name, ...) assert_svg_has(name, (const char *const[]){__VA_ARGS__, NULL})

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/*
 * The picture data of a PNG, still as differences between neighbours: an empty sheet is nearly
 * all zeros. Returns how many bytes are not, and the number of pixels.
 */
static size_t png_ink(const uint8_t *png, size_t size, size_t *nr_pixels)
{
	size_t ink = 0, at = 8;
	uint8_t chunk[65536];
	z_stream z = {0};
	int rc = Z_OK;

	assert_memory_equal(png, "\x89PNG\r\n\x1a\n", 8);
	assert_memory_equal(png + 12, "IHDR", 4);
	*nr_pixels = (size_t)be32(png + 16) * be32(png + 20);
	assert_int_equal(inflateInit(&z), Z_OK);
	for (; at + 12 <= size && rc == Z_OK; at += 12 + be32(png + at)) {
		if (memcmp(png + at + 4, "IDAT", 4) != 0)
			continue;
		assert_true(at + 12 + be32(png + at) <= size);
		z.next_in = (uint8_t *)png + at + 8;
		z.avail_in = be32(png + at);
		while (z.avail_in && rc == Z_OK) {
			z.next_out = chunk;
			z.avail_out = sizeof(chunk);
			rc = inflate(&z, Z_NO_FLUSH);
			for (size_t i = 0; i < sizeof(chunk) - z.avail_out; i++)
				ink += chunk[i] != 0;
		}
	}
	inflateEnd(&z);
	assert_int_equal(rc, Z_STREAM_END);
	return ink;
}

static void assert_png_drawn(const char *name)
{
	size_t size, pixels, ink;
	uint8_t *png = (uint8_t *)file_read(in_scratch(name), &size);

	ink = png_ink(png, size, &pixels);
	if (pixels < 400000 || ink < pixels / 50)
		fail_msg("%s: %zu pixels, %zu bytes of ink: blank", name, pixels, ink);
	free(png);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void one_result_gives_every_figure_in_both_formats(void **state)
{
	static const char *const names[] = {"latency_cdf.png", "latency_cdf.svg", "free_blocks.png",
					    "free_blocks.svg", "placement.png",   "placement.svg"};
	char expected[1024] = "", *out;

	(void)state;
	assert_int_equal(PLOT(RECORDED, "-o", in_scratch("one/deep")), 0);
	for (size_t i = 0; i < 6; i++)
		snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected), "%s/one/deep/%s\n",
			 scratch, names[i]);
	out = file_read(in_scratch("out"), NULL);
	assert_string_equal(out, expected);
	free(out);
	assert_png_drawn("one/deep/latency_cdf.png");
	assert_png_drawn("one/deep/free_blocks.png");
	assert_png_drawn("one/deep/placement.png");
	ASSERT_SVG_HAS("one/deep/latency_cdf.svg",
		       "compile-6.12.mmt on recorded (2 CPUs, 1 node, 24 GiB), kernel 6.12", "Allocations",
		       "Frees", "pcp_hit", "pcp_refill", "slowpath", "free_drain", "p99.9");
	ASSERT_SVG_HAS("one/deep/free_blocks.svg", "compile-6.12.mmt on recorded", "Node 0, zone DMA32",
		       "Node 0, zone Normal", "10 (4 MiB)", "free memory [GiB]", "time in the trace [s]");
	ASSERT_SVG_HAS("one/deep/placement.svg", "compile-6.12.mmt on recorded", "node 0", "DMA32", "Normal",
		       "99.6 %", "925 k allocs", "1.03 M pages");
}

static void several_results_share_a_picture_and_keep_their_names(void **state)
{
	(void)state;
	assert_int_equal(PLOT(RECORDED, TWO_NODES "/", "-o", in_scratch("two"), "--format=svg"), 0);
	ASSERT_SVG_HAS("two/latency_cdf.svg", ">recorded<", ">two-nodes<", "compile-6.12.mmt on recorded",
		       "/ two nodes, 12 GiB each");
	ASSERT_SVG_HAS("two/free_blocks.svg", "zone DMA  -  recorded", "Node 1, zone Normal  -  two-nodes");
	ASSERT_SVG_HAS("two/placement.svg", ">recorded<", ">two-nodes<", "node 1", "68.2 %", "27.9 %");
	assert_int_equal(access(in_scratch("two/placement.png"), F_OK), -1);
}

static void folders_of_one_name_are_told_apart_by_their_paths(void **state)
{
	char copy[256], command[600];

	(void)state;
	snprintf(copy, sizeof(copy), "%s", in_scratch("recorded"));
	snprintf(command, sizeof(command), "cp -r " RECORDED " %s", copy);
	assert_int_equal(system(command), 0);
	assert_int_equal(
		PLOT(RECORDED, copy, "-o", in_scratch("same"), "--format", "svg", "--figure", "placement"), 0);
	ASSERT_SVG_HAS("same/placement.svg", ">./" RECORDED "<", copy);
	assert_int_equal(access(in_scratch("same/latency_cdf.svg"), F_OK), -1);
}

static void a_folder_named_like_a_pipe_is_only_a_folder(void **state)
{
	char *out;

	(void)state;
	assert_int_equal(symlink("plots/tests/results/recorded", "< touch x"), 0);
	int rc = PLOT("< touch x", "-o", in_scratch("pipe"), "--figure=placement,latency_cdf", "--format=svg");

	assert_int_equal(unlink("< touch x"), 0);
	assert_int_equal(rc, 0);
	out = file_read(in_scratch("out"), NULL);
	assert_non_null(strstr(out, "placement.svg"));
	free(out);
	assert_int_equal(access("x", F_OK), -1);
}

static void a_zone_of_one_sample_still_draws(void **state)
{
	(void)state;
	assert_int_equal(
		PLOT(in_scratch("small"), "-o", in_scratch("small-out"), "--figure=free_blocks,placement"), 0);
	ASSERT_SVG_HAS("small-out/free_blocks.svg", "Node 0, zone Normal");
	assert_png_drawn("small-out/free_blocks.png");
}

static void missing_result_is_one_line(void **state)
{
	(void)state;
	assert_int_equal(PLOT("no/such/result", "-o", in_scratch("x")), 1);
	assert_one_complaint("no/such/result/summary.json: cannot open it: No such file or directory");
	assert_int_equal(access(in_scratch("x"), F_OK), -1);
}

static void missing_table_is_one_line_and_the_other_figures_are_drawn(void **state)
{
	char *out;

	(void)state;
	assert_int_equal(PLOT(in_scratch("small"), "-o", in_scratch("partly"), "--format=svg"), 1);
	assert_one_complaint("small/latency.tsv: cannot open it: No such file");
	out = file_read(in_scratch("out"), NULL);
	assert_non_null(strstr(out, "partly/free_blocks.svg\n"));
	assert_non_null(strstr(out, "partly/placement.svg\n"));
	assert_null(strstr(out, "latency"));
	free(out);
}

static void bad_tables_name_line_and_column(void **state)
{
	static const struct {
		const char *table, *complaint;
	} cases[] = {
		{"", "latency.tsv: line 0: end of file, expected a header line"},
		{"# only this\n", "latency.tsv: line 1: end of file, expected a header line"},
		{"path\tlatency_ns\tcount\tfraction\n",
		 "latency.tsv: line 1: end of file, expected at least one row"},
		{"path\tlatency\tcount\tfraction\nbuddy\t1\t1\t1\n", "line 1: no column \"latency_ns\""},
		{"#\npath\tlatency_ns\tcount\tfraction\nbuddy\t1\tx1\t1\n",
		 "line 3: column \"count\": found \"x1\", expected a number"},
		{"path\tlatency_ns\tcount\tfraction\nbuddy\tnan\t1\t1\n",
		 "line 2: column \"latency_ns\": found \"nan\", expected a number"},
		{"path\tlatency_ns\tcount\tfraction\n\t1\t1\t1\n",
		 "line 2: column \"path\": found \"\", expected a name"},
		{"path\tlatency_ns\tcount\tfraction\nbuddy\t1\t1\n",
		 "line 2: 3 fields, expected the header's 4"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		file_write(in_scratch("bad/latency.tsv"), cases[i].table);
		assert_int_equal(PLOT(in_scratch("bad"), "-o", in_scratch("bad-out"), "--figure=latency_cdf"),
				 1);
		assert_one_complaint(cases[i].complaint);
		assert_int_equal(access(in_scratch("bad-out/latency_cdf.svg"), F_OK), -1);
	}
}

static void extra_columns_and_another_order_do_not_matter(void **state)
{
	(void)state;
	file_write(in_scratch("bad/latency.tsv"), "# "
						  "c\nfraction\tnew_column\tcount\tpath\tlatency_ns\n0."
						  "5\thello\t1\tbuddy\t10\n1\t-\t1\tbuddy\t90\n"
						  "1\t\t1\tnew_path\t40\n");
	assert_int_equal(PLOT(in_scratch("bad"), "-o", in_scratch("extra"), "--figure=latency_cdf"), 0);
	ASSERT_SVG_HAS("extra/latency_cdf.svg", ">buddy<", ">new_path<", ">90 ns<", ">40 ns<");
}

static void latencies_below_the_clock_are_drawn_and_named(void **state)
{
	(void)state;
	file_write(in_scratch("bad/latency.tsv"), "path\tlatency_ns\tcount\tfraction\npcp_hit\t0.000\t9\t0.9\n"
						  "pcp_hit\t10.0\t1\t1\n");
	assert_int_equal(PLOT(in_scratch("bad"), "-o", in_scratch("zero"), "--figure=latency_cdf"), 0);
	ASSERT_SVG_HAS("zero/latency_cdf.svg", ">&lt; 10 ns<", ">less<");
	file_write(in_scratch("bad/latency.tsv"), "path\tlatency_ns\tcount\tfraction\npcp_hit\t0.000\t9\t1\n");
	assert_int_equal(PLOT(in_scratch("bad"), "-o", in_scratch("all-zero"), "--figure=latency_cdf"), 0);
	assert_png_drawn("all-zero/latency_cdf.png");
}

static void bad_summaries_are_one_line(void **state)
{
	(void)state;
	file_write(in_scratch("bad/summary.json"), "{\"trace\": \"t.mmt\",\n \"machine\" 1}");
	assert_int_equal(PLOT(in_scratch("bad"), "-o", in_scratch("x")), 1);
	assert_one_complaint("bad/summary.json: line 2: ");
	file_write(in_scratch("bad/summary.json"), "{\"trace\": \"t.mmt\", \"machine\": 1}");
	assert_int_equal(PLOT(in_scratch("bad"), "-o", in_scratch("x")), 1);
	assert_one_complaint("key \"machine\": missing or not a string");
	file_write(in_scratch("bad/summary.json"), "{\"trace\": \"t.mmt\", \"machine\": {\"name\": \"m\"}}");
}

static void missing_gnuplot_is_one_line(void **state)
{
	char *path = strdup(getenv("PATH"));

	(void)state;
	setenv("PATH", scratch, 1);
	assert_int_equal(PLOT(RECORDED, "-o", in_scratch("none"), "--figure=placement"), 1);
	setenv("PATH", path, 1);
	free(path);
	assert_one_complaint("gnuplot: not found in PATH; expected the program of the package gnuplot-nox");
}

static void a_failing_script_is_named_and_leaves_nothing(void **state)
{
	struct dirent *entry;
	DIR *dir;

	(void)state;
	file_write(in_scratch("scripts/placement.gp"), "set output ARG2\nprint no_such_variable\n");
	setenv("MMREPLAY_PLOTS", in_scratch("scripts"), 1);
	assert_int_equal(PLOT(RECORDED, "-o", in_scratch("failed"), "--figure=placement"), 1);
	assert_one_complaint("placement.gp: gnuplot exited with 1: ");
	assert_one_complaint("no_such_variable");
	assert_int_equal(PLOT(RECORDED, "-o", in_scratch("failed"), "--figure=latency_cdf"), 1);
	assert_one_complaint("latency_cdf.gp: cannot read it: No such file");
	setenv("MMREPLAY_PLOTS", "/nowhere", 1);
	assert_int_equal(PLOT(RECORDED, "-o", in_scratch("failed")), 1);
	assert_one_complaint("MMREPLAY_PLOTS=/nowhere: not a folder");
	unsetenv("MMREPLAY_PLOTS");
	dir = opendir(in_scratch("failed"));
	assert_non_null(dir);
	while ((entry = readdir(dir)))
		assert_int_equal(entry->d_name[0], '.');
	closedir(dir);
}

static void an_unwritable_place_is_one_line(void **state)
{
	(void)state;
	assert_int_equal(PLOT(RECORDED, "-o", in_scratch("bad/summary.json/x")), 1);
	assert_one_complaint("bad/summary.json: cannot make the folder");
}

/* gnuplot does not notice that it cannot write all of a picture, and exits with 0. */
static void a_picture_cut_short_is_one_line_and_not_kept(void **state)
{
	struct rlimit before, small;
	int status;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 8192;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	status = PLOT(RECORDED, "-o", scratch, "--figure=free_blocks", "--format=png");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(status, 1);
	assert_one_complaint("free_blocks.png: could not be written");
	assert_int_equal(access(in_scratch("free_blocks.png"), F_OK), -1);
	assert_int_equal(access(in_scratch("free_blocks.png.part"), F_OK), -1);
}

static void usage_errors_exit_2(void **state)
{
	char *said;

	(void)state;
	assert_int_equal(PLOT(RECORDED), 2);
	assert_int_equal(PLOT("-o", scratch), 2);
	assert_int_equal(PLOT(RECORDED, "-o", scratch, "--format=pdf"), 2);
	said = file_read(in_scratch("err"), NULL);
	assert_non_null(strstr(said, "--format \"pdf\": expected one or more of png svg"));
	free(said);
	assert_int_equal(PLOT(RECORDED, "-o", scratch, "--figure="), 2);
	assert_int_equal(PLOT("--help"), 0);
	said = file_read(in_scratch("out"), NULL);
	assert_non_null(strstr(said, "Example:"));
	free(said);
}

static int scratch_make(void **state)
{
	(void)state;
	snprintf(scratch, sizeof(scratch), "%s", "/tmp/mmr_plot_test.XXXXXX");
	assert_non_null(mkdtemp(scratch));
	assert_int_equal(mkdir(in_scratch("bad"), 0755), 0);
	assert_int_equal(mkdir(in_scratch("small"), 0755), 0);
	assert_int_equal(mkdir(in_scratch("scripts"), 0755), 0);
	file_write(in_scratch("bad/summary.json"), "{\"trace\": \"t.mmt\", \"machine\": {\"name\": \"m\"}}");
	file_write(in_scratch("small/summary.json"), "{\"trace\": \"t.mmt\", \"machine\": \"m\"}");
	file_write(in_scratch("small/placement.tsv"),
		   "node\tzone\tallocs\tpages\tshare_pages\n0\tNormal\t1\t1\t1\n");
	file_write(in_scratch("small/free_blocks.tsv"),
		   "time_"
		   "s\tnode\tzone\torder0\torder1\torder2\torder3\torder4\torder5\torder6\torder7\torder8\torde"
		   "r9\t"
		   "order10\tfree_pages\tpcp_pages\n0\t0\tNormal\t1\t0\t0\t0\t0\t0\t0\t0\t0\t0\t5\t5121\t0\n");
	return 0;
}

static int scratch_remove(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", scratch);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_result_gives_every_figure_in_both_formats),
		cmocka_unit_test(several_results_share_a_picture_and_keep_their_names),
		cmocka_unit_test(folders_of_one_name_are_told_apart_by_their_paths),
		cmocka_unit_test(a_folder_named_like_a_pipe_is_only_a_folder),
		cmocka_unit_test(a_zone_of_one_sample_still_draws),
		cmocka_unit_test(missing_result_is_one_line),
		cmocka_unit_test(missing_table_is_one_line_and_the_other_figures_are_drawn),
		cmocka_unit_test(bad_tables_name_line_and_column),
		cmocka_unit_test(extra_columns_and_another_order_do_not_matter),
		cmocka_unit_test(latencies_below_the_clock_are_drawn_and_named),
		cmocka_unit_test(bad_summaries_are_one_line),
		cmocka_unit_test(missing_gnuplot_is_one_line),
		cmocka_unit_test(a_failing_script_is_named_and_leaves_nothing),
		cmocka_unit_test(an_unwritable_place_is_one_line),
		cmocka_unit_test(a_picture_cut_short_is_one_line_and_not_kept),
		cmocka_unit_test(usage_errors_exit_2),
	};

	if (system("gnuplot --version >/dev/null 2>&1") != 0) {
		fprintf(stderr, "skipped: gnuplot is not installed\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
