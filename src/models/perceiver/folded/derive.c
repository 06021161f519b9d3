#include "models/perceiver/folded/derive.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/algebra.h"

#define LOG2_E 1.4426950408889634

/* Asks for the plain parameters and makes the products of them. */
static tyto_status make_products(const tyto_perceiver_derivation *derivation, void *context,
                                 tyto_binder *plain, tyto_error *err)
{
    char *unexpected = NULL;
    derivation->ask(context, plain);
    const tyto_status status = tyto_binder_finish(plain, &unexpected, err);
    free(unexpected);
    TYTO_TRY(status);
    return derivation->make(context, err);
}

/* Binds the products of a packed file, or records those that were made. */
static tyto_status finish_products(const tyto_model_source *source, tyto_binder *products,
                                   tyto_error *err)
{
    char *unexpected = NULL;
    if (!tyto_binder_packed(products)) {
        return tyto_binder_record(products) ? TYTO_OK : tyto_fail_memory(err, source->tensors_name);
    }
    const tyto_status status = tyto_binder_finish(products, &unexpected, err);
    free(unexpected);
    return status;
}

tyto_status tyto_perceiver_derive(const tyto_model_source *source,
                                  const tyto_perceiver_derivation *derivation, void *context,
                                  tyto_error *err)
{
    tyto_weight_store temporary = {0};
    tyto_status status = TYTO_OK;
    tyto_binder *plain = tyto_binder_create(source->tensors, source->tensors_name, &temporary,
                                            source->kernels, source->pool),
                *products = tyto_binder_create(source->tensors, source->tensors_name, source->store,
                                               source->kernels, source->pool);
    if (!plain || !products) {
        status = tyto_fail_memory(err, source->tensors_name);
        goto cleanup;
    }
    if (!tyto_binder_packed(plain)) {
        TYTO_CHECK(tyto_perceiver_fold_step(source, derivation->name, 0, 0, err));
        TYTO_CHECK(make_products(derivation, context, plain, err));
    }
    tyto_binder_derived(products);
    derivation->bind(context, products);
    TYTO_CHECK(finish_products(source, products, err));
cleanup:
    tyto_binder_destroy(plain);
    tyto_binder_destroy(products);
    tyto_weight_store_clear(&temporary);
    return status;
}

tyto_status tyto_perceiver_fold_step(const tyto_model_source *source, const char *name, int64_t i,
                                     int64_t count, tyto_error *err)
{
    return tyto_weight_store_step(source->store, "folding", name, i, count, err);
}

bool tyto_perceiver_pack(const tyto_model_source *source, int64_t n, int64_t k,
                         const double *values, tyto_packed_matrix *out)
{
    float *narrow = tyto_alloc((size_t)(n * k), sizeof(*narrow));
    if (!narrow) {
        return false;
    }
    tyto_round(n * k, values, narrow);
    const bool done =
        tyto_weight_store_pack(source->store, source->kernels, source->pool, n, k, narrow, out);
    free(narrow);
    return done;
}

bool tyto_perceiver_pack_scores(const tyto_model_source *source,
                                const tyto_perceiver_scores *scores, tyto_packed_matrix *out)
{
    const int64_t K = scores->qk_channels, C = scores->channels, extra = scores->beta ? 2 : 1;
    const double scale = LOG2_E / sqrt((double)K);
    double *scaled = tyto_alloc((size_t)(K * C), sizeof(*scaled)),
           *rows = tyto_alloc_zeroed((size_t)((C + extra) * K), sizeof(*rows));
    bool done = scaled && rows;
    if (done) {
        tyto_scale_columns_wide(K, C, scale, scores->weight, scores->gamma, scaled);
        tyto_transpose_wide(K, C, scaled, rows);
        tyto_sum_columns_wide(C, K, rows, rows + C * K);
    }
    if (done && scores->beta) {
        double *shift = rows + (C + 1) * K;
        tyto_scale_wide(K, scale, scores->bias, shift);
        tyto_add_dots_wide(K, C, scale, scores->weight, scores->beta, shift);
    }
    done = done && tyto_perceiver_pack(source, C + extra, K, rows, out);
    free(scaled);
    free(rows);
    return done;
}

bool tyto_perceiver_keep(const tyto_model_source *source, int64_t n, const double *values,
                         float **out)
{
    *out = tyto_weight_store_floats(source->store, n);
    if (*out) {
        tyto_round(n, values, *out);
    }
    return *out != NULL;
}
