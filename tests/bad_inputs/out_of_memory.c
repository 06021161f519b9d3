/* Every piece of work is done with its first allocation failing, then its second, and so on:
 * each time it must say so, or do without, and give everything back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <tyto/tyto.h>

#include "../support/engines.h"
#include "failing_memory.h"
#include "models/perceiver/describe/parts.h"
#include "models/perceiver/heads.h"
#include "out_of_memory.h"

/* Where an allocation costs much, under a sanitizer, every one of the first fails, and then one of a
 * few: the plain build has all. */
#ifdef FAILING_MEMORY_WRAPS
enum { EACH_OF = 40, THEN_EVERY = 11 };
#else
enum { EACH_OF = 0, THEN_EVERY = 1 };
#endif

/* No piece of work below needs more allocations than this. */
enum { ALLOCATIONS_MAX = 200000 };

static char folder[] = "/tmp/tyto-memory-XXXXXX";
static char written[64];

static bool is_honest(tyto_status status)
{
    return status == TYTO_OK || status == TYTO_E_MEMORY;
}

static void fail_each(work_fn work, bool forever)
{
    tyto_error err = TYTO_ERROR_INIT;
    /* What libraries make once and keep. */
    if (work(&err) != TYTO_OK) {
        fail_msg("without failures: %s", tyto_error_message(&err));
    }
    long before = failing_memory_blocks();
    const long shift = forever ? THEN_EVERY / 2 : 0; /* the two come by different ones */
    for (long at = 1;; at += at < EACH_OF + shift ? 1 : THEN_EVERY) {
        failing_memory_arm(at, forever);
        tyto_status status = work(&err);
        long asked = failing_memory_disarm();
        if (!is_honest(status) && err.message) {
            fail_msg("allocation %ld: got %s (%s), required E_MEMORY", at, tyto_status_name(status),
                     tyto_error_message(&err));
        }
        assert_int_equal(err.status, status);
        tyto_error_clear(&err);
        if (failing_memory_blocks() != before) {
            fail_msg("allocation %ld: %ld blocks lost", at, failing_memory_blocks() - before);
        }
        if (asked < at) {
            assert_int_equal(status, TYTO_OK);
            assert_true(at > 1);
            return;
        }
        assert_true(at < ALLOCATIONS_MAX);
    }
}

void fail_each_once_and_forever(work_fn work)
{
    fail_each(work, false);
    fail_each(work, true);
}

static tyto_status save_tensors(tyto_error *err)
{
    float numbers[] = {1, 2, 3, 4};
    const tyto_tensor tensors[] = {
        {.name = "a", .dtype = TYTO_F32, .rank = 1, .shape = {4}, .data = numbers},
        {.name = "b", .dtype = TYTO_F32, .rank = 2, .shape = {2, 2}, .data = numbers},
    };
    return tyto_tensor_file_save(written, tensors, 2, err);
}

static tyto_status open_tensors(tyto_error *err)
{
    tyto_tensor_file *file = NULL;
    tyto_status status = tyto_tensor_file_open(written, &file, err);
    if (status == TYTO_OK && !tyto_tensor_file_find(file, "b")) {
        status = TYTO_E_FORMAT;
    }
    tyto_tensor_file_destroy(file);
    return status;
}

/* The file of torch.save that is opened now. */
static const char *torch_file;

static tyto_status open_torch_tensors(tyto_error *err)
{
    char path[512];
    tyto_tensor_file *file = NULL;
    snprintf(path, sizeof(path), "%s/golden/data/torch_bin/%s", getenv("TYTO_TEST_DATA"),
             torch_file);
    tyto_status status = tyto_tensor_file_open(path, &file, err);
    tyto_tensor_file_destroy(file);
    return status;
}

static tyto_status open_engine(tyto_error *err)
{
    tyto_engine *engine = NULL;
    const tyto_engine_options options = engine_options(3);
    tyto_status status = tyto_engine_create(&options, &engine, err);
    tyto_engine_destroy(engine);
    return status;
}

