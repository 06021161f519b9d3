/* Opening of checkpoints: what config.json may say, and what the weights must be. */
#include "models/owlv2/config.h"
#include "support/checkpoint.h"

#include "support/cases.h"

/* The lines that an engine logged. */
typedef struct log_lines {
    int count;
    char last[4096];
} log_lines;

static void keep_line(void *user, tyto_log_level level, const char *message)
{
    log_lines *lines = user;
    assert_int_equal(level, TYTO_LOG_LEVEL_WARNING);
    lines->count++;
    snprintf(lines->last, sizeof(lines->last), "%s", message);
}

static tyto_engine *make_engine(log_lines *lines)
{
    tyto_engine *engine = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine_options options = engine_options(1);
    options.log = keep_line;
    options.log_user = lines;
    ASSERT_DONE(tyto_engine_create(&options, &engine, &err), &err);
    return engine;
}

/* The folder opens as a model that computes the golden case; no line is logged. */
static void opens_as(const char *folder, const char *golden_folder, const char *what)
{
    log_lines lines = {0};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine *engine = make_engine(&lines);
    tyto_model *model = NULL;
    tyto_session *session = NULL;
    golden_case golden;
    if (tyto_model_open(engine, folder, NULL, &model, &err) != TYTO_OK) {
        fail_msg("%s: %s", what, tyto_error_message(&err));
    }
    golden_open(&golden, golden_folder);
    ASSERT_DONE(tyto_session_create(model, NULL, &session, &err), &err);
    golden_run(&golden, session, golden.head, what);
    assert_int_equal(lines.count, 0);
    golden_close(&golden);
    tyto_session_destroy(session);
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
}

/* The folder does not open; the message has all of `parts`, which end at NULL. */
static void is_refused(const char *folder, tyto_status status, const char *const *parts)
{
    log_lines lines = {0};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine *engine = make_engine(&lines);
    tyto_model *model = NULL;
    const tyto_status got = tyto_model_open(engine, folder, NULL, &model, &err);
    if (got != status) {
        fail_msg("'%s': got %s (%s), required %s", parts[0], tyto_status_name(got),
                 tyto_error_message(&err), tyto_status_name(status));
    }
    assert_null(model);
    for (size_t i = 0; parts[i]; i++) {
        if (!strstr(tyto_error_message(&err), parts[i])) {
            fail_msg("got '%s', required '%s' in it", tyto_error_message(&err), parts[i]);
        }
    }
    assert_null(strchr(tyto_error_message(&err), '\n'));
    tyto_error_clear(&err);
    tyto_engine_destroy(engine);
}

static void config_variants_are_accepted(void **state)
{
    (void)state;
    static const char *const variants[] = {
        "{}",
        /* What other versions write, and what doesn't concern the network. */
        "{\"architectures\": null, \"torch_dtype\": null, \"_name_or_path\": \"x/y\"}",
        "{\"architectures\": [], \"transformers_version\": null, \"_commit_hash\": null}",
        "{\"text_config_dict\": null, \"vision_config_dict\": {\"hidden_size\": 3}}",
        "{\"logit_scale_init_value\": 1.5, \"return_dict\": true, \"is_composition\": true}",
        "{\"initializer_factor\": 2, \"use_cache\": [1, {\"a\": null}], \"id2label\": {\"0\": 1}}",
        "{\"text_config\": {\"model_type\": null, \"attention_dropout\": 0.1, \"dropout\": 0.5}}",
        "{\"text_config\": {\"pad_token_id\": 49407, \"bos_token_id\": null, \"top_k\": 50}}",
        "{\"vision_config\": {\"dropout\": 0.0, \"num_beams\": 1, \"projection_dim\": 9}}",
        "{\"vision_config\": {\"initializer_range\": 0.5, \"torch_dtype\": \"float16\"}}",
        "{\"text_config\": {\"max_position_embeddings\": null}}",
        "{\"vision_config\": {\"hidden_act\": \"quick_gelu\", \"layer_norm_eps\": 1e-05}}",
        /* Names of the same function. */
        "{\"text_config\": {\"hidden_act\": \"gelu_python\"}}",
        /* What writers of JSON make of a whole number. */
        "{\"projection_dim\": 36.0}",
    };
    for (size_t i = 0; next_case(i, sizeof(variants) / sizeof(variants[0])); i++) {
        checkpoint from;
        checkpoint_start(&from, "odd");
        checkpoint_merge(&from, variants[i]);
        checkpoint_write(&from);
        opens_as(from.folder, "owlv2/odd/one", variants[i]);
        checkpoint_end(&from);
    }
}

