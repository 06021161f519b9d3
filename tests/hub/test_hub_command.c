/* The command with hub ids: pull, and models that are brought when they are asked for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"
#include "server.h"

#define TOKEN "hf_veryverysecret"

static server hub;
static char *config, *weights;

static int set_up(void **state)
{
    char endpoint[64];
    size_t config_bytes, weights_bytes;
    if (enter_folder(state) != 0) {
        return -1;
    }
    server_start(&hub);
    config = file_text(test_path("golden/data/torch_bin/text_tower/config.json"), &config_bytes);
    weights =
        file_text(test_path("golden/data/torch_bin/text_tower/pytorch_model.bin"), &weights_bytes);
    server_add(&hub, "config.json", config, config_bytes, false);
    server_add(&hub, "pytorch_model.bin", weights, weights_bytes, true);
    snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%d", hub.port);
    setenv("HF_ENDPOINT", endpoint, 1);
    setenv("HF_HOME", "home", 1);
    setenv("HF_TOKEN", TOKEN, 1);
    unsetenv("HF_HUB_CACHE");
    unsetenv("HUGGINGFACE_HUB_CACHE");
    unsetenv("HF_HUB_OFFLINE");
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    hub.token = TOKEN;
    return 0;
}

static int tear_down(void **state)
{
    server_stop(&hub);
    free(config);
    free(weights);
    return leave_folder(state);
}

static void a_model_is_brought_when_it_is_asked_for(void **state)
{
    (void)state;
    setenv("HF_HUB_OFFLINE", "1", 1);
    ran run = tyto("inspect", "-m", "acme/owl", NULL);
    assert_complains(
        &run, 1,
        "acme/owl: nothing is downloaded while HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set");
    assert_int_equal(hub.requests, 0);
    unsetenv("HF_HUB_OFFLINE");
    run = tyto("inspect", "-m", "acme/owl", "--format", "json", NULL);
    assert_done(&run);
    json_t *root = parsed(run.out);
    assert_string_equal(json_string_value(json_object_get(root, "model_type")), "owlv2_text_model");
    assert_int_equal(json_array_size(json_object_get(root, "missing")), 0);
    json_decref(root);
    ran_clear(&run);
    /* From now on it is in the cache. */
    const int before = hub.requests;
    setenv("HF_HUB_OFFLINE", "1", 1);
    run = tyto("inspect", "-m", "acme/owl", NULL);
    assert_done(&run);
    ran_clear(&run);
    unsetenv("HF_HUB_OFFLINE");
    assert_int_equal(hub.requests, before);
    assert_true(hub.token_seen);
    assert_false(hub.token_seen_elsewhere);
}

static void pull_prints_the_folder(void **state)
{
    (void)state;
    hub.cuts = 1;
    hub.cut_after = 1000;
    setenv("HF_HUB_CACHE", "another", 1);
    ran run = tyto("pull", "-v", "acme/owl", "acme/owl@main", NULL);
    assert_int_equal(run.status, 0);
    static const char folder[] = "another/models--acme--owl/snapshots/" SERVER_COMMIT "\n";
    assert_int_equal(strlen(run.out), 2 * strlen(folder));
    assert_memory_equal(run.out, folder, strlen(folder));
    assert_non_null(strstr(run.err, "trying again"));
    assert_null(strstr(run.err, TOKEN));
    assert_true(hub.ranges == 1);
    ran_clear(&run);
    unsetenv("HF_HUB_CACHE");
}

static void what_is_not_there_is_named(void **state)
{
    (void)state;
    ran run = tyto("pull", "acme/hawk", NULL);
    assert_complains(&run, 1, "acme/hawk: list of files: not on the hub at revision 'main'");
    run = tyto("pull", "--revision", "v/../2", "acme/owl", NULL);
    assert_complains(&run, 1, "revision 'v/../2': required a branch, a tag or a commit");
    run = tyto("pull", "owl", NULL);
    assert_complains(&run, 2, "'owl': required a hub id, OWNER/NAME or OWNER/NAME@REVISION");
    run = tyto("pull", NULL);
    assert_complains(&run, 2, "no hub id");
    setenv("HF_TOKEN", "another_secret", 1);
    run = tyto("pull", "acme/owl", NULL);
    assert_null(strstr(run.err, "another_secret"));
    assert_complains(&run, 1, "it needs another token");
    setenv("HF_TOKEN", TOKEN, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_brought_when_it_is_asked_for),
        cmocka_unit_test(pull_prints_the_folder),
        cmocka_unit_test(what_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
