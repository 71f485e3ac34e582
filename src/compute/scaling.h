/* Things that have a distance from each other, on a plane. */
#ifndef ATTN_COMPUTE_SCALING_H
#define ATTN_COMPUTE_SCALING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Classical scaling (Torgerson 1952): the places on a plane whose squared distances come closest to `squared`, count×count, symmetric,
 * and not NaN. They are the two first eigenvectors of -½·JDJ, D being `squared` and J taking the means off, each times the root of its
 * eigenvalue. `places` gets count×2 numbers around 0, the axis of the larger spread first; of each axis the thing that is farthest
 * from 0, of equal ones the first, is on the positive side. *share: how much of the whole spread the plane has; NaN where all things
 * are at one place. Errors: no memory.
 */
bool classical_scaling(const double *squared, size_t count, double *places, double *share,
                       struct error *error);

#endif
