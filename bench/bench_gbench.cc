// SPDX-License-Identifier: GPL-2.0-or-later
// The shim itself, and all the C++ of this project: bench.h on top of Google Benchmark.
#include "bench/bench.h"

#include <cstddef>
#include <memory>

#include <benchmark/benchmark.h>

struct bench_state {
	benchmark::State &state;
};

namespace
{

// Reports as usual, and tells the C side what was measured.
class Collector : public benchmark::BenchmarkReporter
{
      public:
	Collector(bench_collect_fn *collect)
	    : display_(benchmark::CreateDefaultDisplayReporter()), collect_(collect)
	{
	}
	bool ReportContext(const Context &context) override
	{
		return display_->ReportContext(context);
	}
	void ReportRuns(const std::vector<Run> &runs) override
	{
		// --benchmark_report_aggregates_only hides the repetitions; their median is left.
		bool single = false;
		for (const Run &run : runs)
			single |= run.run_type == Run::RT_Iteration;
		for (const Run &run : runs)
			if (single ? run.run_type == Run::RT_Iteration : run.aggregate_name == "median")
				collect_(run.run_name.str().c_str(),
					 run.error_occurred ? -1
							    : run.cpu_accumulated_time * 1e9 / run.iterations);
		display_->ReportRuns(runs);
	}
	void Finalize() override
	{
		display_->Finalize();
	}

      private:
	std::unique_ptr<benchmark::BenchmarkReporter> display_;
	bench_collect_fn *collect_;
};

} // namespace

void bench_register(const char *name, bench_fn *fn, const void *arg)
{
	benchmark::RegisterBenchmark(name, [fn, arg](benchmark::State &state) {
		bench_state st{state};
		fn(&st, arg);
	});
}

void bench_context(const char *key, const char *value)
{
	benchmark::AddCustomContext(key, value);
}

bool bench_next_batch(struct bench_state *st, int64_t n)
{
	return st->state.KeepRunningBatch(n);
}

void bench_pause(struct bench_state *st)
{
	st->state.PauseTiming();
}

void bench_resume(struct bench_state *st)
{
	st->state.ResumeTiming();
}

void bench_items(struct bench_state *st, int64_t items)
{
	st->state.SetItemsProcessed(st->state.iterations() * items);
}

void bench_figure(struct bench_state *st, const char *name, double value)
{
	st->state.counters[name] = value;
}

void bench_fail(struct bench_state *st, const char *message)
{
	st->state.SkipWithError(message);
}

int bench_run(int argc, char **argv, bench_collect_fn *collect)
{
	benchmark::Initialize(&argc, argv);
	if (benchmark::ReportUnrecognizedArguments(argc, argv))
		return 2;
	Collector collector(collect);
	// The library says on stderr which filter it was, and would have us exit 0.
	std::size_t nr_picked = benchmark::RunSpecifiedBenchmarks(&collector);
	benchmark::Shutdown();
	return nr_picked ? 0 : 2;
}
