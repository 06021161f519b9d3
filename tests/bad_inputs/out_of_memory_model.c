/* Checkpoints, networks, processors and detection, with each allocation failing in turn. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/engines.h"
#include "../support/search.h"
#include "failing_memory.h"
#include "out_of_memory.h"

static tyto_engine *engine;
static tyto_model *model;
static tyto_tensor_file *inputs;

static const char *data_path(const char *name)
{
    static char path[512];
    snprintf(path, sizeof(path), "%s/golden/data/%s", getenv("TYTO_TEST_DATA"), name);
    return path;
}

/* Of the next checkpoint that is prepared. */
static tyto_precision precision;

/* The checkpoint that all but the first test use, and the inputs of a case of it. */
static void prepare(void)
{
    tyto_error err = TYTO_ERROR_INIT;
    if (model) {
        return;
    }
    tyto_engine_options options = engine_options(2);
    options.precision = precision;
    if (tyto_engine_create(&options, &engine, &err) != TYTO_OK ||
        tyto_model_open(engine, data_path("owlv2/odd/model"), NULL, &model, &err) != TYTO_OK ||
        tyto_tensor_file_open(data_path("owlv2/odd/one/inputs.safetensors"), &inputs, &err) !=
            TYTO_OK) {
        fail_msg("%s", tyto_error_message(&err));
    }
}

static void finish(void)
{
    tyto_tensor_file_destroy(inputs);
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
    inputs = NULL;
    model = NULL;
    engine = NULL;
}

/* The checkpoint that is opened. */
static const char *opened;

static tyto_status open_checkpoint(tyto_error *err)
{
    tyto_engine *own = NULL;
    tyto_model *of = NULL;
    const tyto_engine_options options = engine_options(1);
    tyto_status status = tyto_engine_create(&options, &own, err);
    if (status == TYTO_OK) {
        status = tyto_model_open(own, data_path(opened), NULL, &of, err);
    }
    tyto_model_destroy(of);
    tyto_engine_destroy(own);
    return status;
}

void checkpoints_are_opened(void **state)
{
    /* Sharded ones, one with a tokenizer.json, one of three files, and one that is folded. */
    static const char *const checkpoints[] = {
        "owlv2/vision_tower/model",
        "owlv2/sharded/model",
        "owlv2/odd/model",
        "perceiver/learned/model",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(checkpoints) / sizeof(checkpoints[0]); i++) {
        opened = checkpoints[i];
        fail_each_once_and_forever(open_checkpoint);
    }
}

static tyto_status forward(tyto_session *session, tyto_error *err)
{
    static const char *const wanted[] = {"logits", "pred_boxes",
                                         "vision_model_output.hidden_states.*",
                                         "text_model_output.attentions.*"};
    tyto_tensor given[8];
    const size_t count = (size_t)tyto_tensor_file_count(inputs);
    const tyto_tensor *outputs;
    int64_t n_outputs;
    for (size_t i = 0; i < count && i < 8; i++) {
        given[i] = *tyto_tensor_file_at(inputs, (int64_t)i);
    }
    return tyto_forward(session, NULL, given, (int64_t)count, wanted, 4, &outputs, &n_outputs, err);
}

static tyto_status run_network(tyto_error *err)
{
    tyto_session *session = NULL;
    tyto_status status = tyto_session_create(model, NULL, &session, err);
    if (status == TYTO_OK) {
        status = forward(session, err);
    }
    tyto_session_destroy(session);
    return status;
}

void networks_are_run(void **state)
{
    (void)state;
    prepare();
    fail_each_once_and_forever(run_network);
    finish();
}

static tyto_status encode(tyto_error *err)
{
    const char *const texts[] = {"a photo of a cat", "\xc3\x89lan  42's <|endoftext|> x"};
    const tyto_encode_options options = {.struct_bytes = sizeof(tyto_encode_options),
                                         .padding = TYTO_PADDING_LONGEST,
                                         .truncation = TYTO_TRUNCATION_LONGEST_FIRST};
    tyto_encoding encoding = {0};
    char *decoded = NULL;
    tyto_status status = tyto_tokenizer_encode(tyto_model_tokenizer(model), texts, NULL, 2,
                                               &options, &encoding, err);
    if (status == TYTO_OK) {
        status = tyto_tokenizer_decode(tyto_model_tokenizer(model), encoding.input_ids,
                                       encoding.offsets[1], NULL, &decoded, NULL, err);
    }
    tyto_free(decoded);
    tyto_encoding_clear(&encoding);
    return status;
}