static void configs_that_cannot_be_honoured_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *change;
        tyto_status status;
        const char *parts[4];
    } cases[] = {
        {"{\"model_type\": null}", TYTO_E_FORMAT, {"config.json", "model_type", "missing"}},
        {"{\"model_type\": 5}", TYTO_E_FORMAT, {"model_type", "an integer", "a string"}},
        {"{\"model_type\": \"owlvit\"}", TYTO_E_UNSUPPORTED, {"'owlvit'", "owlv2"}},
        {"{\"architectures\": [\"OwlViTModel\"]}", TYTO_E_UNSUPPORTED, {"'OwlViTModel'"}},
        {"{\"text_config\": 3}", TYTO_E_FORMAT, {"text_config", "an object"}},
        {"{\"vision_config\": []}", TYTO_E_FORMAT, {"vision_config", "an object"}},
        {"{\"projection_dim\": 20}", TYTO_E_FORMAT, {"projection_dim", "20", "36"}},
        {"{\"projection_dim\": \"36\"}", TYTO_E_FORMAT, {"projection_dim", "a string"}},
        {"{\"projection_dim\": true}", TYTO_E_FORMAT, {"projection_dim", "a boolean"}},
        {"{\"text_config\": {\"hidden_size\": 0}}", TYTO_E_RANGE, {"hidden_size", "text_config"}},
        {"{\"text_config\": {\"hidden_size\": -36}}", TYTO_E_RANGE, {"hidden_size", "-36"}},
        {"{\"text_config\": {\"hidden_size\": 36.5}}", TYTO_E_FORMAT, {"hidden_size"}},
        {"{\"text_config\": {\"hidden_size\": 1e30}}", TYTO_E_FORMAT, {"hidden_size"}},
        {"{\"text_config\": {\"hidden_size\": 9223372036854775807}}",
         TYTO_E_RANGE,
         {"hidden_size", "9223372036854775807"}},
        {"{\"text_config\": {\"num_attention_heads\": 5}}",
         TYTO_E_FORMAT,
         {"num_attention_heads", "5", "36"}},
        {"{\"text_config\": {\"num_attention_heads\": 0}}", TYTO_E_RANGE, {"num_attention_heads"}},
        {"{\"text_config\": {\"hidden_act\": \"selu\"}}",
         TYTO_E_UNSUPPORTED,
         {"'selu'", "quick_gelu", "text_config"}},
        {"{\"vision_config\": {\"hidden_act\": 3}}", TYTO_E_FORMAT, {"hidden_act"}},
        {"{\"vision_config\": {\"patch_size\": 64}}", TYTO_E_FORMAT, {"patch_size", "64", "63"}},
        {"{\"vision_config\": {\"image_size\": [63, 63]}}", TYTO_E_FORMAT, {"image_size"}},
        {"{\"vision_config\": {\"layer_norm_eps\": -1}}", TYTO_E_RANGE, {"layer_norm_eps"}},
        {"{\"vision_config\": {\"layer_norm_eps\": \"x\"}}", TYTO_E_FORMAT, {"layer_norm_eps"}},
        {"{\"vision_config\": {\"num_hidden_layers\": 2000}}", TYTO_E_RANGE, {"num_hidden_layers"}},
        {"{\"vision_config\": {\"num_hidden_layers\": -1}}", TYTO_E_RANGE, {"num_hidden_layers"}},
        {"{\"vision_config\": {\"num_channels\": 0}}", TYTO_E_RANGE, {"num_channels"}},
        {"{\"text_config\": {\"vocab_size\": 0}}", TYTO_E_RANGE, {"vocab_size"}},
        /* Sizes that the weights don't have. */
        {"{\"vision_config\": {\"num_hidden_layers\": 4}}",
         TYTO_E_FORMAT,
         {"model.safetensors", "layers.3.mlp.fc1.weight", "missing"}},
        {"{\"vision_config\": {\"patch_size\": 9}}",
         TYTO_E_FORMAT,
         {"patch_embedding.weight", "[44,3,7,7]", "[44,3,9,9]"}},
        {"{\"text_config\": {\"vocab_size\": 2147483647}}", TYTO_E_FORMAT, {"token_embedding"}},
    };
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        checkpoint from;
        checkpoint_start(&from, "odd");
        checkpoint_merge(&from, cases[i].change);
        checkpoint_write(&from);
        is_refused(from.folder, cases[i].status, cases[i].parts);
        checkpoint_end(&from);
    }
}

