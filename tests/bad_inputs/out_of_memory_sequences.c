/* Frames that follow each other, inputs one after the other, pictures that are saved meanwhile, and
 * where files go, with each allocation failing in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/engines.h"
#include "../support/rendered.h"
#include "out_of_memory.h"

enum { WIDTH = 14, HEIGHT = 9 };

static char folder[32];
static char photos[2][64], video[64];
static tyto_image frames[2];
static tyto_session *session;
static tyto_tokenizer *tokenizer;

/* All pairs of a sequence, which it takes over. */
static tyto_status find_pairs(tyto_flow_sequence *sequence, int64_t required, tyto_error *err)
{
    tyto_flow_options options;
    tyto_status status = TYTO_OK;
    int64_t pairs = 0;
    bool more = true;
    tyto_flow_options_init(&options, sizeof(options));
    options.overlap_px = 2;
    while (status == TYTO_OK && more) {
        tyto_flow_pair pair;
        status = tyto_flow_sequence_next(session, sequence, &options, &pair, &more, err);
        assert_int_equal(pair.flow.data != NULL, status == TYTO_OK && more);
        pairs += pair.flow.data != NULL;
        tyto_flow_pair_clear(&pair);
    }
    tyto_flow_sequence_destroy(sequence);
    assert_true(status != TYTO_OK || pairs == required);
    return status;
}

/* Two photos of files, and one that is given between them. */
static tyto_status follow_photos(tyto_error *err)
{
    const char *const paths[] = {photos[0], NULL, photos[1]};
    tyto_flow_sequence *sequence = NULL;
    tyto_image given = {0};
    tyto_status status = tyto_flow_sequence_create(paths, 3, &sequence, err);
    if (status == TYTO_OK) {
        status = tyto_image_make(WIDTH, HEIGHT, &given, err);
    }
    if (status == TYTO_OK) {
        memcpy(given.data, frames[1].data, (size_t)3 * WIDTH * HEIGHT);
        status = tyto_flow_sequence_give(sequence, 1, &given, err);
    }
    tyto_image_clear(&given);
    if (status != TYTO_OK) {
        tyto_flow_sequence_destroy(sequence);
        return status;
    }
    return find_pairs(sequence, 2, err);
}

/* Codecs end the process when they get no memory, so only tyto's own allocations fail here. */
#ifdef FAILING_MEMORY_WRAPS
static tyto_status follow_video(tyto_error *err)
{
    tyto_flow_sequence *sequence = NULL;
    const tyto_status status = tyto_flow_sequence_open(video, &sequence, err);
    return status == TYTO_OK ? find_pairs(sequence, 2, err) : status;
}
#endif

void frames_follow_each_other(void **state)
{
    char path[512];
    const tyto_engine_options options = engine_options(1);
    tyto_engine *engine = NULL;
    tyto_model *model = NULL;
    (void)state;
    snprintf(path, sizeof(path), "%s/golden/data/perceiver/flow/model", getenv("TYTO_TEST_DATA"));
    assert_int_equal(tyto_engine_create(&options, &engine, NULL), TYTO_OK);
    assert_int_equal(tyto_model_open(engine, path, NULL, &model, NULL), TYTO_OK);
    assert_int_equal(tyto_session_create(model, NULL, &session, NULL), TYTO_OK);
    fail_each_once_and_forever(follow_photos);
#ifdef FAILING_MEMORY_WRAPS
    if (tyto_video_available()) {
        rendered_video(video, 16, 12, 3, 25, 0, 0.0);
        fail_each_once_and_forever(follow_video);
        unlink(video);
    }
#endif
    tyto_session_destroy(session);
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
}

/* What became of inputs: each of them has classes, or there was no memory for them. */
typedef struct inputs_seen {
    int64_t count;
    bool failed;
} inputs_seen;

static bool see_classes(void *user, int64_t i, const tyto_classes *classes,
                        const tyto_error *failure)
{
    inputs_seen *of = user;
    assert_true(i >= 0 && i < 2);
    assert_true((classes != NULL) != (failure != NULL));
    if (failure) {
        assert_int_equal(failure->status, TYTO_E_MEMORY);
        of->failed = true;
    }
    of->count++;
    return true;
}

static tyto_status classify(const char *const inputs[2], tyto_error *err)
{
    inputs_seen of = {0};
    tyto_classify_options options;
    tyto_classify_options_init(&options, sizeof(options));
    options.top_k = 2;
    const tyto_status status =
        tyto_classify_inputs(session, inputs, 2, &options, see_classes, &of, err);
    if (status != TYTO_OK) {
        return status;
    }
    assert_int_equal(of.count, 2);
    return of.failed ? (err->status = TYTO_E_MEMORY) : TYTO_OK;
}

static tyto_status classify_texts(tyto_error *err)
{
    static const char *const texts[] = {"a text", "a longer one"};
    return classify(texts, err);
}

static tyto_status classify_photos(tyto_error *err)
{
    const char *const paths[] = {photos[0], photos[1]};
    return classify(paths, err);
}

void inputs_are_classified(void **state)
{
    static const struct {
        const char *name;
        work_fn work;
    } models[] = {{"texts", classify_texts}, {"pictures", classify_photos}};
    (void)state;
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        char path[512];
        const tyto_engine_options options = engine_options(1);
        tyto_engine *engine = NULL;
        tyto_model *model = NULL;
        snprintf(path, sizeof(path), "%s/golden/data/perceiver_tasks/%s/model",
                 getenv("TYTO_TEST_DATA"), models[i].name);
        assert_int_equal(tyto_engine_create(&options, &engine, NULL), TYTO_OK);
        assert_int_equal(tyto_model_open(engine, path, NULL, &model, NULL), TYTO_OK);
        assert_int_equal(tyto_session_create(model, NULL, &session, NULL), TYTO_OK);
        fail_each_once_and_forever(models[i].work);
        tyto_session_destroy(session);
        tyto_model_destroy(model);
        tyto_engine_destroy(engine);
    }
}

