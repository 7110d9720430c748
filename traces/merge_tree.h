/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of many streams comes first: a tournament whose inner nodes keep the losers. After the front stream
 * moved on, one comparison a level finds the next front, without a branch that could be foreseen wrongly:
 * 9 levels for 512 CPUs.
 */
#ifndef MMR_TRACES_MERGE_TREE_H
#define MMR_TRACES_MERGE_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* A stream's key above its number: one comparison orders both, and of equal keys the lower stream wins. */
__extension__ typedef unsigned __int128 merge_entry;

#define MERGE_ENDED (~(merge_entry)0)

/** struct merge_tree - @nodes: [nr], [0] = the winner, then the losers of each match; nr is a power of two */
struct merge_tree {
	merge_entry *nodes;
	uint32_t nr, levels;
};

static inline merge_entry merge_entry_of(uint64_t key, uint32_t stream)
{
	return (merge_entry)key << 64 | stream;
}

static inline uint64_t merge_key(merge_entry e)
{
	return (uint64_t)(e >> 64);
}

/** merge_tree_init - room for @nr_streams, all of them at their end. Return: false without memory */
static inline bool merge_tree_init(struct merge_tree *t, uint32_t nr_streams)
{
	*t = (struct merge_tree){.nr = 1};
	while (t->nr < nr_streams) {
		t->nr *= 2;
		t->levels++;
	}
	t->nodes = malloc(t->nr * sizeof(*t->nodes));
	for (uint32_t i = 0; t->nodes && i < t->nr; i++)
		t->nodes[i] = MERGE_ENDED;
	return t->nodes;
}

static inline void merge_tree_deinit(struct merge_tree *t)
{
	free(t->nodes);
	*t = (struct merge_tree){0};
}

/**
 * merge_tree_build - the first tournament
 * @entries: [nr_streams], each merge_entry_of() its own number or MERGE_ENDED
 * @winners: [2 * t->nr] scratch
 */
static inline void merge_tree_build(struct merge_tree *t, const merge_entry *entries, uint32_t nr_streams,
				    merge_entry *winners)
{
	for (uint32_t i = 0; i < t->nr; i++)
		winners[t->nr + i] = i < nr_streams ? entries[i] : MERGE_ENDED;
	for (uint32_t i = t->nr - 1; i; i--) {
		merge_entry a = winners[2 * i], b = winners[2 * i + 1];

		winners[i] = a < b ? a : b;
		t->nodes[i] = a < b ? b : a;
	}
	t->nodes[0] = winners[1];
}

/** merge_tree_front - is there one? Its number in @stream */
static inline bool merge_tree_front(const struct merge_tree *t, uint32_t *stream)
{
	*stream = (uint32_t)t->nodes[0];
	return t->nodes[0] != MERGE_ENDED;
}

/** merge_tree_replay - the front stream, @stream, has a new entry (MERGE_ENDED at its end): who is in front
 * now? */
static inline void merge_tree_replay(struct merge_tree *t, uint32_t stream, merge_entry entry)
{
	for (uint32_t i = (stream + t->nr) / 2; i; i /= 2) {
		merge_entry other = t->nodes[i];
		bool loses = other < entry;

		t->nodes[i] = loses ? entry : other;
		entry = loses ? other : entry;
	}
	t->nodes[0] = entry;
}

/** merge_tree_limit - up to which key the front stream, @stream, may go on before another one's turn comes */
static inline uint64_t merge_tree_limit(const struct merge_tree *t, uint32_t stream)
{
	merge_entry second = MERGE_ENDED;

	/* The second best lost to the best, so it waits on the best one's way. */
	for (uint32_t i = (stream + t->nr) / 2; i; i /= 2)
		second = t->nodes[i] < second ? t->nodes[i] : second;
	if (second == MERGE_ENDED)
		return UINT64_MAX;
	return (uint32_t)second < stream ? merge_key(second) - 1 : merge_key(second);
}

#endif
