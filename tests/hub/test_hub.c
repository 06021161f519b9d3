/* Hub ids, the cache, and downloads with every fault that a server can have. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <tyto/checkpoint.h>
#include <tyto/memory.h>
#include <unistd.h>

#include "base/file.h"
#include "hub/hub.h"
#include "run.h"
#include "server.h"
#include "support/room.h"

#include "support/cases.h"

enum { WEIGHTS_BYTES = 300000, PATH_BYTES = 512 };
#define TOKEN "hf_veryverysecret"
#define COMMIT_ID "acme/owl@" SERVER_COMMIT

static server hub;
static uint8_t weights[WEIGHTS_BYTES];
static char cache[64];
static tyto_hub_options options;
static char logged[4096];

static void keep_line(void *user, tyto_log_level level, const char *message)
{
    (void)user;
    (void)level;
    strncat(logged, message, sizeof(logged) - strlen(logged) - 1);
    strncat(logged, "\n", sizeof(logged) - strlen(logged) - 1);
}

/* A repository with what a checkpoint has, and things that it doesn't need. */
static int set_up(void **state)
{
    static char endpoint[64];
    (void)state;
    for (size_t i = 0; i < sizeof(weights); i++) {
        weights[i] = (uint8_t)(i * 2654435761u >> 13);
    }
    snprintf(cache, sizeof(cache), "/tmp/tyto-hub-XXXXXX");
    if (!mkdtemp(cache)) {
        return -1;
    }
    server_start(&hub);
    server_add(&hub, "config.json", "{}", 2, false);
    server_add(&hub, "merges.txt", "", 0, false);
    server_add(&hub, "README.md", "not needed", 10, false);
    server_add(&hub, "flax_model.msgpack", weights, 1000, true);
    server_add(&hub, "model.safetensors", weights, sizeof(weights), true);
    server_add(&hub, "pytorch_model.bin", weights, sizeof(weights), true);
    snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%d/", hub.port);
    tyto_hub_options_init(&options, sizeof(options));
    options.endpoint = endpoint;
    options.cache = cache;
    options.retry_ms = 1;
    options.log = keep_line;
    logged[0] = '\0';
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server_stop(&hub);
    return room_remove(cache);
}

static char *in_cache(char path[PATH_BYTES], const char *name)
{
    snprintf(path, PATH_BYTES, "%s/models--acme--owl/%s", cache, name);
    return path;
}

static bool is_there(const char *name)
{
    char path[PATH_BYTES];
    return access(in_cache(path, name), F_OK) == 0;
}

static size_t entries(const char *name)
{
    char path[PATH_BYTES];
    return is_there(name) ? folder_count(in_cache(path, name)) : 0;
}

static char *pulled(void)
{
    char *folder = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    if (tyto_hub_pull("acme/owl", &options, &folder, &err) != TYTO_OK) {
        fail_msg("%s", tyto_error_message(&err));
    }
    return folder;
}

static void assert_whole(const char *folder)
{
    char path[PATH_BYTES];
    size_t length;
    snprintf(path, sizeof(path), "%s/model.safetensors", folder);
    char *got = file_text(path, &length);
    assert_int_equal(length, sizeof(weights));
    assert_memory_equal(got, weights, length);
    free(got);
}

static void assert_pulled(void)
{
    char *folder = pulled();
    assert_whole(folder);
    tyto_free(folder);
}

/* The pull fails so, and no message or log line has the token in it. */
static void assert_fails(tyto_status wanted, const char *text)
{
    char *folder = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_status status = tyto_hub_pull("acme/owl", &options, &folder, &err);
    if (status != wanted || !strstr(tyto_error_message(&err), text)) {
        fail_msg("got %s '%s', required %s '%s'", tyto_status_name(status),
                 tyto_error_message(&err), tyto_status_name(wanted), text);
    }
    assert_null(folder);
    assert_null(strstr(tyto_error_message(&err), TOKEN));
    assert_null(strstr(tyto_error_message(&err), "Signature"));
    assert_null(strstr(logged, TOKEN));
    assert_false(is_there("refs/main"));
    tyto_error_clear(&err);
}

