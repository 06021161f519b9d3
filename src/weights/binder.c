#include "weights/binder.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "weights/choices.h"
#include "weights/request.h"

tyto_binder *tyto_binder_create(const tyto_tensor_file *file, const char *file_name,
                                tyto_weight_store *store, const tyto_kernels *kernels,
                                tyto_pool *pool)
{
    tyto_binder *binder = tyto_alloc_zeroed(1, sizeof(*binder));
    if (binder) {
        binder->file = file;
        binder->file_name = file_name;
        binder->store = store;
        binder->kernels = kernels;
        binder->pool = pool;
    }
    return binder;
}

void tyto_binder_destroy(tyto_binder *binder)
{
    if (!binder) {
        return;
    }
    for (size_t i = 0; i < binder->count; i++) {
        free(binder->requests[i].name);
    }
    free(binder->requests);
    free(binder);
}

void tyto_binder_prefix(tyto_binder *binder, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(binder->prefix, sizeof(binder->prefix), format, args);
    va_end(args);
}

void tyto_binder_initial(tyto_binder *binder, tyto_initial initial)
{
    binder->initial = initial;
}

void tyto_binder_unused(tyto_binder *binder, bool unused)
{
    binder->unused = unused;
}

static void add_request(tyto_binder *binder, const char *name, const char *suffix,
                        tyto_request want)
{
    char full[2 * TYTO_PARAMETER_NAME_BYTES];
    int length = snprintf(full, sizeof(full), "%s%s%s", binder->prefix, name, suffix);
    if (binder->count == binder->capacity) {
        size_t capacity = binder->capacity ? 2 * binder->capacity : 256;
        tyto_request *requests = tyto_realloc(binder->requests, capacity, sizeof(*requests));
        if (!requests) {
            binder->failed = true;
            return;
        }
        binder->requests = requests;
        binder->capacity = capacity;
    }
    want.name = tyto_copy_text(full, (size_t)length);
    if (!want.name) {
        binder->failed = true;
        return;
    }
    if (binder->unused && want.kind != TYTO_REQUEST_IGNORED) {
        want.kind = TYTO_REQUEST_UNUSED;
    }
    binder->requests[binder->count++] = want;
}

static tyto_request floats_request(float **slot, const int64_t shape[4], tyto_initial initial,
                                   const char *why)
{
    tyto_request want = {
        .kind = TYTO_REQUEST_FLOATS, .why = why, .slot = slot, .rows = 1, .initial = initial};
    while (want.rank < 4 && shape[want.rank] > 0) {
        want.shape[want.rank] = shape[want.rank];
        want.rows *= shape[want.rank];
        want.rank++;
    }
    return want;
}

void tyto_binder_floats(tyto_binder *binder, float **slot, const char *name, const int64_t shape[4],
                        const char *why)
{
    add_request(binder, name, "", floats_request(slot, shape, binder->initial, why));
}

void tyto_binder_buffer(tyto_binder *binder, float **slot, const char *name, const int64_t shape[4],
                        double value, const char *why)
{
    tyto_request want = floats_request(slot, shape, tyto_initial_constant(value), why);
    want.buffer = true;
    add_request(binder, name, "", want);
}

void tyto_binder_counter(tyto_binder *binder, const char *name)
{
    add_request(binder, name, "",
                (tyto_request){.kind = TYTO_REQUEST_UNUSED, .buffer = true, .counter = true});
}

void tyto_binder_empty(tyto_binder *binder, const char *name)
{
    add_request(binder, name, "",
                (tyto_request){.kind = TYTO_REQUEST_UNUSED, .rank = 2, .shape = {1, 0}});
}

/* torch draws the biases of a Linear as its weights; initialisations of the reference's own set
 * them to 0. */
static tyto_initial bias_initial(const tyto_binder *binder)
{
    return binder->initial.kind == TYTO_INITIAL_UNIFORM ? binder->initial
                                                        : tyto_initial_constant(0.0);
}

static void add_linear(tyto_binder *binder, bool exact, tyto_linear_weights *slot,
                       const char *const *names, const int64_t *outs, int64_t in, int64_t kernel,
                       bool bias, const char *why)
{
    int64_t total = 0, row = 0;
    for (int i = 0; names[i]; i++) {
        total += outs[i];
    }
    for (int i = 0; names[i]; i++) {
        tyto_request want = {.kind = TYTO_REQUEST_ROWS,
                             .rank = kernel ? 4 : 2,
                             .shape = {outs[i], in},
                             .why = why,
                             .slot = &slot->weight,
                             .row = row,
                             .rows = total,
                             .columns = in,
                             .exact = exact,
                             .initial = binder->initial};
        if (kernel) {
            want.shape[1] = in / (kernel * kernel);
            want.shape[2] = want.shape[3] = kernel;
        }
        add_request(binder, names[i], ".weight", want);
        if (bias) {
            add_request(binder, names[i], ".bias",
                        (tyto_request){.kind = TYTO_REQUEST_FLOATS,
                                       .rank = 1,
                                       .shape = {outs[i]},
                                       .why = why,
                                       .slot = &slot->bias,
                                       .row = row,
                                       .rows = total,
                                       .initial = bias_initial(binder)});
        }
        row += outs[i];
    }
}

