/* COCO's result files (first byte R) and annotation files (any other first byte); what annotations
 * say is there is then scored against itself. */
#include "fuzz.h"
#include <tyto/eval.h>

static void score(const tyto_coco *truth)
{
    enum { MOST = 512 };
    static tyto_coco_result results[MOST];
    int64_t count = 0;
    for (int64_t i = 0; i < truth->n_annotations && count < MOST; i++) {
        const tyto_coco_annotation *a = &truth->annotations[i];
        results[count++] = (tyto_coco_result){a->image_id, a->category_id, a->box, a->area};
    }
    tyto_coco_scores scores;
    if (tyto_coco_evaluate(truth, results, count, NULL, &scores, NULL) != TYTO_OK) {
        __builtin_trap(); /* what the reader accepts can be scored */
    }
    if (!(scores.summary.ap >= -1.0 && scores.summary.ap <= 1.0)) {
        __builtin_trap();
    }
    tyto_coco_scores_clear(&scores);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    tyto_error err = TYTO_ERROR_INIT;
    const char *text = (const char *)data + 1;
    if (data[0] == 'R') {
        tyto_coco_results results;
        if (tyto_coco_results_parse(text, size - 1, "results.json", &results, &err) == TYTO_OK) {
            tyto_coco_results_clear(&results);
        }
    } else {
        tyto_coco truth;
        if (tyto_coco_parse(text, size - 1, "annotations.json", &truth, &err) == TYTO_OK) {
            score(&truth);
            tyto_coco_clear(&truth);
        }
    }
    tyto_error_clear(&err);
    return 0;
}
