/* Fuzzing of GGUF: see fuzz_archive.h. */
#define FUZZED_FORMAT format_gguf
#include "fuzz_archive.h"