static void ids_are_told_from_paths(void **state)
{
    (void)state;
    static const char *const good[] = {"a/b", "google/owlv2-base-patch16-ensemble", "acme/owl@main",
                                       "acme/owl@refs/pr/1", "a.b/c_d-e@v1.0"};
    static const char *const bad[] = {
        "",       "owl",    "/a/b",     "a/b/c",  "./a/b", "a/",       "../b",       "a/..",
        "a/b@",   "a--b/c", "a/b..",    "-a/b",   "a b/c", "a/b@../x", "a/b@x/../y", "~/b",
        "a/b@/x", "a/b@x/", "a/b@x//y", "a\\b/c", "a/b\n", "a/b@x y",  "a/b@.hidden"};
    for (size_t i = 0; next_case(i, sizeof(good) / sizeof(good[0])); i++) {
        assert_true(tyto_hub_is_id(good[i]));
    }
    for (size_t i = 0; next_case(i, sizeof(bad) / sizeof(bad[0])); i++) {
        if (tyto_hub_is_id(bad[i])) {
            fail_msg("'%s' is no hub id", bad[i]);
        }
    }
}

static void hashes_are_the_hubs(void **state)
{
    (void)state;
    char hash[TYTO_HUB_SHA256_DIGITS + 1];
    const int memory = memfd_create("text", 0);
    assert_int_equal(write(memory, "hello\n", 6), 6);
    assert_int_equal(tyto_hub_hash(memory, 6, SERVER_COMMIT, hash, "m", NULL), TYTO_OK);
    assert_string_equal(hash, "ce013625030ba8dba906f756967f9e9ca394464a"); /* git hash-object */
    assert_int_equal(
        tyto_hub_hash(memory, 6, SERVER_COMMIT "012345678901234567890123", hash, "m", NULL),
        TYTO_OK);
    assert_string_equal(hash, "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
    assert_int_equal(tyto_hub_hash(memory, 7, SERVER_COMMIT, hash, "m", NULL), TYTO_E_IO);
    close(memory);
}

static void the_cache_has_the_standard_layout(void **state)
{
    (void)state;
    char path[PATH_BYTES], target[PATH_BYTES] = "", blob[PATH_BYTES];
    char *folder = pulled();
    assert_whole(folder);
    assert_string_equal(folder, in_cache(path, "snapshots/" SERVER_COMMIT));
    char *ref = file_text(in_cache(path, "refs/main"), NULL);
    assert_string_equal(ref, SERVER_COMMIT);
    assert_true(readlink(in_cache(path, "snapshots/" SERVER_COMMIT "/model.safetensors"), target,
                         sizeof(target) - 1) > 0);
    snprintf(blob, sizeof(blob), "../../blobs/%s", server_find(&hub, "model.safetensors")->hash);
    assert_string_equal(target, blob);
    /* What a checkpoint doesn't need stays where it is. */
    assert_int_equal(entries("snapshots/" SERVER_COMMIT), 3);
    assert_int_equal(entries("blobs"), 3);
    assert_int_equal(server_find(&hub, "README.md")->served, 0);
    assert_int_equal(server_find(&hub, "pytorch_model.bin")->served, 0);
    free(ref);
    tyto_free(folder);
    /* Again: nothing but the list is asked for. */
    const int before = hub.requests;
    assert_pulled();
    assert_int_equal(hub.requests, before + 1);
    assert_string_equal(logged, "");
}

static void what_was_pulled_is_found(void **state)
{
    (void)state;
    char *folder = NULL, *found = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(tyto_hub_find("acme/owl", &options, &found, &err), TYTO_E_NOT_FOUND);
    assert_non_null(strstr(tyto_error_message(&err), "acme/owl: not in the cache"));
    tyto_error_clear(&err);
    folder = pulled();
    const int before = hub.requests;
    static const char *const ids[] = {"acme/owl", "acme/owl@main", COMMIT_ID};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(tyto_hub_find(ids[i], &options, &found, &err), TYTO_OK);
        assert_string_equal(found, folder);
        tyto_free(found);
    }
    assert_int_equal(tyto_hub_find("acme/owl@v2", &options, &found, NULL), TYTO_E_NOT_FOUND);
    assert_int_equal(tyto_hub_find("owl", &options, &found, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(hub.requests, before);
    /* A snapshot that lost its weights is none. */
    char path[PATH_BYTES];
    unlink(in_cache(path, "snapshots/" SERVER_COMMIT "/model.safetensors"));
    assert_int_equal(tyto_hub_find("acme/owl", &options, &found, NULL), TYTO_E_NOT_FOUND);
    tyto_free(folder);
    assert_pulled();
}

/* An id becomes a folder: downloaded once, and found from then on. A path stays one. */
static void checkpoints_are_located(void **state)
{
    (void)state;
    char *first = NULL, *again = NULL, *path = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    options.offline = true;
    assert_int_equal(tyto_checkpoint_locate("acme/owl", &options, &first, &err),
                     TYTO_E_UNSUPPORTED);
    assert_non_null(strstr(tyto_error_message(&err),
                           "no such folder here or in the hub's cache: acme/owl: nothing is"));
    assert_null(first);
    options.offline = false;
    assert_int_equal(tyto_checkpoint_locate("acme/owl", &options, &first, &err), TYTO_OK);
    assert_null(err.message);
    assert_whole(first);
    options.offline = true;
    assert_int_equal(tyto_checkpoint_locate("acme/owl", &options, &again, &err), TYTO_OK);
    assert_string_equal(first, again);
    assert_non_null(strstr(logged, "acme/owl: "));
    assert_int_equal(tyto_checkpoint_locate("no/such/path", &options, &path, &err),
                     TYTO_E_NOT_FOUND);
    assert_null(path);
    tyto_error_clear(&err);
    tyto_free(again);
    tyto_free(first);
}

/* A folder with one snapshot, where variables of the environment say. */
static void variables_name_the_cache(void **state)
{
    (void)state;
    static const char *const variables[][2] = {{"HF_HUB_CACHE", ""},
                                               {"HUGGINGFACE_HUB_CACHE", ""},
                                               {"HF_HOME", "/hub"},
                                               {"XDG_CACHE_HOME", "/huggingface/hub"},
                                               {"HOME", "/.cache/huggingface/hub"}};
    char home[PATH_BYTES], *kept = getenv("HOME");
    snprintf(home, sizeof(home), "%s", kept ? kept : "/");
    for (size_t i = 0; i < 5; i++) {
        char there[PATH_BYTES];
        snprintf(there, sizeof(there), "%s/v%zu%s", cache, i, variables[i][1]);
        tyto_hub_options into = options;
        char *folder = NULL, *found = NULL;
        into.cache = there;
        assert_int_equal(tyto_hub_pull("acme/owl", &into, &folder, NULL), TYTO_OK);
        there[strlen(there) - strlen(variables[i][1])] = '\0';
        setenv(variables[i][0], there, 1);
        assert_int_equal(tyto_hub_find("acme/owl", NULL, &found, NULL), TYTO_OK);
        assert_string_equal(found, folder);
        if (strcmp(variables[i][0], "HOME") == 0) {
            setenv("HOME", home, 1);
        } else {
            unsetenv(variables[i][0]);
        }
        tyto_free(folder);
        tyto_free(found);
    }
}

/* Paths of the environment with a home and variables in them, as an env file has them. */
static void homes_and_variables_are_expanded(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"HF_HUB_CACHE", "~/c", "/c"},         {"HUGGINGFACE_HUB_CACHE", "${HOME}/c", "/c"},
        {"HF_HUB_CACHE", "$ROOM/$LAST", "/c"}, {"HF_HOME", "~/h", "/h/hub"},
        {"HF_HOME", "$HOME/h", "/h/hub"},      {"XDG_CACHE_HOME", "~/x", "/x/huggingface/hub"}};
    char home[PATH_BYTES], *kept = getenv("HOME");
    snprintf(home, sizeof(home), "%s", kept ? kept : "/");
    setenv("HOME", cache, 1);
    setenv("ROOM", cache, 1);
    setenv("LAST", "c", 1);
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        char there[PATH_BYTES];
        tyto_hub_options into = options;
        char *folder = NULL, *found = NULL;
        snprintf(there, sizeof(there), "%s%s", cache, cases[i][2]);
        into.cache = there;
        assert_int_equal(tyto_hub_pull("acme/owl", &into, &folder, NULL), TYTO_OK);
        setenv(cases[i][0], cases[i][1], 1);
        assert_int_equal(tyto_hub_find("acme/owl", NULL, &found, NULL), TYTO_OK);
        unsetenv(cases[i][0]);
        assert_string_equal(found, folder);
        tyto_free(folder);
        tyto_free(found);
    }
    static const char *const texts[][2] = {{"", ""},
                                           {"~", NULL},
                                           {"/a/~/b", "/a/~/b"},
                                           {"$", "$"},
                                           {"${LAST", "${LAST"},
                                           {"$NOT_SET_HERE/a", "$NOT_SET_HERE/a"},
                                           {"a$LAST-b", "ac-b"},
                                           {"${}", "${}"},
                                           {"~no-such-user-here/a", "~no-such-user-here/a"},
                                           {"$LAST$LAST", "cc"}};
    for (size_t i = 0; next_case(i, sizeof(texts) / sizeof(texts[0])); i++) {
        char *text = NULL;
        assert_int_equal(tyto_hub_expand(texts[i][0], &text, NULL), TYTO_OK);
        assert_string_equal(text, texts[i][1] ? texts[i][1] : cache);
        free(text);
    }
    unsetenv("ROOM");
    unsetenv("LAST");
    setenv("HOME", home, 1);
}