static void all_that_does_not_fit_is_in_one_message(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "model.safetensors",
        "'owlv2.logit_scale': missing",
        "'box_head.dense1.bias': missing, required shape [44]",
        "'owlv2.text_model.final_layer_norm.weight': shape [6,6], required [36]",
        "'class_head.dense0.weight': shape [44,36], required [36,44]",
        "'owlv2.vision_model.encoder.layers.2.mlp.fc2.bias': type I32, required a float type",
        NULL};
    checkpoint from;
    checkpoint_start(&from, "odd");
    checkpoint_drop(&from, "owlv2.logit_scale");
    checkpoint_drop(&from, "box_head.dense1.bias");
    tyto_tensor *norm = checkpoint_tensor(&from, "owlv2.text_model.final_layer_norm.weight");
    norm->rank = 2;
    norm->shape[0] = norm->shape[1] = 6;
    tyto_tensor *dense = checkpoint_tensor(&from, "class_head.dense0.weight");
    dense->shape[0] = 44;
    dense->shape[1] = 36;
    checkpoint_tensor(&from, "owlv2.vision_model.encoder.layers.2.mlp.fc2.bias")->dtype = TYTO_I32;
    checkpoint_write(&from);
    is_refused(from.folder, TYTO_E_FORMAT, parts);
    checkpoint_end(&from);
}

static void unexpected_tensors_are_one_warning(void **state)
{
    (void)state;
    int64_t positions[16] = {0};
    float numbers[2] = {1, 2};
    log_lines lines = {0};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine *engine = make_engine(&lines);
    tyto_model *model = NULL;
    checkpoint from;
    checkpoint_start(&from, "odd");
    checkpoint_add(
        &from,
        (tyto_tensor){"owlv2.text_model.embeddings.position_ids", TYTO_I64, 2, {1, 16}, positions});
    checkpoint_add(
        &from, (tyto_tensor){
                   "owlv2.vision_model.embeddings.position_ids", TYTO_I64, 2, {1, 2}, positions});
    checkpoint_add(&from, (tyto_tensor){"box_bias", TYTO_F32, 1, {2}, numbers});
    checkpoint_write(&from);
    opens_as(from.folder, "owlv2/odd/one", "buffers of older versions");
    checkpoint_add(&from, (tyto_tensor){"extra.weight", TYTO_F32, 1, {2}, numbers});
    checkpoint_add(&from, (tyto_tensor){"another", TYTO_I64, 1, {2}, positions});
    checkpoint_write(&from);
    ASSERT_DONE(tyto_model_open(engine, from.folder, NULL, &model, &err), &err);
    assert_int_equal(lines.count, 1);
    assert_non_null(strstr(lines.last, "model.safetensors"));
    assert_non_null(strstr(lines.last, "another, extra.weight"));
    assert_null(strstr(lines.last, "position_ids"));
    assert_null(strstr(lines.last, "box_bias"));
    /* No processors lie beside it. */
    assert_null(tyto_model_tokenizer(model));
    assert_null(tyto_model_image_processor(model));
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
    checkpoint_end(&from);
}

