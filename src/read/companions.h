/* Files that lie beside the weights of a model, and are no inputs. */
#ifndef ATTN_READ_COMPANIONS_H
#define ATTN_READ_COMPANIONS_H

/* What a file is by its name ("a vocabulary: expected it with --tokenizer …"), for a message where it could not be read as an
 * input; NULL: the name says nothing. */
const char *companion_advice(const char *path);

#endif
