/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of many streams comes first: a tournament whose inner nodes keep the losers. After the front stream
 * moved on, one comparison a level finds the next front, without a branch that could be foreseen wrongly:
 * 9 levels for 512 CPUs.
 *
 * A node is one word: how far the stream's key lies above a base, and below that the stream's number, so that
 * one comparison orders both, and of equal keys the lower stream wins. What does not fit is as far as can be;
 * once such a stream is in front, the base is taken anew: with 512 streams of times, every year.
 */
#ifndef MMR_TRACES_MERGE_TREE_H
#define MMR_TRACES_MERGE_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define MERGE_ENDED UINT64_MAX /* a node's word */

/**
 * struct merge_tree - all of it one piece of memory
 * @nodes: [nr], [0] = the winner, then the losers of each match; nr is a power of two
 * @scratch: [2 * nr] all winners, while they are found anew;  @keys: [nr], and whether each stream has
 * @ended: ended
 * @base: no key is lower;  @far: the largest distance from it that a node can tell
 */
struct merge_tree {
	uint64_t *nodes, *scratch, *keys;
	bool *ended;
	uint64_t base, far;
	uint32_t nr, levels;
};

/** merge_tree_reset - all streams are at their end */
static inline void merge_tree_reset(struct merge_tree *t)
{
	for (uint32_t i = 0; i < t->nr; i++) {
		t->nodes[i] = MERGE_ENDED;
		t->keys[i] = 0;
		t->ended[i] = true;
	}
}

/** merge_tree_init - room for @nr_streams, all of them at their end. Return: false without memory */
static inline bool merge_tree_init(struct merge_tree *t, uint32_t nr_streams)
{
	*t = (struct merge_tree){.nr = 1};
	while (t->nr < nr_streams) {
		t->nr *= 2;
		t->levels++;
	}
	t->far = (UINT64_MAX >> t->levels) - 1;
	t->nodes = malloc(t->nr * (4 * sizeof(*t->nodes) + sizeof(*t->ended)));
	if (!t->nodes)
		return false;
	t->scratch = t->nodes + t->nr;
	t->keys = t->scratch + 2 * t->nr;
	t->ended = (bool *)(t->keys + t->nr);
	merge_tree_reset(t);
	return true;
}

static inline void merge_tree_deinit(struct merge_tree *t)
{
	free(t->nodes);
	*t = (struct merge_tree){0};
}

static inline uint64_t merge_tree_node(const struct merge_tree *t, uint32_t stream, uint64_t key)
{
	uint64_t distance = key > t->base ? key - t->base : 0;

	return (distance < t->far ? distance : t->far) << t->levels | stream;
}

/** merge_tree_set - before merge_tree_build(): where a stream begins */
static inline void merge_tree_set(struct merge_tree *t, uint32_t stream, uint64_t key)
{
	t->keys[stream] = key;
	t->ended[stream] = false;
}

/** merge_tree_build - the first tournament, or one with another base */
static inline void merge_tree_build(struct merge_tree *t)
{
	uint64_t *winners = t->scratch;

	t->base = UINT64_MAX;
	for (uint32_t i = 0; i < t->nr; i++)
		if (!t->ended[i] && t->keys[i] < t->base)
			t->base = t->keys[i];
	for (uint32_t i = 0; i < t->nr; i++)
		winners[t->nr + i] = t->ended[i] ? MERGE_ENDED : merge_tree_node(t, i, t->keys[i]);
	for (uint32_t i = t->nr - 1; i; i--) {
		uint64_t a = winners[2 * i], b = winners[2 * i + 1];

		winners[i] = a < b ? a : b;
		t->nodes[i] = a < b ? b : a;
	}
	t->nodes[0] = winners[1];
}

/** merge_tree_front - is there one? Its number in @stream */
static inline bool merge_tree_front(const struct merge_tree *t, uint32_t *stream)
{
	*stream = (uint32_t)t->nodes[0] & (t->nr - 1);
	return t->nodes[0] != MERGE_ENDED;
}

static inline void merge_tree_replay(struct merge_tree *t, uint32_t stream, uint64_t node)
{
	for (uint32_t i = (stream + t->nr) / 2; i; i /= 2) {
		uint64_t other = t->nodes[i];
		bool loses = other < node;

		t->nodes[i] = loses ? node : other;
		node = loses ? other : node;
	}
	t->nodes[0] = node;
	if (__builtin_expect(node >> t->levels == t->far, 0))
		merge_tree_build(t);
}

/** merge_tree_move - the front stream, @stream, has come to @key, not below its last: who is in front now? */
static inline void merge_tree_move(struct merge_tree *t, uint32_t stream, uint64_t key)
{
	t->keys[stream] = key;
	merge_tree_replay(t, stream, merge_tree_node(t, stream, key));
}

/** merge_tree_end - the front stream, @stream, has nothing more */
static inline void merge_tree_end(struct merge_tree *t, uint32_t stream)
{
	t->ended[stream] = true;
	merge_tree_replay(t, stream, MERGE_ENDED);
}

/** merge_tree_limit - up to which key the front stream, @stream, may go on before another one's turn comes */
static inline uint64_t merge_tree_limit(const struct merge_tree *t, uint32_t stream)
{
	uint64_t second = MERGE_ENDED, key;

	/* The second best lost to the best, so it waits on the best one's way. */
	for (uint32_t i = (stream + t->nr) / 2; i; i /= 2)
		second = t->nodes[i] < second ? t->nodes[i] : second;
	if (second == MERGE_ENDED)
		return UINT64_MAX;
	key = t->base + (second >> t->levels);
	return (second & (t->nr - 1)) < stream ? key - 1 : key;
}

#endif
