/* NULL where a call needs something is E_ARGUMENT, and getters of nothing give nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tyto/tyto.h>

#include "support/engines.h"

/* The call is refused, and the error, which held another one, says which argument it was. */
#define REFUSED(call, argument)                                                                    \
    do {                                                                                           \
        tyto_error err = TYTO_ERROR_INIT;                                                          \
        if (tyto_tensor_file_open("/nowhere/at all", &file, &err) == TYTO_OK) {                    \
            fail();                                                                                \
        }                                                                                          \
        if ((call) != TYTO_E_ARGUMENT || !strstr(tyto_error_message(&err), argument)) {            \
            fail_msg("%s: got %s: %s", #call, tyto_status_name(err.status),                        \
                     tyto_error_message(&err));                                                    \
        }                                                                                          \
        tyto_error_clear(&err);                                                                    \
    } while (0)

static tyto_tensor_file *file;

/* Something that is there. */
typedef struct fixture {
    tyto_engine *engine;
    tyto_model *model;
    tyto_session *session;
    tyto_tokenizer *tokenizer;
    tyto_image_processor *processor;
} fixture;

static int begin(void **state)
{
    static fixture with;
    char path[1024];
    const tyto_engine_options options = engine_options(1);
    snprintf(path, sizeof(path), "%s/golden/data/owlv2/odd/model", getenv("TYTO_TEST_DATA"));
    *state = &with;
    return tyto_engine_create(&options, &with.engine, NULL) != TYTO_OK ||
           tyto_model_open(with.engine, path, NULL, &with.model, NULL) != TYTO_OK ||
           tyto_session_create(with.model, NULL, &with.session, NULL) != TYTO_OK ||
           tyto_tokenizer_create_bytes(&with.tokenizer, NULL) != TYTO_OK;
}

static int end(void **state)
{
    fixture *with = *state;
    tyto_tokenizer_destroy(with->tokenizer);
    tyto_session_destroy(with->session);
    tyto_model_destroy(with->model);
    tyto_engine_destroy(with->engine);
    return 0;
}

static void status_and_memory(void **state)
{
    (void)state;
    assert_string_equal(tyto_error_message(NULL), "");
    assert_string_equal(tyto_status_name((tyto_status)-1), "E_UNKNOWN");
    assert_non_null(tyto_status_text((tyto_status)99));
    tyto_error_clear(NULL);
    tyto_free(NULL);
    assert_string_equal(tyto_precision_name((tyto_precision)-1), "?");
}

static void engines_and_models(void **state)
{
    const fixture *with = *state;
    tyto_model *model = NULL;
    REFUSED(tyto_engine_create(NULL, NULL, &err), "out");
    tyto_engine_options_init(NULL, sizeof(tyto_engine_options));
    tyto_engine_destroy(NULL);
    assert_null(tyto_engine_isa(NULL));
    assert_int_equal(tyto_engine_precision(NULL), TYTO_PRECISION_FP32);
    assert_int_equal(tyto_engine_threads(NULL), 0);
    REFUSED(tyto_model_open(NULL, "model", NULL, &model, &err), "engine");
    REFUSED(tyto_model_open(with->engine, NULL, NULL, &model, &err), "path");
    REFUSED(tyto_model_open(with->engine, "model", NULL, NULL, &err), "out");
    tyto_model_destroy(NULL);
    assert_null(tyto_model_head(NULL));
    assert_false(tyto_model_has_head(NULL, "Owlv2Model"));
    assert_false(tyto_model_has_head(with->model, NULL));
    assert_int_equal(tyto_model_query_width(NULL), 0);
    assert_null(tyto_model_tokenizer(NULL));
    assert_null(tyto_model_image_processor(NULL));
    assert_int_equal(tyto_model_label_count(NULL), 0);
    assert_null(tyto_model_label(NULL, 0));
    assert_int_equal(tyto_model_precision(NULL), TYTO_PRECISION_FP32);
    assert_int_equal(tyto_model_parameter_count(NULL), 0);
    assert_int_equal(tyto_model_weight_bytes(NULL), 0);
}