/* Two pictures, of which the second is taken over whatever became of the first. */
static tyto_status save_pictures(tyto_error *err)
{
    char path[2][80];
    tyto_photo_writer *writer = NULL;
    tyto_status status = tyto_photo_writer_create(&writer, err);
    for (int i = 0; i < 2 && status == TYTO_OK; i++) {
        tyto_image image = {0};
        snprintf(path[i], sizeof(path[i]), "%s/saved_%d.png", folder, i);
        status = tyto_image_make(WIDTH, HEIGHT, &image, err);
        if (status == TYTO_OK) {
            memcpy(image.data, frames[i].data, (size_t)3 * WIDTH * HEIGHT);
            status = tyto_photo_writer_add(writer, path[i], &image, err);
            assert_null(image.data);
        }
    }
    if (status == TYTO_OK) {
        status = tyto_photo_writer_finish(writer, err);
        assert_true(status != TYTO_OK ||
                    (access(path[0], F_OK) == 0 && access(path[1], F_OK) == 0));
    }
    tyto_photo_writer_destroy(writer);
    for (int i = 0; i < 2; i++) {
        snprintf(path[i], sizeof(path[i]), "%s/saved_%d.png", folder, i);
        unlink(path[i]);
    }
    return status;
}

/* A folder that has to be made, for inputs that mustn't be replaced. */
static tyto_status choose_places(tyto_error *err)
{
    char path[80];
    const char *const inputs[] = {photos[0], photos[1], "-"};
    const char *const spared[] = {photos[0], photos[1]};
    tyto_destination_options options;
    tyto_destination destination;
    tyto_destination_options_init(&options, sizeof(options));
    options.name = "--draw";
    options.input = "photo";
    options.ending = ".jpg";
    options.spared = spared;
    options.n_spared = 2;
    snprintf(path, sizeof(path), "%s/made/", folder);
    tyto_status status = tyto_destination_open(path, inputs, 3, &options, &destination, err);
    for (int i = 0; i < 3 && status == TYTO_OK; i++) {
        char *file = tyto_destination_path(&destination, inputs[i], i - 1);
        status = file ? TYTO_OK : (err->status = TYTO_E_MEMORY);
        tyto_free(file);
    }
    rmdir(path);
    return status;
}

void files_have_places(void **state)
{
    (void)state;
    fail_each_once_and_forever(save_pictures);
    fail_each_once_and_forever(choose_places);
}

static tyto_status encode_pairs(tyto_error *err)
{
    static const char *const firsts[] = {"a word left<x>  right ", "\xc3\x89lan"};
    static const char *const seconds[] = {"abc", "it's <|endoftext|>!"};
    tyto_encoding encoding = {0};
    tyto_encode_options options;
    tyto_encode_options_init(&options, sizeof(options));
    options.padding = TYTO_PADDING_LONGEST;
    options.truncation = TYTO_TRUNCATION_LONGEST_FIRST;
    options.max_length = 12;
    options.special_tokens_mask = options.token_type_ids = true;
    const tyto_status status =
        tyto_tokenizer_encode_pairs(tokenizer, firsts, seconds, 2, &options, &encoding, err);
    assert_int_equal(encoding.input_ids != NULL, status == TYTO_OK);
    tyto_encoding_clear(&encoding);
    return status;
}

static tyto_status decode_texts(tyto_error *err)
{
    static const char *const rows[] = {"[4, 20, 21, 5]", "22 23,24", ""};
    tyto_decoding decoding = {0};
    const tyto_status status =
        tyto_tokenizer_decode_texts(tokenizer, rows, 3, NULL, &decoding, err);
    assert_int_equal(decoding.count, status == TYTO_OK ? 3 : 0);
    tyto_decoding_clear(&decoding);
    return status;
}

void pairs_and_rows_are_tokenized(void **state)
{
    static const char *const folders[] = {"tokenizer/added", "perceiver_tokenizer/added"};
    (void)state;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        char path[512];
        snprintf(path, sizeof(path), "%s/golden/data/%s", getenv("TYTO_TEST_DATA"), folders[i]);
        assert_int_equal(tyto_tokenizer_open(path, &tokenizer, NULL), TYTO_OK);
        fail_each_once_and_forever(encode_pairs);
        fail_each_once_and_forever(decode_texts);
        tyto_tokenizer_destroy(tokenizer);
    }
}

int make_frames(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/tyto-sequences-XXXXXX");
    if (!mkdtemp(folder)) {
        return -1;
    }
    snprintf(video, sizeof(video), "%s/three.mkv", folder);
    for (int i = 0; i < 2; i++) {
        frames[i] = rendered_frame(WIDTH, HEIGHT, i);
        snprintf(photos[i], sizeof(photos[i]), "%s/%d.png", folder, i);
        if (tyto_image_save(photos[i], &frames[i], NULL) != TYTO_OK) {
            return -1;
        }
    }
    return 0;
}

/* Fails when a half-written file was left behind. */
int remove_frames(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        tyto_image_clear(&frames[i]);
        unlink(photos[i]);
    }
    return rmdir(folder);
}
