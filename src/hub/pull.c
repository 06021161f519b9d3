/* A checkpoint from the hub: which files it needs, and how they become a snapshot. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/options.h"
#include "formats/checkpoint_files.h"
#include "formats/json.h"
#include "formats/safetensors.h"
#include "hub/hub.h"

typedef struct pull {
    tyto_hub_place place;
    tyto_hub_connection *over;
    json_t *answer; /* the hub's list of files */
    const char *commit;
    char *blobs, *snapshot;
    uint64_t done, total;
    tyto_error *err;
} pull;

static bool show(void *user, const char *name, uint64_t bytes)
{
    pull *p = user;
    p->done += bytes;
    /* What is fetched again isn't counted again. */
    p->done = p->done < p->total ? p->done : p->total;
    return tyto_hub_progress(p->place.options, name, p->done, p->total);
}

static const json_t *find_sibling(const pull *p, const char *name)
{
    const json_t *siblings = json_object_get(p->answer, "siblings");
    for (size_t i = 0; i < json_array_size(siblings); i++) {
        const json_t *sibling = json_array_get(siblings, i);
        const char *its = json_string_value(json_object_get(sibling, "rfilename"));
        if (its && strcmp(its, name) == 0) {
            return sibling;
        }
    }
    return NULL;
}

/* What the list says of a file: large ones have a SHA-256, others git's hash. */
static tyto_status describe(const pull *p, const char *name, const json_t *sibling,
                            tyto_hub_file *out)
{
    const json_t *lfs = json_object_get(sibling, "lfs");
    const char *hash = json_string_value(json_object_get(sibling, "blobId"));
    const json_t *size = json_object_get(sibling, "size");
    size_t digits = TYTO_HUB_COMMIT_DIGITS;
    if (json_is_object(lfs)) {
        hash = json_string_value(json_object_get(lfs, "sha256"));
        size = json_object_get(lfs, "size");
        digits = TYTO_HUB_SHA256_DIGITS;
    }
    if (!hash || !tyto_hub_is_hex(hash, digits) || !json_is_integer(size) ||
        json_integer_value(size) < 0) {
        return tyto_fail(p->err, TYTO_E_FORMAT,
                         "%s: %s: required its size and hash in the hub's list of files",
                         p->place.repo, name);
    }
    *out = (tyto_hub_file){.name = name, .hash = hash, .bytes = (uint64_t)json_integer_value(size)};
    out->blob = tyto_hub_text("%s/%s", p->blobs, hash);
    return out->blob ? TYTO_OK : tyto_fail_memory(p->err, name);
}

/* The snapshot's name for a blob: a link, made beside and renamed. Threads may do so at once. */
static tyto_status link_file(const pull *p, const tyto_hub_file *file)
{
    tyto_status status = TYTO_OK;
    char *path = tyto_path_join(p->snapshot, file->name);
    char *target = tyto_hub_text("../../blobs/%s", file->hash);
    char *beside = path ? tyto_hub_text("%s.%ld.part", path, (long)gettid()) : NULL;
    if (!path || !target || !beside) {
        status = tyto_fail_memory(p->err, file->name);
    } else {
        (void)unlink(beside);
        if (symlink(target, beside) != 0 || rename(beside, path) != 0) {
            status = tyto_fail(p->err, TYTO_E_IO, "%s: %s", path, strerror(errno));
            (void)unlink(beside);
        }
    }
    free(path);
    free(target);
    free(beside);
    return status;
}

static tyto_status bring(pull *p, const char *name, const json_t *sibling)
{
    tyto_hub_file file;
    tyto_status status;
    TYTO_TRY(describe(p, name, sibling, &file));
    TYTO_CHECK(tyto_hub_bring(p->over, &p->place, p->commit, &file, show, p, p->err));
    TYTO_CHECK(link_file(p, &file));
cleanup:
    free(file.blob);
    return status;
}

static void count(pull *p, const json_t *sibling)
{
    const json_int_t size = json_integer_value(json_object_get(sibling, "size"));
    p->total += size > 0 ? (uint64_t)size : 0;
}

/* The files that an index names, which is in the snapshot by now. */
static tyto_status bring_shards(pull *p, const char *index_name)
{
    json_t *index = NULL;
    tyto_shard_names names = {0};
    tyto_status status;
    char *path = tyto_path_join(p->snapshot, index_name);
    if (!path) {
        return tyto_fail_memory(p->err, index_name);
    }
    TYTO_CHECK(tyto_json_load(path, &index, p->err));
    TYTO_CHECK(tyto_shard_names_read(index, path, &names, p->err));
    for (size_t i = 0; i < names.count; i++) {
        const json_t *sibling = find_sibling(p, names.names[i]);
        if (!sibling) {
            status = tyto_fail(p->err, TYTO_E_NOT_FOUND, "%s: %s: not on the hub, but in its %s",
                               p->place.repo, names.names[i], index_name);
            goto cleanup;
        }
        count(p, sibling);
    }
    for (size_t i = 0; i < names.count; i++) {
        TYTO_CHECK(bring(p, names.names[i], find_sibling(p, names.names[i])));
    }
cleanup:
    free(names.names);
    json_decref(index);
    free(path);
    return status;
}

/* Brings a file unless the repository lacks it. */
static tyto_status bring_if_there(pull *p, const char *name)
{
    const json_t *sibling = find_sibling(p, name);
    return sibling ? bring(p, name, sibling) : TYTO_OK;
}