static void sessions(void **state)
{
    const fixture *with = *state;
    tyto_session *session = NULL;
    const tyto_tensor *outputs;
    const char *const none[] = {NULL};
    int64_t n;
    tyto_session_options_init(NULL, sizeof(tyto_session_options));
    REFUSED(tyto_session_create(NULL, NULL, &session, &err), "model");
    REFUSED(tyto_session_create(with->model, NULL, NULL, &err), "out");
    tyto_session_destroy(NULL);
    assert_int_equal(tyto_session_threads(NULL), 0);
    assert_int_equal(tyto_session_scratch_bytes(NULL), 0);
    tyto_session_set_progress(NULL, NULL, NULL);
    REFUSED(tyto_forward(NULL, NULL, NULL, 0, NULL, 0, &outputs, &n, &err), "session");
    REFUSED(tyto_forward(with->session, NULL, NULL, 0, NULL, 0, NULL, &n, &err), "outputs");
    REFUSED(tyto_forward(with->session, NULL, NULL, 0, NULL, 0, &outputs, NULL, &err), "n_outputs");
    REFUSED(tyto_forward(with->session, NULL, NULL, 1, NULL, 0, &outputs, &n, &err), "inputs");
    REFUSED(tyto_forward(with->session, NULL, NULL, -1, NULL, 0, &outputs, &n, &err), "inputs");
    REFUSED(tyto_forward(with->session, NULL, NULL, 0, NULL, 1, &outputs, &n, &err), "wanted");
    REFUSED(tyto_forward(with->session, NULL, NULL, 0, none, 1, &outputs, &n, &err), "wanted");
    REFUSED(tyto_forward(with->session, NULL, NULL, 0, none, -1, &outputs, &n, &err), "wanted");
}

static void tensors(void **state)
{
    (void)state;
    tyto_npy npy;
    REFUSED(tyto_tensor_file_open(NULL, &file, &err), "path");
    REFUSED(tyto_tensor_file_open("file", NULL, &err), "out");
    tyto_tensor_file_destroy(NULL);
    assert_int_equal(tyto_tensor_file_count(NULL), 0);
    assert_null(tyto_tensor_file_at(NULL, 0));
    assert_null(tyto_tensor_file_find(NULL, "name"));
    assert_null(tyto_tensor_file_metadata(NULL, "format"));
    REFUSED(tyto_tensor_file_save(NULL, NULL, 0, &err), "path");
    REFUSED(tyto_tensor_file_save("file", NULL, 1, &err), "tensors");
    REFUSED(tyto_tensor_file_save("file", NULL, -1, &err), "tensors");
    assert_int_equal(tyto_tensor_elements(NULL), 0);
    assert_string_equal(tyto_dtype_name((tyto_dtype)-1), "?");
    assert_int_equal(tyto_dtype_bytes((tyto_dtype)99), 0);
    REFUSED(tyto_npy_load(NULL, &npy, &err), "path");
    REFUSED(tyto_npy_load("file", NULL, &err), "out");
    REFUSED(tyto_npy_parse(NULL, 0, "name", &npy, &err), "bytes");
    REFUSED(tyto_npy_parse("", 0, NULL, &npy, &err), "name");
    REFUSED(tyto_npy_parse("", 0, "name", NULL, &err), "out");
    REFUSED(tyto_npy_save(NULL, &(tyto_tensor){0}, &err), "path");
    REFUSED(tyto_npy_save("file", NULL, &err), "tensor");
    tyto_npy_clear(NULL);
}

static void measurements(void **state)
{
    const fixture *with = *state;
    tyto_bench_result result;
    tyto_kernel_times times;
    tyto_peak peak;
    tyto_bench_options_init(NULL, sizeof(tyto_bench_options));
    REFUSED(tyto_bench_forward(NULL, NULL, &result, &err), "session");
    tyto_bench_result_clear(&result);
    tyto_bench_result_clear(NULL);
    REFUSED(tyto_bench_forward(with->session, NULL, NULL, &err), "out");
    REFUSED(tyto_peak_measure(NULL, &peak, &err), "engine");
    REFUSED(tyto_peak_measure(with->engine, NULL, &err), "out");
    assert_true(tyto_peak_gflops(NULL, TYTO_PRECISION_FP32) == 0.0);
    REFUSED(tyto_bench_kernels(NULL, &times, &err), "engine");
    REFUSED(tyto_bench_kernels(with->engine, NULL, &err), "out");
    tyto_kernel_times_clear(NULL);
}