void texts_are_encoded(void **state)
{
    (void)state;
    prepare();
    fail_each_once_and_forever(encode);
    finish();
}

/* All of it: labels, with templates or without, and a photo, whole or in tiles too. */
static bool with_templates, in_tiles;

static tyto_status detect(tyto_error *err)
{
    static uint8_t pixels[80 * 50 * 3];
    const tyto_image image = {80, 50, pixels};
    const char *const texts[] = {"a cat", "the remote!"};
    tyto_session *session = NULL;
    tyto_vocabulary *vocabulary = NULL;
    tyto_detections found = {0};
    tyto_embed_options embed;
    tyto_embed_options_init(&embed, sizeof(embed));
    embed.templates = with_templates;
    tyto_search_options options = search_defaults(false);
    options.tile_px = 50;
    options.tiles = options.skip_padding = in_tiles;
    options.input_px = in_tiles ? 49 : 0;
    options.threshold = 0.0F;
    options.nms = TYTO_NMS_CLASS;
    options.multi_label = true;
    for (size_t i = 0; i < sizeof(pixels); i++) {
        pixels[i] = (uint8_t)(i * 7 % 251);
    }
    tyto_status status = tyto_session_create(model, NULL, &session, err);
    if (status == TYTO_OK) {
        status = tyto_vocabulary_create(session, texts, 2, &embed, &vocabulary, err);
    }
    if (status == TYTO_OK) {
        status = search_image(session, &image, vocabulary, &options, &found, err);
    }
    if (status == TYTO_OK && found.count == 0) {
        status = TYTO_E_RANGE;
    }
    tyto_detections_clear(&found);
    tyto_vocabulary_destroy(vocabulary);
    tyto_session_destroy(session);
    return status;
}

void objects_are_detected(void **state)
{
    (void)state;
    prepare();
    with_templates = false;
    fail_each_once_and_forever(detect);
    with_templates = true;
    fail_each_once_and_forever(detect);
    with_templates = false;
    in_tiles = true;
    fail_each_once_and_forever(detect);
    finish();
}

/* An example of each kind, averaged, kept in a file, and looked for. */
static const char *kept;

static tyto_status make_queries(tyto_session *session, const tyto_photo *photo,
                                tyto_vocabulary *made[4], tyto_error *err)
{
    const tyto_box region = {5, 5, 40, 30};
    const char *const text = "thing";
    tyto_status status = tyto_photo_query(session, photo, &region, TYTO_QUERY_RULE_OBJECTNESS, text,
                                          NULL, &made[0], err);
    if (status == TYTO_OK) {
        status = tyto_vocabulary_create(session, &text, 1, NULL, &made[1], err);
    }
    if (status == TYTO_OK) {
        status = tyto_vocabulary_join((const tyto_vocabulary *const *)made, 2, &made[2], err);
    }
    if (status == TYTO_OK) {
        status = tyto_vocabulary_save(made[2], kept, err);
    }
    return status == TYTO_OK ? tyto_vocabulary_average(made[2], &made[3], err) : status;
}

/* The whole picture beside the queries, by a processor of its own. */
static tyto_status compare_whole(tyto_session *session, const tyto_image *image,
                                 const tyto_vocabulary *queries, tyto_error *err)
{
    float logits[2], probabilities[2], *features = NULL;
    int64_t width;
    tyto_image_processor *processor = NULL;
    const tyto_image_processor_options options = {
        .struct_bytes = sizeof(tyto_image_processor_options), .do_pad = TYTO_SWITCH_OFF};
    tyto_status status =
        tyto_image_processor_override(tyto_model_image_processor(model), &options, &processor, err);
    tyto_embed_options embed;
    tyto_embed_options_init(&embed, sizeof(embed));
    embed.processor = processor;
    if (status == TYTO_OK) {
        status = tyto_similarity(session, queries, image, &embed, logits, probabilities, err);
    }
    if (status == TYTO_OK) {
        status = tyto_embed_image(session, image, &embed, &features, &width, err);
    }
    tyto_image_processor_destroy(processor);
    tyto_free(features);
    return status;
}

