/* tyto convert, on real checkpoints: every bit that goes in comes out. */
#include "run.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <tyto/tyto.h>
#include <unistd.h>

#include "support/cases.h"

static tyto_tensor_file *opened(const char *folder, const char *name)
{
    char path[PATH_MAX];
    tyto_tensor_file *file = NULL;
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (tyto_tensor_file_open(path, &file, NULL) != TYTO_OK) {
        fail_msg("%s: can't be opened", path);
    }
    return file;
}

static size_t bytes_of(const tyto_tensor *tensor)
{
    return (size_t)tyto_tensor_elements(tensor) * tyto_dtype_bytes(tensor->dtype);
}

/* The same tensors, bit for bit. */
static void assert_same(const tyto_tensor_file *a, const tyto_tensor_file *b)
{
    assert_int_equal(tyto_tensor_file_count(a), tyto_tensor_file_count(b));
    for (int64_t i = 0; i < tyto_tensor_file_count(a); i++) {
        const tyto_tensor *one = tyto_tensor_file_at(a, (int64_t)i);
        const tyto_tensor *two = tyto_tensor_file_find(b, one->name);
        assert_non_null(two);
        assert_int_equal(one->dtype, two->dtype);
        assert_int_equal(one->rank, two->rank);
        assert_memory_equal(one->shape, two->shape, sizeof(one->shape));
        assert_memory_equal(one->data, two->data, bytes_of(one));
    }
}

static void assert_same_file(const char *folder, const char *other, const char *name)
{
    char one[PATH_MAX], two[PATH_MAX];
    size_t length, other_length;
    snprintf(one, sizeof(one), "%s/%s", folder, name);
    snprintf(two, sizeof(two), "%s/%s", other, name);
    char *a = file_text(one, &length), *b = file_text(two, &other_length);
    assert_int_equal(length, other_length);
    assert_memory_equal(a, b, length);
    free(a);
    free(b);
}

static void converted(const char *from, const char *to, const char *dtype, const char *size)
{
    ran run = tyto("convert", from, "-o", to, "--dtype", dtype, "--max-shard-size", size, NULL);
    assert_done(&run);
    assert_string_equal(run.out, "");
    assert_string_equal(run.err, "");
    ran_clear(&run);
}

static void what_the_reference_saved_stays_byte_for_byte(void **state)
{
    (void)state;
    static const char *const models[] = {"golden/data/owlv2/odd/model",
                                         "golden/data/perceiver/masked_lm/model",
                                         "golden/data/perceiver/convolution/model"};
    static const char *const names[] = {"odd", "language", "pictures"};
    for (int i = 0; i < 3; i++) {
        const char *model = test_path(models[i]);
        converted(model, names[i], "keep", "5GB");
        assert_same_file(model, names[i], "model.safetensors");
        assert_same_file(model, names[i], "config.json");
    }
    assert_int_equal(folder_count("odd"), folder_count(ODD_MODEL));
    assert_same_file(ODD_MODEL, "odd", "vocab.json");
    assert_same_file(ODD_MODEL, "odd", "merges.txt");
    assert_same_file(ODD_MODEL, "odd", "preprocessor_config.json");
}

static void parts_are_cut_and_joined(void **state)
{
    (void)state;
    const char *sharded = test_path("golden/data/owlv2/sharded/model");
    tyto_tensor_file *source = opened(sharded, "model.safetensors.index.json");
    converted(sharded, "joined", "keep", "5GB");
    tyto_tensor_file *joined = opened("joined", "model.safetensors");
    assert_same(source, joined);
    converted("joined", "cut", "keep", "20kB");
    tyto_tensor_file *cut = opened("cut", "model.safetensors.index.json");
    assert_same(source, cut);
    assert_false(file_there("cut/model.safetensors"));

    /* The index lists all, and no part is larger than it may be, unless by one tensor. */
    char *text = file_text("cut/model.safetensors.index.json", NULL);
    json_t *index = parsed(text);
    json_t *map = json_object_get(index, "weight_map"), *shard;
    assert_int_equal(json_object_size(map), tyto_tensor_file_count(source));
    json_int_t total = 0;
    const char *name, *last = "";
    json_object_foreach(map, name, shard)
    {
        total += (json_int_t)bytes_of(tyto_tensor_file_find(source, name));
        last = strcmp(json_string_value(shard), last) > 0 ? json_string_value(shard) : last;
    }
    const json_t *metadata = json_object_get(index, "metadata");
    assert_int_equal(json_integer_value(json_object_get(metadata, "total_size")), total);
    int number = 0, parts = 0;
    assert_int_equal(sscanf(last, "model-%5d-of-%5d.safetensors", &number, &parts), 2);
    assert_true(number == parts && parts > 2);
    for (int i = 1; i <= parts; i++) {
        char part_name[64];
        size_t bytes = 0;
        snprintf(part_name, sizeof(part_name), "model-%05d-of-%05d.safetensors", i, parts);
        tyto_tensor_file *part = opened("cut", part_name);
        for (int64_t t = 0; t < tyto_tensor_file_count(part); t++) {
            bytes += bytes_of(tyto_tensor_file_at(part, (int64_t)t));
        }
        assert_true(bytes <= 20000 || tyto_tensor_file_count(part) == 1);
        assert_string_equal(tyto_tensor_file_metadata(part, "format"), "pt");
        tyto_tensor_file_destroy(part);
    }
    json_decref(index);
    free(text);
    tyto_tensor_file_destroy(cut);
    tyto_tensor_file_destroy(joined);
    tyto_tensor_file_destroy(source);
}