static void tokenizers(void **state)
{
    const fixture *with = *state;
    const tyto_tokenizer *tokenizer = with->tokenizer;
    const char *const text = "a cat", *const none = NULL;
    const tyto_words words = {&text, NULL, 1}, lacking = {NULL, NULL, 2};
    const int64_t ids[] = {7};
    tyto_tokenizer *other = NULL;
    tyto_encoding encoding;
    tyto_decoding decoding;
    char *decoded;
    tyto_encode_options_init(NULL, sizeof(tyto_encode_options));
    tyto_decode_options_init(NULL, sizeof(tyto_decode_options));
    REFUSED(tyto_tokenizer_open(NULL, &other, &err), "folder");
    REFUSED(tyto_tokenizer_open("folder", NULL, &err), "out");
    REFUSED(tyto_tokenizer_create_bytes(NULL, &err), "out");
    REFUSED(tyto_tokenizer_create_bpe(NULL, 0, NULL, 0, &other, &err), "document");
    REFUSED(tyto_tokenizer_create_bpe("{}", 2, NULL, 0, NULL, &err), "out");
    tyto_tokenizer_destroy(NULL);
    REFUSED(tyto_tokenizer_encode(NULL, &text, NULL, 1, NULL, &encoding, &err), "tokenizer");
    tyto_encoding_clear(&encoding);
    tyto_encoding_clear(NULL);
    REFUSED(tyto_tokenizer_encode(tokenizer, NULL, NULL, 1, NULL, &encoding, &err), "texts");
    REFUSED(tyto_tokenizer_encode(tokenizer, &text, NULL, -1, NULL, &encoding, &err), "texts");
    REFUSED(tyto_tokenizer_encode(tokenizer, &none, NULL, 1, NULL, &encoding, &err), "text 0");
    REFUSED(tyto_tokenizer_encode(tokenizer, &text, NULL, 1, NULL, NULL, &err), "out");
    REFUSED(tyto_tokenizer_encode_words(NULL, &words, NULL, 1, NULL, &encoding, &err), "tokenizer");
    REFUSED(tyto_tokenizer_encode_words(tokenizer, NULL, NULL, 1, NULL, &encoding, &err), "texts");
    REFUSED(tyto_tokenizer_encode_words(tokenizer, &lacking, NULL, 1, NULL, &encoding, &err),
            "texts");
    REFUSED(tyto_tokenizer_encode_words(tokenizer, &words, &lacking, 1, NULL, &encoding, &err),
            "second texts");
    REFUSED(tyto_tokenizer_encode_words(tokenizer, &words, NULL, 1, NULL, NULL, &err), "out");
    REFUSED(tyto_tokenizer_decode(NULL, ids, 1, NULL, &decoded, NULL, &err), "tokenizer");
    REFUSED(tyto_tokenizer_decode(tokenizer, NULL, 1, NULL, &decoded, NULL, &err), "ids");
    REFUSED(tyto_tokenizer_decode(tokenizer, ids, -1, NULL, &decoded, NULL, &err), "ids");
    REFUSED(tyto_tokenizer_decode(tokenizer, ids, 1, NULL, NULL, NULL, &err), "out");
    REFUSED(tyto_tokenizer_decode_batch(NULL, ids, ids, 1, NULL, &decoding, &err), "tokenizer");
    tyto_decoding_clear(&decoding);
    tyto_decoding_clear(NULL);
    REFUSED(tyto_tokenizer_decode_batch(tokenizer, NULL, ids, 1, NULL, &decoding, &err), "rows");
    REFUSED(tyto_tokenizer_decode_batch(tokenizer, ids, NULL, 1, NULL, &decoding, &err), "rows");
    REFUSED(tyto_tokenizer_decode_batch(tokenizer, ids, ids, 1, NULL, NULL, &err), "out");
    assert_int_equal(tyto_tokenizer_kind_of(NULL), TYTO_TOKENIZER_KIND_CLIP);
    assert_null(tyto_tokenizer_token(NULL, 0));
    assert_int_equal(tyto_tokenizer_id(NULL, "cat"), -1);
    assert_int_equal(tyto_tokenizer_id(tokenizer, NULL), -1);
    assert_int_equal(tyto_tokenizer_role(NULL, TYTO_TOKEN_ROLE_PAD), -1);
    assert_int_equal(tyto_tokenizer_role(tokenizer, (tyto_token_role)99), -1);
    assert_int_equal(tyto_tokenizer_vocab_size(NULL), 0);
    assert_int_equal(tyto_tokenizer_max_length(NULL), 0);
}

