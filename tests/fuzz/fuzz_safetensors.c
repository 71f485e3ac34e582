/* Fuzzing of safetensors: see fuzz_archive.h. */
#define FUZZED_FORMAT format_safetensors
#include "fuzz_archive.h"
