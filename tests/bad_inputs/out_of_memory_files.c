/* Checkpoints found and looked at, files listed, a model evaluated and calibrated, with each
 * allocation failing in turn. */
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

static char path[512], tower[512], photos[512];
static tyto_engine *engine;
static tyto_model *model;

static tyto_status locate(tyto_error *err)
{
    char *folder = NULL;
    const tyto_status status = tyto_checkpoint_locate(NULL, NULL, &folder, err);
    tyto_free(folder);
    return status;
}

/* No patterns: glibc's glob frees twice when its memory is out. */
static tyto_status list(tyto_error *err)
{
    const char *const operands[] = {photos, "-", "named.jpg"};
    tyto_file_list found;
    const tyto_status status =
        tyto_file_list_make(TYTO_FILE_KIND_PHOTOS, operands, 3, NULL, &found, err);
    tyto_file_list_clear(&found);
    return status;
}

static tyto_status look(tyto_error *err)
{
    tyto_inspection *inspection = NULL;
    tyto_bytes document = {0};
    tyto_status status = tyto_inspection_create(engine, tower, &inspection, err);
    if (status == TYTO_OK) {
        status = tyto_inspection_text(inspection, true, &document, err);
        tyto_bytes_clear(&document);
    }
    if (status == TYTO_OK) {
        status = tyto_inspection_json(inspection, &document, err);
        tyto_bytes_clear(&document);
    }
    tyto_inspection_destroy(inspection);
    return status;
}

static tyto_status evaluate(tyto_error *err)
{
    static tyto_coco_image images[] = {{7, "0000.jpg", 0, 0}};
    static tyto_coco_category categories[] = {{9, "cat"}, {4, "cup"}};
    const tyto_coco truth = {
        .images = images, .n_images = 1, .categories = categories, .n_categories = 2};
    tyto_session *session = NULL;
    tyto_evaluation found = {.photos = 0};
    tyto_bytes document = {0};
    tyto_status status = tyto_session_create(model, NULL, &session, err);
    if (status == TYTO_OK) {
        status = tyto_evaluate(session, &truth, photos, NULL, NULL, &found, err);
    }
    if (status == TYTO_OK) {
        status = tyto_coco_scores_text(&truth, &found.scores, &document, err);
        tyto_bytes_clear(&document);
    }
    if (status == TYTO_OK) {
        status = tyto_coco_scores_json(&truth, &found.scores, &document, err);
        tyto_bytes_clear(&document);
    }
    tyto_evaluation_clear(&found);
    tyto_session_destroy(session);
    return status;
}

static tyto_status calibrate(tyto_error *err)
{
    char photo[600];
    const char *const list_of_photos[] = {photo};
    tyto_session *session = NULL;
    tyto_calibration *notes = NULL;
    snprintf(photo, sizeof(photo), "%s/0000.jpg", photos);
    tyto_status status = tyto_session_create(model, NULL, &session, err);
    if (status == TYTO_OK) {
        status = tyto_calibration_create(model, &notes, err);
    }
    if (status == TYTO_OK) {
        status = tyto_calibration_run(notes, session, list_of_photos, 1, NULL, 0, NULL, err);
    }
    tyto_calibration_destroy(notes);
    tyto_session_destroy(session);
    return status;
}

void files_and_checkpoints_are_looked_at(void **state)
{
    (void)state;
    const tyto_engine_options options = engine_options(1);
    const char *data = getenv("TYTO_TEST_DATA");
    snprintf(path, sizeof(path), "%s/golden/data/owlv2/odd/model", data);
    snprintf(tower, sizeof(tower), "%s/golden/data/owlv2/text_tower/model", data);
    snprintf(photos, sizeof(photos), "%s/data/scenes", data);
    assert_int_equal(tyto_engine_create(&options, &engine, NULL), TYTO_OK);
    assert_int_equal(tyto_model_open(engine, path, NULL, &model, NULL), TYTO_OK);
    fail_each_once_and_forever(locate);
    fail_each_once_and_forever(list);
    fail_each_once_and_forever(look);
    fail_each_once_and_forever(evaluate);
    fail_each_once_and_forever(calibrate);
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
}
