/* Options of tasks, and of how they read photos, of older and of newer programs. */
#include "support/options.h"

enum { SIDE = 24 };

/* What calls are about: models, a photo, and one whose file is cut. */
static small owl, texts, pictures, masks, flows, videos;
static tyto_vocabulary *vocabulary;
static tyto_calibration *notes;
static tyto_image frame;
static const char *const words[] = {"a cat"};
static const char *const cut[] = {"cut.jpg", "cut.jpg"};
static char folder[] = "/tmp/tyto-options-XXXXXX";

/* The first half of a photo. */
static void write_cut(void)
{
    static char bytes[1 << 20];
    FILE *file;
    assert_int_equal(tyto_image_save("whole.jpg", &frame, NULL), TYTO_OK);
    assert_non_null(file = fopen("whole.jpg", "rb"));
    const size_t length = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    assert_non_null(file = fopen("cut.jpg", "wb"));
    assert_int_equal(fwrite(bytes, 1, length * 3 / 4, file), length * 3 / 4);
    fclose(file);
}

static int enter(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    owl = open_small("../owlv2/odd");
    texts = open_small("../perceiver_tasks/texts");
    pictures = open_small("../perceiver_tasks/pictures");
    masks = open_small("../perceiver_tasks/fill_mask");
    flows = open_small("flow");
    videos = open_small("multimodal");
    frame = rendered_frame(SIDE, SIDE, 0);
    assert_int_equal(tyto_image_save("a.png", &frame, NULL), TYTO_OK);
    write_cut();
    assert_int_equal(tyto_vocabulary_create(owl.session, words, 1, NULL, &vocabulary, NULL),
                     TYTO_OK);
    assert_int_equal(tyto_calibration_create(owl.model, &notes, NULL), TYTO_OK);
    if (tyto_video_available()) {
        rendered_video("silent.mkv", 8, 8, 4, 25, 0, 0.0);
    }
    return 0;
}

