// SPDX-License-Identifier: GPL-2.0-or-later
/* Walks a YAML document along a schema and says where the two part. */
#include "replay/machines/yaml_explain.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define FILE_MAX_BYTES (1u << 20)

int yaml_text_read(const char *path, struct yaml_text *ret, struct mmr_error *err)
{
	FILE *file = fopen(path, "re");
	int rc = 0;

	*ret = (struct yaml_text){.name = path};
	if (!file)
		return mmr_err(err, -errno, "%s: cannot open: %s", path, strerror(errno));
	ret->text = malloc(FILE_MAX_BYTES + 1);
	if (!ret->text) {
		fclose(file);
		return mmr_err(err, -ENOMEM, "%s: no memory to read it", path);
	}
	errno = 0;
	ret->len = fread(ret->text, 1, FILE_MAX_BYTES + 1, file);
	if (ferror(file))
		rc = mmr_err(err, errno ? -errno : -EIO, "%s: cannot read: %s", path,
			     strerror(errno ? errno : EIO));
	else if (ret->len > FILE_MAX_BYTES)
		rc = mmr_err(err, -EFBIG, "%s: longer than %u bytes, expected a YAML file of a few thousand",
			     path, FILE_MAX_BYTES);
	fclose(file);
	if (rc)
		yaml_text_deinit(ret);
	return rc;
}

void yaml_text_deinit(struct yaml_text *text)
{
	free(text->text);
	text->text = NULL;
	text->len = 0;
}

/* ---- the walk ------------------------------------------------------------------------------- */

struct walk {
	const struct yaml_text *text;
	yaml_document_t doc;
	struct mmr_error *err;
	char place[160]; /* "nodes[1].zones[0]" */
};

static const char *kind(const yaml_node_t *node)
{
	switch (node->type) {
	case YAML_MAPPING_NODE:
		return "a mapping (keys and values)";
	case YAML_SEQUENCE_NODE:
		return "a list";
	default:
		return "a single value";
	}
}

static const char *scalar(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : kind(node);
}

static unsigned int line_of(const yaml_node_t *node)
{
	return (unsigned int)node->start_mark.line + 1;
}

