/* The cache: refs/REVISION names a commit, snapshots/COMMIT/ holds links to blobs/HASH. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/options.h"
#include "formats/checkpoint_files.h"
#include "formats/json.h"
#include "formats/safetensors.h"
#include "hub/hub.h"

tyto_status tyto_hub_make_folder(const char *path, tyto_error *err)
{
    char *copy = tyto_copy_text(path, strlen(path));
    if (!copy) {
        return tyto_fail_memory(err, path);
    }
    bool good = true;
    for (char *at = copy + 1; good && *at; at++) {
        if (*at == '/') {
            *at = '\0';
            good = mkdir(copy, 0777) == 0 || errno == EEXIST;
            *at = '/';
        }
    }
    good = good && (mkdir(copy, 0777) == 0 || errno == EEXIST);
    const int code = errno;
    free(copy);
    if (!good || !tyto_folder_exists(path)) {
        return tyto_fail(err, TYTO_E_IO, "%s: %s", path,
                         good ? "required a folder" : strerror(code));
    }
    return TYTO_OK;
}

static bool has_file(const char *folder, const char *name, bool *memory_out)
{
    char *path = tyto_path_join(folder, name);
    const bool there = path && tyto_file_exists(path);
    *memory_out = *memory_out || !path;
    free(path);
    return there;
}

/* All files of a sharded set. */
static tyto_status check_shards(const char *folder, const char *index_name, tyto_error *err)
{
    json_t *index = NULL;
    tyto_shard_names names = {0};
    bool memory_out = false;
    tyto_status status = TYTO_OK;
    char *path = tyto_path_join(folder, index_name);
    if (!path) {
        return tyto_fail_memory(err, folder);
    }
    TYTO_CHECK(tyto_json_load(path, &index, err));
    TYTO_CHECK(tyto_shard_names_read(index, path, &names, err));
    for (size_t i = 0; i < names.count && status == TYTO_OK; i++) {
        if (!has_file(folder, names.names[i], &memory_out)) {
            status =
                tyto_fail(err, TYTO_E_NOT_FOUND, "%s: '%s' is not there", folder, names.names[i]);
        }
    }
cleanup:
    free(names.names);
    json_decref(index);
    free(path);
    return memory_out ? tyto_fail_memory(err, folder) : status;
}

tyto_status tyto_hub_check_snapshot(const char *folder, tyto_error *err)
{
    bool memory_out = false;
    const bool config = has_file(folder, TYTO_CONFIG_FILE, &memory_out);
    const char *weights = NULL;
    for (size_t i = 0; tyto_weights_files[i] && !weights; i++) {
        weights =
            has_file(folder, tyto_weights_files[i], &memory_out) ? tyto_weights_files[i] : NULL;
    }
    if (memory_out) {
        return tyto_fail_memory(err, folder);
    }
    if (!config || !weights) {
        return tyto_fail(err, TYTO_E_NOT_FOUND, "%s: no %s", folder,
                         config ? "weights" : TYTO_CONFIG_FILE);
    }
    return strstr(weights, ".index.json") ? check_shards(folder, weights, err) : TYTO_OK;
}

/* The commit that a revision names in the cache; a commit names itself. */
static tyto_status read_ref(const tyto_hub_place *place, char commit[TYTO_HUB_COMMIT_DIGITS + 1],
                            tyto_error *err)
{
    char *text = NULL;
    size_t length;
    if (tyto_hub_is_hex(place->revision, TYTO_HUB_COMMIT_DIGITS)) {
        memcpy(commit, place->revision, TYTO_HUB_COMMIT_DIGITS + 1);
        return TYTO_OK;
    }
    char *path = tyto_hub_text("%s/refs/%s", place->folder, place->revision);
    if (!path) {
        return tyto_fail_memory(err, place->repo);
    }
    tyto_status status = tyto_file_read(path, TYTO_HUB_NAME_BYTES_MAX, &text, &length, err);
    if (status == TYTO_OK) {
        text[strcspn(text, " \r\n")] = '\0';
        if (tyto_hub_is_hex(text, TYTO_HUB_COMMIT_DIGITS)) {
            memcpy(commit, text, TYTO_HUB_COMMIT_DIGITS + 1);
        } else {
            status = tyto_fail(err, TYTO_E_FORMAT, "%s: required a commit", path);
        }
    }
    free(text);
    free(path);
    return status;
}

static tyto_status find(const tyto_hub_place *place, char **out, tyto_error *err)
{
    char commit[TYTO_HUB_COMMIT_DIGITS + 1];
    TYTO_TRY(read_ref(place, commit, err));
    char *folder = tyto_hub_text("%s/snapshots/%s", place->folder, commit);
    if (!folder) {
        return tyto_fail_memory(err, place->repo);
    }
    tyto_status status = tyto_hub_check_snapshot(folder, err);
    if (status == TYTO_OK) {
        *out = folder;
    } else {
        free(folder);
    }
    return status;
}

tyto_status tyto_hub_find(const char *id, const tyto_hub_options *options, char **out,
                          tyto_error *err)
{
    tyto_hub_place place;
    tyto_error why = TYTO_ERROR_INIT;
    tyto_hub_options own;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, id);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    tyto_hub_options_init(&own, sizeof(own));
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_hub_options", err));
    TYTO_TRY(tyto_hub_place_read(id, &own, &place, err));
    tyto_status status = find(&place, out, &why);
    if (status == TYTO_E_NOT_FOUND) {
        status = tyto_fail(err, status, "%s: not in the cache %s at revision '%s'", place.repo,
                           place.cache, place.revision);
    } else if (status != TYTO_OK) {
        status = tyto_fail(err, status, "%s", tyto_error_message(&why));
    }
    tyto_error_clear(&why);
    tyto_hub_place_clear(&place);
    return status;
}