static int leave(void **state)
{
    char command[64];
    (void)state;
    tyto_calibration_destroy(notes);
    tyto_vocabulary_destroy(vocabulary);
    tyto_image_clear(&frame);
    close_small(&owl);
    close_small(&texts);
    close_small(&pictures);
    close_small(&masks);
    close_small(&flows);
    close_small(&videos);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

static tyto_status see_image(tyto_status status, tyto_image *image)
{
    see_number(image->width_px);
    tyto_image_clear(image);
    return status;
}

/* A photo that is cut: refused, unless the options say otherwise. */
CALL(image_load, tyto_image_options, damaged, TYTO_IMAGE_DAMAGED_USE)
{
    tyto_image image = {0};
    return see_image(tyto_image_load("cut.jpg", given, &image, err), &image);
}

CALL(image_decode, tyto_image_options, damaged, TYTO_IMAGE_DAMAGED_USE)
{
    static char bytes[65536];
    tyto_image image = {0};
    FILE *file = fopen("cut.jpg", "rb");
    assert_non_null(file);
    const size_t length = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    return see_image(tyto_image_decode(bytes, length, "cut.jpg", given, &image, err), &image);
}

CALL(file_load_photo, tyto_image_options, damaged, TYTO_IMAGE_DAMAGED_USE)
{
    tyto_image image = {0};
    return see_image(tyto_file_load_photo("cut.jpg", given, &image, err), &image);
}

CALL(photo_reader_image, tyto_image_options, damaged, TYTO_IMAGE_DAMAGED_USE)
{
    tyto_photo_reader *reader = NULL;
    tyto_image image = {0};
    tyto_photo_reader_options options;
    tyto_photo_reader_options_init(&options, sizeof(options));
    options.image = given;
    tyto_status status = tyto_photo_reader_create(cut, 1, &options, &reader, err);
    if (status == TYTO_OK) {
        status = tyto_photo_reader_next(reader, &image, err);
    }
    tyto_photo_reader_destroy(reader);
    return see_image(status, &image);
}

/* Tasks. */

static tyto_status see_classes(tyto_status status, tyto_classes *classes)
{
    see_number(classes->count);
    tyto_classes_clear(classes);
    return status;
}

CALL(classify_texts, tyto_classify_options, top_k, 1)
{
    tyto_classes classes = {0};
    return see_classes(tyto_classify_texts(texts.session, words, NULL, 1, given, &classes, err),
                       &classes);
}

CALL(classify_images, tyto_classify_options, top_k, 1)
{
    tyto_classes classes = {0};
    return see_classes(tyto_classify_images(pictures.session, &frame, 1, given, &classes, err),
                       &classes);
}

static bool see_input(void *user, int64_t i, const tyto_classes *classes, const tyto_error *failure)
{
    (void)user;
    see_number(i);
    see_number(classes ? classes->count : (int64_t)failure->status);
    return true;
}

CALL(classify_inputs, tyto_classify_options, top_k, 1)
{
    return tyto_classify_inputs(texts.session, words, 1, given, see_input, NULL, err);
}

CALL(classify_inputs_image, tyto_image_options, damaged, TYTO_IMAGE_DAMAGED_USE)
{
    tyto_classify_options options;
    tyto_classify_options_init(&options, sizeof(options));
    options.image = given;
    return tyto_classify_inputs(pictures.session, cut, 1, &options, see_input, NULL, err);
}

CALL(fill_mask, tyto_fill_mask_options, top_k, 1)
{
    tyto_filled_text filled = {0};
    const tyto_status status = tyto_fill_mask(masks.session, "a [MASK]", 8, given, &filled, err);
    see_number(filled.n_guesses);
    tyto_filled_text_clear(&filled);
    return status;
}

/* By default as much as so small a network allows. */
CALL(flow_plan, tyto_flow_options, overlap_px, 2)
{
    tyto_flow_tiles tiles = {0};
    const tyto_status status = tyto_flow_plan(flows.model, SIDE, SIDE, given, &tiles, err);
    see_number(tiles.step_x_px);
    return status;
}

CALL(flow, tyto_flow_options, overlap_px, 2)
{
    tyto_flow_field field = {0};
    const tyto_status status = tyto_flow(flows.session, &frame, &frame, given, &field, err);
    see(field.data, status == TYTO_OK ? (size_t)(SIDE * SIDE) * 2 * sizeof(float) : 0);
    tyto_flow_field_clear(&field);
    return status;
}

static tyto_status first_pair(const char *const *paths, const tyto_flow_options *options,
                              tyto_error *err)
{
    tyto_flow_sequence *sequence = NULL;
    tyto_flow_pair pair = {0};
    bool more;
    assert_int_equal(tyto_flow_sequence_create(paths, 2, &sequence, NULL), TYTO_OK);
    const tyto_status status =
        tyto_flow_sequence_next(flows.session, sequence, options, &pair, &more, err);
    see_number(pair.tiles.step_x_px);
    tyto_flow_pair_clear(&pair);
    tyto_flow_sequence_destroy(sequence);
    return status;
}

CALL(flow_sequence_next, tyto_flow_options, overlap_px, 2)
{
    static const char *const paths[] = {"a.png", "a.png"};
    return first_pair(paths, given, err);
}

CALL(flow_sequence_image, tyto_image_options, damaged, TYTO_IMAGE_DAMAGED_USE)
{
    tyto_flow_options options;
    tyto_flow_options_init(&options, sizeof(options));
    options.image = given;
    options.overlap_px = 2;
    return first_pair(cut, &options, err);
}

CALL(autoencode, tyto_autoencode_options, chunks, -1)
{
    static const float images[3 * 3 * 8 * 8], sound[3 * 8];
    tyto_reconstruction made = {0};
    const tyto_status status = tyto_autoencode(videos.session, images, sound, given, &made, err);
    tyto_reconstruction_clear(&made);
    return status;
}

/* A video without sound. */
CALL(classify_video, tyto_autoencode_video_options, missing, TYTO_CLIP_SOUND_SILENT)
{
    tyto_video_classes classes = {0};
    const tyto_status status =
        tyto_classify_video(videos.session, "silent.mkv", given, &classes, err);
    tyto_video_classes_clear(&classes);
    return status;
}

CALL(autoencode_video, tyto_autoencode_video_options, missing, TYTO_CLIP_SOUND_SILENT)
{
    tyto_video_classes classes = {0};
    const tyto_status status =
        tyto_autoencode_video(videos.session, "silent.mkv", NULL, given, &classes, err);
    tyto_video_classes_clear(&classes);
    return status;
}

CALL(embed_texts, tyto_embed_options, templates, true)
{
    float *features = NULL;
    int64_t width = 0;
    const tyto_status status =
        tyto_embed_texts(owl.session, words, 1, given, &features, &width, err);
    see(features ? features : (float[1]){0}, (size_t)width * sizeof(float));
    tyto_free(features);
    return status;
}

CALL(embed_image, tyto_embed_options, progress, see_step)
{
    float *features = NULL;
    int64_t width;
    const tyto_status status = tyto_embed_image(owl.session, &frame, given, &features, &width, err);
    tyto_free(features);
    return status;
}

CALL(photo_create, tyto_embed_options, progress, see_step)
{
    tyto_photo *photo = NULL;
    const tyto_status status = tyto_photo_create(owl.session, &frame, given, &photo, err);
    tyto_photo_destroy(photo);
    return status;
}

CALL(similarity, tyto_embed_options, progress, see_step)
{
    float cosines[1], probabilities[1];
    return tyto_similarity(owl.session, vocabulary, &frame, given, cosines, probabilities, err);
}

CALL(similarity_best, tyto_embed_options, progress, see_step)
{
    tyto_similarities best = {0};
    const tyto_status status =
        tyto_similarity_best(owl.session, vocabulary, &frame, given, 1, &best, err);
    tyto_similarities_clear(&best);
    return status;
}

CALL(vocabulary_create, tyto_embed_options, progress, see_step)
{
    tyto_vocabulary *made = NULL;
    const tyto_status status = tyto_vocabulary_create(owl.session, words, 1, given, &made, err);
    tyto_vocabulary_destroy(made);
    return status;
}

/* A text, and all of a photo. */
static tyto_vocabulary_builder *new_builder(const char *photo)
{
    const tyto_vocabulary_example example = {.photo = photo, .label = "thing"};
    tyto_vocabulary_builder *builder = NULL;
    assert_int_equal(tyto_vocabulary_builder_create(TYTO_AVERAGING_NONE, &builder, NULL), TYTO_OK);
    assert_int_equal(tyto_vocabulary_builder_add_text(builder, words[0], NULL), TYTO_OK);
    assert_int_equal(tyto_vocabulary_builder_add_example(builder, &example, NULL), TYTO_OK);
    return builder;
}

CALL(builder_embed_texts, tyto_embed_options, progress, see_step)
{
    tyto_vocabulary_builder *builder = new_builder("a.png");
    const tyto_status status =
        tyto_vocabulary_builder_embed_texts(builder, owl.session, given, err);
    tyto_vocabulary_builder_destroy(builder);
    return status;
}

CALL(builder_embed_examples, tyto_embed_options, progress, see_step)
{
    tyto_vocabulary_builder *builder = new_builder("a.png");
    const tyto_status status =
        tyto_vocabulary_builder_embed_examples(builder, owl.session, 0, &frame, given, err);
    tyto_vocabulary_builder_destroy(builder);
    return status;
}

CALL(builder_embed_image, tyto_embed_options, progress, see_step)
{
    tyto_vocabulary_builder *builder = new_builder("a.png");
    const tyto_status status =
        tyto_vocabulary_builder_embed_image(builder, owl.session, "all", &frame, given, err);
    tyto_vocabulary_builder_destroy(builder);
    return status;
}

static tyto_status embed_boxes(const tyto_embed_options *embed, const tyto_search_options *search,
                               tyto_error *err)
{
    tyto_vocabulary_builder *builder = new_builder("a.png");
    const tyto_status status = tyto_vocabulary_builder_embed_boxes(
        builder, owl.session, "box", &frame, embed, search, NULL, err);
    tyto_vocabulary_builder_destroy(builder);
    return status;
}

CALL(builder_embed_boxes, tyto_embed_options, progress, see_step)
{
    return embed_boxes(given, NULL, err);
}

CALL(builder_embed_boxes_search, tyto_search_options, nms_iou, -1.0F)
{
    return embed_boxes(NULL, given, err);
}

CALL(builder_build, tyto_embed_options, progress, see_step)
{
    tyto_vocabulary_builder *builder = new_builder("a.png");
    tyto_vocabulary *made = NULL;
    const tyto_status status =
        tyto_vocabulary_builder_build(builder, owl.session, given, &made, err);
    tyto_vocabulary_destroy(made);
    tyto_vocabulary_builder_destroy(builder);
    return status;
}

CALL(builder_build_image, tyto_image_options, damaged, TYTO_IMAGE_DAMAGED_USE)
{
    tyto_vocabulary_builder *builder = new_builder("cut.jpg");
    tyto_vocabulary *made = NULL;
    tyto_embed_options options;
    tyto_embed_options_init(&options, sizeof(options));
    options.image = given;
    const tyto_status status =
        tyto_vocabulary_builder_build(builder, owl.session, &options, &made, err);
    tyto_vocabulary_destroy(made);
    tyto_vocabulary_builder_destroy(builder);
    return status;
}

CALL(search, tyto_search_options, progress, see_step)
{
    const tyto_search_source source = {.image = &frame};
    tyto_detections found = {0};
    const tyto_status status = tyto_search(owl.session, &source, 1, vocabulary, given, &found, err);
    see_detections(&found);
    return status;
}

CALL(search_check, tyto_search_options, input_px, 1)
{
    return tyto_search_check(owl.session, given, err);
}

CALL(search_tiles, tyto_search_options, tile_px, SIDE / 2)
{
    tyto_tiles tiles = {0};
    const tyto_status status = tyto_search_tiles(owl.session, SIDE, SIDE, given, &tiles, err);
    see(&tiles.columns, sizeof(tiles.columns));
    return status;
}

/* Two photos of which the second is cut. */
static tyto_status evaluate(const tyto_search_options *search, const tyto_evaluate_options *options,
                            tyto_error *err)
{
    static tyto_coco_image images[] = {{1, "a.png", 0, 0}, {2, "cut.jpg", 0, 0}};
    static tyto_coco_category categories[] = {{1, "cat"}};
    const tyto_coco truth = {
        .images = images, .n_images = 2, .categories = categories, .n_categories = 1};
    tyto_evaluation found = {.photos = 0};
    const tyto_status status =
        tyto_evaluate(owl.session, &truth, ".", search, options, &found, err);
    see_number(found.unread);
    tyto_evaluation_clear(&found);
    return status;
}

CALL(evaluate_photos, tyto_evaluate_options, log, see_line)
{
    return evaluate(NULL, given, err);
}

CALL(evaluate_search, tyto_search_options, input_px, 1)
{
    return evaluate(given, NULL, err);
}

CALL(evaluate_image, tyto_image_options, damaged, TYTO_IMAGE_DAMAGED_USE)
{
    tyto_evaluate_options options;
    tyto_evaluate_options_init(&options, sizeof(options));
    options.image = given;
    return evaluate(NULL, &options, err);
}

/* Two categories without anything. */
CALL(coco_evaluate, tyto_coco_evaluate_options, progress, see_step)
{
    static tyto_coco_category categories[] = {{1, "cat"}, {2, "dog"}};
    const tyto_coco truth = {.categories = categories, .n_categories = 2};
    tyto_coco_scores scores;
    const tyto_status status = tyto_coco_evaluate(&truth, NULL, 0, given, &scores, err);
    tyto_coco_scores_clear(&scores);
    return status;
}

CALL(evaluate_results, tyto_evaluate_options, progress, see_step)
{
    static tyto_coco_category categories[] = {{1, "cat"}, {2, "dog"}};
    const tyto_coco truth = {.categories = categories, .n_categories = 2};
    tyto_evaluation found;
    FILE *file = fopen("results.json", "w");
    assert_non_null(file);
    assert_true(fputs("[]", file) >= 0 && fclose(file) == 0);
    const tyto_status status =
        tyto_evaluate_results("results.json", &truth, false, given, &found, err);
    tyto_evaluation_clear(&found);
    return status;
}

/* A thing whose score begins a track by default. */
CALL(tracker, tyto_track_options, high, 0.95F)
{
    tyto_detection item = {.score = 0.9F, .box = {1, 1, 9, 9}};
    const tyto_detections found = {.items = &item, .count = 1};
    tyto_tracker *made = NULL;
    int64_t id = 0;
    tyto_status status = tyto_tracker_create(given, &made, err);
    for (int i = 0; status == TYTO_OK && i < 2; i++) {
        status = tyto_tracker_update(made, &found, 5.0 * i, &id, err);
        see_number(id);
    }
    tyto_tracker_destroy(made);
    return status;
}

static tyto_status see_turn(void *user, tyto_batch_photo *photo, tyto_error *err)
{
    (void)user;
    (void)err;
    see_number(photo->index);
    return TYTO_OK;
}

/* Two photos of which the second is cut. */
CALL(batch_run, tyto_batch_options, log, see_line)
{
    static const char *const paths[] = {"a.png", "cut.jpg"};
    return tyto_batch_run(paths, 2, see_turn, NULL, given, NULL, err);
}

CALL(batch_run_image, tyto_image_options, damaged, TYTO_IMAGE_DAMAGED_USE)
{
    tyto_batch_options options;
    tyto_batch_options_init(&options, sizeof(options));
    options.image = given;
    return tyto_batch_run(cut, 1, see_turn, NULL, &options, NULL, err);
}

CALL(results_open, tyto_results_options, format, TYTO_FORMAT_CSV)
{
    tyto_results *results = NULL;
    const tyto_status status = tyto_results_open(given, &results, err);
    see_number((int64_t)tyto_results_format(results));
    tyto_results_destroy(results);
    return status;
}

CALL(video_search, tyto_video_search_options, every, 2)
{
    tyto_video_search *search = NULL;
    tyto_frame_detections found;
    bool more = true;
    tyto_status status =
        tyto_video_search_open(owl.session, "silent.mkv", vocabulary, given, &search, err);
    while (status == TYTO_OK && more) {
        status = tyto_video_search_next(search, &found, &more, err);
        see_number(found.frame);
        tyto_frame_detections_clear(&found);
    }
    tyto_video_search_destroy(search);
    return status;
}

CALL(tree_search, tyto_tree_search_options, progress, see_step)
{
    tyto_tree *tree = NULL;
    tyto_tree_search *search = NULL;
    tyto_tree_found found = {0};
    assert_int_equal(tyto_tree_parse("[a [b]]", &tree, NULL), TYTO_OK);
    tyto_status status = tyto_tree_search_create(owl.session, tree, given, &search, err);
    if (status == TYTO_OK) {
        status = tyto_tree_search_photo(search, &frame, &found, err);
    }
    see_number(found.count);
    tyto_tree_found_clear(&found);
    tyto_tree_search_destroy(search);
    tyto_tree_destroy(tree);
    return status;
}

/* Notes of a photo. */
CALL(calibration_run, tyto_calibration_options, progress, see_step)
{
    static const char *const paths[] = {"a.png"};
    return tyto_calibration_run(notes, owl.session, paths, 1, NULL, 0, given, err);
}

CALL(calibration_run_image, tyto_image_options, damaged, TYTO_IMAGE_DAMAGED_USE)
{
    tyto_calibration_options options;
    tyto_calibration_options_init(&options, sizeof(options));
    options.image = given;
    return tyto_calibration_run(notes, owl.session, cut, 1, NULL, 0, &options, err);
}

static void see_choice(void *user, const tyto_choice *choice)
{
    (void)user;
    see_text(choice->name);
}

/* Of the notes that were taken above. */
CALL(calibration_save, tyto_calibration_options, report, see_choice)
{
    return tyto_calibration_save(notes, "int8.safetensors", given, err);
}

CALL(checkpoint_convert_image, tyto_image_options, damaged, TYTO_IMAGE_DAMAGED_USE)
{
    char *items[] = {(char *)(uintptr_t)cut[0]};
    const tyto_calibration_samples samples = {.photos = {.items = items, .count = 1}};
    char path[GOLDEN_PATH_BYTES];
    tyto_convert_options options;
    tyto_convert_options_init(&options, sizeof(options));
    options.samples = &samples;
    options.force = true;
    options.image = given;
    return tyto_checkpoint_convert(owl.engine, golden_path(path, "owlv2/odd/model"), "converted",
                                   &options, err);
}

static const options_call *const calls[] = {
    &call_image_load, &call_image_decode, &call_file_load_photo, &call_photo_reader_image,
    &call_classify_texts, &call_classify_images, &call_classify_inputs, &call_classify_inputs_image,
    &call_fill_mask, &call_flow_plan, &call_flow, &call_flow_sequence_next,
    &call_flow_sequence_image, &call_autoencode, &call_embed_texts, &call_embed_image,
    &call_photo_create, &call_similarity, &call_similarity_best, &call_vocabulary_create,
    &call_builder_embed_texts, &call_builder_embed_examples, &call_builder_embed_image,
    &call_builder_embed_boxes, &call_builder_embed_boxes_search, &call_builder_build,
    &call_builder_build_image, &call_search, &call_search_check, &call_search_tiles,
    &call_tree_search, &call_evaluate_photos, &call_evaluate_search, &call_evaluate_image,
    &call_calibration_run, &call_calibration_run_image, &call_calibration_save,
    &call_checkpoint_convert_image, &call_coco_evaluate, &call_evaluate_results, &call_tracker,
    &call_batch_run, &call_batch_run_image, &call_results_open,
    /* Only where there are videos. */
    &call_classify_video, &call_autoencode_video, &call_video_search};

static size_t count_calls(void)
{
    return sizeof(calls) / sizeof(calls[0]) - (tyto_video_available() ? 0 : 3);
}

static void older_sizes_are_taken(void **state)
{
    (void)state;
    for (size_t i = 0; next_case(i, count_calls()); i++) {
        options_may_be_older(calls[i]);
    }
}

static void other_sizes_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; next_case(i, count_calls()); i++) {
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