void tyto_binder_linear(tyto_binder *binder, tyto_linear_weights *slot, const char *const *names,
                        const int64_t *outs, int64_t in, int64_t kernel, bool bias, const char *why)
{
    add_linear(binder, false, slot, names, outs, in, kernel, bias, why);
}

void tyto_binder_exact(tyto_binder *binder, tyto_linear_weights *slot, const char *name,
                       int64_t out, int64_t in, const char *why)
{
    add_linear(binder, true, slot, (const char *const[]){name, NULL}, &out, in, 0, true, why);
}

void tyto_binder_matrix(tyto_binder *binder, tyto_packed_matrix *slot, const char *name,
                        int64_t out, int64_t in, const char *why)
{
    add_request(binder, name, ".weight",
                (tyto_request){.kind = TYTO_REQUEST_ROWS,
                               .rank = 2,
                               .shape = {out, in},
                               .why = why,
                               .slot = slot,
                               .rows = out,
                               .columns = in,
                               .initial = binder->initial});
}

void tyto_binder_norm(tyto_binder *binder, tyto_norm_weights *slot, const char *name, int64_t cols,
                      const char *why)
{
    tyto_request want = {
        .kind = TYTO_REQUEST_FLOATS, .rank = 1, .shape = {cols}, .why = why, .rows = cols};
    want.slot = &slot->gamma;
    want.initial = tyto_initial_constant(1.0);
    add_request(binder, name, ".weight", want);
    want.slot = &slot->beta;
    want.initial = tyto_initial_constant(0.0);
    add_request(binder, name, ".bias", want);
}

void tyto_binder_table(tyto_binder *binder, tyto_table_weights *slot, const char *name, int64_t n,
                       int64_t k, const char *why)
{
    add_request(binder, name, "",
                (tyto_request){.kind = TYTO_REQUEST_TABLE,
                               .rank = 2,
                               .shape = {n, k},
                               .why = why,
                               .slot = slot,
                               .rows = n,
                               .initial = binder->initial});
}

void tyto_binder_ignore(tyto_binder *binder, const char *name)
{
    add_request(binder, name, "", (tyto_request){.kind = TYTO_REQUEST_IGNORED});
}

void tyto_binder_derived(tyto_binder *binder)
{
    binder->derived = true;
}

bool tyto_binder_packed(const tyto_binder *binder)
{
    tyto_packed_layout layout;
    return tyto_packed_layout_read(binder->file, binder->file_name, &layout, NULL) == TYTO_OK &&
           layout.columns;
}

bool tyto_binder_record(tyto_binder *binder)
{
    for (size_t i = 0; i < binder->count && !binder->failed; i++) {
        const tyto_request *want = &binder->requests[i];
        const tyto_packed_matrix *matrix = want->slot;
        float *const *floats = want->slot;
        if (want->row == 0) {
            binder->failed = want->kind == TYTO_REQUEST_ROWS
                                 ? !tyto_request_record(binder, want, matrix->dtype, matrix->data)
                                 : !tyto_request_record(binder, want, TYTO_F32, *floats);
        }
    }
    return !binder->failed;
}

/* Every choice must be one for a product, and possible. */
static tyto_status check_choices(const tyto_binder *binder, tyto_error *err)
{
    const tyto_tensor_file *choices = binder->store->choices;
    const char *file = binder->store->choices_name;
    for (int64_t i = 0; choices && i < tyto_tensor_file_count(choices); i++) {
        const tyto_tensor *choice = tyto_tensor_file_at(choices, i);
        const tyto_request *found = NULL;
        for (size_t j = 0; j < binder->count && !found; j++) {
            const tyto_request *want = &binder->requests[j];
            const bool first = want->kind == TYTO_REQUEST_ROWS && !want->exact && want->row == 0;
            found = first && tyto_choice_is_of(choice, want->name) ? want : NULL;
        }
        if (!found) {
            return tyto_fail(err, TYTO_E_FORMAT, "%s: '%s': of no product of this model", file,
                             choice->name);
        }
        TYTO_TRY(tyto_choice_check(choice, found->columns, file, err));
    }
    return TYTO_OK;
}

tyto_status tyto_binder_finish(tyto_binder *binder, char **unexpected, tyto_error *err)
{
    *unexpected = NULL;
    if (binder->failed) {
        return tyto_fail_memory(err, binder->file_name);
    }
    TYTO_TRY(tyto_packed_layout_read(binder->file, binder->file_name, &binder->layout, err));
    if (binder->store->list) {
        tyto_binder_list(binder);
        return TYTO_OK;
    }
    TYTO_TRY(tyto_binder_find(binder, err));
    TYTO_TRY(check_choices(binder, err));
    for (size_t i = 0; i < binder->count; i++) {
        TYTO_TRY(tyto_weight_store_step(binder->store, "tensors", binder->requests[i].name,
                                        (int64_t)i, (int64_t)binder->count, err));
        if (!tyto_request_fill(binder, &binder->requests[i])) {
            return tyto_fail_memory(err, binder->file_name);
        }
    }
    return tyto_binder_list_unexpected(binder, unexpected)
               ? TYTO_OK
               : tyto_fail_memory(err, binder->file_name);
}
