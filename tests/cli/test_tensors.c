/* tyto tokenize, preprocess, forward and inspect, on real files. */
#include "run.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tyto/tyto.h>
#include <unistd.h>

static tyto_tensor_file *opened(const char *path)
{
    tyto_tensor_file *file = NULL;
    if (tyto_tensor_file_open(path, &file, NULL) != TYTO_OK) {
        fail_msg("%s: can't be opened", path);
    }
    return file;
}

/* Element i as a double; only floats are looked at. */
static double element(const tyto_tensor *tensor, int64_t i)
{
    const char *at = (const char *)tensor->data + (size_t)i * tyto_dtype_bytes(tensor->dtype);
    float single;
    double value;
    if (tensor->dtype == TYTO_F64) {
        memcpy(&value, at, sizeof(value));
        return value;
    }
    assert_int_equal(tensor->dtype, TYTO_F32);
    memcpy(&single, at, sizeof(single));
    return (double)single;
}

static void tokens_are_the_tokenizers(void **state)
{
    (void)state;
    const char *const texts[] = {"a photo of a cat", "", "--draw \"x\"\n\xc3\xa9"};
    tyto_tokenizer *tokenizer = NULL;
    tyto_encoding encoding = {0};
    const tyto_encode_options plain = {.struct_bytes = sizeof(tyto_encode_options)};
    assert_int_equal(tyto_tokenizer_open(ODD_MODEL, &tokenizer, NULL), TYTO_OK);
    assert_int_equal(tyto_tokenizer_encode(tokenizer, texts, NULL, 3, &plain, &encoding, NULL),
                     TYTO_OK);
    ran run = tyto("tokenize", "-m", ODD_MODEL, "--format", "json", "--", texts[0], texts[1],
                   texts[2], NULL);
    assert_done(&run);
    json_t *root = parsed(run.out);
    assert_int_equal(json_array_size(root), 3);
    for (size_t i = 0; i < 3; i++) {
        const json_t *object = json_array_get(root, i);
        const json_t *ids = json_object_get(object, "input_ids");
        const json_t *mask = json_object_get(object, "attention_mask");
        const json_t *tokens = json_object_get(object, "tokens");
        const size_t length = (size_t)(encoding.offsets[i + 1] - encoding.offsets[i]);
        assert_int_equal(json_object_size(object), 4);
        assert_int_equal(json_integer_value(json_object_get(object, "length")), length);
        assert_true(length >= 2 && json_array_size(ids) == length);
        assert_int_equal(json_array_size(mask), length);
        assert_int_equal(json_array_size(tokens), length);
        for (size_t t = 0; t < length; t++) {
            const int64_t id = encoding.input_ids[(size_t)encoding.offsets[i] + t];
            assert_int_equal(json_integer_value(json_array_get(ids, t)), id);
            assert_int_equal(json_integer_value(json_array_get(mask, t)), 1);
            assert_string_equal(json_string_value(json_array_get(tokens, t)),
                                tyto_tokenizer_token(tokenizer, id));
        }
        assert_int_equal(json_integer_value(json_array_get(ids, 0)), 598);
        assert_int_equal(json_integer_value(json_array_get(ids, length - 1)), 599);
    }
    json_decref(root);
    ran_clear(&run);
    tyto_encoding_clear(&encoding);
    tyto_tokenizer_destroy(tokenizer);
}

