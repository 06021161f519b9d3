#include <string.h>

#include "kernels/int8.h"

#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

static bool always(void)
{
    return true;
}

#if defined(__x86_64__)
#include <cpuid.h>

/* CPUID leaf 7, first subleaf, bit 4 of EAX: not every compiler's feature test knows the name. */
static bool has_avxvnni(void)
{
    unsigned a, b, c, d;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1);
}
static bool has_vnni512(void)
{
    return __builtin_cpu_supports("avx512vnni");
}
static bool has_amx(void)
{
    const tyto_kernels *selected;
    return tyto_kernels_select(tyto_kernels_amx.name, &selected, NULL) == TYTO_OK;
}
#elif defined(__aarch64__)
static bool has_dotprod(void)
{
    return getauxval(AT_HWCAP) & HWCAP_ASIMDDP;
}
#endif

/* Within an instruction set the slowest first. What goes with one table alone names it. */
static const struct {
    const tyto_int8_kernels *kernels;
    bool (*supported)(void);
    const tyto_kernels *table;
} tables[] = {
    {&tyto_int8_scalar, always, NULL},
#if defined(__x86_64__)
    {&tyto_int8_avx2, always, NULL},
    {&tyto_int8_avxvnni, has_avxvnni, NULL},
    {&tyto_int8_avx512, always, NULL},
    {&tyto_int8_vnni512, has_vnni512, NULL},
    {&tyto_int8_amx, has_amx, &tyto_kernels_amx},
#elif defined(__aarch64__)
    {&tyto_int8_neon, always, NULL},
    {&tyto_int8_dotprod, has_dotprod, NULL},
#endif
};
#define TABLES (sizeof(tables) / sizeof(tables[0]))

const tyto_int8_kernels *tyto_int8_select(const tyto_kernels *kernels)
{
    const tyto_int8_kernels *found = NULL;
    for (size_t i = 0; i < TABLES; i++) {
        if (strcmp(tables[i].kernels->isa, kernels->family) == 0 && tables[i].supported() &&
            (!tables[i].table || tables[i].table == kernels)) {
            found = tables[i].kernels;
        }
    }
    return found;
}

size_t tyto_int8_list(const tyto_int8_kernels **out, size_t most)
{
    size_t count = 0;
    for (size_t i = 0; i < TABLES && count < most; i++) {
        const tyto_kernels *base;
        if (tables[i].supported() &&
            tyto_kernels_select(tables[i].kernels->isa, &base, NULL) == TYTO_OK) {
            out[count++] = tables[i].kernels;
        }
    }
    return count;
}
