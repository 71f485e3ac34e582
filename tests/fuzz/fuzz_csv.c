/* Fuzzing of the CSV reader: see fuzz_reader.h. */
#define FUZZED_READER reader_csv
#include "fuzz_reader.h"