static void a_cut_connection_is_taken_up(void **state)
{
    (void)state;
    hub.cuts = 3;
    hub.cut_after = 70000;
    assert_pulled();
    assert_int_equal(hub.ranges, 3);
    assert_int_equal(hub.last_range, 210000);
    assert_int_equal(hub.bytes, sizeof(weights) + 2);
    assert_non_null(strstr(logged, "model.safetensors: "));
}

static void a_server_without_ranges_sends_all_again(void **state)
{
    (void)state;
    hub.cuts = 1;
    hub.cut_after = 70000;
    hub.ignores_ranges = true;
    assert_pulled();
    assert_int_equal(hub.bytes, 70000 + sizeof(weights) + 2);
}

static bool stop_halfway(void *user, const tyto_progress *progress)
{
    (void)user;
    assert_string_equal(progress->stage, "download");
    assert_non_null(progress->subject);
    return progress->total == 0 || progress->done < progress->total / 2;
}

static void a_stopped_pull_goes_on(void **state)
{
    (void)state;
    options.progress = stop_halfway;
    hub.slow_ms = 1;
    assert_fails(TYTO_E_CANCELLED, "acme/owl: model.safetensors: stopped");
    options.progress = NULL;
    hub.slow_ms = 0;
    assert_pulled();
    assert_int_equal(hub.ranges, 1);
    assert_in_range(hub.last_range, sizeof(weights) / 2 - 65536, sizeof(weights) - 1);
    assert_int_equal(entries("blobs"), 3);
}

