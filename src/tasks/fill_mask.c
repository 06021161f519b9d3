#include <string.h>
#include <tyto/fill_mask.h>

#include "base/error.h"
#include "base/options.h"
#include "tasks/follow.h"
#include "tasks/offer.h"

static const tyto_fill_mask_options defaults = {.struct_bytes = sizeof(defaults), .top_k = 5};

void tyto_fill_mask_options_init(tyto_fill_mask_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

/* The network on the masked text, without padding, decoded at its masks. */
static tyto_status run(tyto_session *session, const tyto_family_fill_mask *task,
                       const tyto_masked_text *masked, const tyto_tensor **logits, tyto_error *err)
{
    const char *const wanted[] = {task->output};
    const int64_t positions = task->max_tokens(session->model->network);
    int64_t n_outputs;
    if (masked->count > positions) {
        return tyto_fail(err, TYTO_E_LIMIT,
                         "text: got %lld tokens, required at most %lld (max_position_embeddings)",
                         (long long)masked->count, (long long)positions);
    }
    const tyto_tensor inputs[] = {
        {.name = task->input,
         .dtype = TYTO_I64,
         .rank = 2,
         .shape = {1, masked->count},
         .data = masked->input_ids},
        {.name = task->points_input,
         .dtype = TYTO_I64,
         .rank = 1,
         .shape = {masked->n_masks},
         .data = masked->positions},
    };
    return tyto_forward(session, task->head, inputs, 2, wanted, 1, logits, &n_outputs, err);
}

/* Masks the spans of the options, and the places of their parts. */
static tyto_status mask(const tyto_tokenizer *tokenizer, const char *text, size_t length_bytes,
                        const tyto_fill_mask_options *options, tyto_masked_text *out,
                        tyto_error *err)
{
    tyto_spans spans = {0};
    tyto_status status = TYTO_OK;
    for (int64_t i = 0; i < options->n_spans; i++) {
        TYTO_CHECK(tyto_spans_add(&spans, options->spans[i], err));
    }
    for (int64_t i = 0; i < options->n_parts; i++) {
        const char *part = options->parts[i];
        int64_t found = 0;
        TYTO_CHECK(tyto_spans_find(&spans, text, length_bytes, part, part ? strlen(part) : 0,
                                   &found, err));
        if (found == 0) {
            status = tyto_fail(err, TYTO_E_ARGUMENT,
                               "got no \"%s\" in it, required a part of the text to mask", part);
            goto cleanup;
        }
    }
    status =
        tyto_masked_text_make(tokenizer, text, length_bytes, spans.items, spans.count, out, err);
cleanup:
    tyto_spans_clear(&spans);
    return status;
}

tyto_status tyto_fill_mask(tyto_session *session, const char *text, size_t length_bytes,
                           const tyto_fill_mask_options *options, tyto_filled_text *out,
                           tyto_error *err)
{
    tyto_fill_mask_options own = defaults;
    tyto_masked_text masked;
    tyto_follow follow;
    const tyto_tensor *logits;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, session);
    TYTO_REQUIRE(err, text);
    TYTO_REQUIRE(err, out);
    *out = (tyto_filled_text){0};
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_fill_mask_options", err));
    const tyto_family_fill_mask *task = session->model->architecture->tasks->fill_mask;
    if (!task) {
        return tyto_offer_missing(session->model, TYTO_TASK_FILL_MASK, err);
    }
    if ((own.n_spans > 0 && !own.spans) || (own.n_parts > 0 && !own.parts)) {
        return tyto_fail_null(err, own.n_parts > 0 && !own.parts ? "parts" : "spans");
    }
    TYTO_TRY(mask(session->model->tokenizer, text, length_bytes, &own, &masked, err));
    tyto_follow_begin(&follow, session, own.progress, own.progress_user);
    tyto_status status = run(session, task, &masked, &logits, err);
    if (status == TYTO_OK) {
        status = tyto_postprocess_fill_mask(session->model->tokenizer, &masked, logits->data,
                                            logits->shape[2], own.top_k, out, err);
    }
    tyto_follow_end(&follow);
    tyto_masked_text_clear(&masked);
    return status;
}
