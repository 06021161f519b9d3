/* In place of pull.c and what it needs, where the build leaves downloads out (TYTO_HUB=OFF). */
#include "base/error.h"
#include "hub/hub.h"

tyto_status tyto_hub_pull(const char *id, const tyto_hub_options *options, char **out,
                          tyto_error *err)
{
    (void)options;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, id);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    return tyto_fail(err, TYTO_E_UNSUPPORTED, "%s: this build downloads nothing (TYTO_HUB)", id);
}