static void spoil(const char *suffix, size_t bytes)
{
    char path[PATH_BYTES], name[128];
    snprintf(name, sizeof(name), "blobs/%s%s", server_find(&hub, "model.safetensors")->hash,
             suffix);
    in_cache(path, "blobs");
    assert_int_equal(tyto_hub_make_folder(path, NULL), TYTO_OK);
    char *text = calloc(bytes, 1);
    write_file(in_cache(path, name), text, bytes);
    free(text);
}

static void a_damaged_part_is_fetched_again(void **state)
{
    (void)state;
    spoil(".incomplete", 1000);
    assert_pulled();
    assert_int_equal(server_find(&hub, "model.safetensors")->served, 2);
}

static void parts_of_the_wrong_length_are_dropped(void **state)
{
    (void)state;
    spoil(".incomplete", sizeof(weights) + 1);
    spoil("", 12);
    assert_pulled();
    assert_int_equal(server_find(&hub, "model.safetensors")->served, 1);
}

static void a_busy_server_is_given_time(void **state)
{
    (void)state;
    struct timespec began, ended;
    hub.failures = 1;
    hub.failure_code = 429;
    hub.retry_after = 1;
    hub.lists_fail = true;
    clock_gettime(CLOCK_MONOTONIC, &began);
    assert_pulled();
    clock_gettime(CLOCK_MONOTONIC, &ended);
    assert_true(ended.tv_sec - began.tv_sec >= 1);
    assert_non_null(strstr(logged, "the hub answers 429; trying again in 1.0 s"));
}