static void pictures(void **state)
{
    const fixture *with = *state;
    const tyto_image_processor *processor = tyto_model_image_processor(with->model);
    tyto_image_processor *other = NULL;
    tyto_image image = {0};
    tyto_bytes encoded;
    float out;
    int64_t shape[3] = {1, 2, 3};
    assert_non_null(processor);
    REFUSED(tyto_image_load(NULL, NULL, &image, &err), "path");
    REFUSED(tyto_image_load("photo.png", NULL, NULL, &err), "out");
    REFUSED(tyto_image_decode(NULL, 0, "name", NULL, &image, &err), "bytes");
    REFUSED(tyto_image_decode("", 0, NULL, NULL, &image, &err), "name");
    REFUSED(tyto_image_decode("", 0, "name", NULL, NULL, &err), "out");
    REFUSED(tyto_image_save(NULL, &image, &err), "path");
    REFUSED(tyto_image_save("photo.png", NULL, &err), "photo.png");
    REFUSED(tyto_image_save("photo.png", &image, &err), "photo.png");
    REFUSED(tyto_image_encode(&image, NULL, &encoded, &err), "name");
    REFUSED(tyto_image_encode(&image, "photo.png", NULL, &err), "out");
    REFUSED(tyto_image_encode(&image, "photo.png", &encoded, &err), "photo.png");
    REFUSED(tyto_image_make(1, 1, NULL, &err), "out");
    tyto_image_clear(NULL);
    tyto_image_processor_options_init(NULL, sizeof(tyto_image_processor_options));
    REFUSED(tyto_image_processor_open(NULL, &other, &err), "folder");
    REFUSED(tyto_image_processor_open("folder", NULL, &err), "out");
    tyto_image_processor_options options;
    tyto_image_processor_values values = {.resample = 0};
    tyto_image_processor_options_init(&options, sizeof(options));
    REFUSED(tyto_image_processor_options_set(NULL, &values, "size", "3", &err), "options");
    REFUSED(tyto_image_processor_options_set(&options, NULL, "size", "3", &err), "values");
    REFUSED(tyto_image_processor_options_set(&options, &values, NULL, "3", &err), "name");
    REFUSED(tyto_image_processor_options_set(&options, &values, "size", NULL, &err), "text");
    REFUSED(tyto_image_processor_override(NULL, NULL, &other, &err), "base");
    REFUSED(tyto_image_processor_override(processor, NULL, NULL, &err), "out");
    REFUSED(tyto_image_processor_create(NULL, NULL, &other, &err), "type");
    REFUSED(tyto_image_processor_create("Owlv2ImageProcessor", NULL, NULL, &err), "out");
    tyto_image_processor_destroy(NULL);
    tyto_image_processor_shape(processor, 1, 1, NULL);
    tyto_image_processor_shape(NULL, 1, 1, shape);
    assert_int_equal(shape[0] + shape[1] + shape[2], 0);
    REFUSED(tyto_image_processor_run(NULL, with->engine, &image, &out, &err), "processor");
    REFUSED(tyto_image_processor_run(processor, with->engine, NULL, &out, &err), "image");
    REFUSED(tyto_image_processor_run(processor, with->engine, &image, NULL, &err), "out");
    REFUSED(tyto_image_processor_run(processor, NULL, &image, &out, &err), "image");
}

