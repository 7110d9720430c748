/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The numbers of the .mmt format, version 1, as FORMAT.md describes it: magics, offsets, block
 * types, tags and limits. Everything on disk is little-endian and is read byte by byte through
 * mmt_bytes.h; no struct here is laid over a file.
 */
#ifndef MMR_TRACES_FORMAT_H
#define MMR_TRACES_FORMAT_H

#include <stdint.h>

#define MMT_VERSION 1u

/*
 * 0x8d is not ASCII and has its top bit set (a 7-bit path drops it), "\r\n" and "\n" are what
 * line-end conversion rewrites, 0x1a ends a listing on DOS.
 */
#define MMT_FILE_MAGIC       "\x8dMMT\r\n\x1a\n"
#define MMT_FILE_MAGIC_BYTES 8u

/* File header, 32 bytes; its place and size hold for every version. */
enum mmt_file_header_offset {
	MMT_FILE_MAGIC_AT = 0,
	MMT_FILE_VERSION_AT = 8, /* u32 */
	MMT_FILE_HEADER_LENGTH_AT = 12, /* u32: where the first block starts */
	MMT_FILE_RESERVED_AT = 16, /* u64, 0 */
	MMT_FILE_CHECKSUM_AT = 24, /* u64: xxh3-64 of bytes 0..23 */
	MMT_FILE_HEADER_BYTES = 32
};

#define MMT_BLOCK_MAGIC 0x6b6d74b5u /* bytes b5 't' 'm' 'k' */

/* Block header, 64 bytes, followed by the stored payload. */
enum mmt_block_header_offset {
	MMT_BLOCK_MAGIC_AT = 0, /* u32 */
	MMT_BLOCK_TYPE_AT = 4, /* u16, enum mmt_block_type */
	MMT_BLOCK_FLAGS_AT = 6, /* u16, enum mmt_block_flags */
	MMT_BLOCK_SEQ_AT = 8, /* u32: 0, 1, 2, … in file order */
	MMT_BLOCK_CPU_AT = 12, /* u32: EVENTS: the CPU; else MMT_NO_CPU */
	MMT_BLOCK_RAW_AT = 16, /* u32: payload bytes once expanded */
	MMT_BLOCK_STORED_AT = 20, /* u32: payload bytes in the file */
	MMT_BLOCK_COUNT_AT = 24, /* u32: events, tasks, losses, free blocks or index entries */
	MMT_BLOCK_RESERVED_AT = 28, /* u32, 0 */
	MMT_BLOCK_FIRST_AT = 32, /* u64: smallest time in it, ns */
	MMT_BLOCK_LAST_AT = 40, /* u64: largest time in it, ns */
	MMT_BLOCK_PAYLOAD_SUM_AT = 48, /* u64: xxh3-64 of the stored payload */
	MMT_BLOCK_HEADER_SUM_AT = 56, /* u64: xxh3-64 of bytes 0..55 */
	MMT_BLOCK_HEADER_BYTES = 64
};

/* Types are appended; a reader passes over the ones it does not know. */
enum mmt_block_type {
	MMT_MACHINE = 1,
	MMT_EVENTS = 2,
	MMT_TASKS = 3,
	MMT_KEYFRAME = 4,
	MMT_LOSS = 5,
	MMT_INDEX = 6,
	MMT_END = 7,
	MMT_POLICIES = 8,
	MMT_LABELS = 9,
};

enum mmt_block_flags {
	MMT_BLOCK_ZSTD = 1 << 0, /* the payload is one zstd frame of RAW bytes */
};

/* EVENTS: columns of a block. Ids are appended; a reader passes over the ones it does not know. */
enum mmt_column {
	MMT_COL_CLASS8 = 1, /* u8 per event: index into the block's dictionary */
	MMT_COL_CLASS16 = 2, /* u16 instead, where the dictionary has more than 256 */
	MMT_COL_TIME_LOW = 3, /* u8 per event: low byte of the time step */
	MMT_COL_TIME_HIGH = 4, /* u8 per event: high byte; 0xffff in both = next TIME_FAR */
	MMT_COL_TIME_FAR = 5, /* zigzag varints: steps that are negative or 65535 and more */
	MMT_COL_PFN_NEW = 6, /* pfns by event type: zigzag varints, from the pfn before */
	MMT_COL_PFN_COPIES = 7, /* varint triples: stretches that repeat earlier ones */
	MMT_COL_TASK_RUNS = 8, /* varint pairs: task + 1 (0 = none), events in a row */
	MMT_COL_ARGS = 9, /* zigzag varints: the arguments of events whose class has some, in order */
	MMT_NR_COLUMNS
};
#define MMT_TIME_FAR 0xffffu

enum mmt_column_codec { MMT_CODEC_PLAIN = 0, MMT_CODEC_ZSTD = 1 };