static void files_must_be_there(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    checkpoint from;
    checkpoint_start(&from, "odd");
    is_refused("/nonexistent", TYTO_E_NOT_FOUND, (const char *const[]){"/nonexistent", NULL});
    is_refused(from.folder, TYTO_E_NOT_FOUND, (const char *const[]){"config.json", NULL});
    checkpoint_write(&from);
    is_refused(golden_path(path, "../../../tests/golden/README.md"), TYTO_E_NOT_FOUND,
               (const char *const[]){"README.md", NULL});
    snprintf(path, sizeof(path), "%s/model.safetensors", from.folder);
    assert_int_equal(unlink(path), 0);
    is_refused(from.folder, TYTO_E_NOT_FOUND,
               (const char *const[]){"model.safetensors", "model.safetensors.index.json", NULL});
    snprintf(path, sizeof(path), "%s/config.json", from.folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("{\"model_type\": \"owlv2\",", file);
    fclose(file);
    is_refused(from.folder, TYTO_E_FORMAT, (const char *const[]){"config.json", "JSON", NULL});
    checkpoint_end(&from);
}

static void a_tower_may_have_no_layers(void **state)
{
    (void)state;
    log_lines lines = {0};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine *engine = make_engine(&lines);
    tyto_model *model = NULL;
    tyto_session *session = NULL;
    golden_case golden;
    const tyto_tensor *outputs;
    int64_t count;
    const char *const wanted[] = {"vision_model_output.last_hidden_state",
                                  "vision_model_output.hidden_states.0", "logits"};
    checkpoint from;
    checkpoint_start(&from, "odd");
    checkpoint_drop_all(&from, "vision_model.encoder");
    checkpoint_merge(&from, "{\"vision_config\": {\"num_hidden_layers\": 0}}");
    checkpoint_write(&from);
    ASSERT_DONE(tyto_model_open(engine, from.folder, NULL, &model, &err), &err);
    ASSERT_DONE(tyto_session_create(model, NULL, &session, &err), &err);
    golden_open(&golden, "owlv2/odd/one");
    ASSERT_DONE(tyto_forward(session, NULL, golden.given, golden.n_given, wanted, 3, &outputs,
                             &count, &err),
                &err);
    assert_int_equal(lines.count, 0);
    assert_memory_equal(outputs[0].data, outputs[1].data,
                        (size_t)tyto_tensor_elements(&outputs[0]) * sizeof(float));
    golden_close(&golden);
    tyto_session_destroy(session);
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
    checkpoint_end(&from);
}

static void parameters_are_counted(void **state)
{
    (void)state;
    log_lines lines = {0};
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine *engine = make_engine(&lines);
    tyto_model *model = NULL;
    tyto_tensor_file *file =
        golden_tensors(golden_path(path, "owlv2/vision_tower/model/model.safetensors"));
    int64_t parameters = 0;
    for (int64_t i = 0; i < tyto_tensor_file_count(file); i++) {
        parameters += tyto_tensor_elements(tyto_tensor_file_at(file, (int64_t)i));
    }
    ASSERT_DONE(
        tyto_model_open(engine, golden_path(path, "owlv2/vision_tower/model"), NULL, &model, &err),
        &err);
    assert_int_equal(tyto_model_parameter_count(model), parameters);
    assert_true(tyto_model_weight_bytes(model) >= (size_t)parameters * sizeof(float));
    assert_string_equal(tyto_model_head(model), "Owlv2VisionModel");
    assert_true(tyto_model_has_head(model, "Owlv2VisionModel"));
    assert_false(tyto_model_has_head(model, "Owlv2Model"));
    assert_int_equal(tyto_model_query_width(model), 0);
    tyto_model_destroy(model);
    ASSERT_DONE(
        tyto_model_open(engine, golden_path(path, "owlv2/contrastive/model"), NULL, &model, &err),
        &err);
    assert_true(tyto_model_has_head(model, "Owlv2Model.get_text_features"));
    assert_false(tyto_model_has_head(model, "Owlv2ForObjectDetection"));
    assert_int_equal(tyto_model_query_width(model), 20);
    tyto_model_destroy(model);
    tyto_tensor_file_destroy(file);
    tyto_engine_destroy(engine);
}

static void absent_fields_take_their_defaults(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}", "{\"text_config\": null, \"vision_config\": null, \"projection_dim\": null}",
        "{\"text_config\": {}, \"vision_config\": {}}"};
    for (size_t i = 0; i < 3; i++) {
        tyto_error err = TYTO_ERROR_INIT;
        tyto_owlv2_config config;
        json_t *root = json_loads(texts[i], 0, NULL);
        ASSERT_DONE(tyto_owlv2_config_read(root, "config.json", &config, &err), &err);
        assert_int_equal(config.projection_dim, 512);
        assert_int_equal(config.text.encoder.hidden_size, 512);
        assert_int_equal(config.text.encoder.intermediate_size, 2048);
        assert_int_equal(config.text.encoder.num_hidden_layers, 12);
        assert_int_equal(config.text.encoder.num_attention_heads, 8);
        assert_int_equal(config.text.encoder.hidden_act, TYTO_ACT_QUICK_GELU);
        assert_true(config.text.encoder.layer_norm_eps == 1e-5);
        assert_int_equal(config.text.vocab_size, 49408);
        assert_int_equal(config.text.max_position_embeddings, 16);
        assert_int_equal(config.vision.encoder.hidden_size, 768);
        assert_int_equal(config.vision.encoder.intermediate_size, 3072);
        assert_int_equal(config.vision.encoder.num_hidden_layers, 12);
        assert_int_equal(config.vision.encoder.num_attention_heads, 12);
        assert_int_equal(config.vision.encoder.hidden_act, TYTO_ACT_QUICK_GELU);
        assert_true(config.vision.encoder.layer_norm_eps == 1e-5);
        assert_int_equal(config.vision.num_channels, 3);
        assert_int_equal(config.vision.image_size, 768);
        assert_int_equal(config.vision.patch_size, 16);
        json_decref(root);
    }
}

