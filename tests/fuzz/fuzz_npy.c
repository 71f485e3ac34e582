/* Fuzzing of NPY: see fuzz_archive.h. */
#define FUZZED_FORMAT format_npy
#include "fuzz_archive.h"
