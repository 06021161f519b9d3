#include <string.h>
#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

#include "base/error.h"
#include "kernels/kernels.h"
#if defined(__x86_64__)
#include "kernels/x86/amx.h"
#endif

static bool always(void)
{
    return true;
}

#if defined(__x86_64__)
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

/* Of the CPUs with BF16 one, of 2020, lacks VBMI; and Intel's multiply pairs at half the rate of
 * floats, since they have registers of tiles for that, which a virtual machine may hide. Those take
 * the table before. */
static bool has_avx512_bf16(void)
{
    return has_avx512() && __builtin_cpu_supports("avx512bf16") &&
           __builtin_cpu_supports("avx512vbmi") && (!__builtin_cpu_is("intel") || tyto_amx_ask());
}

/* Registers of tiles, with their products of bf16 and of bytes. The system gives them to a program
 * that asks. */
static bool has_amx(void)
{
    return has_avx512_bf16() && tyto_amx_ask();
}
#elif defined(__aarch64__)
/* BF16 of the second word of the kernel's list, as sys/auxv.h spells it only in newer systems. */
#define HWCAP2_BFLOAT16 (1ul << 14)

static bool has_neon_bf16(void)
{
    return (getauxval(AT_HWCAP2) & HWCAP2_BFLOAT16) != 0;
}
#endif

/* Slowest first. The compiler's feature test asks the system too whether it saves the registers. */
static const struct {
    const tyto_kernels *kernels;
    bool (*supported)(void);
} tables[] = {
    {&tyto_kernels_scalar, always},
#if defined(__x86_64__)
    {&tyto_kernels_avx2, has_avx2},
    {&tyto_kernels_avx512, has_avx512},
    {&tyto_kernels_avx512_bf16, has_avx512_bf16},
    {&tyto_kernels_amx, has_amx},
#elif defined(__aarch64__)
    {&tyto_kernels_neon, always},
    {&tyto_kernels_neon_bf16, has_neon_bf16},
#endif
};
#define TABLES (sizeof(tables) / sizeof(tables[0]))

size_t tyto_kernels_list(const tyto_kernels **out, size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < TABLES && count < most; i++) {
        if (tables[i].supported()) {
            out[count++] = tables[i].kernels;
        }
    }
    return count;
}

tyto_status tyto_kernels_select(const char *isa, const tyto_kernels **out, tyto_error *err)
{
    bool known = false;
    for (size_t i = 0; i < TABLES; i++) {
        const bool named = !isa || strcmp(isa, tables[i].kernels->name) == 0;
        known = known || named;
        if (named && tables[i].supported()) {
            *out = tables[i].kernels;
            if (isa) {
                return TYTO_OK;
            }
        }
    }
    if (!isa) {
        return TYTO_OK;
    }
    if (known) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED, "isa: got '%s', which this CPU does not have",
                         isa);
    }
    return tyto_fail(
        err, TYTO_E_ARGUMENT,
        "isa: got '%s', required scalar, avx2, avx512, avx512_bf16, amx, neon or neon_bf16, "
        "as this build has them",
        isa);
}
