/* Which folder a model's name means. */
#include <tyto/checkpoint.h>

#include <dirent.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/options.h"
#include "hub/hub.h"
#include "runtime/registry.h"
#include "tasks/files.h"
#include <tyto/memory.h>

/* The model that comes with tyto, in a folder of models. */
#define OWN_MODEL "tyto-small"
#define PATH_BYTES 4096

/* Cuts the file's name off; false when there is no folder before it. */
static bool keep_folder(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash) {
        *slash = '\0';
    }
    return slash != NULL;
}

/* The folder that this program lies in; false when the system doesn't say. */
static bool program_folder(char *out, size_t bytes)
{
    const ssize_t length = readlink("/proc/self/exe", out, bytes - 1);
    if (length <= 0) {
        return false;
    }
    out[length] = '\0';
    return keep_folder(out);
}

/* The folder that the shared library lies in, when this code came from one. */
static bool library_folder(char *out, size_t bytes)
{
    static const char here;
    Dl_info info;
    if (dladdr(&here, &info) == 0 || !info.dli_fname || strlen(info.dli_fname) >= bytes) {
        return false;
    }
    memcpy(out, info.dli_fname, strlen(info.dli_fname) + 1);
    return keep_folder(out);
}

/* *out = folder/models/OWN_MODEL when that is a folder, and else stays NULL. */
static tyto_status try_models(const char *folder, const char *models, char **out, tyto_error *err)
{
    char *path = tyto_hub_text("%s%s%s/" OWN_MODEL, folder, *folder ? "/" : "", models);
    if (!path) {
        return tyto_fail_memory(err, OWN_MODEL);
    }
    if (tyto_folder_exists(path)) {
        *out = path;
    } else {
        tyto_free(path);
    }
    return TYTO_OK;
}

/* Beside the installed program, beside the library, and in the tree that they were built from. */
static tyto_status find_own(char **out, tyto_error *err)
{
    char folder[PATH_BYTES];
    if (program_folder(folder, sizeof(folder))) {
        TYTO_TRY(try_models(folder, TYTO_MODELS_FROM_PROGRAM, out, err));
    }
    if (!*out && library_folder(folder, sizeof(folder))) {
        TYTO_TRY(try_models(folder, TYTO_MODELS_FROM_LIBRARY, out, err));
    }
    if (!*out) {
        TYTO_TRY(try_models("", TYTO_MODELS_SOURCE, out, err));
    }
    return *out ? TYTO_OK
                : tyto_fail(err, TYTO_E_NOT_FOUND,
                            "no model: the one that comes with tyto is not here; name a checkpoint "
                            "folder, or set TYTO_MODEL");
}

static tyto_status log_found(const tyto_hub_options *options, const char *id, const char *folder,
                             tyto_error *err)
{
    char *line = options->log ? tyto_hub_text("%s: %s", id, folder) : NULL;
    if (options->log && !line) {
        return tyto_fail_memory(err, id);
    }
    if (line) {
        options->log(options->log_user, TYTO_LOG_LEVEL_INFO, line);
        tyto_free(line);
    }
    return TYTO_OK;
}

/* From the cache, or else from the hub. */
static tyto_status locate_id(const char *id, const tyto_hub_options *options, char **out,
                             tyto_error *err)
{
    tyto_error own = TYTO_ERROR_INIT;
    const char *before = "";
    tyto_status status = tyto_hub_find(id, options, out, &own);
    if (status == TYTO_OK) {
        status = log_found(options, id, *out, &own);
    } else if (status == TYTO_E_NOT_FOUND) {
        before = "no such folder here or in the hub's cache: ";
        status = tyto_hub_pull(id, options, out, &own);
    }
    if (status != TYTO_OK) {
        tyto_free(*out);
        *out = NULL;
        tyto_fail(err, status, "%s%s", before, tyto_error_message(&own));
    }
    tyto_error_clear(&own);
    return status;
}

/* A file where a folder is meant. */
static tyto_status refuse_file(const char *path, tyto_error *err)
{
    const char *base = tyto_path_base(path);
    const size_t folder = base > path + 1 ? (size_t)(base - path) - 1 : (size_t)(base - path);
    return tyto_fail(err, TYTO_E_ARGUMENT,
                     "%s: got a file, required the checkpoint's folder: '%.*s'", path,
                     folder ? (int)folder : 1, folder ? path : ".");
}

/* Whether that is the checkpoint's name without its owner. */
static bool is_called(const tyto_published *published, const void *name)
{
    return strcmp(strchr(published->id, '/') + 1, name) == 0;
}