/* Everything that stands beside the weights, and the first of those that are there; an index brings
 * the files that it names. */
static tyto_status bring_all(pull *p)
{
    const char *weights = NULL;
    for (size_t i = 0; tyto_weights_files[i] && !weights; i++) {
        weights = find_sibling(p, tyto_weights_files[i]) ? tyto_weights_files[i] : NULL;
    }
    if (!weights || !find_sibling(p, TYTO_CONFIG_FILE)) {
        return tyto_fail(p->err, TYTO_E_NOT_FOUND,
                         "%s: no %s on the hub at revision '%s', required a checkpoint",
                         p->place.repo,
                         weights ? TYTO_CONFIG_FILE : "model.safetensors or pytorch_model.bin",
                         p->place.revision);
    }
    count(p, find_sibling(p, TYTO_CONFIG_FILE));
    for (size_t i = 0; tyto_companion_files[i]; i++) {
        count(p, find_sibling(p, tyto_companion_files[i]));
    }
    count(p, find_sibling(p, weights));
    TYTO_TRY(bring_if_there(p, TYTO_CONFIG_FILE));
    for (size_t i = 0; tyto_companion_files[i]; i++) {
        TYTO_TRY(bring_if_there(p, tyto_companion_files[i]));
    }
    TYTO_TRY(bring(p, weights, find_sibling(p, weights)));
    const char *ending = strstr(weights, ".index.json");
    return ending ? bring_shards(p, weights) : TYTO_OK;
}

/* The commit that the revision means now, and its files with sizes and hashes. */
static tyto_status read_list(pull *p)
{
    tyto_buffer text;
    tyto_status status;
    char *revision = tyto_hub_escape(p->place.revision);
    char *path =
        revision ? tyto_hub_text("api/models/%s/revision/%s?blobs=true", p->place.repo, revision)
                 : NULL;
    tyto_buffer_init(&text, TYTO_JSON_BYTES_MAX);
    if (!path) {
        status = tyto_fail_memory(p->err, p->place.repo);
        goto cleanup;
    }
    TYTO_CHECK(tyto_hub_get_text(p->over, path, "list of files", &text, p->err));
    TYTO_CHECK(tyto_json_parse(text.data ? text.data : "", text.length, p->place.repo, &p->answer,
                               p->err));
    p->commit = json_string_value(json_object_get(p->answer, "sha"));
    if (!p->commit || !tyto_hub_is_hex(p->commit, TYTO_HUB_COMMIT_DIGITS)) {
        status = tyto_fail(p->err, TYTO_E_FORMAT,
                           "%s: required a commit in the hub's list of files", p->place.repo);
    }
cleanup:
    tyto_buffer_clear(&text);
    free(path);
    free(revision);
    return status;
}

static tyto_status make_folders(pull *p)
{
    p->blobs = tyto_hub_text("%s/blobs", p->place.folder);
    p->snapshot = tyto_hub_text("%s/snapshots/%s", p->place.folder, p->commit);
    if (!p->blobs || !p->snapshot) {
        return tyto_fail_memory(p->err, p->place.repo);
    }
    TYTO_TRY(tyto_hub_make_folder(p->blobs, p->err));
    return tyto_hub_make_folder(p->snapshot, p->err);
}

/* The revision refers to the snapshot from now on. */
static tyto_status write_ref(const pull *p)
{
    if (strcmp(p->place.revision, p->commit) == 0) {
        return TYTO_OK;
    }
    char *path = tyto_hub_text("%s/refs/%s", p->place.folder, p->place.revision);
    char *folder = path ? tyto_copy_text(path, (size_t)(tyto_path_base(path) - path) - 1) : NULL;
    tyto_status status =
        folder ? tyto_hub_make_folder(folder, p->err) : tyto_fail_memory(p->err, p->place.repo);
    if (status == TYTO_OK) {
        status = tyto_file_write(path, p->commit, TYTO_HUB_COMMIT_DIGITS, p->err);
    }
    free(folder);
    free(path);
    return status;
}

static tyto_status run(pull *p, char **out)
{
    TYTO_TRY(tyto_hub_connect(&p->place, &p->over, p->err));
    TYTO_TRY(read_list(p));
    TYTO_TRY(make_folders(p));
    TYTO_TRY(bring_all(p));
    TYTO_TRY(write_ref(p));
    *out = p->snapshot;
    p->snapshot = NULL;
    return TYTO_OK;
}

tyto_status tyto_hub_pull(const char *id, const tyto_hub_options *options, char **out,
                          tyto_error *err)
{
    pull p = {.err = err};
    tyto_hub_options own;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, id);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    tyto_hub_options_init(&own, sizeof(own));
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_hub_options", err));
    TYTO_TRY(tyto_hub_place_read(id, &own, &p.place, err));
    tyto_status status;
    if (p.place.offline) {
        status = tyto_fail(
            err, TYTO_E_UNSUPPORTED,
            "%s: nothing is downloaded while HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set",
            p.place.repo);
    } else {
        status = run(&p, out);
    }
    tyto_hub_disconnect(p.over);
    json_decref(p.answer);
    free(p.blobs);
    free(p.snapshot);
    tyto_hub_place_clear(&p.place);
    return status;
}