/* The same with bytes as tokens, and everything that can be asked for. */
static tyto_status tokenize_bytes(tyto_error *err)
{
    char path[512];
    tyto_tokenizer *tokenizer = NULL;
    tyto_encoding encoding = {0};
    tyto_decoding decoding = {0};
    const char *const items[] = {"a word1 left<x>  right ", "abc", "[MASK]\xFF"};
    const tyto_words firsts[] = {{items, NULL, 2}, {items + 2, NULL, 1}};
    const tyto_words seconds[] = {{items + 1, NULL, 2}, {items, NULL, 1}};
    const tyto_encode_options options = {.struct_bytes = sizeof(tyto_encode_options),
                                         .padding = TYTO_PADDING_LONGEST,
                                         .truncation = TYTO_TRUNCATION_ONLY_FIRST,
                                         .max_length = 20,
                                         .stride = 2,
                                         .overflowing_tokens = true,
                                         .special_tokens_mask = true,
                                         .token_type_ids = true};
    snprintf(path, sizeof(path), "%s/golden/data/perceiver_tokenizer/added",
             getenv("TYTO_TEST_DATA"));
    tyto_status status = tyto_tokenizer_open(path, &tokenizer, err);
    if (status == TYTO_OK) {
        status =
            tyto_tokenizer_encode_words(tokenizer, firsts, seconds, 2, &options, &encoding, err);
    }
    if (status == TYTO_OK) {
        status = tyto_tokenizer_decode_batch(tokenizer, encoding.input_ids, encoding.offsets, 2,
                                             NULL, &decoding, err);
    }
    tyto_decoding_clear(&decoding);
    tyto_encoding_clear(&encoding);
    tyto_tokenizer_destroy(tokenizer);
    return status;
}

/* Read, and a picture cropped and resized in both directions. */
static tyto_status process_picture(tyto_error *err)
{
    char path[512];
    static float out[3 * 16 * 16];
    tyto_image image;
    tyto_image_processor *processor = NULL;
    snprintf(path, sizeof(path), "%s/golden/data/perceiver_processor/small",
             getenv("TYTO_TEST_DATA"));
    tyto_status status = tyto_image_make(24, 31, &image, err);
    if (status == TYTO_OK) {
        memset(image.data, 7, 3 * 24 * 31);
        status = tyto_image_processor_open(path, &processor, err);
    }
    if (status == TYTO_OK) {
        status = tyto_image_processor_run(processor, NULL, &image, out, err);
    }
    tyto_image_processor_destroy(processor);
    tyto_image_clear(&image);
    return status;
}

/* Read, two texts to ids, and back: with marks to compose, added tokens, and older files. */
static tyto_status tokenize(const char *name, tyto_error *err)
{
    char path[512];
    tyto_tokenizer *tokenizer = NULL;
    tyto_encoding encoding = {0};
    tyto_decoding decoding = {0};
    const char *const texts[] = {"A cat\u00e9\u0301 \u0130<mask> it's <|endoftext|>!", ""};
    const tyto_encode_options options = {.struct_bytes = sizeof(tyto_encode_options),
                                         .padding = TYTO_PADDING_LONGEST,
                                         .truncation = TYTO_TRUNCATION_LONGEST_FIRST,
                                         .offsets = true};
    snprintf(path, sizeof(path), "%s/golden/data/tokenizer/%s", getenv("TYTO_TEST_DATA"), name);
    tyto_status status = tyto_tokenizer_open(path, &tokenizer, err);
    if (status == TYTO_OK) {
        status = tyto_tokenizer_encode(tokenizer, texts, NULL, 2, &options, &encoding, err);
    }
    if (status == TYTO_OK) {
        status = tyto_tokenizer_decode_batch(tokenizer, encoding.input_ids, encoding.offsets, 2,
                                             NULL, &decoding, err);
    }
    tyto_decoding_clear(&decoding);
    tyto_encoding_clear(&encoding);
    tyto_tokenizer_destroy(tokenizer);
    return status;
}

static tyto_status tokenize_by_json(tyto_error *err)
{
    return tokenize("added", err);
}

static tyto_status tokenize_by_files(tyto_error *err)
{
    return tokenize("legacy", err);
}

static void coco_path(char path[512], const char *file)
{
    snprintf(path, 512, "%s/golden/data/coco_eval/same_place/%s", getenv("TYTO_TEST_DATA"), file);
}

/* Read, scored, and the results written again. */
static tyto_status evaluate(tyto_error *err)
{
    tyto_coco truth = {0};
    tyto_coco_results results = {0};
    tyto_coco_scores scores = {0};
    char path[512];
    coco_path(path, "annotations.json");
    tyto_status status = tyto_coco_load(path, &truth, err);
    if (status == TYTO_OK) {
        coco_path(path, "results.json");
        status = tyto_coco_results_load(path, &results, err);
    }
    if (status == TYTO_OK) {
        status = tyto_coco_evaluate(&truth, results.items, results.count, NULL, &scores, err);
    }
    if (status == TYTO_OK) {
        status = tyto_coco_results_save(written, results.items, results.count, err);
    }
    tyto_coco_scores_clear(&scores);
    tyto_coco_results_clear(&results);
    tyto_coco_clear(&truth);
    return status;
}

