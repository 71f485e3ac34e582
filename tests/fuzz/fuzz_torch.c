/* Fuzzing of files of PyTorch's. */
#define FUZZED_FORMAT format_torch
#include "fuzz_archive.h"
