#ifndef TYTO_KERNELS_KERNELS_H
#define TYTO_KERNELS_KERNELS_H
#include <tyto/status.h>
typedef struct tyto_kernels { const char *name; } tyto_kernels;
TYTO_NODISCARD tyto_status tyto_kernels_select(const char *isa, const tyto_kernels **out, tyto_error *err);
#endif