/* Advice for a folder that isn't there but is called like a published checkpoint; NULL: none. */
static const char *find_published(const char *name)
{
    char text[TYTO_HUB_NAME_BYTES_MAX + 1];
    size_t length = strlen(name);
    while (length > 0 && name[length - 1] == '/') {
        length--;
    }
    size_t begin = length;
    while (begin > 0 && name[begin - 1] != '/') {
        begin--;
    }
    const size_t version = strcspn(name + begin, "@"),
                 bytes = version < length - begin ? version : length - begin;
    if (bytes >= sizeof(text)) {
        return NULL;
    }
    memcpy(text, name + begin, bytes);
    text[bytes] = '\0';
    const char *id = tyto_registry_published(is_called, text);
    return id && strncmp(name, id, strlen(id)) != 0 ? id : NULL;
}

/* Whether the id's first half is a folder here, so that a path was meant. */
static bool owner_is_folder(const char *id)
{
    char owner[TYTO_HUB_NAME_BYTES_MAX + 1] = "";
    memcpy(owner, id, strcspn(id, "/")); /* is_id bounds it */
    return tyto_folder_exists(owner);
}

static bool ends_with(const char *name, const char *ending)
{
    const size_t length = strlen(name), end = strlen(ending);
    return length >= end && strcmp(name + length - end, ending) == 0;
}

/* Refuses a folder that has nothing of a checkpoint in it. One that lacks some of it is told by what
 * is there. */
static tyto_status check_folder(const char *folder, tyto_error *err)
{
    static const char *const endings[] = {".json", ".safetensors", ".bin"};
    bool some = false, photos = false;
    DIR *entries = opendir(folder);
    if (!entries) {
        return tyto_fail_errno(err, folder);
    }
    for (struct dirent *entry; !some && (entry = readdir(entries));) {
        for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
            some = some || ends_with(entry->d_name, endings[i]);
        }
        photos = photos || tyto_file_is_picture_or_video(entry->d_name);
    }
    closedir(entries);
    return some ? TYTO_OK
                : tyto_fail(err, TYTO_E_NOT_FOUND,
                            "%s: no config.json in this folder, required a checkpoint's%s", folder,
                            photos ? "; it holds photos or videos, which 'tyto detect' looks into"
                                   : "");
}

/* A name that is no path of anything. */
static tyto_status locate_absent(const char *name, const tyto_hub_options *options, char **out,
                                 tyto_error *err)
{
    const char *id = find_published(name);
    tyto_error own = TYTO_ERROR_INIT;
    tyto_status status = TYTO_E_NOT_FOUND;
    if (!tyto_hub_is_id(name) || (id && owner_is_folder(name))) {
        const char *advice = id                  ? "; the published checkpoint of that name is '"
                             : strchr(name, '/') ? ""
                                                 : "; ids of the hub are OWNER/NAME";
        return tyto_fail(err, status, "%s: no such folder%s%s%s", name, advice, id ? id : "",
                         id ? "'" : "");
    }
    status = locate_id(name, options, out, &own);
    if (status != TYTO_OK) {
        tyto_fail(err, status, "%s%s%s%s", tyto_error_message(&own),
                  id ? "; the published checkpoint of that name is '" : "", id ? id : "",
                  id ? "'" : "");
    }
    tyto_error_clear(&own);
    return status;
}

tyto_status tyto_checkpoint_locate(const char *name, const tyto_hub_options *options, char **out,
                                   tyto_error *err)
{
    tyto_hub_options own;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    tyto_hub_options_init(&own, sizeof(own));
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_hub_options", err));
    if (!name) {
        name = getenv("TYTO_MODEL");
        if (!name || !*name) {
            return find_own(out, err);
        }
    }
    if (tyto_file_exists(name)) {
        return refuse_file(name, err);
    }
    if (!tyto_folder_exists(name)) {
        return locate_absent(name, &own, out, err);
    }
    TYTO_TRY(check_folder(name, err));
    *out = tyto_copy_text(name, strlen(name));
    return *out ? TYTO_OK : tyto_fail_memory(err, name);
}

tyto_status tyto_checkpoint_open(const tyto_engine *engine, const char *name,
                                 const tyto_hub_options *hub,
                                 const tyto_model_open_options *options, tyto_model **out,
                                 tyto_error *err)
{
    char *folder = NULL;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, engine);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    TYTO_TRY(tyto_checkpoint_locate(name, hub, &folder, err));
    const tyto_status status = tyto_model_open(engine, folder, options, out, err);
    tyto_free(folder);
    return status;
}