static void torch_files_become_safetensors(void **state)
{
    (void)state;
    static const char *const towers[] = {"golden/data/torch_bin/text_tower",
                                         "golden/data/torch_bin/vision_tower"};
    for (int i = 0; i < 2; i++) {
        char out[16];
        snprintf(out, sizeof(out), "tower%d", i);
        const char *tower = test_path(towers[i]);
        char sharded[PATH_MAX];
        snprintf(sharded, sizeof(sharded), "%s/pytorch_model.bin.index.json", tower);
        tyto_tensor_file *source = opened(
            tower, file_there(sharded) ? "pytorch_model.bin.index.json" : "pytorch_model.bin");
        converted(tower, out, "keep", "5GB");
        tyto_tensor_file *file = opened(out, "model.safetensors");
        assert_same(file, source);
        tyto_tensor_file_destroy(file);
        tyto_tensor_file_destroy(source);
    }
}

/* Halves and back: a type that holds them all gives them back. */
static void types_follow(void **state)
{
    (void)state;
    static const char *const words[] = {"float16", "bfloat16"};
    static const tyto_dtype types[] = {TYTO_F16, TYTO_BF16};
    for (int i = 0; i < 2; i++) {
        char back[32], again[32];
        snprintf(back, sizeof(back), "%s-back", words[i]);
        snprintf(again, sizeof(again), "%s-again", words[i]);
        converted(ODD_MODEL, words[i], words[i], "5GB");
        tyto_tensor_file *file = opened(words[i], "model.safetensors");
        for (int64_t t = 0; t < tyto_tensor_file_count(file); t++) {
            assert_int_equal(tyto_tensor_file_at(file, t)->dtype, types[i]);
        }
        char path[64];
        snprintf(path, sizeof(path), "%s/config.json", words[i]);
        char *text = file_text(path, NULL);
        json_t *config = parsed(text);
        assert_string_equal(json_string_value(json_object_get(config, "torch_dtype")), words[i]);
        json_decref(config);
        free(text);
        converted(words[i], back, "float32", "5GB");
        converted(back, again, words[i], "5GB");
        tyto_tensor_file *last = opened(again, "model.safetensors");
        assert_same(file, last);
        tyto_tensor_file_destroy(last);
        tyto_tensor_file_destroy(file);
    }
    ran run = tyto("detect", "-m", "float16", CAT, "-t", "a cat", NULL);
    assert_done(&run);
    ran_clear(&run);
}

static void what_is_there_is_not_lost(void **state)
{
    (void)state;
    converted(ODD_MODEL, "mine", "keep", "5GB");
    ran run = tyto("convert", ODD_MODEL, "-o", "mine", NULL);
    assert_complains(&run, 1, "mine: is there already, with '");
    run = tyto("convert", ODD_MODEL, "-o", "mine", "--force", "-d", "float16", NULL);
    assert_done(&run);
    ran_clear(&run);
    /* In place. */
    run = tyto("convert", "mine", "-o", "mine", "--force", "--max-shard-size", "10KiB", NULL);
    assert_done(&run);
    ran_clear(&run);
    assert_false(file_there("mine/model.safetensors"));
    tyto_tensor_file *file = opened("mine", "model.safetensors.index.json");
    assert_int_equal(tyto_tensor_file_at(file, 0)->dtype, TYTO_F16);
    tyto_tensor_file_destroy(file);
    write_file("mine/notes.txt", "x", 1);
    run = tyto("convert", ODD_MODEL, "-o", "mine", "--force", NULL);
    assert_complains(&run, 1, "mine: holds 'notes.txt', which would be lost");
    assert_true(file_there("mine/notes.txt"));
    write_file("plain", "x", 1);
    run = tyto("convert", ODD_MODEL, "-o", "plain", "--force", NULL);
    assert_complains(&run, 1, "plain: got a file, required a folder to write");
    run = tyto("convert", ODD_MODEL, "-o", "no/where", NULL);
    assert_complains(&run, 1, "no/where: No such file or directory");
}