static void too_much_patience_is_not_had(void **state)
{
    (void)state;
    hub.failures = 1;
    hub.failure_code = 503;
    hub.retry_after = 4000;
    assert_fails(TYTO_E_IO, "acme/owl: config.json: the hub answers 503, required 200");
}

static void failing_servers_are_tried_again(void **state)
{
    (void)state;
    hub.failures = 4;
    hub.failure_code = 500;
    assert_pulled();
    assert_int_equal(hub.failures, 0);
}

static void servers_that_keep_failing_are_left(void **state)
{
    (void)state;
    hub.failures = 1000;
    hub.failure_code = 502;
    assert_fails(TYTO_E_IO, "acme/owl: config.json: the hub answers 502, required 200");
    assert_int_equal(1000 - hub.failures, 5);
    assert_int_equal(entries("blobs"), 0);
}

static void a_wrong_length_is_refused(void **state)
{
    (void)state;
    static const int64_t longer[] = {-1, 1, -WEIGHTS_BYTES, 1000000};
    for (size_t i = 0; i < 4; i++) {
        hub.longer = longer[i];
        assert_fails(TYTO_E_FORMAT, "acme/owl: model.safetensors: got ");
        assert_int_equal(entries("blobs"), 2); /* the small files */
    }
    hub.longer = 0;
    assert_pulled();
}

static void a_wrong_hash_is_refused(void **state)
{
    (void)state;
    hub.changes_byte = true;
    assert_fails(TYTO_E_FORMAT, "acme/owl: model.safetensors: got a file of hash ");
    assert_int_equal(entries("blobs"), 2);
    hub.changes_byte = false;
    assert_pulled();
}

static void the_token_stays_with_its_host(void **state)
{
    (void)state;
    hub.token = TOKEN;
    assert_fails(TYTO_E_NOT_FOUND, "needs a token (HF_TOKEN)");
    options.token = "wrong";
    assert_fails(TYTO_E_NOT_FOUND, "needs another token");
    options.token = TOKEN;
    assert_pulled();
    assert_true(hub.token_seen);
    assert_false(hub.token_seen_elsewhere);
    assert_null(strstr(logged, TOKEN));
    options.token = "a\nb";
    char *folder;
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(tyto_hub_pull("acme/owl", &options, &folder, &err), TYTO_E_ARGUMENT);
    assert_string_equal(tyto_error_message(&err), "token: required printable characters");
    tyto_error_clear(&err);
}