static void texts_are_padded_and_come_from_files(void **state)
{
    (void)state;
    ran run =
        tyto_reading("a cat\r\n\nthe third", 17, "tokenize", "-m", ODD_MODEL, "-f", "json",
                     "--file", "-", "--padding", "max", "--truncation", "longest-first", NULL);
    assert_done(&run);
    json_t *root = parsed(run.out);
    assert_int_equal(json_array_size(root), 3);
    for (size_t i = 0; i < 3; i++) {
        const json_t *object = json_array_get(root, i);
        assert_int_equal(json_array_size(json_object_get(object, "input_ids")), 16);
    }
    const json_t *mask = json_object_get(json_array_get(root, 1), "attention_mask");
    assert_int_equal(json_integer_value(json_array_get(mask, 1)), 1);
    assert_int_equal(json_integer_value(json_array_get(mask, 2)), 0);
    json_decref(root);
    ran_clear(&run);

    run = tyto("tokenize", "-m", ODD_MODEL, "a cat", NULL);
    assert_done(&run);
    assert_memory_equal(run.out, "\"a cat\": ", 9);
    assert_non_null(strstr(run.out, "     598     1  "));
    ran_clear(&run);
    run = tyto("tokenize", "-m", ODD_MODEL, NULL);
    assert_complains(&run, 2, "no text");
}

static json_t *tokenized(ran *run)
{
    assert_done(run);
    json_t *root = parsed(run->out);
    ran_clear(run);
    return root;
}

static void bytes_are_tokens(void **state)
{
    (void)state;
    const char *model = test_path("golden/data/perceiver_tokenizer/plain");
    ran run = tyto("tokenize", "-m", model, "-f", "json", "h\xc3\xa9[MASK]", "xyz", "--pair", "12",
                   "--pair", "3", "--max-length", "7", "--truncation", "only-first", "--overflow",
                   "--stride", "1", "--special-tokens-mask", "--token-types", "--padding", "max",
                   "--padding-side", "left", NULL);
    json_t *root = tokenized(&run), *required;
    required = parsed(
        "[{\"input_ids\":[4,110,201,5,55,56,5],\"attention_mask\":[1,1,1,1,1,1,1],"
        "\"tokens\":[\"[CLS]\",\"h\",\"\u00c3\",\"[SEP]\",\"1\",\"2\",\"[SEP]\"],\"length\":7,"
        "\"special_tokens_mask\":[1,0,0,1,0,0,1],\"token_type_ids\":[0,0,1,1],"
        "\"overflowing_tokens\":[201,175,3],\"num_truncated_tokens\":2},"
        "{\"input_ids\":[4,126,127,128,5,57,5],\"attention_mask\":[1,1,1,1,1,1,1],"
        "\"tokens\":[\"[CLS]\",\"x\",\"y\",\"z\",\"[SEP]\",\"3\",\"[SEP]\"],\"length\":7,"
        "\"special_tokens_mask\":[1,0,0,0,1,0,1],\"token_type_ids\":[0,0,0,1],"
        "\"overflowing_tokens\":[],\"num_truncated_tokens\":0}]");
    assert_true(json_equal(root, required));
    json_decref(required);
    json_decref(root);

    run = tyto("tokenize", "-m", model, "-f", "json", " two  words ", "--words",
               "--no-special-tokens", NULL);
    root = tokenized(&run);
    assert_int_equal(json_array_size(json_object_get(json_array_get(root, 0), "input_ids")), 8);
    json_decref(root);
    run = tyto("tokenize", "-m", ODD_MODEL, "-f", "json", "a photo of a cat", "--max-length", "5",
               "--truncation", "longest-first", "--overflow", NULL);
    root = tokenized(&run);
    assert_true(json_array_size(root) > 1);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(root, 1), "sample")), 0);
    json_decref(root);
}

static void ids_are_decoded(void **state)
{
    (void)state;
    const char *model = test_path("golden/data/perceiver_tokenizer/plain");
    ran run = tyto("tokenize", "-m", model, "--decode", "4 110,201 175 38 52 3 5", "[]",
                   "--skip-special-tokens", "--clean-up", "on", NULL);
    assert_done(&run);
    assert_string_equal(run.out, "h\xc3\xa9.\n\n");
    ran_clear(&run);
    run = tyto("tokenize", "-m", model, "--decode", "4 110 3 5 207", "-f", "json", NULL);
    assert_done(&run);
    json_t *root = parsed(run.out), *required = parsed("[\"[CLS]h[MASK][SEP]\\ufffd\"]");
    assert_true(json_equal(root, required));
    json_decref(required);
    json_decref(root);
    ran_clear(&run);
    run = tyto("tokenize", "-m", model, "--decode", "4 x", NULL);
    assert_complains(&run, 1, "'4 x': required ids");
    run = tyto("tokenize", "-m", model, "--decode", "4 300", NULL);
    assert_complains(&run, 1, "id 1: got 300, required 0 to 261");
    run = tyto("tokenize", "-m", model, "a", "--offsets", "-f", "json", NULL);
    assert_complains(&run, 1, "offsets: got a tokenizer of bytes, which has none");
    run = tyto("tokenize", "-m", model, "a", "b", "--pair", "c", NULL);
    assert_complains(&run, 2, "--pair: got 1 texts, required one for each of the 2 texts");
}