static char *found(const char *model, const char *precision)
{
    ran run = tyto("detect", "-m", model, CAT, "-t", "a cat", "--threshold", "0", "-f", "json",
                   "--precision", precision, NULL);
    assert_done(&run);
    assert_string_equal(run.err, "");
    free(run.err);
    return run.out;
}

static void packed_models_find_the_same(void **state)
{
    (void)state;
    static const char *const precisions[] = {"fp32", "bf16", "int8"};
    for (int i = 0; i < 3; i++) {
        const char *out = precisions[i];
        ran run = tyto("convert", ODD_MODEL, "-o", out, "--precision", out, NULL);
        assert_done(&run);
        assert_string_equal(run.err, "");
        ran_clear(&run);
        assert_false(file_there("fp32/model.safetensors"));
        assert_same_file(ODD_MODEL, out, "config.json");
        assert_int_equal(folder_count(out), folder_count(ODD_MODEL));
        char *plain = found(ODD_MODEL, out), *packed = found(out, "auto");
        assert_string_equal(plain, packed);
        free(packed);
        free(plain);
    }
    /* Choices made on the way are packed; without packing they lie beside the weights. */
    ran run =
        tyto("convert", ODD_MODEL, "-o", "chosen", "--precision", "int8", "--calibrate", CAT, NULL);
    assert_done(&run);
    ran_clear(&run);
    run = tyto("convert", ODD_MODEL, "-o", "choices", "--calibrate", CAT, NULL);
    assert_done(&run);
    ran_clear(&run);
    assert_true(file_there("choices/int8.safetensors"));
    assert_true(file_there("choices/model.safetensors"));
    assert_false(file_there("chosen/model.safetensors"));
    char *chosen = found("chosen", "auto"), *choices = found("choices", "int8");
    assert_string_equal(chosen, choices);
    free(chosen);
    free(choices);
    run = tyto("convert", ODD_MODEL, "-o", "y", "--precision", "bf16", "--calibrate", CAT, NULL);
    assert_complains(&run, 2, "--calibrate: makes choices for int8");
    run = tyto("inspect", "-m", "bf16", NULL);
    assert_done(&run);
    assert_non_null(strstr(run.out, "BF16"));
    assert_non_null(strstr(run.out, "\n  computes in     bf16, as its weights are packed\n"));
    ran_clear(&run);
    /* What is asked for is obeyed, and inspect says so before. */
    run = tyto("inspect", "-m", "bf16", "--precision", "fp32", NULL);
    assert_done(&run);
    assert_non_null(strstr(run.out, "\n  computes in     fp32, packed anew: its weights are packed "
                                    "for bf16\n"));
    ran_clear(&run);
    run = tyto("detect", "-m", "bf16", CAT, "-t", "a cat", "--precision", "fp32", NULL);
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.err, "packed for bf16, and packed anew for fp32"));
    ran_clear(&run);
    run = tyto("detect", "-m", "bf16", CAT, "-t", "a cat", NULL);
    assert_done(&run);
    assert_string_equal(run.err, "");
    ran_clear(&run);
    run = tyto("convert", ODD_MODEL, "-o", "y", "--precision", "bf16", "--dtype", "float16", NULL);
    assert_complains(&run, 2, "required without --dtype");
    run = tyto("convert", ODD_MODEL, "-o", "bf16", "--precision", "bf16", NULL);
    assert_complains(&run, 1, "bf16: is there already");
    /* What was packed is no source of a checkpoint for others. */
    run = tyto("convert", "bf16", "-o", "y", NULL);
    assert_complains(&run, 1, "model.packed.safetensors: got packed weights, required");
    assert_false(file_there("y"));
}

