/** The cheapest pairing of rows with columns. */
#ifndef TYTO_NN_ASSIGNMENT_H
#define TYTO_NN_ASSIGNMENT_H

#include "nn/exec.h"

/** Pairs rows with columns, each at most once and as many as there can be, so that the sum of the
 *  pairs' costs is least. Of pairings that cost the same one is taken, always the same.
 *  shapes  costs[rows,columns], either side may be longer or 0; column_of_row[rows] receives −1
 *          for a row without a pair
 *  memory  scratch from exec's arena, given back. O(min²·max) time
 *  errors  E_RANGE (a cost that is not finite), E_MEMORY
 *  source  Crouse 2016, On implementing 2D rectangular assignment algorithms; the shortest
 *          augmenting paths are those of Jonker and Volgenant 1987 */
TYTO_NODISCARD tyto_status tyto_assign(tyto_exec *exec, const double *costs, int64_t rows,
                                       int64_t columns, int64_t *column_of_row);

#endif
