/* Every golden case in whole numbers: as far from the reference as rounding makes it, and no
 * further. */
#include "kernels/int8.h"
#include "support/golden.h"

/* What a product is off by, as a share of its length. Rounding to steps of s is off by s/√12 on
 * average; where the largest number of a row is four times as large as its numbers on average, s is
 * 4/127 of those, for x and for w: √2·4/(127·√12) = 0.013. Errors of some products in a row add up
 * like the root of their number. perceiver/masked_lm has most in a row: four in each of its six
 * layers, two of which are the encoder's and the decoder's crossing, and that with the words; where
 * attention is in whole numbers too, its two are two more of each layer. In networks as small as
 * these it depends on the rounding of single numbers, of attention in bf16 among them, whether a
 * case is a little nearer or farther: from one instruction set to the next by a fifth. */
#define OF_A_PRODUCT 0.013
#define PRODUCTS_MAX 25.0
#define PRODUCTS_OF_ATTENTION 12.0
#define CHANCE 1.2

typedef struct run {
    tyto_engine *engine;
    const char *family, *checkpoint;
    const tyto_model *model;
    double products; /* in a row, at most */
    int cases, outputs, rounded;
} run;

static void compare(run *with, const golden_case *golden, const tyto_tensor *got, const char *what)
{
    const tyto_tensor *expected = tyto_tensor_file_find(golden->expected, got->name);
    double off = 0.0, all = 0.0;
    for (int64_t i = 0; got->dtype == TYTO_F32 && i < tyto_tensor_elements(got); i++) {
        const double wanted = golden_value(expected, i), is = (double)((const float *)got->data)[i];
        if (wanted <= GOLDEN_PADDED) {
            assert_true(is == wanted);
            continue;
        }
        off += (is - wanted) * (is - wanted);
        all += wanted * wanted;
    }
    const double share = all > 0.0 ? sqrt(off / all) : 0.0;
    if (share > CHANCE * OF_A_PRODUCT * sqrt(with->products)) {
        fail_msg("%s: '%s' is off by %.3g of its length", what, got->name, share);
    }
    with->outputs++;
    with->rounded += share > 1e-4;
}

static void run_case(const char *name, void *user)
{
    run *with = user;
    char folder[600], what[800];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_session *session = NULL;
    golden_case golden;
    const tyto_tensor *outputs;
    int64_t count;
    if (strcmp(name, "model") == 0) {
        return;
    }
    snprintf(folder, sizeof(folder), "%s/%s/%s", with->family, with->checkpoint, name);
    snprintf(what, sizeof(what), "%s, %s", folder, tyto_engine_isa(with->engine));
    golden_open(&golden, folder);
    if (strstr(golden.head, "image_guided") || strstr(golden.head, "embed_image_query")) {
        /* They choose a patch, and of two that are much alike it may be the other. */
        golden_close(&golden);
        return;
    }
    ASSERT_DONE(tyto_session_create(with->model, NULL, &session, &err), &err);
    ASSERT_DONE(tyto_forward(session, golden.head, golden.given, golden.n_given, golden.wanted,
                             golden.n_wanted, &outputs, &count, &err),
                &err);
    for (int64_t i = 0; i < count; i++) {
        compare(with, &golden, &outputs[i], what);
    }
    tyto_session_destroy(session);
    golden_close(&golden);
    with->cases++;
}

static void run_checkpoint(const char *name, void *user)
{
    run *with = user;
    char path[GOLDEN_PATH_BYTES], parts[GOLDEN_PATH_BYTES], folder[300];
    struct stat info;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_model *model = NULL;
    golden_path(path, "%s/%s/model", with->family, name);
    golden_path(parts, "%s/%s/parts.json", with->family, name);
    tyto_model_open_options options;
    tyto_model_open_options_init(&options, sizeof(options));
    options.parts_file = stat(parts, &info) == 0 ? parts : NULL;
    ASSERT_DONE(tyto_model_open(with->engine, path, &options, &model, &err), &err);
    assert_int_equal(tyto_model_precision(model), TYTO_PRECISION_INT8);
    with->checkpoint = name;
    with->model = model;
    snprintf(folder, sizeof(folder), "%s/%s", with->family, name);
    golden_for_each(folder, run_case, with);
    tyto_model_destroy(model);
}

static void run_family(const char *family)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine_options options = engine_options(2);
    options.precision = TYTO_PRECISION_INT8;
    run with = {.family = family};
    ASSERT_DONE(tyto_engine_create(&options, &with.engine, &err), &err);
    const tyto_kernels *kernels;
    ASSERT_DONE(tyto_kernels_select(tyto_engine_isa(with.engine), &kernels, &err), &err);
    with.products =
        PRODUCTS_MAX + (tyto_int8_select(kernels)->attend ? PRODUCTS_OF_ATTENTION : 0.0);
    golden_for_each(family, run_checkpoint, &with);
    /* And whole numbers it was that were multiplied. */
    assert_true(with.cases > 10 && with.rounded > with.outputs / 2);
    tyto_engine_destroy(with.engine);
}

static void owlv2_is_near_the_reference(void **state)
{
    (void)state;
    run_family("owlv2");
}

static void perceivers_are_near_the_reference(void **state)
{
    (void)state;
    run_family("perceiver");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(owlv2_is_near_the_reference),
                                       cmocka_unit_test(perceivers_are_near_the_reference)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