static void a_token_is_read_from_its_file(void **state)
{
    (void)state;
    char path[PATH_BYTES];
    hub.token = TOKEN;
    snprintf(path, sizeof(path), "%s/token", cache);
    write_file(path, TOKEN "\n", strlen(TOKEN) + 1);
    setenv("HF_TOKEN_PATH", path, 1);
    assert_pulled();
    unsetenv("HF_TOKEN_PATH");
    setenv("ROOM", cache, 1);
    setenv("HF_TOKEN_PATH", "$ROOM/token", 1);
    assert_pulled();
    unsetenv("HF_TOKEN_PATH");
    unsetenv("ROOM");
    setenv("HF_HOME", cache, 1);
    assert_pulled();
    unsetenv("HF_HOME");
    setenv("HF_TOKEN", TOKEN, 1);
    unlink(path);
    assert_pulled();
    unsetenv("HF_TOKEN");
}

static void a_full_disk_leaves_nothing(void **state)
{
    (void)state;
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 100000;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_fails(TYTO_E_IO, "File too large");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(entries("blobs"), 2);
    assert_pulled();
}

static void what_does_not_fit_is_not_begun(void **state)
{
    (void)state;
    server_find(&hub, "model.safetensors")->length = (size_t)1 << 60;
    assert_fails(TYTO_E_IO, "MB of room on the disk, required 1152921504606.8 MB");
    assert_int_equal(server_find(&hub, "model.safetensors")->served, 0);
}

static void *pull_beside(void *user)
{
    char **out = user;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_hub_options mine = options;
    mine.log = NULL;
    if (tyto_hub_pull("acme/owl", &mine, out, &err) != TYTO_OK) {
        fprintf(stderr, "%s\n", tyto_error_message(&err));
        tyto_error_clear(&err);
    }
    return NULL;
}

static void two_pulls_fetch_once(void **state)
{
    (void)state;
    pthread_t threads[3];
    char *folders[3] = {0};
    hub.slow_ms = 2;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, pull_beside, &folders[i]), 0);
    }
    for (size_t i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_non_null(folders[i]);
        assert_whole(folders[i]);
        tyto_free(folders[i]);
    }
    assert_int_equal(server_find(&hub, "model.safetensors")->served, 1);
    assert_int_equal(server_find(&hub, "config.json")->served, 1);
}

static void an_index_brings_its_files(void **state)
{
    (void)state;
    static const char index[] = "{\"weight_map\":{\"a\":\"m-1.safetensors\",\"b\":"
                                "\"m-2.safetensors\",\"c\":\"m-1.safetensors\"}}";
    server_find(&hub, "model.safetensors")->name = "model.safetensors.index.json";
    server_find(&hub, "model.safetensors.index.json")->bytes = index;
    hub.count -= 2;
    server_add(&hub, "model.safetensors.index.json", index, strlen(index), false);
    server_add(&hub, "m-1.safetensors", weights, 5000, true);
    char *found = NULL;
    assert_fails(TYTO_E_NOT_FOUND, "m-2.safetensors: not on the hub, but in its model.safeten");
    server_add(&hub, "m-2.safetensors", weights + 5000, 5000, true);
    tyto_free(pulled());
    assert_int_equal(entries("snapshots/" SERVER_COMMIT), 5);
    assert_int_equal(tyto_hub_find("acme/owl", &options, &found, NULL), TYTO_OK);
    tyto_free(found);
    char path[PATH_BYTES];
    unlink(in_cache(path, "snapshots/" SERVER_COMMIT "/m-2.safetensors"));
    assert_int_equal(tyto_hub_find("acme/owl", &options, &found, NULL), TYTO_E_NOT_FOUND);
}