static tyto_status match(tyto_error *err)
{
    static uint8_t pixels[80 * 50 * 3];
    const tyto_image image = {80, 50, pixels};
    tyto_session *session = NULL;
    tyto_photo *photo = NULL;
    tyto_vocabulary *made[4] = {NULL}, *back = NULL, *boxes = NULL;
    tyto_detections found = {0};
    tyto_search_options options = search_defaults(true);
    for (size_t i = 0; i < sizeof(pixels); i++) {
        pixels[i] = (uint8_t)(i * 7 % 251);
    }
    tyto_status status = tyto_session_create(model, NULL, &session, err);
    if (status == TYTO_OK) {
        status = tyto_photo_create(session, &image, NULL, &photo, err);
    }
    if (status == TYTO_OK) {
        status = make_queries(session, photo, made, err);
    }
    if (status == TYTO_OK) {
        status = tyto_vocabulary_load(kept, &back, err);
    }
    if (status == TYTO_OK) {
        status = search_encoded(session, photo, back, &options, &found, err);
    }
    if (status == TYTO_OK) {
        status = tyto_photo_embed(session, photo, &found, NULL, &boxes, err);
    }
    if (status == TYTO_OK) {
        status = compare_whole(session, &image, back, err);
    }
    tyto_detections_clear(&found);
    for (int i = 0; i < 4; i++) {
        tyto_vocabulary_destroy(made[i]);
    }
    tyto_vocabulary_destroy(back);
    tyto_vocabulary_destroy(boxes);
    tyto_photo_destroy(photo);
    tyto_session_destroy(session);
    return status;
}

/* All that a vocabulary can be built of, and photos searched for it together. */
static tyto_status fill_builder(tyto_vocabulary_builder *builder, tyto_session *session,
                                const tyto_image *image, tyto_error *err)
{
    const tyto_box region = {5, 5, 40, 30};
    const tyto_vocabulary_example examples[] = {
        {.photo = "one", .region = &region, .label = "thing"}, {.photo = "one", .label = "a cat"}};
    const char *const *labels;
    int64_t count = 0;
    tyto_status status = tyto_vocabulary_builder_add_text(builder, "a cat", err);
    for (int i = 0; i < 2 && status == TYTO_OK; i++) {
        status = tyto_vocabulary_builder_add_example(builder, &examples[i], err);
    }
    if (status == TYTO_OK) {
        status = tyto_vocabulary_builder_labels(builder, &labels, &count, err);
    }
    if (status == TYTO_OK) {
        status = tyto_vocabulary_builder_embed_examples(builder, session, 0, image, NULL, err);
    }
    if (status == TYTO_OK) {
        status = tyto_vocabulary_builder_embed_image(builder, session, "all", image, NULL, err);
    }
    return status == TYTO_OK ? tyto_vocabulary_builder_embed_boxes(builder, session, "box", image,
                                                                   NULL, NULL, NULL, err)
                             : status;
}

static tyto_status build(tyto_error *err)
{
    static uint8_t pixels[80 * 50 * 3];
    const tyto_image image = {80, 50, pixels};
    const tyto_search_source sources[] = {{.image = &image}, {.image = &image}};
    tyto_session *session = NULL;
    tyto_vocabulary_builder *builder = NULL;
    tyto_vocabulary *vocabulary = NULL;
    tyto_detections found[2] = {{0}};
    for (size_t i = 0; i < sizeof(pixels); i++) {
        pixels[i] = (uint8_t)(i * 7 % 251);
    }
    tyto_status status = tyto_session_create(model, NULL, &session, err);
    if (status == TYTO_OK) {
        status = tyto_vocabulary_builder_create(TYTO_AVERAGING_ALL, &builder, err);
    }
    if (status == TYTO_OK) {
        status = fill_builder(builder, session, &image, err);
    }
    if (status == TYTO_OK) {
        status = tyto_vocabulary_builder_build(builder, session, NULL, &vocabulary, err);
    }
    if (status == TYTO_OK) {
        status = tyto_search(session, sources, 2, vocabulary, NULL, found, err);
    }
    for (int i = 0; i < 2; i++) {
        tyto_detections_clear(&found[i]);
    }
    tyto_vocabulary_destroy(vocabulary);
    tyto_vocabulary_builder_destroy(builder);
    tyto_session_destroy(session);
    return status;
}

