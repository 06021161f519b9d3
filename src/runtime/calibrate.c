#include <tyto/calibrate.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "formats/safetensors.h"
#include "runtime/calibration.h"
#include "runtime/model.h"
#include "runtime/session.h"
#include "weights/choices.h"

/* Smoothings that are tried. */
static const float strengths[] = {0.5f, 0.75f};
#define STRENGTHS (sizeof(strengths) / sizeof(strengths[0]))
/* Smoothing is worth its multiplications when it takes as much of the error. */
#define WORTH 0.9

tyto_status tyto_calibration_create(const tyto_model *model, tyto_calibration **out,
                                    tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, model);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    if (model->precision != TYTO_PRECISION_FP32) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "calibration: got a model in %s, required fp32",
                         tyto_precision_name(model->precision));
    }
    const tyto_weight_store *store = &model->store;
    tyto_status status = TYTO_OK;
    tyto_calibration *calibration = tyto_alloc_zeroed(1, sizeof(*calibration));
    if (!calibration) {
        return tyto_fail_memory(err, "calibration");
    }
    calibration->model = model;
    calibration->kernels = model->engine->kernels;
    calibration->pool = model->engine->pool;
    calibration->observer = (tyto_product_observer){tyto_calibration_note, calibration};
    calibration->sites = tyto_alloc_zeroed(store->products_count, sizeof(*calibration->sites));
    if (!calibration->sites) {
        status = tyto_fail_memory(err, "calibration");
        goto cleanup;
    }
    for (size_t i = 0; i < store->products_count; i++) {
        const tyto_product *product = &store->products[i];
        calibration->count = i + 1;
        TYTO_CHECK(tyto_calibration_site_init(&calibration->sites[i], product->name,
                                              product->weight, err));
    }
    *out = calibration;
    calibration = NULL;
cleanup:
    tyto_calibration_destroy(calibration);
    return status;
}

void tyto_calibration_destroy(tyto_calibration *calibration)
{
    if (calibration) {
        for (size_t i = 0; i < calibration->count; i++) {
            tyto_calibration_site_clear(&calibration->sites[i]);
        }
        free(calibration->sites);
        free(calibration);
    }
}

tyto_status tyto_session_calibrate(tyto_session *session, tyto_calibration *calibration,
                                   tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, session);
    if (calibration && calibration->model != session->model) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "calibration: got a session of another model, required the notes' own");
    }
    session->observer = calibration ? &calibration->observer : NULL;
    return TYTO_OK;
}

/* Adds WEIGHT's choice with that ending; takes `data` over, whatever becomes of it. */
static tyto_status add(tyto_choices *made, const char *weight_name, const char *ending,
                       tyto_dtype dtype, int rank, int64_t elements, void *data, tyto_error *err)
{
    const char *last = strrchr(weight_name, '.');
    const size_t length = last ? (size_t)(last - weight_name) : strlen(weight_name);
    tyto_tensor *tensors = tyto_realloc(made->tensors, made->count + 1, sizeof(*tensors));
    char *name = tyto_alloc(length + strlen(ending) + 1, 1);
    if (tensors) {
        made->tensors = tensors;
    }
    if (!tensors || !name || !data) {
        free(name);
        free(data);
        return tyto_fail_memory(err, weight_name);
    }
    memcpy(name, weight_name, length);
    memcpy(name + length, ending, strlen(ending) + 1);
    tensors[made->count++] = (tyto_tensor){
        .name = name, .dtype = dtype, .rank = rank, .shape = {elements}, .data = data};
    return TYTO_OK;
}

