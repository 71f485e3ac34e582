/* Metadata of files as values of JSON, and as lists that are gone through. */
#ifndef ATTN_WRITE_METADATA_JSON_H
#define ATTN_WRITE_METADATA_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/out.h"
#include "tensor/archive.h"

/* A list of at most so many elements is written whole. */
enum { METADATA_LIST_WHOLE = 64 };

/* Writes a value: a text, number or truth, a short list, of a longer one, or one of lists, the text "151,936 texts". */
void metadata_json(struct out *out, const struct metadatum *metadatum);

/* "151,936 texts", "3 numbers". */
void metadata_count(struct out *out, const struct metadatum *list);

/* A number with a comma between thousands. */
void metadata_thousands(struct out *out, size_t number);

/* Whether the elements of a list are texts. */
bool metadata_has_texts(const struct metadatum *list);

/* Writes the element of a list that lies at *at, and moves *at to the next. *at begins as 0. False: there is none, or the list is
 * cut short. */
bool metadata_element(struct out *out, const struct metadatum *list, size_t *at);

#endif