void vocabularies_are_built(void **state)
{
    (void)state;
    prepare();
    fail_each_once_and_forever(build);
    finish();
}

/* Texts and pictures to tensors, and a network's outputs to detections, for two photos. */
static tyto_status steps(tyto_error *err)
{
    static uint8_t pixels[20 * 30 * 3];
    static const char *const texts[] = {"a cat", "an owl"};
    const tyto_text_list lists[] = {{texts, 2}, {texts, 1}};
    const tyto_image images[] = {{20, 30, pixels}, {30, 20, pixels}};
    const tyto_size sizes[] = {{20, 30}, {30, 20}};
    const tyto_inputs_source source = {.struct_bytes = sizeof(source),
                                       .texts = lists,
                                       .n_texts = 2,
                                       .tokenizer = tyto_model_tokenizer(model),
                                       .images = images,
                                       .n_images = 2,
                                       .query_images = images,
                                       .n_query_images = 1,
                                       .processor = tyto_model_image_processor(model),
                                       .engine = engine};
    float numbers[2 * 3 * 4] = {0};
    const tyto_tensor outputs[] = {
        {.name = "logits", .dtype = TYTO_F32, .rank = 3, .shape = {2, 3, 2}, .data = numbers},
        {.name = "pred_boxes", .dtype = TYTO_F32, .rank = 3, .shape = {2, 3, 4}, .data = numbers}};
    tyto_inputs made;
    tyto_detections found[2] = {{0}};
    tyto_status status = tyto_inputs_make(&source, &made, err);
    if (status == TYTO_OK) {
        status = tyto_postprocess_batch(outputs, 2, sizes, 2, NULL, found, 2, err);
    }
    tyto_inputs_clear(&made);
    tyto_detections_clear(&found[0]);
    tyto_detections_clear(&found[1]);
    return status;
}

void examples_are_matched(void **state)
{
    (void)state;
    char folder[] = "/tmp/tyto-memory-XXXXXX", paths[2][64];
    assert_non_null(mkdtemp(folder));
    snprintf(paths[0], sizeof(paths[0]), "%s/v.npy", folder);
    snprintf(paths[1], sizeof(paths[1]), "%s/v.safetensors", folder);
    prepare();
    for (int i = 0; i < 2; i++) {
        kept = paths[i];
        fail_each_once_and_forever(match);
        unlink(kept);
    }
    fail_each_once_and_forever(steps);
    finish();
    assert_int_equal(rmdir(folder), 0); /* nothing half-written is left */
}

/* The second run of a session asks the system for nothing. */
static void run_warm(tyto_precision in)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_session *session = NULL;
    precision = in;
    prepare();
    assert_int_equal(tyto_session_create(model, NULL, &session, &err), TYTO_OK);
    failing_memory_arm(LONG_MAX, false);
    assert_int_equal(forward(session, &err), TYTO_OK);
    assert_true(failing_memory_disarm() > 0);
    for (int i = 0; i < 3; i++) {
        failing_memory_arm(LONG_MAX, false);
        assert_int_equal(forward(session, &err), TYTO_OK);
        assert_int_equal(failing_memory_disarm(), 0);
    }
    tyto_session_destroy(session);
    finish();
    precision = TYTO_PRECISION_FP32;
}

void warm_runs_take_no_memory(void **state)
{
    (void)state;
    run_warm(TYTO_PRECISION_FP32);
    run_warm(TYTO_PRECISION_BF16);
}
