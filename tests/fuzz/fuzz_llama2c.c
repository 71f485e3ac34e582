/* Fuzzing of llama2.c's models: see fuzz_archive.h. */
#define FUZZED_FORMAT format_llama2c
#include "fuzz_archive.h"