static void videos_and_sound(void **state)
{
    (void)state;
    tyto_video_reader *video = NULL;
    tyto_sound_reader *sound = NULL;
    tyto_video_writer *writer = NULL;
    tyto_image image = {0};
    double seconds;
    bool more;
    float sample = 0.0f;
    int64_t got;
    REFUSED(tyto_video_reader_open(NULL, &video, &err), "path");
    tyto_video_reader_destroy(NULL);
    assert_true(tyto_video_reader_rate(NULL) == 0.0);
    assert_true(tyto_video_reader_seconds(NULL) == 0.0);
    tyto_video_info info = {.frames = 1};
    tyto_video_reader_info(NULL, &info);
    assert_int_equal(info.frames, 0);
    tyto_video_reader_info(NULL, NULL);
    tyto_clip_reader_info(NULL, &info);
    tyto_sound_reader_destroy(NULL);
    REFUSED(tyto_sound_reader_open(NULL, 8000, &sound, &err), "path");
    tyto_video_writer_destroy(NULL);
    REFUSED(tyto_video_reader_next(NULL, &image, &seconds, &more, &err), "");
    REFUSED(tyto_sound_reader_read(NULL, &sample, 1, &got, &err), "");
    REFUSED(tyto_video_writer_create(NULL, &(tyto_video_format){0}, &writer, &err), "path");
    REFUSED(tyto_video_writer_add_frame(NULL, &image, &err), "");
    REFUSED(tyto_video_writer_add_sound(NULL, &sample, 1, &err), "");
    REFUSED(tyto_video_writer_commit(NULL, &err), "");
    if (!tyto_video_available()) {
        return;
    }
    REFUSED(tyto_video_reader_open("video.mp4", NULL, &err), "out");
    REFUSED(tyto_sound_reader_open("sound.wav", 8000, NULL, &err), "out");
    REFUSED(tyto_video_writer_create("video.mp4", NULL, &writer, &err), "format");
    REFUSED(tyto_video_writer_create("video.mp4", &(tyto_video_format){0}, NULL, &err), "out");
}

/* What gives no status does nothing, or gives 0. */
static void tiles_and_fields(void **state)
{
    (void)state;
    const tyto_flow_tiles none = {0};
    const tyto_flow_tiles one = {.width_px = 8,
                                 .height_px = 8,
                                 .tile_width_px = 8,
                                 .tile_height_px = 8,
                                 .step_x_px = 8,
                                 .step_y_px = 8,
                                 .columns = 1,
                                 .rows = 1};
    const tyto_tiles no_tiles = {0};
    const tyto_clip_shape shape = {0};
    uint8_t pixels[3] = {0};
    float values[2] = {0};
    const tyto_image frame = {.width_px = 1, .height_px = 1, .data = pixels};
    tyto_flow_field field = {.width_px = 1, .height_px = 1, .data = values};
    int64_t x = 1, y = 1;
    double mean = 1.0, longest = 1.0;
    tyto_flow_tiles_place(&none, 0, &x, &y);
    assert_int_equal(x + y, 0);
    tyto_flow_tiles_place(NULL, 0, &x, NULL);
    assert_true(tyto_flow_tiles_share(NULL, 0, 0, 0) == 0.0);
    assert_true(tyto_flow_tiles_share(&none, 0, 0, 0) == 0.0);
    REFUSED(tyto_flow_preprocess(NULL, 0, &frame, &frame, values, &err), "tiles");
    REFUSED(tyto_flow_preprocess(&none, 0, NULL, &frame, values, &err), "first");
    REFUSED(tyto_flow_preprocess(&none, 0, &frame, NULL, values, &err), "second");
    REFUSED(tyto_flow_preprocess(&none, 0, &frame, &frame, NULL, &err), "out");
    assert_int_equal(tyto_flow_preprocess(&none, 0, &frame, &frame, values, NULL), TYTO_E_RANGE);
    assert_int_equal(tyto_flow_preprocess(&one, 0, &frame, &frame, values, NULL), TYTO_E_SHAPE);
    REFUSED(tyto_flow_postprocess(NULL, 0, values, 1.0f, &field, &err), "tiles");
    REFUSED(tyto_flow_postprocess(&none, 0, NULL, 1.0f, &field, &err), "values");
    REFUSED(tyto_flow_postprocess(&none, 0, values, 1.0f, NULL, &err), "flow");
    assert_int_equal(tyto_flow_postprocess(&none, 0, values, 1.0f, &field, NULL), TYTO_E_RANGE);
    assert_int_equal(tyto_flow_postprocess(&one, 0, values, 1.0f, &field, NULL), TYTO_E_SHAPE);
    x = y = 1;
    tyto_tiles_place(&no_tiles, 0, &x, &y);
    assert_int_equal(x + y, 0);
    tyto_tiles_place(NULL, 0, NULL, NULL);
    REFUSED(tyto_clip_preprocess(NULL, &frame, values, &err), "shape");
    REFUSED(tyto_clip_preprocess(&shape, NULL, values, &err), "frame");
    REFUSED(tyto_clip_preprocess(&shape, &frame, NULL, &err), "out");
    assert_int_equal(tyto_clip_preprocess(&shape, &frame, values, NULL), TYTO_E_SHAPE);
    tyto_flow_field_measure(NULL, &mean, &longest);
    assert_true(mean == 0.0 && longest == 0.0);
    tyto_flow_field_measure(NULL, NULL, NULL);
    assert_int_equal(tyto_postprocess_photo_count(NULL, 3), 0);
}

