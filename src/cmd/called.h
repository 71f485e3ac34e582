/* Messages of one of several inputs, which say of which. */
#ifndef ATTN_CMD_CALLED_H
#define ATTN_CMD_CALLED_H

#include <stddef.h>

/* Room for a message with a name in front. */
enum { CALLED_SIZE = 2048 };

/* Writes the message with what the input is called, FILE or FILE:LINE, in front; without it where it begins so already, and in the
 * place of FILE where it begins with that alone. */
void called_put(char out[CALLED_SIZE], const char *called, const char *message);

#endif