/* Either all of it is drawn or nothing. */
static tyto_status draw_boxes(tyto_error *err)
{
    static uint8_t pixels[160 * 120 * 3], before[sizeof(pixels)];
    tyto_image image = {160, 120, pixels};
    const char *const labels[] = {"a cat",
                                  "\xc5\xbdlu\xc5\xa5\xe7\x8c\xab that is long, long, long"};
    tyto_detection items[] = {{{10, 30, 60, 100}, 0.9F, 0}, {{50, 40, 150, 110}, 0.8F, 1}};
    const tyto_detections detections = {items, 2};
    memset(pixels, 99, sizeof(pixels));
    memset(before, 99, sizeof(before));
    tyto_status status = tyto_draw_detections(&image, &detections, labels, 2, NULL, err);
    const bool drawn = memcmp(pixels, before, sizeof(pixels)) != 0;
    return drawn == (status == TYTO_OK) ? status : TYTO_E_SHAPE;
}

/* The picture that is read or written now: a name under the golden data, or an ending. */
static const char *picture;

static tyto_status read_picture(tyto_error *err)
{
    char path[512];
    tyto_image image = {0};
    snprintf(path, sizeof(path), "%s/golden/data/images/good/%s", getenv("TYTO_TEST_DATA"),
             picture);
    tyto_status status = tyto_image_load(path, NULL, &image, err);
    tyto_image_clear(&image);
    return status;
}

static tyto_status write_picture(tyto_error *err)
{
    static uint8_t pixels[33 * 21 * 3];
    const tyto_image image = {33, 21, pixels};
    char path[64];
    snprintf(path, sizeof(path), "%s/p.%s", folder, picture);
    tyto_status status = tyto_image_save(path, &image, err);
    unlink(path);
    return status;
}

/* The head whose parts are described and read. */
static const char *described;

static tyto_status describe_parts(tyto_error *err)
{
    const tyto_perceiver_config config = {.num_latents = 4,
                                          .d_latents = 8,
                                          .d_model = 8,
                                          .vocab_size = 9,
                                          .max_position_embeddings = 5,
                                          .image_size = 8,
                                          .train_size = {5, 6},
                                          .num_frames = 2,
                                          .audio_samples_per_frame = 8,
                                          .samples_per_patch = 4,
                                          .output_shape = {1, 2, 8, 8},
                                          .output_num_channels = 7,
                                          .label_trainable_num_channels = 6,
                                          .num_labels = 3};
    bool no_memory;
    tyto_perceiver_parts parts;
    json_t *description = tyto_perceiver_composition(described, &config, &no_memory);
    if (!description) {
        return err->status = no_memory ? TYTO_E_MEMORY : TYTO_E_ARGUMENT;
    }
    tyto_status status = tyto_perceiver_parts_read(description, described, &config, &parts, err);
    tyto_perceiver_parts_clear(&parts);
    json_decref(description);
    return status;
}

/* A model that is open, and the inputs of a case: it is the run that memory fails. Opening reads
 * JSON, of whose longer names Jansson drops letters without a word when memory is out. */
static tyto_model *run_model;
static tyto_tensor_file *run_inputs;

static tyto_status run_head(tyto_error *err)
{
    tyto_session *session = NULL;
    const tyto_tensor *outputs;
    int64_t count;
    tyto_tensor given[8];
    for (int64_t i = 0; i < tyto_tensor_file_count(run_inputs); i++) {
        given[i] = *tyto_tensor_file_at(run_inputs, (int64_t)i);
    }
    tyto_status status = tyto_session_create(run_model, NULL, &session, err);
    if (status == TYTO_OK) {
        status = tyto_forward(session, NULL, given, tyto_tensor_file_count(run_inputs), NULL, 0,
                              &outputs, &count, err);
    }
    tyto_session_destroy(session);
    return status;
}

static void tensors_are_saved(void **state)
{
    (void)state;
    fail_each_once_and_forever(save_tensors);
}

static void tensors_are_opened(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(save_tensors(&err), TYTO_OK);
    fail_each_once_and_forever(open_tensors);
}

static void torch_tensors_are_opened(void **state)
{
    (void)state;
    static const char *const files[] = {"zip.bin", "legacy.bin",
                                        "vision_tower/pytorch_model.bin.index.json"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        torch_file = files[i];
        fail_each_once_and_forever(open_torch_tensors);
    }
}

static void an_engine_is_made(void **state)
{
    (void)state;
    fail_each_once_and_forever(open_engine);
}

static void detections_are_scored(void **state)
{
    (void)state;
    fail_each_once_and_forever(evaluate);
}

static void boxes_are_drawn(void **state)
{
    (void)state;
    fail_each_once_and_forever(draw_boxes);
}

/* Lossless WebP and WebP's alpha are left out: without memory for its Huffman tables, the decoder
 * of libwebp 1.2 frees a block that it never had. */
static void pictures_are_read(void **state)
{
    static const char *const names[] = {
        "rgb_8.png", "interlaced_palette_2.png", "exif_after.png", "orientation_6.jpg",
        "cmyk.jpg",  "progressive.jpg",          "one_row.png",    "lossy.webp",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        picture = names[i];
        fail_each_once_and_forever(read_picture);
    }
}