static void packed_weights_come_with_their_choices(void **state)
{
    (void)state;
    server_find(&hub, "model.safetensors")->name = "model.packed.safetensors";
    server_add(&hub, "int8.safetensors", weights, 1000, true);
    char *folder = pulled(), *found = NULL;
    assert_true(is_there("snapshots/" SERVER_COMMIT "/model.packed.safetensors"));
    assert_true(is_there("snapshots/" SERVER_COMMIT "/int8.safetensors"));
    assert_false(is_there("snapshots/" SERVER_COMMIT "/pytorch_model.bin"));
    assert_int_equal(tyto_hub_find("acme/owl", &options, &found, NULL), TYTO_OK);
    tyto_free(found);
    tyto_free(folder);
}

static void repositories_without_a_checkpoint_are_refused(void **state)
{
    (void)state;
    hub.count = 4;
    assert_fails(TYTO_E_NOT_FOUND, "no model.safetensors or pytorch_model.bin on the hub");
    char *folder;
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(tyto_hub_pull("acme/hawk", &options, &folder, &err), TYTO_E_NOT_FOUND);
    assert_string_equal(tyto_error_message(&err),
                        "acme/hawk: list of files: not on the hub at revision 'main'");
    tyto_error_clear(&err);
}

static void revisions_are_asked_for(void **state)
{
    (void)state;
    char *folder = NULL;
    assert_int_equal(tyto_hub_pull("acme/owl@refs/pr/3", &options, &folder, NULL), TYTO_OK);
    tyto_free(folder);
    assert_string_equal(hub.last_list, "/api/models/acme/owl/revision/refs/pr/3");
    assert_true(is_there("refs/refs/pr/3"));
    assert_false(is_there("refs/main"));
    options.revision = SERVER_COMMIT;
    assert_pulled();
    assert_int_equal(entries("refs"), 1);
    options.revision = "../x";
    assert_fails(TYTO_E_ARGUMENT, "revision '../x': required");
}

static void strange_answers_are_refused(void **state)
{
    (void)state;
    static const char *const answers[][2] = {
        {"", "acme/owl: "},
        {"<html>", "acme/owl: "},
        {"[]", "acme/owl: "},
        {"{}", "required a commit"},
        {"{\"sha\":\"../../../../tmp/x\"}", "required a commit"},
        {"{\"sha\":5}", "required a commit"},
        {"{\"sha\":\"" SERVER_COMMIT "\"}", "no model.safetensors"},
        {"{\"sha\":\"" SERVER_COMMIT "\",\"siblings\":[1,{},{\"rfilename\":2}]}",
         "no model.safetensors"},
        {"{\"sha\":\"" SERVER_COMMIT "\",\"siblings\":[{\"rfilename\":\"config.json\"},"
         "{\"rfilename\":\"model.safetensors\"}]}",
         "config.json: required its size and hash"},
        {"{\"sha\":\"" SERVER_COMMIT "\",\"siblings\":[{\"rfilename\":\"config.json\",\"size\":-1,"
         "\"blobId\":\"" SERVER_COMMIT "\"},{\"rfilename\":\"model.safetensors\"}]}",
         "config.json: required its size and hash"},
        {"{\"sha\":\"" SERVER_COMMIT "\",\"siblings\":[{\"rfilename\":\"config.json\",\"size\":1,"
         "\"blobId\":\"../../../../../../../../../tmp/0123456789\"},{\"rfilename\":"
         "\"model.safetensors\"}]}",
         "config.json: required its size and hash"},
    };
    for (size_t i = 0; next_case(i, sizeof(answers) / sizeof(answers[0])); i++) {
        char *folder;
        tyto_error err = TYTO_ERROR_INIT;
        hub.answer = answers[i][0];
        assert_true(tyto_hub_pull("acme/owl", &options, &folder, &err) != TYTO_OK);
        if (!strstr(tyto_error_message(&err), answers[i][1])) {
            fail_msg("%s: got '%s', required '%s'", answers[i][0], tyto_error_message(&err),
                     answers[i][1]);
        }
        tyto_error_clear(&err);
        assert_int_equal(entries("blobs"), 0);
    }
}