/* Finds the smoothing with the least error: choice->error and strength, and factors[k] of it. */
static tyto_status compare(const tyto_calibration *calibration, const tyto_calibration_site *site,
                           tyto_choice *choice, float *factors, tyto_error *err)
{
    TYTO_TRY(tyto_calibration_error(site, calibration->kernels, calibration->pool, NULL,
                                    &choice->plain, err));
    choice->error = choice->plain;
    double least = choice->plain * WORTH;
    for (size_t s = 0; s < STRENGTHS; s++) {
        double error;
        tyto_calibration_smooth(site, strengths[s], factors);
        TYTO_TRY(tyto_calibration_error(site, calibration->kernels, calibration->pool, factors,
                                        &error, err));
        if (error < least) {
            choice->error = least = error;
            choice->strength = strengths[s];
        }
    }
    if (choice->strength > 0.0f) {
        tyto_calibration_smooth(site, choice->strength, factors);
    }
    choice->bf16 = !(choice->error <= TYTO_CHOICE_ERROR_MAX);
    return TYTO_OK;
}

static tyto_status choose(const tyto_calibration *calibration, size_t index, tyto_choice *choice,
                          tyto_choices *made, tyto_error *err)
{
    const tyto_calibration_site *site = &calibration->sites[index];
    const int64_t k = site->weight->k;
    *choice = (tyto_choice){.name = site->name,
                            .index = (int64_t)index,
                            .count = (int64_t)calibration->count,
                            .rows = site->seen};
    if (site->kept == 0 || k > TYTO_INT8_DEPTH_MAX) {
        return TYTO_OK;
    }
    float *factors = tyto_alloc((size_t)k, sizeof(float));
    const tyto_status status = factors ? compare(calibration, site, choice, factors, err)
                                       : tyto_fail_memory(err, site->name);
    if (status == TYTO_OK && !choice->bf16 && choice->strength > 0.0f) {
        return add(made, site->name, TYTO_CHOICES_SMOOTH, TYTO_F32, 1, k, factors, err);
    }
    free(factors);
    if (status == TYTO_OK && choice->bf16) {
        return add(made, site->name, TYTO_CHOICES_BF16, TYTO_U8, 0, 0, tyto_alloc_zeroed(1, 1),
                   err);
    }
    return status;
}

void tyto_calibration_options_init(tyto_calibration_options *options, size_t struct_bytes)
{
    static const tyto_calibration_options defaults = {.struct_bytes = sizeof(defaults)};
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

/* Before choice i. */
static tyto_status step(const tyto_calibration *calibration,
                        const tyto_calibration_options *options, size_t i, tyto_error *err)
{
    const tyto_progress progress = {.stage = "choices",
                                    .subject = calibration->sites[i].name,
                                    .done = (int64_t)i,
                                    .total = (int64_t)calibration->count};
    if (options->progress && !options->progress(options->progress_user, &progress)) {
        return tyto_fail(err, TYTO_E_CANCELLED, "calibration: stopped");
    }
    return TYTO_OK;
}

tyto_status tyto_calibration_choose(const tyto_calibration *calibration,
                                    const tyto_calibration_options *given, tyto_choices *made,
                                    tyto_error *err)
{
    tyto_calibration_options options;
    tyto_calibration_options_init(&options, sizeof(options));
    TYTO_TRY(tyto_options_read(&options, sizeof(options), given, "tyto_calibration_options", err));
    for (size_t i = 0; i < calibration->count; i++) {
        tyto_choice choice;
        TYTO_TRY(step(calibration, &options, i, err));
        TYTO_TRY(choose(calibration, i, &choice, made, err));
        if (options.report) {
            options.report(options.report_user, &choice);
        }
    }
    return TYTO_OK;
}

void tyto_choices_clear(tyto_choices *made)
{
    for (size_t i = 0; i < made->count; i++) {
        free((char *)(uintptr_t)made->tensors[i].name);
        free(made->tensors[i].data);
    }
    free(made->tensors);
}

tyto_status tyto_calibration_save(const tyto_calibration *calibration, const char *path,
                                  const tyto_calibration_options *options, tyto_error *err)
{
    tyto_choices made = {0};
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, calibration);
    TYTO_REQUIRE(err, path);
    tyto_status status = tyto_calibration_choose(calibration, options, &made, err);
    if (status == TYTO_OK) {
        status = tyto_tensor_file_save(path, made.tensors, (int64_t)made.count, err);
    }
    tyto_choices_clear(&made);
    return status;
}