static void pixels_are_the_processors(void **state)
{
    (void)state;
    const char *const photos[] = {CAT, COFFEE};
    const char *const names[] = {"cat.jpg", "coffee.jpg"};
    ran run = tyto("preprocess", "-m", ODD_MODEL, CAT, COFFEE, "-o", "pixels.safetensors", NULL);
    assert_done(&run);
    ran_clear(&run);
    tyto_tensor_file *file = opened("pixels.safetensors");
    assert_int_equal(tyto_tensor_file_count(file), 2);
    tyto_image_processor *processor = NULL;
    assert_int_equal(tyto_image_processor_open(ODD_MODEL, &processor, NULL), TYTO_OK);
    static float want[3 * 63 * 63];
    for (int i = 0; i < 2; i++) {
        tyto_image image;
        const tyto_tensor *tensor = tyto_tensor_file_find(file, names[i]);
        assert_non_null(tensor);
        assert_int_equal(tensor->dtype, TYTO_F32);
        assert_int_equal(tensor->rank, 3);
        assert_true(tensor->shape[0] == 3 && tensor->shape[1] == 63 && tensor->shape[2] == 63);
        assert_int_equal(tyto_image_load(photos[i], NULL, &image, NULL), TYTO_OK);
        assert_int_equal(tyto_image_processor_run(processor, NULL, &image, want, NULL), TYTO_OK);
        assert_memory_equal(tensor->data, want, sizeof(want));
        tyto_image_clear(&image);
    }
    tyto_image_processor_destroy(processor);
    tyto_tensor_file_destroy(file);
}

static void equal_names_are_refused_before_work(void **state)
{
    (void)state;
    assert_int_equal(mkdir("twin", 0777), 0);
    copy_file(CAT, "twin/cat.jpg");
    ran run =
        tyto("preprocess", "-m", "nowhere", CAT, "twin/cat.jpg", "-o", "twin.safetensors", NULL);
    assert_complains(&run, 2, "both would be the tensor 'cat.jpg'");
    assert_false(file_there("twin.safetensors"));
    write_file("bad.png", "\x89PNG\r\n\x1a\n", 8);
    run = tyto("preprocess", "--quiet", "-m", ODD_MODEL, "bad.png", "twin", "-o",
               "twin.safetensors", NULL);
    assert_complains(&run, 1, "bad.png");
    tyto_tensor_file *file = opened("twin.safetensors");
    assert_int_equal(tyto_tensor_file_count(file), 1);
    tyto_tensor_file_destroy(file);
    run = tyto("preprocess", "-m", ODD_MODEL, CAT, NULL);
    assert_complains(&run, 2, "required -o FILE.safetensors");
}

/* The largest error of a tensor that tests/golden/README.md allows. */
static double allowed(const json_t *errors, const char *name)
{
    const json_t *entry = json_object_get(json_object_get(errors, "tensors"), name);
    const double e = json_number_value(json_object_get(entry, "error"));
    const double m = json_number_value(json_object_get(entry, "max"));
    return fmax(2.0 * e, 16.0 * m * 0x1p-23);
}

