/* Packed checkpoints: bound by mapping alone, they compute what the plain ones do, to the bit. */
#include "formats/checkpoint_files.h"
#include "formats/safetensors.h"
#include "runtime/model.h"
#include "support/golden.h"
#include "support/room.h"
#include "support/tables.h"

#include "support/cases.h"

#define ROOM "/tmp/tyto-packed-XXXXXX"

static char room[sizeof(ROOM)];
static int warnings;
/* The kernels under test, and others that pack otherwise wherever this CPU has such. */
static const tyto_kernels *tested, *others;

static int make_room(void **state)
{
    (void)state;
    memcpy(room, ROOM, sizeof(room));
    return room_enter(room);
}

static int remove_room(void **state)
{
    (void)state;
    return room_leave(room);
}

static void count_warnings(void *user, tyto_log_level level, const char *message)
{
    (void)user;
    warnings += level == TYTO_LOG_LEVEL_WARNING && strstr(message, "packed anew") != NULL;
}

/* An engine and a model of it. */
typedef struct pair {
    tyto_engine *engine;
    tyto_model *model;
} pair;

static pair open_pair(const char *folder, const tyto_kernels *kernels, tyto_precision precision)
{
    pair opened;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine_options options = engine_options(2);
    options.isa = kernels->name;
    options.precision = precision;
    options.log = count_warnings;
    ASSERT_DONE(tyto_engine_create(&options, &opened.engine, &err), &err);
    ASSERT_DONE(tyto_model_open(opened.engine, folder, NULL, &opened.model, &err), &err);
    return opened;
}

static void close_pair(pair *opened)
{
    tyto_model_destroy(opened->model);
    tyto_engine_destroy(opened->engine);
}

/* Packs `folder` into `out`, whatever is there, for those kernels. */
static void pack(const char *folder, const char *out, const tyto_kernels *kernels,
                 tyto_precision precision)
{
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_convert_options force = {.struct_bytes = sizeof(force), .force = true};
    pair plain = open_pair(folder, kernels, precision);
    ASSERT_DONE(tyto_model_pack(plain.model, out, &force, &err), &err);
    close_pair(&plain);
}

/* How far the case's outputs of both are apart: the largest |a − b|/|a| of all of them, 0 when they
 * have the same bits. */
static double difference(const char *name, const pair *a, const pair *b)
{
    golden_case with;
    tyto_session *sessions[2];
    const tyto_tensor *outputs[2];
    int64_t counts[2];
    const pair *pairs[2] = {a, b};
    double most = 0.0;
    tyto_error err = TYTO_ERROR_INIT;
    golden_open(&with, name);
    for (int i = 0; i < 2; i++) {
        ASSERT_DONE(tyto_session_create(pairs[i]->model, NULL, &sessions[i], &err), &err);
        ASSERT_DONE(tyto_forward(sessions[i], with.head, with.given, with.n_given, with.wanted,
                                 with.n_wanted, &outputs[i], &counts[i], &err),
                    &err);
    }
    assert_int_equal(counts[0], counts[1]);
    for (int64_t i = 0; i < counts[0]; i++) {
        const tyto_tensor *one = &outputs[0][i], *two = &outputs[1][i];
        const size_t bytes = (size_t)tyto_tensor_elements(one) * tyto_dtype_bytes(one->dtype);
        double off = 0.0, all = 0.0;
        assert_string_equal(one->name, two->name);
        if (memcmp(one->data, two->data, bytes) == 0) {
            continue;
        }
        for (int64_t e = 0; e < tyto_tensor_elements(one); e++) {
            const double value = golden_value(one, e);
            off += pow(value - golden_value(two, e), 2.0);
            all += value * value;
        }
        most = isfinite(off / all) ? fmax(most, fmax(sqrt(off / all), 1e-30)) : INFINITY;
    }
    tyto_session_destroy(sessions[0]);
    tyto_session_destroy(sessions[1]);
    golden_close(&with);
    return most;
}

static void assert_near_outputs(const char *name, const pair *a, const pair *b, double most)
{
    const double off = difference(name, a, b);
    if (!(off <= most)) {
        fail_msg("%s: outputs differ by %g", name, off);
    }
}