/* MACHINE: tags of the top level. Tags are appended; unknown ones are passed over. */
enum mmt_machine_tag {
	MMT_M_RELEASE = 1,
	MMT_M_VERSION = 2,
	MMT_M_ARCH = 3,
	MMT_M_COMMAND = 4,
	MMT_M_PAGE_SIZE = 5,
	MMT_M_PAGEBLOCK_ORDER = 6,
	MMT_M_MAX_ORDER = 7,
	MMT_M_NR_CPUS = 8,
	MMT_M_NR_NODES = 9,
	MMT_M_CPU_NODE = 10, /* u16 per CPU */
	MMT_M_NODE_DISTANCE = 11, /* u8 per pair of nodes, row by row */
	MMT_M_ZONE = 12, /* repeated; its value is tagged again, enum mmt_zone_tag */
	MMT_M_RANGE = 13, /* repeated: u64 start pfn, u64 pages */
	MMT_M_SYSCTL = 14, /* repeated, as the next four: i64 value, then the name */
	MMT_M_GFP_NAME = 15,
	MMT_M_MIGRATETYPE_NAME = 16,
	MMT_M_ZONE_NAME = 17,
	MMT_M_FEATURE = 18,
	MMT_M_LLC_BYTES = 19,
	MMT_M_REALTIME = 20,
	MMT_M_MONOTONIC = 21,
};

enum mmt_zone_tag {
	MMT_Z_NID = 1,
	MMT_Z_ZONE = 2,
	MMT_Z_START_PFN = 3,
	MMT_Z_SPANNED = 4,
	MMT_Z_PRESENT = 5,
	MMT_Z_MANAGED = 6,
	MMT_Z_WATERMARK = 7, /* u64 x 4 */
	MMT_Z_BOOST = 8,
	MMT_Z_LOWMEM_RESERVE = 9, /* u64 x 6, by stable zone code */
	MMT_Z_NR_FREE = 10,
	MMT_Z_PCP_BATCH = 11,
	MMT_Z_PCP_HIGH_MIN = 12,
	MMT_Z_PCP_HIGH_MAX = 13,
	MMT_Z_STAT_THRESHOLD = 14,
};

enum mmt_keyframe_tag {
	MMT_K_TIME = 1,
	MMT_K_NID = 2,
	MMT_K_ZONE = 3,
	MMT_K_FLAGS = 4,
	MMT_K_WALK_NS = 5,
	MMT_K_NR_FREE = 6,
	MMT_K_BOOST = 7,
	MMT_K_ZONE_FLAGS = 8,
	MMT_K_RESERVED_HIGHATOMIC = 9,
	MMT_K_FREE_HIGHATOMIC = 10,
	MMT_K_NR_MISSING = 11,
	MMT_K_BLOCKS = 12, /* a block list, see FORMAT.md */
	MMT_K_PAGEBLOCK_TYPES = 13, /* runs: u8 type, varint pageblocks in a row */
	MMT_K_PCP = 14, /* repeated; tagged again, enum mmt_pcp_tag */
	MMT_K_VM_STAT_DIFF = 15, /* zigzag varint per CPU */
	MMT_K_HOLD_NS = 16,
};

enum mmt_pcp_tag {
	MMT_P_CPU = 1,
	MMT_P_HAVE_LISTS = 2,
	MMT_P_COUNT = 3,
	MMT_P_HIGH = 4,
	MMT_P_HIGH_MIN = 5,
	MMT_P_HIGH_MAX = 6,
	MMT_P_BATCH = 7,
	MMT_P_FREE_COUNT = 8,
	MMT_P_FLAGS = 9,
	MMT_P_ALLOC_FACTOR = 10,
	MMT_P_EXPIRE = 11,
	MMT_P_LIST_LEN = 12, /* varint per list */
	MMT_P_ENTRIES = 13, /* a block list, all lists one after the other */
	MMT_P_TIME = 14, /* when this CPU's lists were read */
};

#define MMT_NO_CPU UINT32_MAX

/* Limits a reader holds a file to, so that a hostile one cannot make it ask for much memory. */
#define MMT_MAX_RAW_BYTES    (256u << 20)
#define MMT_MAX_BLOCK_EVENTS (1u << 20)
#define MMT_MAX_CPUS         4096u
#define MMT_MAX_NODES        1024u
#define MMT_MAX_CLASSES      65535u
#define MMT_MAX_TASKS        (64u << 20)
#define MMT_MAX_POLICIES     65535u
#define MMT_MAX_LABELS       (1u << 17)
#define MMT_MAX_LABEL_BYTES  8192u
#define MMT_MAX_STRING       65536u

#define MMT_CLASS_BYTES       14u /* a dictionary entry without its count */
#define MMT_LOSS_BYTES        28u
#define MMT_END_BYTES         16u /* u64 offset of INDEX, u64 blocks before END */
#define MMT_INDEX_ENTRY_BYTES (8u + MMT_BLOCK_HEADER_BYTES)

#endif