/* Runs one golden case and compares every output that it has. */
static void assert_golden(const char *checkpoint, const char *name, bool with_head)
{
    char model[PATH_MAX], inputs[PATH_MAX], expected[PATH_MAX], errors_path[PATH_MAX];
    const char *base = test_path("golden/data/owlv2");
    snprintf(model, sizeof(model), "%s/%s/model", base, checkpoint);
    snprintf(inputs, sizeof(inputs), "%s/%s/%s/inputs.safetensors", base, checkpoint, name);
    snprintf(expected, sizeof(expected), "%s/%s/%s/expected.safetensors", base, checkpoint, name);
    snprintf(errors_path, sizeof(errors_path), "%s/%s/%s/errors.json", base, checkpoint, name);
    char *text = file_text(errors_path, NULL);
    json_t *errors = parsed(text);
    const char *head = json_string_value(json_object_get(errors, "head"));
    tyto_tensor_file *want = opened(expected);
    const size_t count = (size_t)tyto_tensor_file_count(want);
    char *list = calloc(count, 256);
    assert_non_null(list);
    for (size_t i = 0; i < count; i++) {
        strcat(list, i ? "," : "");
        strcat(list, tyto_tensor_file_at(want, (int64_t)i)->name);
    }
    ran run = tyto("forward", "-m", model, "--inputs", inputs, "-o", "out.safetensors", "--want",
                   list, with_head ? "--head" : NULL, head, NULL);
    assert_done(&run);
    tyto_tensor_file *got = opened("out.safetensors");
    assert_int_equal(tyto_tensor_file_count(got), count);
    for (size_t i = 0; i < count; i++) {
        const tyto_tensor *a = tyto_tensor_file_at(want, (int64_t)i);
        const tyto_tensor *b = tyto_tensor_file_find(got, a->name);
        assert_non_null(b);
        assert_int_equal(a->rank, b->rank);
        assert_memory_equal(a->shape, b->shape, (size_t)a->rank * sizeof(a->shape[0]));
        for (int64_t k = 0; k < tyto_tensor_elements(a); k++) {
            const double x = element(a, k), y = element(b, k);
            if (!(fabs(x - y) <= allowed(errors, a->name))) {
                fail_msg("%s/%s: %s[%lld]: got %g, required %g", checkpoint, name, a->name,
                         (long long)k, y, x);
            }
        }
    }
    tyto_tensor_file_destroy(got);
    tyto_tensor_file_destroy(want);
    json_decref(errors);
    free(text);
    free(list);
    ran_clear(&run);
}

static void forward_gives_the_references_numbers(void **state)
{
    (void)state;
    assert_golden("odd", "one", false);
    assert_golden("odd", "three", true);
    assert_golden("sharded", "image_features", true);
    assert_golden("partial", "defaults", false);
}

static void forward_composes_perceivers(void **state)
{
    (void)state;
    const char *model = test_path("golden/data/perceiver/mixed/model"),
               *parts = test_path("golden/data/perceiver/mixed/parts.json"),
               *inputs = test_path("golden/data/perceiver/mixed/masked/inputs.safetensors");
    ran run = tyto("forward", "-m", model, "--parts", parts, "--inputs", inputs, "-o",
                   "composed.safetensors", "--want", "logits.photo", NULL);
    assert_done(&run);
    ran_clear(&run);
    tyto_tensor_file *got = opened("composed.safetensors"),
                     *expected = opened(
                         test_path("golden/data/perceiver/mixed/masked/expected.safetensors"));
    const tyto_tensor *photo = tyto_tensor_file_find(got, "logits.photo"),
                      *wanted = tyto_tensor_file_find(expected, "logits.photo");
    assert_true(photo && wanted);
    assert_int_equal(tyto_tensor_file_count(got), 1);
    assert_int_equal(tyto_tensor_elements(photo), tyto_tensor_elements(wanted));
    for (int64_t i = 0; i < tyto_tensor_elements(photo); i++) {
        assert_true(fabs(element(photo, i) - element(wanted, i)) < 1e-5);
    }
    tyto_tensor_file_destroy(got);
    tyto_tensor_file_destroy(expected);
    write_file("parts.json", "{\"decoder\": {\"type\": \"Decoder\"}}", 32);
    run = tyto("forward", "-m", model, "--parts", "parts.json", "--inputs", inputs, "-o",
               "composed.safetensors", NULL);
    assert_complains(&run, 1, "parts.json: decoder: 'type': got 'Decoder'");
    run = tyto("forward", "-m", model, "--parts", "no.json", "--inputs", inputs, "-o",
               "composed.safetensors", NULL);
    assert_complains(&run, 1, "no.json");
}

