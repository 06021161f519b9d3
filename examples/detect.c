/* Finds things in a photo.
 *
 *     detect MODEL_FOLDER PHOTO TEXT... */
#include <stdio.h>
#include <tyto/tyto.h>

int main(int argc, char **argv)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine *engine = NULL;
    tyto_model *model = NULL;
    tyto_session *session = NULL;
    tyto_vocabulary *vocabulary = NULL;
    tyto_image image = {0};
    const tyto_search_source source = {.image = &image};
    tyto_detections found = {0};
    if (argc < 4) {
        fprintf(stderr, "required: MODEL_FOLDER PHOTO TEXT...\n");
        return 2;
    }
    const char *const *texts = (const char *const *)argv + 3;
    if (tyto_engine_create(NULL, &engine, &err) != TYTO_OK ||
        tyto_model_open(engine, argv[1], NULL, &model, &err) != TYTO_OK ||
        tyto_session_create(model, NULL, &session, &err) != TYTO_OK ||
        tyto_vocabulary_create(session, texts, argc - 3, NULL, &vocabulary, &err) != TYTO_OK ||
        tyto_image_load(argv[2], NULL, &image, &err) != TYTO_OK ||
        tyto_search(session, &source, 1, vocabulary, NULL, &found, &err) != TYTO_OK) {
        fprintf(stderr, "%s\n", tyto_error_message(&err));
    }
    for (int64_t i = 0; i < found.count; i++) {
        const tyto_detection *d = &found.items[i];
        printf("%.3f  %.1f %.1f %.1f %.1f  %s\n", (double)d->score, (double)d->box.xmin,
               (double)d->box.ymin, (double)d->box.xmax, (double)d->box.ymax,
               texts[d->label_index]);
    }
    const int failed = err.status != TYTO_OK;
    tyto_error_clear(&err);
    tyto_detections_clear(&found);
    tyto_image_clear(&image);
    tyto_vocabulary_destroy(vocabulary);
    tyto_session_destroy(session);
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
    return failed;
}
