/* Masked texts filled in, and texts and pictures classified, with each allocation failing in turn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/engines.h"
#include "out_of_memory.h"

static tyto_engine *engine;
static tyto_model *model;

static void open_model(const char *name)
{
    char path[512];
    const tyto_engine_options options = engine_options(2);
    snprintf(path, sizeof(path), "%s/golden/data/perceiver_tasks/%s/model",
             getenv("TYTO_TEST_DATA"), name);
    assert_int_equal(tyto_engine_create(&options, &engine, NULL), TYTO_OK);
    assert_int_equal(tyto_model_open(engine, path, NULL, &model, NULL), TYTO_OK);
}

static void close_model(void)
{
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
}

static tyto_status fill(tyto_error *err)
{
    static const char text[] = "some [MASK]\xC3[MASK] words";
    const tyto_span span = {0, 2};
    tyto_session *session = NULL;
    tyto_filled_text filled = {0};
    tyto_status status = tyto_session_create(model, NULL, &session, err);
    if (status == TYTO_OK) {
        tyto_fill_mask_options options;
        tyto_fill_mask_options_init(&options, sizeof(options));
        options.spans = &span;
        options.n_spans = 1;
        options.top_k = 3;
        status = tyto_fill_mask(session, text, sizeof(text) - 1, &options, &filled, err);
    }
    tyto_filled_text_clear(&filled);
    tyto_session_destroy(session);
    return status;
}

static tyto_status classify_texts(tyto_error *err)
{
    const char *const texts[] = {"a text", "a longer one"};
    tyto_session *session = NULL;
    tyto_classes classes[2] = {{0}};
    tyto_status status = tyto_session_create(model, NULL, &session, err);
    if (status == TYTO_OK) {
        status = tyto_classify_texts(session, texts, NULL, 2, NULL, classes, err);
    }
    tyto_classes_clear(&classes[0]);
    tyto_classes_clear(&classes[1]);
    tyto_session_destroy(session);
    return status;
}

static tyto_status classify_images(tyto_error *err)
{
    static uint8_t pixels[30 * 20 * 3];
    const tyto_image images[] = {{30, 20, pixels}, {20, 30, pixels}};
    tyto_session *session = NULL;
    tyto_classes classes[2] = {{0}};
    tyto_status status = tyto_session_create(model, NULL, &session, err);
    if (status == TYTO_OK) {
        status = tyto_classify_images(session, images, 2, NULL, classes, err);
    }
    tyto_classes_clear(&classes[0]);
    tyto_classes_clear(&classes[1]);
    tyto_session_destroy(session);
    return status;
}

void texts_and_pictures_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        work_fn work;
    } tasks[] = {{"fill_mask", fill}, {"texts", classify_texts}, {"pictures", classify_images}};
    for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++) {
        open_model(tasks[i].name);
        fail_each_once_and_forever(tasks[i].work);
        close_model();
    }
}