static void assert_same_outputs(const char *name, const pair *a, const pair *b)
{
    assert_near_outputs(name, a, b, 0.0);
}

/* What outputs may differ by once weights come from what these kernels packed of floats: digits
 * leave out bits of the smallest, so that sums are rounded otherwise, and now and then a number is
 * rounded to the other one of two in bf16. */
static double off_packed(const tyto_kernels *kernels, tyto_precision precision)
{
    return !kernels->digits ? 0.0 : precision == TYTO_PRECISION_FP32 ? 2e-6 : 0.01;
}

static const struct {
    const char *model, *name;
} cases[] = {
    {"owlv2/odd", "owlv2/odd/one"},
    {"owlv2/sharded", "owlv2/sharded/states"},
    {"owlv2/partial", "owlv2/partial/defaults"},
    {"owlv2/vision_tower", "owlv2/vision_tower/tower"},
    {"perceiver/masked_lm", "perceiver/masked_lm/states"},
    {"perceiver/learned", "perceiver/learned/pixels"},
    {"perceiver/convolution", "perceiver/convolution/oblong"},
    {"perceiver/flow", "perceiver/flow/frames"},
    {"perceiver/multimodal", "perceiver/multimodal/scattered"},
};
#define CASES (sizeof(cases) / sizeof(cases[0]))
static const tyto_precision precisions[] = {TYTO_PRECISION_FP32, TYTO_PRECISION_BF16,
                                            TYTO_PRECISION_INT8};
#define PRECISIONS 3

static const char *model_of(char path[GOLDEN_PATH_BYTES], size_t i)
{
    return golden_path(path, "%s/model", cases[i].model);
}

static void mapped_weights_compute_the_same(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    for (size_t i = 0; next_case(i, CASES); i++) {
        for (int p = 0; p < PRECISIONS; p++) {
            warnings = 0;
            pack(model_of(path, i), "mapped", tested, precisions[p]);
            /* The default takes what the file was packed for. */
            pair plain = open_pair(path, tested, precisions[p]),
                 packed = open_pair("mapped", tested, TYTO_PRECISION_DEFAULT);
            assert_int_equal(tyto_model_precision(packed.model), precisions[p]);
            assert_int_equal(tyto_model_parameter_count(packed.model),
                             tyto_model_parameter_count(plain.model));
            assert_int_equal(tyto_model_weight_bytes(packed.model),
                             tyto_model_weight_bytes(plain.model));
            assert_null(packed.model->store.blocks); /* nothing was copied */
            assert_same_outputs(cases[i].name, &plain, &packed);
            assert_int_equal(warnings, 0);
            close_pair(&packed);
            close_pair(&plain);
        }
    }
}

/* Packed by the tested kernels and read by others, and the other way round. */
static void other_tiles_are_packed_anew(void **state)
{
    (void)state;
    const tyto_kernels *both[2] = {tested, others};
    char path[GOLDEN_PATH_BYTES];
    const bool wider = tested->gemm_columns != others->gemm_columns,
               differ = tested->digits != others->digits;
    for (size_t i = 0; next_case(i, CASES); i++) {
        for (int k = 0; k < 2 * PRECISIONS; k++) {
            const tyto_precision precision = precisions[k / 2];
            warnings = 0;
            pack(model_of(path, i), "other", both[k % 2], precision);
            assert_int_equal(warnings, 0);
            pair plain = open_pair(path, both[1 - k % 2], precision),
                 packed = open_pair("other", both[1 - k % 2], TYTO_PRECISION_AUTO);
            assert_int_equal(tyto_model_precision(packed.model), precision);
            assert_int_equal(warnings, wider || (differ && precision == TYTO_PRECISION_FP32));
            assert_near_outputs(cases[i].name, &plain, &packed, off_packed(both[k % 2], precision));
            close_pair(&packed);
            close_pair(&plain);
        }
    }
}