static void pictures_are_written(void **state)
{
    static const char *const endings[] = {"png", "jpg", "webp"};
    (void)state;
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        picture = endings[i];
        fail_each_once_and_forever(write_picture);
    }
}

static void perceivers_are_described(void **state)
{
    static const char *const heads[] = {
        "PerceiverForMaskedLM",
        "PerceiverForSequenceClassification",
        "PerceiverForImageClassificationLearned",
        "PerceiverForImageClassificationFourier",
        "PerceiverForImageClassificationConvProcessing",
        "PerceiverForOpticalFlow",
        "PerceiverForMultimodalAutoencoding",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        described = heads[i];
        fail_each_once_and_forever(describe_parts);
    }
}

static void perceivers_are_run(void **state)
{
    static const char *const cases[][2] = {
        {"multimodal", "chunk"},
        {"convolution", "mask"},
        {"masked_lm", "masks"},
        {"learned", "pixels"},
    };
    (void)state;
    const tyto_engine_options options = engine_options(1);
    tyto_engine *engine = NULL;
    assert_int_equal(tyto_engine_create(&options, &engine, NULL), TYTO_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char path[512];
        const char *root = getenv("TYTO_TEST_DATA");
        snprintf(path, sizeof(path), "%s/golden/data/perceiver/%s/model", root, cases[i][0]);
        assert_int_equal(tyto_model_open(engine, path, NULL, &run_model, NULL), TYTO_OK);
        snprintf(path, sizeof(path), "%s/golden/data/perceiver/%s/%s/inputs.safetensors", root,
                 cases[i][0], cases[i][1]);
        assert_int_equal(tyto_tensor_file_open(path, &run_inputs, NULL), TYTO_OK);
        assert_true(tyto_tensor_file_count(run_inputs) <= 8);
        fail_each_once_and_forever(run_head);
        tyto_tensor_file_destroy(run_inputs);
        tyto_model_destroy(run_model);
    }
    tyto_engine_destroy(engine);
}

static void texts_are_tokenized(void **state)
{
    (void)state;
    fail_each_once_and_forever(tokenize_by_json);
    fail_each_once_and_forever(tokenize_by_files);
    fail_each_once_and_forever(tokenize_bytes);
    fail_each_once_and_forever(process_picture);
}

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) {
        return -1;
    }
    snprintf(written, sizeof(written), "%s/t.safetensors", folder);
    return 0;
}

/* Fails when a half-written file was left behind. */
static int remove_folder(void **state)
{
    (void)state;
    unlink(written);
    return rmdir(folder);
}

int main(void)
{
    /* Pango, which draws with the system's fonts, ends the process when there is no memory. */
    char fonts[512];
    snprintf(fonts, sizeof(fonts), "%s/data/no_fonts.conf", getenv("TYTO_TEST_DATA"));
    setenv("FONTCONFIG_FILE", fonts, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_written),
        cmocka_unit_test(trees_are_searched_by),
        cmocka_unit_test(videos_are_searched),
        cmocka_unit_test(tensors_are_saved),
        cmocka_unit_test(tensors_are_opened),
        cmocka_unit_test(an_engine_is_made),
        cmocka_unit_test(detections_are_scored),
        cmocka_unit_test(boxes_are_drawn),
        cmocka_unit_test(pictures_are_read),
        cmocka_unit_test(pictures_are_written),
        cmocka_unit_test(perceivers_are_described),
        cmocka_unit_test(perceivers_are_run),
        cmocka_unit_test(pictures_are_written),
        cmocka_unit_test(checkpoints_are_opened),
        cmocka_unit_test(checkpoints_are_converted),
        cmocka_unit_test(networks_are_run),
        cmocka_unit_test(texts_are_encoded),
        cmocka_unit_test(texts_and_pictures_are_understood),
        cmocka_unit_test(objects_are_detected),
        cmocka_unit_test(vocabularies_are_built),
        cmocka_unit_test(warm_runs_take_no_memory),
        cmocka_unit_test(texts_are_tokenized),
        cmocka_unit_test(examples_are_matched),
        cmocka_unit_test(flows_are_found),
        cmocka_unit_test(files_and_checkpoints_are_looked_at),
        cmocka_unit_test(torch_tensors_are_opened),
        cmocka_unit_test_setup_teardown(frames_follow_each_other, make_frames, remove_frames),
        cmocka_unit_test_setup_teardown(inputs_are_classified, make_frames, remove_frames),
        cmocka_unit_test_setup_teardown(files_have_places, make_frames, remove_frames),
        cmocka_unit_test(pairs_and_rows_are_tokenized),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
