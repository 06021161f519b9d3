/* Trees, searches by them, and what comes of these, with each allocation failing in turn. */
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

enum { SIDE = 40 };

static const char text[] = "[a@0 [b@1e-05] (c, \"d, \\n\")] [e] (f@0.5, g@1)";
static tyto_session *session;
static uint8_t pixels[SIDE * SIDE * 3];

static tyto_status spell(tyto_error *err)
{
    tyto_tree *tree = NULL;
    char *spelled = NULL;
    tyto_status status = tyto_tree_parse(text, &tree, err);
    if (status == TYTO_OK) {
        status = tyto_tree_text(tree, &spelled, err);
    }
    tyto_free(spelled);
    tyto_tree_destroy(tree);
    return status;
}

/* A document of the photo, and a drawing. */
static tyto_status show(const tyto_tree *tree, const tyto_tree_found *found, tyto_format format,
                        tyto_error *err)
{
    tyto_tree_document_options options;
    tyto_document *document = NULL;
    tyto_bytes bytes = {0};
    static uint8_t copy[sizeof(pixels)];
    tyto_image image = {SIDE, SIDE, copy, 0, 0, {0}};
    memcpy(copy, pixels, sizeof(pixels));
    tyto_tree_document_options_init(&options, sizeof(options));
    options.tree = tree;
    options.format = format;
    tyto_status status = tyto_tree_document_create(&options, &document, &bytes, err);
    tyto_bytes_clear(&bytes);
    if (status == TYTO_OK) {
        status = tyto_document_add_tree(document, "a.jpg", found, &bytes, err);
    }
    tyto_bytes_clear(&bytes);
    tyto_document_destroy(document);
    return status == TYTO_OK ? tyto_draw_tree(&image, tree, found, NULL, err) : status;
}

static tyto_status search(tyto_error *err)
{
    const tyto_image image = {SIDE, SIDE, pixels, 0, 0, {0}};
    tyto_search_options look;
    tyto_tree_search_options options;
    tyto_tree_search *by_tree = NULL;
    tyto_tree *tree = NULL;
    tyto_tree_found found = {0};
    tyto_search_options_init(&look, sizeof(look));
    look.threshold = 0.0F;
    look.top_k = 2;
    tyto_tree_search_options_init(&options, sizeof(options));
    options.search = &look;
    options.regions = 1;
    tyto_status status = tyto_tree_parse(text, &tree, err);
    if (status == TYTO_OK) {
        status = tyto_tree_search_create(session, tree, &options, &by_tree, err);
    }
    if (status == TYTO_OK) {
        status = tyto_tree_search_photo(by_tree, &image, &found, err);
    }
    for (int i = TYTO_FORMAT_TEXT; i <= TYTO_FORMAT_JSON && status == TYTO_OK; i++) {
        status = show(tree, &found, (tyto_format)i, err);
    }
    tyto_tree_found_clear(&found);
    tyto_tree_search_destroy(by_tree);
    tyto_tree_destroy(tree);
    return status;
}

void trees_are_searched_by(void **state)
{
    char path[512];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine *engine = NULL;
    tyto_model *model = NULL;
    const tyto_engine_options options = engine_options(1);
    (void)state;
    for (size_t i = 0; i < sizeof(pixels); i++) {
        pixels[i] = (uint8_t)(i * 7 % 251);
    }
    snprintf(path, sizeof(path), "%s/golden/data/owlv2/odd/model", getenv("TYTO_TEST_DATA"));
    if (tyto_engine_create(&options, &engine, &err) != TYTO_OK ||
        tyto_model_open(engine, path, NULL, &model, &err) != TYTO_OK ||
        tyto_session_create(model, NULL, &session, &err) != TYTO_OK) {
        fail_msg("%s", tyto_error_message(&err));
    }
    fail_each_once_and_forever(spell);
    fail_each_once_and_forever(search);
    tyto_session_destroy(session);
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
}
