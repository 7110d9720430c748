/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two kinds of list of the model, with 32-bit PFN links inside the page records. */
#ifndef MMR_CORE_LIST_H
#define MMR_CORE_LIST_H

#include "core/internal.h"

/* Where a free block of @order keeps its links and tag. */
static inline struct page *free_record(const struct mmr_machine *m, uint32_t pfn, unsigned int order)
{
	return unlikely(order == MAX_PAGE_ORDER) ? &m->max_blocks[pfn >> MAX_PAGE_ORDER] : &m->pages[pfn];
}

static inline void free_list_add(const struct mmr_machine *m, struct free_list *list, uint32_t pfn,
				 unsigned int order)
{
	struct page *page = free_record(m, pfn, order);

	page->prev = MMR_NO_PFN;
	page->next = list->head;
	if (list->head != MMR_NO_PFN)
		free_record(m, list->head, order)->prev = pfn;
	else
		list->tail = pfn;
	shared_set(list->head, pfn);
	shared_set(list->nr, list->nr + 1);
}

static inline void free_list_add_tail(const struct mmr_machine *m, struct free_list *list, uint32_t pfn,
				      unsigned int order)
{
	struct page *page = free_record(m, pfn, order);

	page->next = MMR_NO_PFN;
	page->prev = list->tail;
	if (list->head != MMR_NO_PFN)
		free_record(m, list->tail, order)->next = pfn;
	else {
		shared_set(list->head, pfn);
		page->prev = MMR_NO_PFN;
	}
	list->tail = pfn;
	shared_set(list->nr, list->nr + 1);
}

static inline void free_list_del(const struct mmr_machine *m, struct free_list *list, uint32_t pfn,
				 unsigned int order)
{
	const struct page *page = free_record(m, pfn, order);

	if (page->prev == MMR_NO_PFN)
		shared_set(list->head, page->next);
	else
		free_record(m, page->prev, order)->next = page->next;
	if (page->next == MMR_NO_PFN)
		list->tail = page->prev;
	else
		free_record(m, page->next, order)->prev = page->prev;
	shared_set(list->nr, list->nr - 1);
}

/* Behind @pos, or at the head where @pos is MMR_NO_PFN. */
static inline void free_list_add_after(const struct mmr_machine *m, struct free_list *list, uint32_t pos,
				       uint32_t pfn, unsigned int order)
{
	struct page *page = free_record(m, pfn, order);
	uint32_t next;

	if (pos == MMR_NO_PFN) {
		free_list_add(m, list, pfn, order);
		return;
	}
	if (pos == list->tail) {
		free_list_add_tail(m, list, pfn, order);
		return;
	}
	next = free_record(m, pos, order)->next;
	page->prev = pos;
	page->next = next;
	free_record(m, pos, order)->next = pfn;
	free_record(m, next, order)->prev = pfn;
	shared_set(list->nr, list->nr + 1);
}

/* @pfn, which is on the list, becomes its head: what was before it goes behind the tail. */
static inline void free_list_rotate(const struct mmr_machine *m, struct free_list *list, uint32_t pfn,
				    unsigned int order)
{
	struct page *page = free_record(m, pfn, order);
	uint32_t last = page->prev;

	if (last == MMR_NO_PFN)
		return;
	free_record(m, list->tail, order)->next = list->head;
	free_record(m, list->head, order)->prev = list->tail;
	free_record(m, last, order)->next = MMR_NO_PFN;
	page->prev = MMR_NO_PFN;
	shared_set(list->head, pfn);
	list->tail = last;
}

static inline bool pcp_list_empty(const struct pcp_list *list)
{
	return list->head == MMR_NO_PFN;
}

static inline void pcp_list_add(const struct mmr_machine *m, struct pcp_list *list, uint32_t pfn)
{
	m->pages[pfn].next = list->head;
	if (likely(list->head != MMR_NO_PFN))
		m->pages[list->head].prev = pfn;
	else
		list->tail = pfn;
	list->head = pfn;
}

static inline void pcp_list_add_tail(const struct mmr_machine *m, struct pcp_list *list, uint32_t pfn)
{
	if (list->head != MMR_NO_PFN) {
		m->pages[list->tail].next = pfn;
		m->pages[pfn].prev = list->tail;
	} else {
		list->head = pfn;
	}
	list->tail = pfn;
}

/* The list must not be empty. */
static inline uint32_t pcp_list_pop(const struct mmr_machine *m, struct pcp_list *list)
{
	uint32_t pfn = list->head;

	list->head = unlikely(pfn == list->tail) ? MMR_NO_PFN : m->pages[pfn].next;
	return pfn;
}

/* The list must not be empty. */
static inline uint32_t pcp_list_pop_tail(const struct mmr_machine *m, struct pcp_list *list)
{
	uint32_t pfn = list->tail;

	if (pfn == list->head)
		list->head = MMR_NO_PFN;
	else
		list->tail = m->pages[pfn].prev;
	return pfn;
}

#endif
