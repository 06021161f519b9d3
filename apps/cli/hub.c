#include "hub.h"

#include <stdlib.h>
#include <string.h>
#include <tyto/hub.h>
#include <tyto/memory.h>

#include "memory.h"
#include "messages.h"
#include "signals.h"

bool hub_is_id(const char *word)
{
    return tyto_hub_is_id(word);
}

static bool on_progress(void *user, const char *file, uint64_t done, uint64_t total)
{
    (void)user;
    progress_show_bytes(done, total, file);
    return !interrupted();
}

/* Takes a text of the library over. */
static char *own(char *folder)
{
    char *copy = take_text("%s", folder);
    tyto_free(folder);
    return copy;
}

/* A complaint begins with `before`. */
static char *bring(const char *id, const char *revision, const char *before)
{
    const tyto_hub_options options = {
        .revision = revision, .progress = on_progress, .log = say_log};
    tyto_error err = TYTO_ERROR_INIT;
    char *folder = NULL;
    const tyto_status status = tyto_hub_pull(id, &options, &folder, &err);
    progress_hide();
    if (status != TYTO_OK) {
        say_error("%s%s", before, tyto_error_message(&err));
        tyto_error_clear(&err);
        return NULL;
    }
    return own(folder);
}

char *hub_pull(const char *id, const char *revision)
{
    return bring(id, revision, "");
}

char *hub_folder(const char *id)
{
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_hub_options options = {0};
    char *folder = NULL;
    const tyto_status status = tyto_hub_find(id, &options, &folder, &err);
    if (status == TYTO_OK) {
        say_info("%s: %s", id, folder);
        return own(folder);
    }
    if (status != TYTO_E_NOT_FOUND) {
        say_tyto_error(&err);
        return NULL;
    }
    tyto_error_clear(&err);
    return bring(id, NULL, "no such folder here or in the hub's cache: ");
}
