/* Options of engines, checkpoints, texts and pictures, documents and files of older and of newer
 * programs. */
#include "support/options.h"

enum { SIDE = 24 };

/* What calls are about. */
static small owl;
static tyto_tokenizer *tokenizer;
static uint8_t pixels[SIDE * SIDE * 3];
static tyto_image frame = {.width_px = SIDE, .height_px = SIDE, .data = pixels};
static char owl_path[GOLDEN_PATH_BYTES], config_path[GOLDEN_PATH_BYTES];
static const char *const words[] = {"a cat"};
static char folder[] = "/tmp/tyto-options-XXXXXX";

static int enter(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(mkdir("empty", 0777), 0);
    owl = open_small("../owlv2/odd");
    golden_path(owl_path, "owlv2/odd/model");
    golden_path(config_path, "owlv2/odd/model/config.json");
    assert_int_equal(tyto_tokenizer_create_bytes(&tokenizer, NULL), TYTO_OK);
    assert_int_equal(tyto_model_convert(owl_path, "converted", NULL, NULL), TYTO_OK);
    assert_int_equal(tyto_model_pack(owl.model, "packed", NULL, NULL), TYTO_OK);
    return 0;
}

static int leave(void **state)
{
    char command[64];
    (void)state;
    tyto_tokenizer_destroy(tokenizer);
    close_small(&owl);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

static void see_bytes(tyto_bytes *bytes)
{
    see_text(bytes->data);
    tyto_bytes_clear(bytes);
}

/* Engines, models, sessions and parameters. */

CALL(engine_create, tyto_engine_options, isa, "none")
{
    tyto_engine *engine = NULL;
    const tyto_status status = tyto_engine_create(given, &engine, err);
    tyto_engine_destroy(engine);
    return status;
}

CALL(session_create, tyto_session_options, threads, 3)
{
    tyto_session *session = NULL;
    const tyto_status status = tyto_session_create(owl.model, given, &session, err);
    see_number(tyto_session_threads(session));
    tyto_session_destroy(session);
    return status;
}

CALL(model_open, tyto_model_open_options, progress, see_step)
{
    tyto_model *model = NULL;
    const tyto_status status = tyto_model_open(owl.engine, owl_path, given, &model, err);
    tyto_model_destroy(model);
    return status;
}

CALL(checkpoint_open, tyto_model_open_options, progress, see_step)
{
    tyto_model *model = NULL;
    const tyto_status status = tyto_checkpoint_open(owl.engine, owl_path, NULL, given, &model, err);
    tyto_model_destroy(model);
    return status;
}

CALL(model_create, tyto_model_open_options, progress, see_step)
{
    tyto_parameters *parameters = NULL;
    tyto_model *model = NULL;
    assert_int_equal(tyto_parameters_open(owl_path, NULL, &parameters, NULL), TYTO_OK);
    const tyto_status status = tyto_model_create(owl.engine, parameters, given, &model, err);
    tyto_model_destroy(model);
    tyto_parameters_destroy(parameters);
    return status;
}

static tyto_status see_parameters(tyto_status status, tyto_parameters *parameters)
{
    see_text(tyto_parameters_architecture(parameters));
    tyto_parameters_destroy(parameters);
    return status;
}

CALL(parameters_create, tyto_parameters_options, architecture, "Owlv2Model")
{
    tyto_parameters *parameters = NULL;
    tyto_file_list lines;
    char config[16384] = "";
    assert_int_equal(tyto_file_lines_read(config_path, false, &lines, NULL), TYTO_OK);
    for (int64_t i = 0; i < lines.count; i++) {
        assert_true(strlen(config) + strlen(lines.items[i]) < sizeof(config));
        strcat(config, lines.items[i]);
    }
    tyto_file_list_clear(&lines);
    const tyto_status status =
        tyto_parameters_create(config, strlen(config), NULL, given, &parameters, err);
    return see_parameters(status, parameters);
}

CALL(parameters_create_file, tyto_parameters_options, architecture, "Owlv2Model")
{
    tyto_parameters *parameters = NULL;
    const tyto_status status = tyto_parameters_create_file(config_path, given, &parameters, err);
    return see_parameters(status, parameters);
}

CALL(parameters_open, tyto_parameters_options, architecture, "Owlv2Model")
{
    tyto_parameters *parameters = NULL;
    const tyto_status status = tyto_parameters_open(owl_path, given, &parameters, err);
    return see_parameters(status, parameters);
}

/* Into a folder that is there. */
CALL(parameters_save, tyto_parameters_save_options, replace, true)
{
    tyto_parameters *parameters = NULL;
    assert_int_equal(tyto_parameters_open(owl_path, NULL, &parameters, NULL), TYTO_OK);
    const tyto_status status = tyto_parameters_save(parameters, "converted", given, err);
    tyto_parameters_destroy(parameters);
    return status;
}

CALL(model_convert, tyto_convert_options, force, true)
{
    return tyto_model_convert(owl_path, "converted", given, err);
}

CALL(model_pack, tyto_convert_options, force, true)
{
    return tyto_model_pack(owl.model, "packed", given, err);
}

CALL(checkpoint_convert, tyto_convert_options, force, true)
{
    return tyto_checkpoint_convert(NULL, owl_path, "converted", given, err);
}

CALL(hub_find, tyto_hub_options, cache, "elsewhere")
{
    char *path = NULL;
    const tyto_status status = tyto_hub_find("nobody/nothing", given, &path, err);
    tyto_free(path);
    return status;
}

/* Offline, as the tests' environment says. */
CALL(hub_pull, tyto_hub_options, revision, "no revision")
{
    char *path = NULL;
    const tyto_status status = tyto_hub_pull("nobody/nothing", given, &path, err);
    tyto_free(path);
    return status;
}

CALL(checkpoint_locate, tyto_hub_options, revision, "no revision")
{
    char *path = NULL;
    const tyto_status status = tyto_checkpoint_locate("nobody/nothing", given, &path, err);
    tyto_free(path);
    return status;
}

CALL(checkpoint_open_hub, tyto_hub_options, revision, "no revision")
{
    tyto_model *model = NULL;
    return tyto_checkpoint_open(owl.engine, "nobody/nothing", given, NULL, &model, err);
}

CALL(inspection_create_files, tyto_inspection_options, log, see_line)
{
    static const char *const paths[] = {"none.safetensors"};
    tyto_inspection *inspection = NULL;
    const tyto_status status = tyto_inspection_create_files(paths, 1, given, &inspection, err);
    tyto_inspection_destroy(inspection);
    return status;
}

/* Texts and pictures before the network, and what follows it. */

static tyto_status see_encoding(tyto_status status, tyto_encoding *encoding)
{
    if (encoding->count > 0) {
        see(encoding->input_ids,
            (size_t)encoding->offsets[encoding->count] * sizeof(*encoding->input_ids));
    }
    tyto_encoding_clear(encoding);
    return status;
}

CALL(tokenizer_encode, tyto_encode_options, no_special_tokens, true)
{
    tyto_encoding encoding = {0};
    const tyto_status status =
        tyto_tokenizer_encode(tokenizer, words, NULL, 1, given, &encoding, err);
    return see_encoding(status, &encoding);
}

CALL(tokenizer_encode_pairs, tyto_encode_options, no_special_tokens, true)
{
    tyto_encoding encoding = {0};
    const tyto_status status =
        tyto_tokenizer_encode_pairs(tokenizer, words, words, 1, given, &encoding, err);
    return see_encoding(status, &encoding);
}

CALL(tokenizer_encode_words, tyto_encode_options, no_special_tokens, true)
{
    const tyto_words split = {.items = words, .count = 1};
    tyto_encoding encoding = {0};
    const tyto_status status =
        tyto_tokenizer_encode_words(tokenizer, &split, NULL, 1, given, &encoding, err);
    return see_encoding(status, &encoding);
}

static const int64_t ids[] = {4, 103, 5};

static tyto_status see_decoding(tyto_status status, tyto_decoding *decoding)
{
    for (int64_t i = 0; i < decoding->count; i++) {
        see(decoding->texts[i], decoding->lengths_bytes[i]);
    }
    tyto_decoding_clear(decoding);
    return status;
}

CALL(tokenizer_decode, tyto_decode_options, skip_special_tokens, true)
{
    char *text = NULL;
    const tyto_status status = tyto_tokenizer_decode(tokenizer, ids, 3, given, &text, NULL, err);
    see_text(text);
    tyto_free(text);
    return status;
}

CALL(tokenizer_decode_batch, tyto_decode_options, skip_special_tokens, true)
{
    static const int64_t offsets[] = {0, 3};
    tyto_decoding decoding = {0};
    return see_decoding(
        tyto_tokenizer_decode_batch(tokenizer, ids, offsets, 1, given, &decoding, err), &decoding);
}

CALL(tokenizer_decode_texts, tyto_decode_options, skip_special_tokens, true)
{
    static const char *const rows[] = {"[4, 103, 5]"};
    tyto_decoding decoding = {0};
    return see_decoding(tyto_tokenizer_decode_texts(tokenizer, rows, 1, given, &decoding, err),
                        &decoding);
}

CALL(image_processor_override, tyto_image_processor_options, width_px, 20000)
{
    tyto_image_processor *processor = NULL;
    const tyto_status status = tyto_image_processor_override(tyto_model_image_processor(owl.model),
                                                             given, &processor, err);
    tyto_image_processor_destroy(processor);
    return status;
}

/* Without anything there is nothing to make. */
CALL_BY(inputs_make, tyto_inputs_source, images, processor,
        (o->images = &frame, o->n_images = 1, o->processor = tyto_model_image_processor(owl.model)),
        true)
{
    tyto_inputs inputs = {.count = 0};
    const tyto_status status = tyto_inputs_make(given, &inputs, err);
    see_number(inputs.count);
    tyto_inputs_clear(&inputs);
    return status;
}

/* As options of inputs. */
CALL(inputs_encode, tyto_encode_options, max_length, -1)
{
    const tyto_text_list list = {.items = words, .count = 1};
    tyto_inputs inputs = {.count = 0};
    tyto_inputs_source source;
    tyto_inputs_source_init(&source, sizeof(source));
    source.texts = &list;
    source.n_texts = 1;
    source.tokenizer = tokenizer;
    source.encode = given;
    const tyto_status status = tyto_inputs_make(&source, &inputs, err);
    tyto_inputs_clear(&inputs);
    return status;
}

static float logits[2] = {1.0F, 2.0F};
static float boxes[8] = {0.5F, 0.5F, 0.5F, 0.5F, 0.25F, 0.25F, 0.1F, 0.1F};

CALL(postprocess_object_detection, tyto_postprocess_options, threshold, 0.8F)
{
    tyto_detections found = {0};
    const tyto_status status = tyto_postprocess_object_detection(logits, boxes, NULL, 2, 1, SIDE,
                                                                 SIDE, given, &found, err);
    see_detections(&found);
    return status;
}

CALL_BY(postprocess_image_guided, tyto_postprocess_options, threshold, threshold,
        o->threshold = 0.8F, true)
{
    tyto_detections found = {0};
    const tyto_status status = tyto_postprocess_image_guided_detection(logits, boxes, 2, 1, SIDE,
                                                                       SIDE, given, &found, err);
    see_detections(&found);
    return status;
}

CALL(postprocess_batch, tyto_postprocess_options, threshold, 0.8F)
{
    const tyto_tensor outputs[] = {
        {.name = "logits", .dtype = TYTO_F32, .rank = 3, .shape = {1, 2, 1}, .data = logits},
        {.name = "pred_boxes", .dtype = TYTO_F32, .rank = 3, .shape = {1, 2, 4}, .data = boxes}};
    tyto_detections found = {0};
    const tyto_status status = tyto_postprocess_batch(outputs, 2, NULL, 0, given, &found, 1, err);
    see_detections(&found);
    return status;
}

CALL(merge_parts, tyto_merge_options, overlap, 2.0F)
{
    const tyto_part part = {.place = {0, 0, SIDE, SIDE}};
    tyto_detections found = {0};
    const tyto_status status = tyto_merge_parts(&part, 1, SIDE, SIDE, 1, given, &found, err);
    see_detections(&found);
    return status;
}

static tyto_detection detection = {.box = {2, 3, 20, 18}, .score = 0.75F};
static const tyto_detections one = {.items = &detection, .count = 1};

CALL(draw_detections, tyto_draw_options, line_px, 3)
{
    static uint8_t copy[sizeof(pixels)];
    tyto_image image = {.width_px = SIDE, .height_px = SIDE, .data = copy};
    memcpy(copy, pixels, sizeof(copy));
    const tyto_status status = tyto_draw_detections(&image, &one, words, 1, given, err);
    see(copy, sizeof(copy));
    return status;
}

CALL(detection_document_create, tyto_detection_document_options, format, TYTO_FORMAT_CSV)
{
    tyto_document *document = NULL;
    tyto_bytes bytes = {0};
    const tyto_status status = tyto_detection_document_create(given, &document, &bytes, err);
    see_bytes(&bytes);
    tyto_document_destroy(document);
    return status;
}

CALL(frame_document_create, tyto_frame_document_options, format, TYTO_FORMAT_CSV)
{
    tyto_document *document = NULL;
    tyto_bytes bytes = {0};
    const tyto_status status = tyto_frame_document_create(given, &document, &bytes, err);
    see(bytes.data ? bytes.data : "", bytes.length_bytes);
    tyto_bytes_clear(&bytes);
    tyto_document_destroy(document);
    return status;
}

CALL(detection_document_write, tyto_detection_document_options, format, TYTO_FORMAT_CSV)
{
    const tyto_detections none = {0};
    const tyto_photo_detections photo = {
        .photo = "a.png", .width_px = SIDE, .height_px = SIDE, .detections = &none};
    tyto_bytes bytes = {0};
    const tyto_status status = tyto_detection_document_write(given, &photo, &bytes, err);
    see_bytes(&bytes);
    return status;
}

CALL(bench_forward, tyto_bench_options, runs, 1)
{
    tyto_bench_result result;
    const tyto_status status = tyto_bench_forward(owl.session, given, &result, err);
    see_number(result.runs);
    tyto_bench_result_clear(&result);
    return status;
}

/* Before the first run a table has nothing to say. */
CALL(bench_document_write, tyto_bench_document_options, format, TYTO_FORMAT_JSONL)
{
    tyto_bytes bytes = {0};
    const tyto_status status = tyto_bench_document_write(owl.session, NULL, given, &bytes, err);
    see_bytes(&bytes);
    return status;
}

/* Files. */

CALL(file_list_make, tyto_file_list_options, log, see_line)
{
    static const char *const places[] = {"empty"};
    tyto_file_list list;
    const tyto_status status =
        tyto_file_list_make(TYTO_FILE_KIND_PHOTOS, places, 1, given, &list, err);
    tyto_file_list_clear(&list);
    return status;
}

CALL(calibration_samples_list, tyto_file_list_options, log, see_line)
{
    static const char *const places[] = {"empty"};
    tyto_calibration_samples samples;
    const tyto_status status = tyto_calibration_samples_list(places, 1, given, &samples, err);
    tyto_calibration_samples_clear(&samples);
    return status;
}

CALL(destination_open, tyto_destination_options, endings, ".mp4|.mov")
{
    static const char *const inputs[] = {"a.png"};
    tyto_destination destination;
    return tyto_destination_open("new.png", inputs, 1, given, &destination, err);
}

CALL(photo_reader_create, tyto_photo_reader_options, ahead, 1000)
{
    static const char *const paths[] = {"a.png"};
    tyto_photo_reader *reader = NULL;
    const tyto_status status = tyto_photo_reader_create(paths, 1, given, &reader, err);
    tyto_photo_reader_destroy(reader);
    return status;
}

static const options_call *const calls[] = {&call_engine_create,
                                            &call_session_create,
                                            &call_model_open,
                                            &call_checkpoint_open,
                                            &call_model_create,
                                            &call_parameters_create,
                                            &call_parameters_create_file,
                                            &call_parameters_open,
                                            &call_parameters_save,
                                            &call_model_convert,
                                            &call_model_pack,
                                            &call_checkpoint_convert,
                                            &call_hub_find,
                                            &call_hub_pull,
                                            &call_checkpoint_locate,
                                            &call_checkpoint_open_hub,
                                            &call_inspection_create_files,
                                            &call_tokenizer_encode,
                                            &call_tokenizer_encode_pairs,
                                            &call_tokenizer_encode_words,
                                            &call_tokenizer_decode,
                                            &call_tokenizer_decode_batch,
                                            &call_tokenizer_decode_texts,
                                            &call_image_processor_override,
                                            &call_inputs_make,
                                            &call_inputs_encode,
                                            &call_postprocess_object_detection,
                                            &call_postprocess_image_guided,
                                            &call_postprocess_batch,
                                            &call_merge_parts,
                                            &call_draw_detections,
                                            &call_detection_document_create,
                                            &call_frame_document_create,
                                            &call_detection_document_write,
                                            &call_bench_forward,
                                            &call_bench_document_write,
                                            &call_file_list_make,
                                            &call_calibration_samples_list,
                                            &call_destination_open,
                                            &call_photo_reader_create};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

static void older_sizes_are_taken(void **state)
{
    (void)state;
    for (size_t i = 0; next_case(i, CALLS); i++) {
        options_may_be_older(calls[i]);
    }
}

static void other_sizes_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; next_case(i, CALLS); i++) {
        options_are_of_a_known_size(calls[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(older_sizes_are_taken),
        cmocka_unit_test(other_sizes_are_refused),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
