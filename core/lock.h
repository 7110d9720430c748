/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks and shared words of the model, taken where the kernel takes them.
 *
 * A serial build compiles them away: spin_trylock() is the constant true. With MMR_THREADS the
 * same sources get real locks, so that each modelled CPU can be driven by a host thread.
 */
#ifndef MMR_CORE_LOCK_H
#define MMR_CORE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

struct spinlock {
	uint32_t locked;
};

#ifdef MMR_THREADS

static inline bool spin_trylock(struct spinlock *lock)
{
	return !__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE);
}

static inline void spin_lock(struct spinlock *lock)
{
	while (!spin_trylock(lock)) {
		while (__atomic_load_n(&lock->locked, __ATOMIC_RELAXED))
			__builtin_ia32_pause();
	}
}

static inline void spin_unlock(struct spinlock *lock)
{
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
}

#define shared_add(word, delta)   ((void)__atomic_fetch_add(&(word), (delta), __ATOMIC_RELAXED))
#define shared_or(word, bits)     ((void)__atomic_fetch_or(&(word), (bits), __ATOMIC_RELAXED))
#define shared_and(word, bits)    ((void)__atomic_fetch_and(&(word), (bits), __ATOMIC_RELAXED))
#define shared_or_old(word, bits) __atomic_fetch_or(&(word), (bits), __ATOMIC_RELAXED)

#else

static inline bool spin_trylock(struct spinlock *lock)
{
	return true;
}

static inline void spin_lock(struct spinlock *lock)
{
}

static inline void spin_unlock(struct spinlock *lock)
{
}

#define shared_add(word, delta) ((void)((word) += (delta)))
#define shared_or(word, bits)   ((void)((word) |= (bits)))
#define shared_and(word, bits)  ((void)((word) &= (bits)))
#define shared_or_old(word, bits)                                                                              \
	(__extension__({                                                                                       \
		__typeof__(word) old_ = (word);                                                                \
		(word) = old_ | (bits);                                                                        \
		old_;                                                                                          \
	}))

#endif

/* Words read outside their lock, as READ_ONCE() and WRITE_ONCE(): plain moves in both builds. */
#define shared_read(word)       __atomic_load_n(&(word), __ATOMIC_RELAXED)
#define shared_set(word, value) __atomic_store_n(&(word), (value), __ATOMIC_RELAXED)

#endif