static void forward_says_what_it_lacks(void **state)
{
    (void)state;
    const char *inputs = test_path("golden/data/owlv2/odd/one/inputs.safetensors");
    ran run = tyto("forward", "-m", ODD_MODEL, "--inputs", inputs, "-o", "x.safetensors", "--want",
                   "logits,nonsense", NULL);
    assert_complains(&run, 1, "nonsense");
    run = tyto("forward", "-m", ODD_MODEL, "--inputs", inputs, "-o", "x.safetensors", "--head",
               "Nothing", NULL);
    assert_complains(&run, 1, "head: got 'Nothing'");
    run = tyto("forward", "-m", ODD_MODEL, "--inputs", inputs, NULL);
    assert_complains(&run, 2, "required --inputs FILE and -o FILE, got no -o");
    run = tyto("forward", "-m", ODD_MODEL, "--inputs", inputs, "-o", "x.safetensors", "--want",
               "a,,b", NULL);
    assert_complains(&run, 2, "--want: got 'a,,b'");
    run =
        tyto("forward", "-m", ODD_MODEL, "--inputs", "no.safetensors", "-o", "x.safetensors", NULL);
    assert_complains(&run, 1, "no.safetensors: No such file or directory");
    assert_false(file_there("x.safetensors"));
    copy_file(inputs, "same.safetensors");
    run = tyto("forward", "-m", ODD_MODEL, "--inputs", "same.safetensors", "-o",
               "./same.safetensors", NULL);
    assert_complains(&run, 2, "same.safetensors is read, required another place");
}

static json_t *inspected(const char *model, int status)
{
    ran run = tyto("inspect", "-m", model, "--format", "json", NULL);
    assert_int_equal(run.status, status);
    assert_string_equal(run.err, "");
    json_t *root = parsed(run.out);
    ran_clear(&run);
    return root;
}

static size_t size_of(const json_t *root, const char *key)
{
    const json_t *list = json_object_get(root, key);
    assert_true(json_is_array(list));
    return json_array_size(list);
}

static void inspect_counts_a_whole_checkpoint(void **state)
{
    (void)state;
    tyto_engine *engine = NULL;
    tyto_model *model = NULL;
    assert_int_equal(tyto_engine_create(NULL, &engine, NULL), TYTO_OK);
    assert_int_equal(tyto_model_open(engine, ODD_MODEL, NULL, &model, NULL), TYTO_OK);
    json_t *root = inspected(ODD_MODEL, 0);
    assert_int_equal(json_integer_value(json_object_get(root, "parameters")),
                     tyto_model_parameter_count(model));
    assert_string_equal(json_string_value(json_object_get(root, "model_type")), "owlv2");
    assert_int_equal(size_of(root, "missing") + size_of(root, "misshapen"), 0);
    assert_int_equal(size_of(root, "problems") + size_of(root, "unexpected"), 0);
    const json_t *counts = json_object_get(json_object_get(root, "dtypes"), "F32");
    assert_int_equal(json_integer_value(json_object_get(counts, "tensors")),
                     size_of(root, "tensors"));
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(root, "config"), "projection_dim")), 36);
    json_decref(root);
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);

    root = inspected(test_path("golden/data/owlv2/partial/model"), 0);
    assert_true(size_of(root, "ignored") > 0);
    json_decref(root);
    root = inspected(test_path("golden/data/owlv2/sharded/model"), 0);
    assert_non_null(json_object_get(json_object_get(root, "dtypes"), "BF16"));
    json_decref(root);
}

