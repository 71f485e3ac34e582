/* The linear runner for any processor: engine/linear_tmpl.h with vectors of 2 doubles, in SSE2 or NEON registers if
 * there are such. */
#include <math.h>
#include <stdint.h>

#include "engine/linear.h"

#define LANES 2
#define TILE_VECTORS 2
#define LINEAR_KERNEL linear_portable
#define LINEAR_NAME "portable"
#include "engine/linear_tmpl.h"
