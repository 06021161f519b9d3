/* Checkpoints as version 5 of the reference saves them: the weights of golden ones with its own
 * files of settings give the bits, tokens and pixels of the older files. */
#include <tyto/files.h>
#include <tyto/processor.h>
#include <tyto/tokenizer.h>
#include <unistd.h>

#include "support/golden.h"
#include "support/room.h"

#include "support/cases.h"

static const char *const files[] = {"config.json", "processor_config.json",
                                    "preprocessor_config.json", "tokenizer.json",
                                    "tokenizer_config.json"};

/* A folder with the new files and the old weights; `name` is FAMILY/CHECKPOINT. */
static void make_folder(const char *name, char folder[GOLDEN_PATH_BYTES])
{
    char source[GOLDEN_PATH_BYTES], link[GOLDEN_PATH_BYTES + 32];
    snprintf(folder, GOLDEN_PATH_BYTES, "/tmp/tyto-saved-XXXXXX");
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        golden_path(source, "saved_by_5/%s/%s", name, files[i]);
        snprintf(link, sizeof(link), "%s/%s", folder, files[i]);
        if (access(source, F_OK) == 0) {
            assert_int_equal(symlink(source, link), 0);
        }
    }
    golden_path(source, "%s/model/model.safetensors", name);
    snprintf(link, sizeof(link), "%s/model.safetensors", folder);
    assert_int_equal(symlink(source, link), 0);
}

static tyto_engine *make_engine(void)
{
    const tyto_engine_options options = engine_options(2);
    tyto_engine *engine = NULL;
    assert_int_equal(tyto_engine_create(&options, &engine, NULL), TYTO_OK);
    return engine;
}

static tyto_session *open_session(const tyto_engine *engine, const char *folder, tyto_model **model)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_session *session = NULL;
    ASSERT_DONE(tyto_model_open(engine, folder, NULL, model, &err), &err);
    ASSERT_DONE(tyto_session_create(*model, NULL, &session, &err), &err);
    return session;
}

static void outputs_are_the_same(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"owlv2/odd", "one"},
                                           {"owlv2/odd", "image_guided"},
                                           {"perceiver/masked_lm", "states"},
                                           {"perceiver/sequence", "multi"},
                                           {"perceiver/learned", "pixels"},
                                           {"perceiver/flow", "frames"},
                                           {"perceiver/multimodal", "chunk"}};
    tyto_engine *engine = make_engine();
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        char folder[GOLDEN_PATH_BYTES], older[GOLDEN_PATH_BYTES], name[128];
        const tyto_tensor *outputs[2];
        tyto_model *models[2];
        int64_t counts[2];
        golden_case golden;
        tyto_error err = TYTO_ERROR_INIT;
        snprintf(name, sizeof(name), "%s/%s", cases[i][0], cases[i][1]);
        golden_open(&golden, name);
        make_folder(cases[i][0], folder);
        golden_path(older, "%s/model", cases[i][0]);
        tyto_session *sessions[2] = {open_session(engine, older, &models[0]),
                                     open_session(engine, folder, &models[1])};
        for (int k = 0; k < 2; k++) {
            ASSERT_DONE(tyto_forward(sessions[k], golden.head, golden.given, golden.n_given,
                                     golden.wanted, golden.n_wanted, &outputs[k], &counts[k], &err),
                        &err);
        }
        assert_true(counts[0] > 0);
        assert_int_equal(counts[0], counts[1]);
        for (int64_t k = 0; k < counts[0]; k++) {
            const size_t bytes = (size_t)tyto_tensor_elements(&outputs[0][k]) *
                                 tyto_dtype_bytes(outputs[0][k].dtype);
            assert_string_equal(outputs[0][k].name, outputs[1][k].name);
            assert_int_equal(tyto_tensor_elements(&outputs[0][k]),
                             tyto_tensor_elements(&outputs[1][k]));
            assert_memory_equal(outputs[0][k].data, outputs[1][k].data, bytes);
        }
        for (int k = 0; k < 2; k++) {
            tyto_session_destroy(sessions[k]);
            tyto_model_destroy(models[k]);
        }
        golden_close(&golden);
        room_remove(folder);
    }
    tyto_engine_destroy(engine);
}

