/* Where a hub id lies: options first, then the environment. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/options.h"
#include "hub/hub.h"

#define ENDPOINT "https://huggingface.co"
/* Longest token, of a file or a variable. */
#define TOKEN_BYTES_MAX 4096

char *tyto_hub_text(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : tyto_alloc((size_t)length + 1, 1);
    if (text) {
        va_start(args, format);
        vsnprintf(text, (size_t)length + 1, format, args);
        va_end(args);
    }
    return text;
}

void tyto_hub_options_init(tyto_hub_options *options, size_t struct_bytes)
{
    static const tyto_hub_options defaults = {.struct_bytes = sizeof(defaults)};
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

bool tyto_hub_progress(const tyto_hub_options *options, const char *file, uint64_t done,
                       uint64_t total)
{
    const tyto_progress progress = {
        .stage = "download", .subject = file, .done = (int64_t)done, .total = (int64_t)total};
    return !options->progress || options->progress(options->progress_user, &progress);
}

bool tyto_hub_is_hex(const char *text, size_t digits)
{
    return strlen(text) == digits && strspn(text, "0123456789abcdef") == digits;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '.' || c == '_' || c == '-';
}

/* A part of an id: no "--", which would be the cache's own mark, and no "..". */
static size_t part_length(const char *text)
{
    size_t length = 0;
    while (is_word(text[length])) {
        const char c = text[length], next = text[length + 1];
        if ((c == '.' || c == '-') && next == c) {
            return 0;
        }
        length++;
    }
    return length && isalnum((unsigned char)text[0]) ? length : 0;
}

/* A revision may have folders, as refs/pr/1 has. */
static bool is_revision(const char *text)
{
    const size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        const bool part_begins = i == 0 || text[i - 1] == '/';
        if (!(is_word(text[i]) || (text[i] == '/' && !part_begins)) ||
            (part_begins && text[i] == '.')) {
            return false;
        }
    }
    return length > 0 && length <= TYTO_HUB_NAME_BYTES_MAX && text[length - 1] != '/';
}

bool tyto_hub_is_id(const char *text)
{
    const size_t owner = text ? part_length(text) : 0;
    const size_t name = owner && text[owner] == '/' ? part_length(text + owner + 1) : 0;
    if (name == 0) {
        return false;
    }
    const char *rest = text + owner + 1 + name;
    return owner + 1 + name <= TYTO_HUB_NAME_BYTES_MAX &&
           (*rest == '\0' || (*rest == '@' && is_revision(rest + 1)));
}

/* The variable's value, or NULL when it is not set or empty. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static bool is_true(const char *value)
{
    static const char *const words[] = {"1", "on", "yes", "true"};
    for (size_t i = 0; value && i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(value, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* HF_HOME, or its place in the user's cache; *out NULL when there is no home at all. */
static tyto_status find_home(char **out, tyto_error *err)
{
    const char *home = variable("HF_HOME"), *cache = variable("XDG_CACHE_HOME");
    const char *user = variable("HOME");
    *out = NULL;
    if (!home && !cache && !user) {
        return TYTO_OK;
    }
    char *text = home    ? tyto_hub_text("%s", home)
                 : cache ? tyto_hub_text("%s/huggingface", cache)
                         : tyto_hub_text("%s/.cache/huggingface", user);
    tyto_status status =
        text ? tyto_hub_expand(text, out, err) : tyto_fail_memory(err, "hub cache");
    free(text);
    return status;
}

static tyto_status find_cache(tyto_hub_place *place, const char *home, tyto_error *err)
{
    const char *given = place->options->cache;
    const char *cache = variable("HF_HUB_CACHE");
    cache = cache ? cache : variable("HUGGINGFACE_HUB_CACHE");
    if (cache && !given) {
        return tyto_hub_expand(cache, &place->cache, err);
    }
    if (!given && !home) {
        return tyto_fail(err, TYTO_E_NOT_FOUND,
                         "hub cache: required HF_HUB_CACHE, HF_HOME or HOME in the environment");
    }
    place->cache = given ? tyto_hub_text("%s", given) : tyto_hub_text("%s/hub", home);
    return place->cache ? TYTO_OK : tyto_fail_memory(err, "hub cache");
}

