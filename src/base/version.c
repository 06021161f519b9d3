#include <tyto/version.h>

const char *tyto_version(void)
{
    return TYTO_VERSION;
}