/* How many outputs whose name has that part come unasked. */
static int given_unasked(const char *folder, const char *case_folder, const char *part)
{
    log_lines lines = {0};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine *engine = make_engine(&lines);
    tyto_model *model = NULL;
    tyto_session *session = NULL;
    golden_case golden;
    const tyto_tensor *outputs;
    int64_t count;
    int found = 0;
    ASSERT_DONE(tyto_model_open(engine, folder, NULL, &model, &err), &err);
    ASSERT_DONE(tyto_session_create(model, NULL, &session, &err), &err);
    golden_open(&golden, case_folder);
    ASSERT_DONE(tyto_forward(session, golden.head, golden.given, golden.n_given, NULL, 0, &outputs,
                             &count, &err),
                &err);
    for (int64_t i = 0; i < count; i++) {
        found += strstr(outputs[i].name, part) != NULL;
    }
    golden_close(&golden);
    tyto_session_destroy(session);
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
    return found;
}

static void a_config_asks_for_states(void **state)
{
    (void)state;
    static const struct {
        const char *from, *config, *golden;
        int text_states, image_states, attentions; /* more than layers by one; as many as layers */
    } cases[] = {
        {"odd", "{}", "owlv2/odd/masks", 0, 0, 0},
        /* Of parts, the whole's word counts. */
        {"odd", "{\"text_config\": {\"output_hidden_states\": true}, \"output_attentions\": false}",
         "owlv2/odd/masks", 0, 0, 0},
        {"odd", "{\"output_hidden_states\": true}", "owlv2/odd/masks", 3, 4, 0},
        {"odd", "{\"output_attentions\": true}", "owlv2/odd/masks", 0, 0, 5},
    };
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        checkpoint made;
        checkpoint_start(&made, cases[i].from);
        checkpoint_merge(&made, cases[i].config);
        checkpoint_write(&made);
        assert_int_equal(given_unasked(made.folder, cases[i].golden, "text_model_output.hidden_s"),
                         cases[i].text_states);
        assert_int_equal(
            given_unasked(made.folder, cases[i].golden, "vision_model_output.hidden_s"),
            cases[i].image_states);
        assert_int_equal(given_unasked(made.folder, cases[i].golden, ".attentions."),
                         cases[i].attentions);
        checkpoint_end(&made);
    }
    checkpoint tower;
    checkpoint_start(&tower, "text_tower");
    checkpoint_merge(&tower, "{\"output_hidden_states\": true}");
    checkpoint_write(&tower);
    assert_true(given_unasked(tower.folder, "owlv2/text_tower/tower", "hidden_states.0") == 1);
    checkpoint_end(&tower);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_variants_are_accepted),
        cmocka_unit_test(configs_that_cannot_be_honoured_are_refused),
        cmocka_unit_test(all_that_does_not_fit_is_in_one_message),
        cmocka_unit_test(unexpected_tensors_are_one_warning),
        cmocka_unit_test(files_must_be_there),
        cmocka_unit_test(a_tower_may_have_no_layers),
        cmocka_unit_test(parameters_are_counted),
        cmocka_unit_test(absent_fields_take_their_defaults),
        cmocka_unit_test(a_config_asks_for_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