/* Lists that are missing, or have places that are, inside of what is given. */
static void lists_inside(void **state)
{
    (void)state;
    static const char *const none[] = {NULL};
    static const char *const label[] = {"a"};
    uint8_t pixels[3] = {0};
    tyto_image image = {.width_px = 1, .height_px = 1, .data = pixels};
    tyto_calibration_samples samples;
    tyto_inspection *inspection;
    tyto_bytes bytes;
    tyto_inputs inputs;
    tyto_coco_scores scores;
    tyto_detection_document_options document;
    tyto_postprocess_options options;
    tyto_inputs_source source;
    tyto_detections found = {.items = NULL, .count = 1}, negative = {.items = NULL, .count = -4};
    tyto_detections out;
    REFUSED(tyto_calibration_samples_list(none, 1, NULL, &samples, &err), "places[i]");
    REFUSED(tyto_inspection_create_files(none, 1, NULL, &inspection, &err), "paths[i]");
    tyto_detection_document_options_init(&document, sizeof(document));
    document.labels = label;
    document.n_labels = 1;
    const tyto_photo_detections photo = {.photo = "x", .detections = &found};
    REFUSED(tyto_detection_document_write(&document, &photo, &bytes, &err), "detections");
    REFUSED(tyto_draw_detections(&image, &found, label, 1, NULL, &err), "detections");
    REFUSED(tyto_draw_detections(&image, &negative, label, 1, NULL, &err), "detections");
    tyto_tensor outputs[] = {
        {.name = "logits", .dtype = TYTO_F32, .rank = 3, .shape = {1, 2, 1}},
        {.name = "pred_boxes", .dtype = TYTO_F32, .rank = 3, .shape = {1, 2, 4}}};
    tyto_postprocess_options_init_for(&options, sizeof(options), outputs, 2);
    REFUSED(tyto_postprocess_batch(outputs, 2, NULL, 0, &options, &out, 1, &err), "logits");
    outputs[0].shape[1] = outputs[1].shape[1] = -2;
    assert_int_equal(tyto_postprocess_batch(outputs, 2, NULL, 0, &options, &out, 1, NULL),
                     TYTO_E_SHAPE);
    const tyto_part part = {.found = {.items = NULL, .count = 3}};
    REFUSED(tyto_merge_parts(&part, 1, 10, 10, 1, NULL, &out, &err), "found");
    REFUSED(tyto_merge_parts(&part, -1, 10, 10, 1, NULL, &out, &err), "parts");
    const tyto_coco images = {.n_images = 3}, annotations = {.n_annotations = -3};
    REFUSED(tyto_coco_evaluate(&images, NULL, 0, NULL, &scores, &err), "images");
    REFUSED(tyto_coco_evaluate(&annotations, NULL, 0, NULL, &scores, &err), "annotations");
    tyto_tokenizer *tokenizer = NULL;
    const tyto_text_list texts = {.items = NULL, .count = 2};
    assert_int_equal(tyto_tokenizer_create_bytes(&tokenizer, NULL), TYTO_OK);
    tyto_inputs_source_init(&source, sizeof(source));
    source.tokenizer = tokenizer;
    source.n_texts = 1;
    REFUSED(tyto_inputs_make(&source, &inputs, &err), "texts");
    source.texts = &texts;
    REFUSED(tyto_inputs_make(&source, &inputs, &err), "texts[i]");
    tyto_tokenizer_destroy(tokenizer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_and_memory), cmocka_unit_test(engines_and_models),
        cmocka_unit_test(sessions),          cmocka_unit_test(tensors),
        cmocka_unit_test(measurements),      cmocka_unit_test(tokenizers),
        cmocka_unit_test(pictures),          cmocka_unit_test(videos_and_sound),
        cmocka_unit_test(tiles_and_fields),  cmocka_unit_test(lists_inside),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
