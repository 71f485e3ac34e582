/* Fuzzing of the reader of word vectors, with a text and without one: see fuzz_reader.h. */
#define FUZZED_READER reader_vectors
#define FUZZED_TEXT "The cat (isn't) a \u00c9t\u00e9."
#include "fuzz_reader.h"
