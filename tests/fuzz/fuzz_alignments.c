/* Fuzzing of the reader of alignments, of the first sentence and of another: see fuzz_reader.h. */
#define FUZZED_READER reader_alignments
#define FUZZED_BATCH 1
#include "fuzz_reader.h"
