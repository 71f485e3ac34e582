/* attn stats --apc: contacts by attention (compute/contacts.h) as a sheet with a matrix a head. */
#ifndef ATTN_CMD_SHEET_CONTACTS_H
#define ATTN_CMD_SHEET_CONTACTS_H

#include <stdbool.h>

#include "base/error.h"
#include "cmd/computation.h"
#include "write/sheet.h"

void sheet_contacts_plan(struct sheet *sheet);
/* Errors: ERROR_INPUT where queries are no keys, and layers of different size; ERROR_USAGE where other queries than keys are chosen;
 * no memory. */
bool sheet_contacts_fill(struct sheet *sheet, const struct computation *computation, struct error *error);

#endif
