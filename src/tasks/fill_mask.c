#include <string.h>
#include <tyto/fill_mask.h>

#include "base/error.h"
#include "runtime/session.h"
#include "tasks/offer.h"

/* The network on the masked text, without padding, decoded at its masks. */
static tyto_status run(tyto_session *session, const tyto_family_fill_mask *task,
                       const tyto_masked_text *masked, const tyto_tensor **logits, tyto_error *err)
{
    const char *const wanted[] = {task->output};
    const int64_t positions = task->max_tokens(session->model->network);
    int64_t n_outputs;
    if ((int64_t)masked->count > positions) {
        return tyto_fail(err, TYTO_E_LIMIT,
                         "text: got %zu tokens, required at most %lld (max_position_embeddings)",
                         masked->count, (long long)positions);
    }
    const tyto_tensor inputs[] = {
        {.name = task->input,
         .dtype = TYTO_I64,
         .rank = 2,
         .shape = {1, (int64_t)masked->count},
         .data = masked->input_ids},
        {.name = task->points_input,
         .dtype = TYTO_I64,
         .rank = 1,
         .shape = {(int64_t)masked->masks},
         .data = masked->positions},
    };
    return tyto_forward(session, task->head, inputs, 2, wanted, 1, logits, &n_outputs, err);
}

tyto_status tyto_fill_mask(tyto_session *session, const char *text, size_t length_bytes,
                           const tyto_span *spans, size_t n_spans, int64_t top_k,
                           tyto_filled_text *out, tyto_error *err)
{
    tyto_masked_text masked;
    const tyto_tensor *logits;
    *out = (tyto_filled_text){0};
    const tyto_family_fill_mask *task = session->model->architecture->tasks->fill_mask;
    if (!task) {
        return tyto_offer_missing(session->model, TYTO_TASK_FILL_MASK, err);
    }
    TYTO_TRY(tyto_mask_text(session->model->tokenizer, text, length_bytes, spans, n_spans, &masked,
                            err));
    tyto_status status = run(session, task, &masked, &logits, err);
    if (status == TYTO_OK) {
        status = tyto_postprocess_fill_mask(session->model->tokenizer, &masked, logits->data,
                                            logits->shape[2], top_k, out, err);
    }
    tyto_masked_text_clear(&masked);
    return status;
}
