/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors of YAML files that a person can act on: FILE:LINE: KEY: what was found, what was expected.
 *
 * libcyaml loads; this walks the same document along the same schema beforehand, and says where the
 * two part. Rules that a schema cannot say find their lines here too.
 */
#ifndef MMR_REPLAY_YAML_EXPLAIN_H
#define MMR_REPLAY_YAML_EXPLAIN_H

#include <cyaml/cyaml.h>

#include "core/error.h"

/**
 * struct yaml_text - a YAML file in memory
 * @name: what messages call it, usually its path
 */
struct yaml_text {
	const char *name;
	char *text;
	size_t len;
};

/**
 * yaml_text_read - read @path, at most a megabyte
 * Return: 0; -errno of the system; -EFBIG; -ENOMEM.
 */
int yaml_text_read(const char *path, struct yaml_text *ret, struct mmr_error *err);
/** yaml_text_deinit - free what yaml_text_read() allocated */
void yaml_text_deinit(struct yaml_text *text);

/**
 * yaml_explain - does the text follow the schema?
 * @what: what the file should be, "a machine file", for the message of an empty one
 *
 * Knows mappings, sequences, unsigned numbers, booleans, enums and strings.
 * Return: 0; -EINVAL with the first place that does not; -ENOMEM.
 */
int yaml_explain(const struct yaml_text *text, const cyaml_schema_value_t *schema, const char *what,
		 struct mmr_error *err);

/**
 * yaml_line - line of a place such as "nodes[1].zones[0].managed", from 1
 *
 * Where it is absent, the line of what stands closest around it.
 */
unsigned int yaml_line(const struct yaml_text *text, const char *place);

/**
 * yaml_place_err - fill @err with "FILE:LINE: PLACE: message"
 * Return: -EINVAL
 */
int yaml_place_err(const struct yaml_text *text, const char *place, struct mmr_error *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