/* A file may not grow beyond so many bytes, as on a disk that is full. */
static void a_full_disk_leaves_nothing(void **state)
{
    (void)state;
    struct rlimit before, small;
    assert_int_equal(mkdir("full", 0777), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_IGN);
    static const rlim_t limits[] = {100, 20000, 100000};
    for (int i = 0; i < 3; i++) {
        small = before;
        small.rlim_cur = limits[i];
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        ran run = i % 2 ? tyto("convert", ODD_MODEL, "-o", "full/x", "--precision", "fp32", NULL)
                        : tyto("convert", ODD_MODEL, "-o", "full/x", "-d", "float32", NULL);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_complains(&run, 1, "File too large");
        assert_int_equal(folder_count("full"), 0);
    }
    signal(SIGXFSZ, SIG_DFL);
}

/* The same bits each time, others of another seed, and all that the command needs. */
static void new_ones_are_made_of_a_config(void **state)
{
    (void)state;
    char config[PATH_MAX];
    snprintf(config, sizeof(config), "%s/config.json", ODD_MODEL);
    ran run = tyto("convert", "--init", ODD_MODEL, "-o", "new", "--seed", "1", NULL);
    assert_done(&run);
    ran_clear(&run);
    run = tyto("convert", "--init", config, "-o", "again", "--seed", "1", NULL);
    assert_done(&run);
    ran_clear(&run);
    assert_same_file("new", "again", "model.safetensors");
    assert_same_file("new", "again", "config.json");
    assert_true(file_there("new/preprocessor_config.json"));
    assert_false(file_there("again/preprocessor_config.json"));
    run = tyto("convert", "--init", config, "-o", "again", NULL);
    assert_complains(&run, 1, "--force replaces it");
    run = tyto("convert", "--init", config, "-o", "again", "--force", NULL);
    assert_done(&run);
    ran_clear(&run);
    tyto_tensor_file *one = opened("new", "model.safetensors"),
                     *other = opened("again", "model.safetensors");
    const char *name = "owlv2.text_projection.weight";
    const tyto_tensor *a = tyto_tensor_file_find(one, name),
                      *b = tyto_tensor_file_find(other, name);
    assert_non_null(a);
    assert_non_null(b);
    assert_memory_not_equal(a->data, b->data, bytes_of(a));
    tyto_tensor_file_destroy(one);
    tyto_tensor_file_destroy(other);
    run = tyto("detect", "-m", "new", CAT, "-t", "cat", "--threshold", "0", NULL);
    assert_done(&run);
    ran_clear(&run);
    run = tyto("convert", ODD_MODEL, "--init", config, "-o", "y", NULL);
    assert_complains(&run, 2, "--init: makes a checkpoint of a config");
    run = tyto("convert", "--init", "nowhere", "-o", "y", NULL);
    assert_complains(&run, 1, "nowhere");
}

static void wrong_words_are_refused(void **state)
{
    (void)state;
    ran run = tyto("convert", ODD_MODEL, NULL);
    assert_complains(&run, 2, "required -o FOLDER");
    run = tyto("convert", ODD_MODEL, "x", "-o", "y", NULL);
    assert_complains(&run, 2, "got two models");
    run = tyto("convert", ODD_MODEL, "-m", "x", "-o", "y", NULL);
    assert_complains(&run, 2, "got two models");
    static const char *const sizes[] = {"", "0", "-1", "5TB", "1.5GB", "99999999999GB", "GB"};
    for (size_t i = 0; next_case(i, sizeof(sizes) / sizeof(sizes[0])); i++) {
        run = tyto("convert", ODD_MODEL, "-o", "y", "--max-shard-size", sizes[i], NULL);
        assert_complains(&run, 2, "required a whole number of bytes");
    }
    run = tyto("convert", ODD_MODEL, "-o", "y", "-d", "float64", NULL);
    assert_complains(&run, 2, "float64");
    run = tyto("convert", "nowhere", "-o", "y", NULL);
    assert_complains(&run, 1, "nowhere: no such folder");
    assert_false(file_there("y"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_reference_saved_stays_byte_for_byte),
        cmocka_unit_test(parts_are_cut_and_joined),
        cmocka_unit_test(torch_files_become_safetensors),
        cmocka_unit_test(types_follow),
        cmocka_unit_test(what_is_there_is_not_lost),
        cmocka_unit_test(packed_models_find_the_same),
        cmocka_unit_test(a_full_disk_leaves_nothing),
        cmocka_unit_test(new_ones_are_made_of_a_config),
        cmocka_unit_test(wrong_words_are_refused),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