static void another_precision_can_be_asked_for(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    for (size_t k = 0; k < 2 * CASES; k++) {
        const size_t i = k / 2;
        const tyto_precision precision = precisions[1 + k % 2];
        const double most = off_packed(tested, precision);
        warnings = 0;
        pack(model_of(path, i), "single", tested, TYTO_PRECISION_FP32);
        pair plain = open_pair(path, tested, precision),
             packed = open_pair("single", tested, precision);
        assert_int_equal(tyto_model_precision(packed.model), precision);
        assert_int_equal(warnings, 1);
        assert_near_outputs(cases[i].name, &plain, &packed, most);
        /* And what is bound may be packed once more. */
        tyto_error err = TYTO_ERROR_INIT;
        const tyto_convert_options force = {.struct_bytes = sizeof(force), .force = true};
        ASSERT_DONE(tyto_model_pack(packed.model, "again", &force, &err), &err);
        pair again = open_pair("again", tested, TYTO_PRECISION_AUTO);
        assert_near_outputs(cases[i].name, &plain, &again, most);
        close_pair(&again);
        close_pair(&packed);
        close_pair(&plain);
    }
}

/* Single precision is asked for as any other is: the default alone takes what is there. */
static void single_precision_is_not_the_default(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    for (int p = 1; p < PRECISIONS; p++) {
        warnings = 0;
        pack(model_of(path, 0), "coarse", tested, precisions[p]);
        pair single = open_pair("coarse", tested, TYTO_PRECISION_FP32);
        assert_int_equal(tyto_model_precision(single.model), TYTO_PRECISION_FP32);
        assert_int_equal(warnings, 1);
        pair usual = open_pair("coarse", tested, TYTO_PRECISION_DEFAULT);
        assert_int_equal(tyto_model_precision(usual.model), precisions[p]);
        assert_int_equal(warnings, 1);
        /* The same rounded weights, multiplied otherwise. */
        assert_true(difference(cases[0].name, &single, &usual) > 0.0);
        close_pair(&usual);
        close_pair(&single);
    }
    pair plain = open_pair(path, tested, TYTO_PRECISION_DEFAULT);
    assert_int_equal(tyto_model_precision(plain.model), TYTO_PRECISION_FP32);
    close_pair(&plain);
}

/* Smoothing and what stays in bf16 are part of what was packed. */
static void choices_are_packed_too(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    float factors[44];
    uint8_t none = 0;
    tyto_error err = TYTO_ERROR_INIT;
    for (int i = 0; i < 44; i++) {
        factors[i] = 0.5f + 0.125f * (float)i;
    }
    const tyto_tensor choices[] = {
        {"class_head.dense0.smooth", TYTO_F32, 1, {44}, factors},
        {"box_head.dense0.bf16", TYTO_U8, 0, {0}, &none},
    };
    ASSERT_DONE(tyto_model_convert(model_of(path, 0), "chosen", NULL, &err), &err);
    ASSERT_DONE(tyto_tensor_file_save("chosen/int8.safetensors", choices, 2, &err), &err);
    /* Asked for in bf16, smoothing is taken back: weights are as far from the network's as those
     * that were rounded to whole numbers without it. */
    pack("chosen", "packed", tested, TYTO_PRECISION_INT8);
    pack(model_of(path, 0), "unsmoothed", tested, TYTO_PRECISION_INT8);
    pair exact = open_pair(path, tested, TYTO_PRECISION_BF16),
         rounded = open_pair("unsmoothed", tested, TYTO_PRECISION_BF16),
         back = open_pair("packed", tested, TYTO_PRECISION_BF16);
    assert_int_equal(tyto_model_precision(back.model), TYTO_PRECISION_BF16);
    const double off = difference(cases[0].name, &exact, &back);
    assert_true(off > 0.0 && off < 1.25 * difference(cases[0].name, &exact, &rounded));
    close_pair(&back);
    close_pair(&rounded);
    close_pair(&exact);
    for (int k = 0; k < 4; k++) {
        const tyto_kernels *here = k % 2 ? others : tested, *there = k / 2 ? others : tested;
        pair before = open_pair(path, there, TYTO_PRECISION_INT8),
             plain = open_pair("chosen", there, TYTO_PRECISION_INT8);
        pack("chosen", "packed", here, TYTO_PRECISION_INT8);
        /* The choices are in the file itself. */
        assert_int_equal(unlink("packed/int8.safetensors"), 0);
        pair packed = open_pair("packed", there, TYTO_PRECISION_AUTO);
        assert_int_equal(tyto_model_precision(packed.model), TYTO_PRECISION_INT8);
        assert_same_outputs(cases[0].name, &plain, &packed);
        assert_true(difference(cases[0].name, &before, &packed) > 0.0);
        close_pair(&packed);
        close_pair(&plain);
        close_pair(&before);
    }
}

