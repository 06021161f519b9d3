#include <tyto/version.h>

const char *tyto_version(void)
{
    return TYTO_VERSION;
}

int64_t tyto_version_number(void)
{
    return TYTO_VERSION_NUMBER;
}

_Static_assert(TYTO_VERSION_NUMBER ==
                   TYTO_VERSION_MAJOR * 10000 + TYTO_VERSION_MINOR * 100 + TYTO_VERSION_PATCH,
               "the version is said once");