/* Spaces around it are dropped; anything that would break a header's line is refused. */
static tyto_status take_token(tyto_hub_place *place, const char *text, tyto_error *err)
{
    while (isspace((unsigned char)*text)) {
        text++;
    }
    size_t length = strlen(text);
    while (length && isspace((unsigned char)text[length - 1])) {
        length--;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] <= ' ' || text[i] > '~') {
            return tyto_fail(err, TYTO_E_ARGUMENT, "token: required printable characters");
        }
    }
    if (length > TOKEN_BYTES_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT, "token: got %zu bytes, required at most %d", length,
                         TOKEN_BYTES_MAX);
    }
    if (length) {
        place->token = tyto_copy_text(text, length);
        return place->token ? TYTO_OK : tyto_fail_memory(err, "token");
    }
    return TYTO_OK;
}

static tyto_status read_token_file(tyto_hub_place *place, const char *path, tyto_error *err)
{
    char *text = NULL;
    size_t length;
    if (!tyto_file_exists(path)) {
        return TYTO_OK;
    }
    TYTO_TRY(tyto_file_read(path, TOKEN_BYTES_MAX, &text, &length, err));
    tyto_status status = take_token(place, text, err);
    free(text);
    return status;
}

static tyto_status find_token(tyto_hub_place *place, const char *home, tyto_error *err)
{
    const char *token = place->options->token;
    token = token ? token : variable("HF_TOKEN");
    token = token ? token : variable("HUGGING_FACE_HUB_TOKEN");
    if (token) {
        return take_token(place, token, err);
    }
    const char *file = variable("HF_TOKEN_PATH");
    if (!file && !home) {
        return TYTO_OK;
    }
    char *path = NULL;
    if (file) {
        TYTO_TRY(tyto_hub_expand(file, &path, err));
    } else {
        path = tyto_path_join(home, "token");
    }
    tyto_status status = path ? read_token_file(place, path, err) : tyto_fail_memory(err, "token");
    free(path);
    return status;
}

static tyto_status find_endpoint(tyto_hub_place *place, tyto_error *err)
{
    const char *endpoint = place->options->endpoint;
    endpoint = endpoint ? endpoint : variable("HF_ENDPOINT");
    endpoint = endpoint ? endpoint : ENDPOINT;
    size_t length = strlen(endpoint);
    while (length && endpoint[length - 1] == '/') {
        length--;
    }
    if (strncmp(endpoint, "http://", 7) != 0 && strncmp(endpoint, "https://", 8) != 0) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "HF_ENDPOINT: required an http or https address");
    }
    place->endpoint = tyto_copy_text(endpoint, length);
    return place->endpoint ? TYTO_OK : tyto_fail_memory(err, "endpoint");
}

static tyto_status split_id(tyto_hub_place *place, const char *id, tyto_error *err)
{
    if (!tyto_hub_is_id(id)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "'%.200s': required a hub id, OWNER/NAME or OWNER/NAME@REVISION", id);
    }
    const char *revision = place->options->revision;
    const size_t length = strcspn(id, "@");
    if (!revision) {
        revision = id[length] ? id + length + 1 : "main";
    }
    if (!is_revision(revision)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "revision '%.200s': required a branch, a tag or a commit", revision);
    }
    const int owner = (int)strcspn(id, "/");
    place->repo = tyto_copy_text(id, length);
    place->revision = tyto_copy_text(revision, strlen(revision));
    place->folder = tyto_hub_text("%s/models--%.*s--%.*s", place->cache, owner, id,
                                  (int)length - owner - 1, id + owner + 1);
    return place->repo && place->revision && place->folder ? TYTO_OK : tyto_fail_memory(err, id);
}

tyto_status tyto_hub_place_read(const char *id, const tyto_hub_options *options,
                                tyto_hub_place *out, tyto_error *err)
{
    tyto_status status;
    char *home = NULL;
    *out = (tyto_hub_place){.options = options};
    const char *offline = variable("HF_HUB_OFFLINE");
    out->offline = options->offline || is_true(offline ? offline : getenv("TRANSFORMERS_OFFLINE"));
    TYTO_CHECK(find_home(&home, err));
    TYTO_CHECK(find_cache(out, home, err));
    TYTO_CHECK(find_endpoint(out, err));
    TYTO_CHECK(split_id(out, id, err));
    TYTO_CHECK(find_token(out, home, err));
cleanup:
    free(home);
    if (status != TYTO_OK) {
        tyto_hub_place_clear(out);
    }
    return status;
}

void tyto_hub_place_clear(tyto_hub_place *place)
{
    free(place->repo);
    free(place->revision);
    free(place->endpoint);
    free(place->cache);
    free(place->folder);
    free(place->token);
    *place = (tyto_hub_place){0};
}