static void tokens_are_the_same(void **state)
{
    (void)state;
    static const char *const names[] = {"owlv2/odd", "owlv2/contrastive", "perceiver/masked_lm"};
    static const char *const texts[] = {"a photo of a cat", "It's  TEN o'clock!?",
                                        "<|startoftext|>a <|endoftext|> b", "naïve Ωmega 12345",
                                        ""};
    enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };
    for (size_t i = 0; next_case(i, sizeof(names) / sizeof(names[0])); i++) {
        char folder[GOLDEN_PATH_BYTES], older[GOLDEN_PATH_BYTES];
        tyto_tokenizer *tokenizers[2] = {NULL, NULL};
        tyto_encoding encodings[2];
        tyto_encode_options options;
        tyto_error err = TYTO_ERROR_INIT;
        make_folder(names[i], folder);
        golden_path(older, "%s/model", names[i]);
        ASSERT_DONE(tyto_tokenizer_open(older, &tokenizers[0], &err), &err);
        ASSERT_DONE(tyto_tokenizer_open(folder, &tokenizers[1], &err), &err);
        tyto_encode_options_init(&options, sizeof(options));
        options.padding = TYTO_PADDING_LONGEST;
        for (int k = 0; k < 2; k++) {
            ASSERT_DONE(tyto_tokenizer_encode(tokenizers[k], texts, NULL, TEXTS, &options,
                                              &encodings[k], &err),
                        &err);
        }
        assert_int_equal(encodings[0].count, TEXTS);
        assert_int_equal(encodings[1].count, TEXTS);
        assert_memory_equal(encodings[0].offsets, encodings[1].offsets,
                            (TEXTS + 1) * sizeof(int64_t));
        assert_memory_equal(encodings[0].input_ids, encodings[1].input_ids,
                            (size_t)encodings[0].offsets[TEXTS] * sizeof(int64_t));
        for (int k = 0; k < 2; k++) {
            tyto_encoding_clear(&encodings[k]);
            tyto_tokenizer_destroy(tokenizers[k]);
        }
        room_remove(folder);
    }
}

/* Through both processors, of a picture in all its colours. */
static void assert_same_pixels(const tyto_image_processor *a, const tyto_image_processor *b)
{
    enum { WIDTH = 37, HEIGHT = 23 };
    uint8_t data[WIDTH * HEIGHT * 3];
    int64_t shape[3], other[3];
    for (int i = 0; i < WIDTH * HEIGHT * 3; i++) {
        data[i] = (uint8_t)(i * 7);
    }
    const tyto_image image = {.width_px = WIDTH, .height_px = HEIGHT, .data = data};
    tyto_engine *engine = make_engine();
    tyto_image_processor_shape(a, WIDTH, HEIGHT, shape);
    tyto_image_processor_shape(b, WIDTH, HEIGHT, other);
    assert_memory_equal(shape, other, sizeof(shape));
    const size_t bytes = (size_t)(shape[0] * shape[1] * shape[2]) * sizeof(float);
    float *x = malloc(bytes), *y = malloc(bytes);
    assert_true(x && y);
    assert_int_equal(tyto_image_processor_run(a, engine, &image, x, NULL), TYTO_OK);
    assert_int_equal(tyto_image_processor_run(b, engine, &image, y, NULL), TYTO_OK);
    assert_memory_equal(x, y, bytes);
    free(x);
    free(y);
    tyto_engine_destroy(engine);
}

static void pixels_are_the_same(void **state)
{
    (void)state;
    /* The committed Perceivers have no older file of a processor: the class's defaults. */
    static const char *const names[][2] = {{"owlv2/odd", NULL},
                                           {"owlv2/contrastive", NULL},
                                           {"perceiver/learned", "PerceiverImageProcessor"}};
    for (size_t i = 0; next_case(i, sizeof(names) / sizeof(names[0])); i++) {
        char folder[GOLDEN_PATH_BYTES], older[GOLDEN_PATH_BYTES], path[GOLDEN_PATH_BYTES + 32];
        tyto_image_processor *processors[2] = {NULL, NULL};
        tyto_error err = TYTO_ERROR_INIT;
        make_folder(names[i][0], folder);
        golden_path(older, "%s/model", names[i][0]);
        if (names[i][1]) {
            snprintf(older, sizeof(older), "/tmp/tyto-older-XXXXXX");
            assert_non_null(mkdtemp(older));
            snprintf(path, sizeof(path), "%s/preprocessor_config.json", older);
            FILE *file = fopen(path, "w");
            assert_non_null(file);
            fprintf(file, "{\"image_processor_type\": \"%s\"}", names[i][1]);
            fclose(file);
        }
        ASSERT_DONE(tyto_image_processor_open(older, &processors[0], &err), &err);
        ASSERT_DONE(tyto_image_processor_open(folder, &processors[1], &err), &err);
        assert_same_pixels(processors[0], processors[1]);
        tyto_image_processor_destroy(processors[0]);
        tyto_image_processor_destroy(processors[1]);
        room_remove(folder);
        if (names[i][1]) {
            room_remove(older);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outputs_are_the_same),
        cmocka_unit_test(tokens_are_the_same),
        cmocka_unit_test(pixels_are_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