static int differs(struct walk *w, unsigned int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static int differs(struct walk *w, unsigned int line, const char *fmt, ...)
{
	char message[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	return mmr_err(w->err, -EINVAL, "%s:%u: %s%s%s", w->text->name, line, w->place, w->place[0] ? ": " : "",
		       message);
}

/* Appends "key" or "[i]" to the place; returns where to cut it off again. */
static size_t enter(struct walk *w, const char *key, size_t index)
{
	size_t len = strlen(w->place);

	if (key)
		snprintf(w->place + len, sizeof(w->place) - len, "%s%s", len ? "." : "", key);
	else
		snprintf(w->place + len, sizeof(w->place) - len, "[%zu]", index);
	return len;
}

static int walk_value(struct walk *w, const yaml_node_t *node, const cyaml_schema_value_t *schema);

/* "name, kernel, nodes": the keys a mapping may have. */
static const char *key_list(const cyaml_schema_field_t *fields, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (; fields->key && len < size; fields++)
		len += (size_t)snprintf(buf + len, size - len, "%s%s", len ? ", " : "", fields->key);
	return buf;
}

/* How many single-letter edits lie between two words; 3 stands for more than two. */
static unsigned int edits(const char *a, const char *b)
{
	unsigned int row[40], la = (unsigned int)strlen(a), lb = (unsigned int)strlen(b);

	if (la >= 39 || lb >= 39 || la > lb + 2 || lb > la + 2)
		return 3;
	for (unsigned int j = 0; j <= lb; j++)
		row[j] = j;
	for (unsigned int i = 1; i <= la; i++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (unsigned int j = 1; j <= lb; j++) {
			unsigned int best = diagonal + (a[i - 1] != b[j - 1]);

			best = row[j] + 1 < best ? row[j] + 1 : best;
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[lb] < 3 ? row[lb] : 3;
}

/* A word that was meant: two letters in five may be wrong, or every short word would be near another. */
static bool is_near(unsigned int distance, const char *word, const char *key)
{
	size_t a = strlen(word), b = strlen(key);

	return distance * 5 <= 2 * (a > b ? a : b);
}

static int unknown_key(struct walk *w, const yaml_node_t *key, const cyaml_schema_field_t *fields)
{
	const char *word = scalar(key), *nearest = NULL;
	unsigned int best = 3;
	char keys[300];

	for (const cyaml_schema_field_t *f = fields; f->key; f++) {
		unsigned int distance = edits(word, f->key);

		if (distance < best && is_near(distance, word, f->key)) {
			best = distance;
			nearest = f->key;
		}
	}
	enter(w, word, 0);
	if (nearest)
		return differs(w, line_of(key), "unknown key, expected %s perhaps", nearest);
	key_list(fields, keys, sizeof(keys));
	return differs(w, line_of(key), "unknown key, expected one of %s%s", keys,
		       strlen(keys) >= sizeof(keys) - 1 ? "…" : "");
}

static int walk_mapping(struct walk *w, const yaml_node_t *node, const cyaml_schema_field_t *fields)
{
	const yaml_node_pair_t *begin = node->data.mapping.pairs.start, *end = node->data.mapping.pairs.top;
	uint64_t seen[4] = {0};
	int rc = 0;

	for (const yaml_node_pair_t *pair = begin; pair < end && !rc; pair++) {
		const yaml_node_t *key = yaml_document_get_node(&w->doc, pair->key);
		const yaml_node_t *value = yaml_document_get_node(&w->doc, pair->value);
		unsigned int f = 0;
		size_t cut;

		while (fields[f].key && (key->type != YAML_SCALAR_NODE || strcmp(scalar(key), fields[f].key)))
			f++;
		if (!fields[f].key)
			return unknown_key(w, key, fields);
		cut = enter(w, fields[f].key, 0);
		if (seen[f / 64 % 4] >> f % 64 & 1)
			return differs(w, line_of(key), "stands twice, expected each key once");
		seen[f / 64 % 4] |= 1ull << f % 64;
		rc = walk_value(w, value, &fields[f].value);
		if (!rc)
			w->place[cut] = '\0';
	}
	for (unsigned int f = 0; fields[f].key && !rc; f++) {
		if (fields[f].value.flags & CYAML_FLAG_OPTIONAL || seen[f / 64 % 4] >> f % 64 & 1)
			continue;
		rc = differs(w, line_of(node), "%s is missing, expected it here", fields[f].key);
	}
	return rc;
}

static int walk_sequence(struct walk *w, const yaml_node_t *node, const cyaml_schema_value_t *schema)
{
	const yaml_node_item_t *begin = node->data.sequence.items.start, *end = node->data.sequence.items.top;
	size_t nr = (size_t)(end - begin);
	int rc = 0;

	if (nr < schema->sequence.min || nr > schema->sequence.max)
		return differs(w, line_of(node), "%zu entries, expected %u..%u", nr, schema->sequence.min,
			       schema->sequence.max);
	for (size_t i = 0; i < nr && !rc; i++) {
		size_t cut = enter(w, NULL, i);

		rc = walk_value(w, yaml_document_get_node(&w->doc, begin[i]), schema->sequence.entry);
		if (!rc)
			w->place[cut] = '\0';
	}
	return rc;
}

static int walk_number(struct walk *w, const yaml_node_t *node, const cyaml_schema_value_t *schema)
{
	uint64_t max = schema->data_size >= 8 ? UINT64_MAX : (1ull << 8 * schema->data_size) - 1;
	const char *text = scalar(node);
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || text[0] == '-' || value > max)
		return differs(w, line_of(node), "found \"%.60s\", expected a number 0..%" PRIu64, text, max);
	return 0;
}

static int walk_enum(struct walk *w, const yaml_node_t *node, const cyaml_schema_value_t *schema)
{
	char names[200] = "";
	size_t len = 0;

	for (uint32_t i = 0; i < schema->enumeration.count; i++) {
		if (strcmp(schema->enumeration.strings[i].str, scalar(node)) == 0)
			return 0;
		if (len < sizeof(names))
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s", i ? ", " : "",
						schema->enumeration.strings[i].str);
	}
	return differs(w, line_of(node), "found \"%.60s\", expected one of %s", scalar(node), names);
}

static int walk_scalar(struct walk *w, const yaml_node_t *node, const cyaml_schema_value_t *schema)
{
	size_t len = strlen(scalar(node));

	switch (schema->type) {
	case CYAML_UINT:
		return walk_number(w, node, schema);
	case CYAML_ENUM:
		return walk_enum(w, node, schema);
	case CYAML_BOOL:
		if (strcmp(scalar(node), "true") && strcmp(scalar(node), "false"))
			return differs(w, line_of(node), "found \"%.60s\", expected true or false",
				       scalar(node));
		return 0;
	case CYAML_STRING:
		if (len < schema->string.min || len > schema->string.max)
			return differs(w, line_of(node), "%zu characters, expected %u..%u", len,
				       schema->string.min, schema->string.max);
		return 0;
	default:
		return 0;
	}
}

static int walk_value(struct walk *w, const yaml_node_t *node, const cyaml_schema_value_t *schema)
{
	bool mapping = schema->type == CYAML_MAPPING, sequence = schema->type == CYAML_SEQUENCE;
	yaml_node_type_t type = mapping ? YAML_MAPPING_NODE : sequence ? YAML_SEQUENCE_NODE : YAML_SCALAR_NODE;

	if (node->type != type)
		return differs(w, line_of(node), "found %s, expected %s",
			       node->type == YAML_SCALAR_NODE && node->data.scalar.length == 0 ? "nothing"
											       : kind(node),
			       mapping    ? "a mapping (keys and values)"
			       : sequence ? "a list"
					  : "a single value");
	if (mapping)
		return walk_mapping(w, node, schema->mapping.fields);
	if (sequence)
		return walk_sequence(w, node, schema);
	return walk_scalar(w, node, schema);
}

/* ---- documents ------------------------------------------------------------------------------ */

static bool parse(const struct yaml_text *text, yaml_document_t *doc, struct mmr_error *err)
{
	yaml_parser_t parser;
	bool good;

	if (!yaml_parser_initialize(&parser)) {
		mmr_err(err, -ENOMEM, "%s: no memory to parse it", text->name);
		return false;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text->text, text->len);
	good = yaml_parser_load(&parser, doc);
	if (!good)
		mmr_err(err, -EINVAL, "%s:%zu: not YAML: %s", text->name, parser.problem_mark.line + 1,
			parser.problem ? parser.problem : "cannot be parsed");
	yaml_parser_delete(&parser);
	return good;
}

int yaml_explain(const struct yaml_text *text, const cyaml_schema_value_t *schema, const char *what,
		 struct mmr_error *err)
{
	struct walk w = {.text = text, .err = err};
	const yaml_node_t *root;
	int rc;

	if (!parse(text, &w.doc, err))
		return -EINVAL;
	root = yaml_document_get_root_node(&w.doc);
	rc = root ? walk_value(&w, root, schema)
		  : mmr_err(err, -EINVAL, "%s:1: the file is empty, expected %s", text->name, what);
	yaml_document_delete(&w.doc);
	return rc;
}

/* ---- lines ---------------------------------------------------------------------------------- */

/* Value of the key of @len characters; *line is the key's own. */
static yaml_node_t *get(yaml_document_t *doc, const yaml_node_t *mapping, const char *key, size_t len,
			unsigned int *line)
{
	if (mapping->type != YAML_MAPPING_NODE)
		return NULL;
	for (const yaml_node_pair_t *p = mapping->data.mapping.pairs.start; p < mapping->data.mapping.pairs.top;
	     p++) {
		const yaml_node_t *k = yaml_document_get_node(doc, p->key);

		if (k && k->type == YAML_SCALAR_NODE && strlen(scalar(k)) == len &&
		    memcmp(scalar(k), key, len) == 0) {
			*line = line_of(k);
			return yaml_document_get_node(doc, p->value);
		}
	}
	return NULL;
}

static yaml_node_t *get_item(yaml_document_t *doc, const yaml_node_t *sequence, unsigned long index,
			     unsigned int *line)
{
	yaml_node_t *item;

	if (sequence->type != YAML_SEQUENCE_NODE ||
	    index >= (unsigned long)(sequence->data.sequence.items.top - sequence->data.sequence.items.start))
		return NULL;
	item = yaml_document_get_node(doc, sequence->data.sequence.items.start[index]);
	if (item)
		*line = line_of(item);
	return item;
}

unsigned int yaml_line(const struct yaml_text *text, const char *place)
{
	unsigned int line = 1;
	yaml_document_t doc;
	yaml_node_t *at;

	if (!parse(text, &doc, NULL))
		return line;
	at = yaml_document_get_root_node(&doc);
	while (at && *place) {
		size_t len = strcspn(place, ".[");

		if (*place == '[') {
			char *end;
			unsigned long index = strtoul(place + 1, &end, 10);

			at = get_item(&doc, at, index, &line);
			place = *end == ']' ? end + 1 : end;
		} else if (len == 0) {
			place++;
		} else {
			at = get(&doc, at, place, len, &line);
			place += len;
		}
	}
	yaml_document_delete(&doc);
	return line;
}

int yaml_place_err(const struct yaml_text *text, const char *place, struct mmr_error *err, const char *fmt, ...)
{
	char message[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	return mmr_err(err, -EINVAL, "%s:%u: %s: %s", text->name, yaml_line(text, place), place, message);
}
