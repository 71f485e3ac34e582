/* Fuzzing of the JSON reader: see fuzz_reader.h. */
#define FUZZED_READER reader_json
#include "fuzz_reader.h"