/* A checkpoint without one tensor, with one of another shape, one of another type and a stranger.
 */
static void inspect_tells_what_does_not_fit(void **state)
{
    (void)state;
    char path[PATH_MAX];
    assert_int_equal(mkdir("holes", 0777), 0);
    snprintf(path, sizeof(path), "%s/config.json", ODD_MODEL);
    copy_file(path, "holes/config.json");
    snprintf(path, sizeof(path), "%s/model.safetensors", ODD_MODEL);
    tyto_tensor_file *file = opened(path);
    const size_t count = (size_t)tyto_tensor_file_count(file);
    tyto_tensor *tensors = calloc(count, sizeof(*tensors));
    assert_non_null(tensors);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const tyto_tensor *tensor = tyto_tensor_file_at(file, (int64_t)i);
        if (strcmp(tensor->name, "box_head.dense0.weight") != 0) {
            tensors[n++] = *tensor;
        }
    }
    const size_t kept = n;
    for (size_t i = 0; i < kept; i++) {
        if (strcmp(tensors[i].name, "class_head.dense0.bias") == 0) {
            tensors[i].shape[0]--;
        } else if (strcmp(tensors[i].name, "layer_norm.weight") == 0) {
            tensors[i].dtype = TYTO_I32;
        } else if (strcmp(tensors[i].name, "layer_norm.bias") == 0) {
            tensors[n++] = tensors[i];
            tensors[n - 1].name = "stranger";
        }
    }
    tyto_status saved = tyto_tensor_file_save("holes/model.safetensors", tensors, (int64_t)n, NULL);
    free(tensors);
    tyto_tensor_file_destroy(file);
    assert_int_equal(saved, TYTO_OK);
    json_t *root = inspected("holes", 1);
    assert_int_equal(size_of(root, "missing"), 1);
    const json_t *missing = json_array_get(json_object_get(root, "missing"), 0);
    assert_string_equal(json_string_value(json_object_get(missing, "name")),
                        "box_head.dense0.weight");
    assert_int_equal(json_array_size(json_object_get(missing, "required")), 2);
    assert_true(json_is_null(json_object_get(root, "tokenizer")));
    assert_int_equal(size_of(root, "problems"), 0);
    assert_int_equal(size_of(root, "unexpected"), 1);
    assert_int_equal(size_of(root, "unusable"), 1);
    assert_int_equal(size_of(root, "misshapen"), 1);
    json_decref(root);
    ran run = tyto("inspect", "-m", "holes", NULL);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.out, "missing (1)\n    box_head.dense0.weight  required [44, 44]"));
    ran_clear(&run);
    run = tyto("detect", "-m", "holes", CAT, "-t", "x", NULL);
    assert_complains(&run, 1, "'box_head.dense0.weight': missing, required shape [44,44]");
    run = tyto("inspect", ODD_MODEL, NULL);
    ran same = tyto("inspect", "-m", ODD_MODEL, NULL);
    assert_done(&run);
    assert_string_equal(run.out, same.out);
    ran_clear(&same);
    ran_clear(&run);
    run = tyto("inspect", "-m", "nowhere", NULL);
    assert_complains(&run, 1, "nowhere: no such folder");
}

