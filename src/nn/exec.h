#ifndef TYTO_NN_EXEC_H
#define TYTO_NN_EXEC_H
#include <stdbool.h>
#include <stdint.h>
#include <tyto/status.h>
#include "base/arena.h"
#include "base/pool.h"
#include "kernels/kernels.h"
typedef struct tyto_exec { const tyto_kernels *kernels; tyto_pool *pool; tyto_arena *arena; tyto_error *err; } tyto_exec;
static inline bool tyto_exec_planning(const tyto_exec *exec) { return exec->arena->planning; }
TYTO_NODISCARD tyto_status tyto_exec_floats(tyto_exec *exec, int64_t count, float **out);
#endif
