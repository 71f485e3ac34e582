/* Fuzzing of NPZ: see fuzz_archive.h. */
#define FUZZED_FORMAT format_npz
#include "fuzz_archive.h"