/* Each type's numbers, of which those that are not finite don't count. */
static void inspect_shows_the_tensors_of_a_file(void **state)
{
    (void)state;
    float singles[] = {1.5F, -2.0F, NAN, INFINITY};
    double doubles[] = {1e-3, 3e-3};
    uint16_t halves[] = {0x3C00, 0xC000, 0x0001, 0x7BFF}, brain[] = {0x3F80, 0xC000};
    int64_t wide[] = {-5, 9};
    int8_t narrow[] = {-1, -3};
    uint8_t truths[] = {0, 1};
    const tyto_tensor tensors[] = {
        {.name = "f64", .dtype = TYTO_F64, .rank = 2, .shape = {1, 2}, .data = doubles},
        {.name = "i64", .dtype = TYTO_I64, .rank = 1, .shape = {2}, .data = wide},
        {.name = "f32", .dtype = TYTO_F32, .rank = 1, .shape = {4}, .data = singles},
        {.name = "scalar", .dtype = TYTO_F32, .rank = 0, .data = singles},
        {.name = "nan", .dtype = TYTO_F32, .rank = 1, .shape = {1}, .data = singles + 2},
        {.name = "none", .dtype = TYTO_F32, .rank = 2, .shape = {0, 7}, .data = singles},
        {.name = "f16", .dtype = TYTO_F16, .rank = 1, .shape = {4}, .data = halves},
        {.name = "bf16", .dtype = TYTO_BF16, .rank = 1, .shape = {2}, .data = brain},
        {.name = "i8", .dtype = TYTO_I8, .rank = 1, .shape = {2}, .data = narrow},
        {.name = "bool", .dtype = TYTO_BOOL, .rank = 1, .shape = {2}, .data = truths}};
    static const double wanted[][3] = {
        {1e-3, 3e-3, 2e-3}, {-5, 9, 2},  {-2, 1.5, -0.25},      {1.5, 1.5, 1.5},
        {NAN, 0, 0},        {NAN, 0, 0}, {-2, 65504, 16375.75}, {-2, 1, -0.5},
        {-3, -1, -2},       {0, 1, 0.5}};
    const size_t count = sizeof(tensors) / sizeof(tensors[0]);
    assert_int_equal(tyto_tensor_file_save("all.safetensors", tensors, count, NULL), TYTO_OK);
    ran run = tyto("inspect", "all.safetensors", "--format", "json", NULL);
    assert_done(&run);
    json_t *root = parsed(run.out), *list = json_object_get(json_array_get(root, 0), "tensors");
    assert_int_equal(json_array_size(list), count);
    for (size_t i = 0; i < count; i++) {
        static const char *const names[] = {"least", "most", "mean"};
        const json_t *found = json_array_get(list, i);
        assert_string_equal(json_string_value(json_object_get(found, "name")), tensors[i].name);
        assert_string_equal(json_string_value(json_object_get(found, "dtype")),
                            tyto_dtype_name(tensors[i].dtype));
        assert_int_equal(json_array_size(json_object_get(found, "shape")), tensors[i].rank);
        for (int n = 0; n < 3; n++) {
            const json_t *value = json_object_get(found, names[n]);
            assert_true(isnan(wanted[i][0]) == json_is_null(value));
            assert_true(json_is_null(value) ||
                        fabs(json_number_value(value) - wanted[i][n]) <= 1e-6 * fabs(wanted[i][n]));
        }
    }
    json_decref(root);
    ran_clear(&run);
    run = tyto("inspect", "all.safetensors", NULL);
    assert_done(&run);
    assert_non_null(
        strstr(run.out, "  F64   [1,2]                   0.001      0.003      0.002  f64\n"));
    assert_non_null(
        strstr(run.out, "  F32   [0,7]                       -          -          -  none\n"));
    ran_clear(&run);
    run = tyto("inspect", "absent.safetensors", "all.safetensors", NULL);
    assert_non_null(strstr(run.out, "all.safetensors: 10 tensors"));
    assert_complains(&run, 1, "absent.safetensors: No such file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_the_tokenizers),
        cmocka_unit_test(texts_are_padded_and_come_from_files),
        cmocka_unit_test(bytes_are_tokens),
        cmocka_unit_test(ids_are_decoded),
        cmocka_unit_test(pixels_are_the_processors),
        cmocka_unit_test(equal_names_are_refused_before_work),
        cmocka_unit_test(forward_gives_the_references_numbers),
        cmocka_unit_test(forward_composes_perceivers),
        cmocka_unit_test(forward_says_what_it_lacks),
        cmocka_unit_test(inspect_counts_a_whole_checkpoint),
        cmocka_unit_test(inspect_tells_what_does_not_fit),
        cmocka_unit_test(inspect_shows_the_tensors_of_a_file),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