typedef struct tally {
    size_t good, ignored, other;
    int64_t elements;
} tally;

static void count(void *user, const tyto_checkpoint_tensor *parameter)
{
    tally *counted = user;
    counted->good += parameter->fit == TYTO_FIT_GOOD;
    counted->ignored += parameter->fit == TYTO_FIT_IGNORED;
    counted->other += parameter->fit != TYTO_FIT_GOOD && parameter->fit != TYTO_FIT_IGNORED;
    if (parameter->fit == TYTO_FIT_GOOD) {
        counted->elements += tyto_tensor_elements(parameter->tensor);
        assert_int_equal(parameter->tensor->rank, parameter->rank);
    }
}

static void packed_checkpoints_are_inspected(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    for (size_t i = 0; next_case(i, CASES); i++) {
        tally plain = {0}, packed = {0};
        pack(model_of(path, i), "looked_at", tested, TYTO_PRECISION_BF16);
        ASSERT_DONE(tyto_model_inspect(path, count, &plain, &err), &err);
        ASSERT_DONE(tyto_model_inspect("looked_at", count, &packed, &err), &err);
        assert_int_equal(packed.good, plain.good);
        assert_int_equal(packed.elements, plain.elements);
        assert_int_equal(packed.other, 0);
    }
}

/* The packed file of the first case, changed: of one tensor the name or the length, or the
 * metadata; or with a byte before all else, called new_name, when name is "". */
static void assert_refused(const char *name, const char *new_name, int64_t more,
                           const char *metadata, tyto_status status, const char *message)
{
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    pack(model_of(path, 0), "bad", tested, TYTO_PRECISION_FP32);
    tyto_tensor_file *file = NULL;
    ASSERT_DONE(tyto_tensor_file_open("bad/" TYTO_PACKED_FILE, &file, &err), &err);
    const size_t count = (size_t)tyto_tensor_file_count(file);
    tyto_tensor *tensors = calloc(count + 1, sizeof(*tensors));
    assert_non_null(tensors);
    uint8_t byte = 0;
    size_t n = 0;
    if (!*name && *new_name) {
        tensors[n++] = (tyto_tensor){new_name, TYTO_U8, 1, {1}, &byte};
    }
    for (size_t i = 0; i < count; i++) {
        tensors[n] = *tyto_tensor_file_at(file, (int64_t)i);
        if (strcmp(tensors[n].name, name) == 0) {
            tensors[n].name = new_name;
            tensors[n].shape[0] += more;
        }
        n++;
    }
    const tyto_tensor_writing how = {.metadata = metadata, .align = 4096};
    ASSERT_DONE(tyto_tensor_file_write("bad/" TYTO_PACKED_FILE, tensors, n, &how, &err), &err);
    free(tensors);
    tyto_tensor_file_destroy(file);
    tyto_engine_options options = engine_options(1);
    options.isa = tested->name;
    tyto_engine *engine;
    tyto_model *model = NULL;
    ASSERT_DONE(tyto_engine_create(&options, &engine, &err), &err);
    assert_int_equal(tyto_model_open(engine, "bad", NULL, &model, &err), status);
    if (!strstr(tyto_error_message(&err), message)) {
        fail_msg("said \"%s\", required \"%s\"", tyto_error_message(&err), message);
    }
    tyto_error_clear(&err);
    tyto_engine_destroy(engine);
}

#define METADATA(version, precision, columns)                                                      \
    "{\"format\":\"tyto-packed\",\"version\":\"" version "\",\"precision\":\"" precision           \
    "\",\"columns\":\"" columns "\"}"

