#include "nn/exec.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"

tyto_status tyto_exec_take(tyto_exec *exec, int64_t count, size_t size, void **out)
{
    *out = count < 0 ? NULL : tyto_arena_take(exec->arena, (size_t)count, size);
    return *out ? TYTO_OK : tyto_fail_memory(exec->err, "scratch");
}

tyto_status tyto_exec_floats(tyto_exec *exec, int64_t count, float **out)
{
    void *memory;
    const tyto_status status = tyto_exec_take(exec, count, sizeof(float), &memory);
    *out = memory;
    return status;
}

tyto_status tyto_exec_need(tyto_exec *exec, int64_t count, float **memory)
{
    return *memory ? TYTO_OK : tyto_exec_floats(exec, count, memory);
}

tyto_status tyto_exec_operand(tyto_exec *exec, bool bf16, int64_t count, tyto_operand *out)
{
    float *memory;
    TYTO_TRY(tyto_exec_floats(exec, bf16 ? count / 2 + count % 2 : count, &memory));
    *out = bf16 ? (tyto_operand){.bf16 = (uint16_t *)(void *)memory}
                : (tyto_operand){.floats = memory};
    return TYTO_OK;
}

tyto_status tyto_exec_step(tyto_exec *exec, int64_t done, int64_t total)
{
    const tyto_progress progress = {.stage = exec->stage, .done = done, .total = total};
    if (exec->progress && !exec->progress(exec->progress_user, &progress)) {
        return tyto_fail(exec->err, TYTO_E_CANCELLED, "%s: stopped before step %lld of %lld",
                         exec->stage ? exec->stage : "forward", (long long)done, (long long)total);
    }
    return TYTO_OK;
}

double tyto_exec_clock(const tyto_exec *exec)
{
    return exec->profile ? tyto_seconds_now() - tyto_pool_saved_s(exec->pool) : 0.0;
}

void tyto_exec_account(tyto_exec *exec, const char *operation, double start, double flops)
{
    tyto_exec_account_as(exec, operation, TYTO_PRECISION_FP32, start, flops);
}

/* Whether an entry is about that. */
static bool is_of(const tyto_stage *entry, const char *stage, const char *operation,
                  tyto_precision precision)
{
    return entry->precision == precision && strcmp(entry->stage, stage) == 0 &&
           strcmp(entry->operation, operation) == 0;
}

void tyto_exec_account_as(tyto_exec *exec, const char *operation, tyto_precision precision,
                          double start, double flops)
{
    tyto_profile *profile = exec->profile;
    if (!profile) {
        return;
    }
    const char *stage = exec->stage ? exec->stage : "";
    size_t i = 0;
    while (i < profile->count && !is_of(&profile->entries[i], stage, operation, precision)) {
        i++;
    }
    if (i == TYTO_PROFILE_STAGES) {
        return;
    }
    if (i == profile->count) {
        profile->entries[i] =
            (tyto_stage){.stage = stage, .operation = operation, .precision = precision};
        profile->count++;
    }
    profile->entries[i].seconds += tyto_exec_clock(exec) - start;
    profile->entries[i].flops += flops;
}