static void nothing_is_asked_offline(void **state)
{
    (void)state;
    setenv("HF_HUB_OFFLINE", "1", 1);
    assert_fails(TYTO_E_UNSUPPORTED, "acme/owl: nothing is downloaded while HF_HUB_OFFLINE or");
    unsetenv("HF_HUB_OFFLINE");
    setenv("TRANSFORMERS_OFFLINE", "yes", 1);
    assert_fails(TYTO_E_UNSUPPORTED, "acme/owl: nothing is downloaded while HF_HUB_OFFLINE or");
    options.offline = true;
    assert_fails(TYTO_E_UNSUPPORTED, "acme/owl: nothing is downloaded");
    assert_int_equal(hub.requests, 0);
    options.offline = false;
    setenv("HF_HUB_OFFLINE", "0", 1); /* which goes before it */
    assert_pulled();
    unsetenv("HF_HUB_OFFLINE");
    unsetenv("TRANSFORMERS_OFFLINE");
}

static void nobody_listens(void **state)
{
    (void)state;
    options.endpoint = "http://127.0.0.1:1";
    assert_fails(TYTO_E_IO, "acme/owl: list of files: ");
    options.endpoint = "file:///etc/passwd";
    assert_fails(TYTO_E_ARGUMENT, "HF_ENDPOINT: required an http or https address");
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const char *const variables[] = {"TRANSFORMERS_OFFLINE",
                                            "HF_HOME",
                                            "HF_HUB_CACHE",
                                            "HUGGINGFACE_HUB_CACHE",
                                            "HF_HUB_OFFLINE",
                                            "HF_ENDPOINT",
                                            "HF_TOKEN",
                                            "HF_TOKEN_PATH",
                                            "HUGGING_FACE_HUB_TOKEN",
                                            "XDG_CACHE_HOME",
                                            "http_proxy",
                                            "https_proxy",
                                            "all_proxy",
                                            "HTTPS_PROXY",
                                            "ALL_PROXY"};
    for (size_t i = 0; next_case(i, sizeof(variables) / sizeof(variables[0])); i++) {
        unsetenv(variables[i]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_told_from_paths),
        cmocka_unit_test(hashes_are_the_hubs),
        WITH_SERVER(the_cache_has_the_standard_layout),
        WITH_SERVER(what_was_pulled_is_found),
        WITH_SERVER(variables_name_the_cache),
        WITH_SERVER(homes_and_variables_are_expanded),
        WITH_SERVER(a_cut_connection_is_taken_up),
        WITH_SERVER(a_server_without_ranges_sends_all_again),
        WITH_SERVER(checkpoints_are_located),
        WITH_SERVER(a_stopped_pull_goes_on),
        WITH_SERVER(a_damaged_part_is_fetched_again),
        WITH_SERVER(parts_of_the_wrong_length_are_dropped),
        WITH_SERVER(a_busy_server_is_given_time),
        WITH_SERVER(too_much_patience_is_not_had),
        WITH_SERVER(failing_servers_are_tried_again),
        WITH_SERVER(servers_that_keep_failing_are_left),
        WITH_SERVER(a_wrong_length_is_refused),
        WITH_SERVER(a_wrong_hash_is_refused),
        WITH_SERVER(the_token_stays_with_its_host),
        WITH_SERVER(a_token_is_read_from_its_file),
        WITH_SERVER(a_full_disk_leaves_nothing),
        WITH_SERVER(what_does_not_fit_is_not_begun),
        WITH_SERVER(two_pulls_fetch_once),
        WITH_SERVER(an_index_brings_its_files),
        WITH_SERVER(packed_weights_come_with_their_choices),
        WITH_SERVER(repositories_without_a_checkpoint_are_refused),
        WITH_SERVER(revisions_are_asked_for),
        WITH_SERVER(strange_answers_are_refused),
        WITH_SERVER(nothing_is_asked_offline),
        WITH_SERVER(nobody_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
