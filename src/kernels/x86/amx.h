/** Registers of tiles: AMX, with its products of bf16 and of bytes. */
#ifndef TYTO_KERNELS_X86_AMX_H
#define TYTO_KERNELS_X86_AMX_H

#include <stdbool.h>

/** Whether CPU and system have them; asks the system for them. */
bool tyto_amx_ask(void);
/** Sets up this thread's eight registers, each of 16 rows of 64 bytes, and gives them back. */
void tyto_amx_begin(void);
void tyto_amx_end(void);

#endif