static void bad_files_are_refused(void **state)
{
    (void)state;
    static const char good[] = METADATA("1", "fp32", "32"), bias[] = "F32:layer_norm.bias";
    assert_refused(bias, "F32:layer_norm.mean", 0, good, TYTO_E_FORMAT,
                   "'layer_norm.bias': missing, required shape [44]");
    assert_refused(bias, bias, -64, good, TYTO_E_FORMAT, "'layer_norm.bias': ");
    assert_refused(bias, "BF16:layer_norm.bias", 0, good, TYTO_E_FORMAT, "'layer_norm.bias': type");
    /* All lie at no multiple of a cache line. */
    assert_refused("", "byte", 0, good, TYTO_E_FORMAT, "'layer_norm.bias': ");
    assert_refused("packed F32:box_head.dense1.weight", "packed BF16:box_head.dense1.weight", 0,
                   good, TYTO_E_FORMAT, "'box_head.dense1.weight': ");
    assert_refused("", "", 0, METADATA("2", "fp32", "32"), TYTO_E_UNSUPPORTED,
                   "packed weights of version '2' and precision 'fp32'");
    assert_refused("", "", 0, METADATA("1", "fp4", "32"), TYTO_E_UNSUPPORTED, "precision 'fp4'");
    assert_refused("", "", 0, METADATA("1", "auto", "32"), TYTO_E_UNSUPPORTED, "precision 'auto'");
    assert_refused("", "", 0, METADATA("1", "fp32", "-3"), TYTO_E_FORMAT, "columns: got '-3'");
    assert_refused("", "", 0, METADATA("1", "fp32", "99999"), TYTO_E_FORMAT, "required 1 to 1024");
    assert_refused("", "", 0, METADATA("1", "fp32", "24\",\"digits\":\"4"), TYTO_E_FORMAT,
                   "columns: got 24, required a multiple of 16");
    assert_refused("", "", 0, METADATA("1", "fp32", "1000"), TYTO_E_FORMAT,
                   "'box_head.dense1.weight': ");
    assert_refused("", "", 0, NULL, TYTO_E_FORMAT, "'layer_norm.bias': missing");
}

static void what_is_there_is_not_lost(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    pack(model_of(path, 0), "kept", tested, TYTO_PRECISION_FP32);
    pair plain = open_pair(path, tested, TYTO_PRECISION_BF16);
    assert_int_equal(tyto_model_pack(plain.model, "kept", NULL, &err), TYTO_E_EXISTS);
    assert_non_null(strstr(tyto_error_message(&err), "kept: is there already"));
    tyto_error_clear(&err);
    /* In its own place: the old pages stay until they are no longer used. */
    pair packed = open_pair("kept", tested, TYTO_PRECISION_FP32);
    pack("kept", "kept", tested, TYTO_PRECISION_BF16);
    pair now = open_pair("kept", tested, TYTO_PRECISION_DEFAULT);
    assert_int_equal(tyto_model_precision(now.model), TYTO_PRECISION_BF16);
    assert_same_outputs(cases[0].name, &plain, &now);
    close_pair(&plain);
    plain = open_pair(path, tested, TYTO_PRECISION_FP32);
    assert_same_outputs(cases[0].name, &plain, &packed);
    close_pair(&now);
    close_pair(&packed);
    close_pair(&plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mapped_weights_compute_the_same),
        cmocka_unit_test(other_tiles_are_packed_anew),
        cmocka_unit_test(another_precision_can_be_asked_for),
        cmocka_unit_test(single_precision_is_not_the_default),
        cmocka_unit_test(choices_are_packed_too),
        cmocka_unit_test(packed_checkpoints_are_inspected),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(what_is_there_is_not_lost),
    };
    const tyto_kernels *all[8], *tables[8];
    const size_t list = tyto_kernels_list(all, 8), tables_count = tested_tables(tables, 8);
    int failed = 0;
    for (size_t t = 0; t < tables_count; t++) {
        tested = tables[t];
        others = tested == all[0] ? all[list - 1] : all[0];
        failed += cmocka_run_group_tests(tests, make_room, remove_room);
    }
    return failed;
}
