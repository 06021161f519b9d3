/* tyto inspect: what a checkpoint holds, and what it lacks. */
#include <stdlib.h>
#include <string.h>
#include <tyto/inspect.h>
#include <tyto/memory.h>
#include <tyto/processor.h>
#include <tyto/tokenizer.h>

#include "commands.h"
#include "json.h"
#include "messages.h"
#include "model.h"
#include "output.h"
#include "tensors.h"

enum { FORMAT_TEXT, FORMAT_JSON };

typedef struct inspect_args {
    common_args common;
    const char *output;
    int format;
    bool tensors;
} inspect_args;

/* The report is one JSON object; the text form shows the same object. */
typedef struct report {
    json_t *root, *tensors, *dtypes, *missing, *misshapen, *unusable, *unexpected, *ignored;
    json_int_t parameters, bytes;
} report;

static json_t *shape_array(int rank, const int64_t *shape)
{
    json_t *array = json_made(json_array());
    for (int i = 0; i < rank; i++) {
        json_push(array, json_integer(shape[i]));
    }
    return array;
}

/* Counts a tensor of the file under its type. */
static void count_tensor(report *to, const tyto_tensor *tensor, bool used)
{
    const char *name = tyto_dtype_name(tensor->dtype);
    const json_int_t elements = tyto_tensor_elements(tensor);
    const json_int_t bytes = elements * (json_int_t)tyto_dtype_bytes(tensor->dtype);
    json_t *entry = json_object_get(to->dtypes, name);
    if (!entry) {
        entry = json_made(json_object());
        json_put(to->dtypes, name, entry);
    }
    const char *const keys[] = {"tensors", "elements", "bytes"};
    const json_int_t more[] = {1, elements, bytes};
    for (int i = 0; i < 3; i++) {
        const json_int_t before = json_integer_value(json_object_get(entry, keys[i]));
        json_put(entry, keys[i], json_integer(before + more[i]));
    }
    to->bytes += bytes;
    to->parameters += used ? elements : 0;
    json_t *item = json_made(json_object());
    json_put(item, "name", json_text(tensor->name));
    json_put(item, "dtype", json_text(name));
    json_put(item, "shape", shape_array(tensor->rank, tensor->shape));
    json_push(to->tensors, item);
}

static void tell(void *user, const tyto_parameter *parameter)
{
    report *to = user;
    json_t *item;
    if (parameter->tensor) {
        count_tensor(to, parameter->tensor, parameter->fit == TYTO_FIT_GOOD);
    }
    switch (parameter->fit) {
    case TYTO_FIT_GOOD:
        break;
    case TYTO_FIT_MISSING:
        item = json_made(json_object());
        json_put(item, "name", json_text(parameter->name));
        json_put(item, "required", shape_array(parameter->rank, parameter->shape));
        json_push(to->missing, item);
        break;
    case TYTO_FIT_SHAPE:
        item = json_made(json_object());
        json_put(item, "name", json_text(parameter->name));
        json_put(item, "shape", shape_array(parameter->tensor->rank, parameter->tensor->shape));
        json_put(item, "required", shape_array(parameter->rank, parameter->shape));
        json_push(to->misshapen, item);
        break;
    case TYTO_FIT_TYPE:
        json_push(to->unusable, json_text(parameter->name));
        break;
    case TYTO_FIT_IGNORED:
        json_push(to->ignored, json_text(parameter->name));
        break;
    case TYTO_FIT_UNEXPECTED:
        json_push(to->unexpected, json_text(parameter->name));
        break;
    }
}

/* A part that a checkpoint may lack is no problem when it isn't there. */
static void add_problem(json_t *problems, tyto_error *err, bool may_lack)
{
    if (may_lack && err->status == TYTO_E_NOT_FOUND) {
        tyto_error_clear(err);
        return;
    }
    json_push(problems, json_text(tyto_error_message(err)));
    tyto_error_clear(err);
}

static json_t *tokenizer_object(const char *folder, json_t *problems)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tokenizer *tokenizer;
    if (tyto_tokenizer_open(folder, &tokenizer, &err) != TYTO_OK) {
        add_problem(problems, &err, true);
        return json_null();
    }
    json_t *object = json_made(json_object());
    json_put(object, "vocab_size", json_integer(tyto_tokenizer_vocab_size(tokenizer)));
    json_put(object, "max_length", json_integer(tyto_tokenizer_max_length(tokenizer)));
    tyto_tokenizer_destroy(tokenizer);
    return object;
}

/* The size that any photo becomes. */
static json_t *image_processor_object(const char *folder, json_t *problems)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image_processor *processor;
    int64_t shape[3];
    if (tyto_image_processor_open(folder, &processor, &err) != TYTO_OK) {
        add_problem(problems, &err, true);
        return json_null();
    }
    tyto_image_processor_shape(processor, 1, 1, shape);
    json_t *object = json_made(json_object());
    json_put(object, "height", json_integer(shape[1]));
    json_put(object, "width", json_integer(shape[2]));
    tyto_image_processor_destroy(processor);
    return object;
}

static json_t *read_config(const char *folder)
{
    char *path = path_join(folder, "config.json");
    json_t *config = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    free(path);
    return json_is_object(config) ? config : NULL;
}

/* A key of config.json, or null. */
static json_t *config_value(const json_t *config, const char *key)
{
    json_t *value = json_object_get(config, key);
    return value ? json_incref(value) : json_null();
}

/* Empty lists and counts, in the order that they are shown. */
static void begin_report(report *to, const char *folder, const json_t *config,
                         const tyto_engine *engine)
{
    to->root = json_made(json_object());
    json_put(to->root, "model", json_text(folder));
    json_put(to->root, "model_type", config_value(config, "model_type"));
    json_put(to->root, "architectures", config_value(config, "architectures"));
    json_put(to->root, "computes_in",
             json_text(tyto_precision_name(tyto_engine_precision(engine))));
    to->dtypes = json_made(json_object());
    to->missing = json_made(json_array());
    to->misshapen = json_made(json_array());
    to->unusable = json_made(json_array());
    to->unexpected = json_made(json_array());
    to->ignored = json_made(json_array());
    to->tensors = json_made(json_array());
}

static void end_report(report *to, const char *folder, json_t *config, json_t *problems)
{
    json_put(to->root, "parameters", json_integer(to->parameters));
    json_put(to->root, "bytes", json_integer(to->bytes));
    json_put(to->root, "dtypes", to->dtypes);
    json_put(to->root, "tokenizer", tokenizer_object(folder, problems));
    json_put(to->root, "image_processor", image_processor_object(folder, problems));
    json_put(to->root, "missing", to->missing);
    json_put(to->root, "misshapen", to->misshapen);
    json_put(to->root, "unusable", to->unusable);
    json_put(to->root, "unexpected", to->unexpected);
    json_put(to->root, "ignored", to->ignored);
    json_put(to->root, "problems", problems);
    json_put(to->root, "config", config ? json_incref(config) : json_null());
    json_put(to->root, "tensors", to->tensors);
}

static void print_plain(FILE *to, const char *text)
{
    const size_t bytes = plain_text(NULL, 0, text) + 1;
    char *plain = take(bytes, 1);
    plain_text(plain, bytes, text);
    fputs(plain, to);
    free(plain);
}

static void print_row(FILE *to, const char *name, const char *value)
{
    fprintf(to, "  %-16s", name);
    print_plain(to, value);
    fputc('\n', to);
}

/* A value on one line. */
static void print_value(FILE *to, const json_t *value)
{
    if (json_is_string(value)) {
        print_plain(to, json_string_value(value));
    } else {
        json_write(value, false, to);
    }
}

/* Nested objects as "text_config.hidden_size". */
static void print_config(FILE *to, const char *prefix, json_t *config)
{
    const char *key;
    json_t *value;
    json_object_foreach(config, key, value)
    {
        char *name = take_text("%s%s%s", prefix, *prefix ? "." : "", key);
        if (json_is_object(value)) {
            print_config(to, name, value);
        } else {
            fputs("    ", to);
            print_plain(to, name);
            fputs("  ", to);
            print_value(to, value);
            fputc('\n', to);
        }
        free(name);
    }
}

static void print_list(FILE *to, const char *title, const json_t *list)
{
    const size_t count = json_array_size(list);
    if (count == 0) {
        return;
    }
    fprintf(to, "  %s (%zu)\n", title, count);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        const char *const keys[] = {"dtype", "shape", "required"};
        fputs("    ", to);
        print_value(to, json_is_object(item) ? json_object_get(item, "name") : item);
        for (int k = 0; k < 3; k++) {
            const json_t *value = json_object_get(item, keys[k]);
            if (value) {
                fputs(k == 2 ? "  required " : "  ", to);
                print_value(to, value);
            }
        }
        fputc('\n', to);
    }
}

static void print_dtypes(FILE *to, json_t *dtypes)
{
    const char *name;
    json_t *entry;
    json_object_foreach(dtypes, name, entry)
    {
        fprintf(to, "  %-16s%lld tensors, %.2f million elements, %.2f MB\n", name,
                (long long)json_integer_value(json_object_get(entry, "tensors")),
                1e-6 * (double)json_integer_value(json_object_get(entry, "elements")),
                1e-6 * (double)json_integer_value(json_object_get(entry, "bytes")));
    }
}

static long long number(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

static void print_report(FILE *to, const json_t *root, bool tensors)
{
    const json_t *tokenizer = json_object_get(root, "tokenizer");
    const json_t *processor = json_object_get(root, "image_processor");
    const json_t *head = json_array_get(json_object_get(root, "architectures"), 0);
    const char *type = json_string_value(json_object_get(root, "model_type"));
    print_plain(to, json_string_value(json_object_get(root, "model")));
    fputc('\n', to);
    print_row(to, "model type", type ? type : "-");
    print_row(to, "architecture", json_is_string(head) ? json_string_value(head) : "-");
    print_row(to, "computes in", json_string_value(json_object_get(root, "computes_in")));
    if (number(root, "parameters") > 0) {
        fprintf(to, "  %-16s%.2f million\n", "parameters",
                1e-6 * (double)number(root, "parameters"));
    }
    print_dtypes(to, json_object_get(root, "dtypes"));
    if (json_is_object(tokenizer)) {
        fprintf(to, "  %-16s%lld tokens; a text has up to %lld\n", "tokenizer",
                number(tokenizer, "vocab_size"), number(tokenizer, "max_length"));
    }
    if (json_is_object(processor)) {
        fprintf(to, "  %-16sbecome %lld x %lld\n", "photos", number(processor, "width"),
                number(processor, "height"));
    }
    print_list(to, "problems", json_object_get(root, "problems"));
    print_list(to, "missing", json_object_get(root, "missing"));
    print_list(to, "of another shape", json_object_get(root, "misshapen"));
    print_list(to, "of a type that can't be used", json_object_get(root, "unusable"));
    print_list(to, "not used", json_object_get(root, "unexpected"));
    print_list(to, "buffers that are ignored", json_object_get(root, "ignored"));
    fputs("  config.json\n", to);
    print_config(to, "", json_object_get(root, "config"));
    if (tensors) {
        print_list(to, "tensors", json_object_get(root, "tensors"));
    }
}

/* Looks at one checkpoint; what can't be read becomes a problem in the report. */
static json_t *look(const char *folder, const tyto_engine *engine)
{
    report found = {0};
    tyto_error err = TYTO_ERROR_INIT;
    json_t *config = read_config(folder), *problems = json_made(json_array());
    begin_report(&found, folder, config, engine);
    if (tyto_model_inspect(folder, tell, &found, &err) != TYTO_OK) {
        add_problem(problems, &err, false);
    }
    end_report(&found, folder, config, problems);
    json_decref(config);
    return found.root;
}

static bool is_whole(const json_t *root)
{
    return json_array_size(json_object_get(root, "problems")) == 0 &&
           json_array_size(json_object_get(root, "missing")) == 0 &&
           json_array_size(json_object_get(root, "misshapen")) == 0 &&
           json_array_size(json_object_get(root, "unusable")) == 0;
}

/* Files of tensors, one after the other; one that can't be read doesn't stop the others. */
static int inspect_files(const inspect_args *args)
{
    const text_list *paths = &args->common.operands;
    output out = {0};
    if (!output_open(&out, args->output)) {
        return EXIT_FAILED;
    }
    json_t *all = json_made(json_array());
    bool good = true;
    for (size_t i = 0; i < paths->count; i++) {
        json_t *file = tensors_look(paths->items[i]);
        good = good && file;
        if (file) {
            json_push(all, file);
        }
    }
    for (size_t i = 0; args->format == FORMAT_TEXT && i < json_array_size(all); i++) {
        fputs(i ? "\n" : "", out.stream);
        tensors_print(out.stream, json_array_get(all, i));
    }
    if (args->format == FORMAT_JSON) {
        json_write(all, true, out.stream);
        fputc('\n', out.stream);
    }
    json_decref(all);
    return output_commit(&out) && good ? EXIT_DONE : EXIT_FAILED;
}

static int run(void *given)
{
    const inspect_args *args = given;
    output out = {0};
    int code = EXIT_FAILED;
    if (args->common.operands.count > 0) {
        return inspect_files(args);
    }
    tyto_engine *engine = NULL;
    char *folder = model_folder(&args->common);
    if (!folder) {
        return EXIT_FAILED;
    }
    if (!path_is_folder(folder)) {
        say_error("%s: no such folder, required a checkpoint's", folder);
    } else if ((engine = engine_open(&args->common)) && output_open(&out, args->output)) {
        json_t *root = look(folder, engine);
        if (args->format == FORMAT_JSON) {
            json_write(root, true, out.stream);
            fputc('\n', out.stream);
        } else {
            print_report(out.stream, root, args->tensors);
        }
        code = output_commit(&out) && is_whole(root) ? EXIT_DONE : EXIT_FAILED;
        json_decref(root);
    }
    tyto_engine_destroy(engine);
    tyto_free(folder);
    return code;
}

#define AT(field) offsetof(inspect_args, field)
static const option options[] = {
    {"tensors", 0, OPTION_FLAG, NULL, "list every tensor in the text, as JSON always does",
     AT(tensors)},
    {"format", 'f', OPTION_CHOICE, "text|json", "text (default), or one object of JSON",
     AT(format)},
    {"output", 'o', OPTION_TEXT, "FILE", "write there instead of standard output", AT(output),
     .files = COMPLETES_FILES},
    {0},
};

static const example examples[] = {
    {"tyto inspect -m owlv2-base-patch16-ensemble",
     "what it is, how large, and whether it is whole"},
    {"tyto inspect -m MODEL --format json", "the same for programs, with every tensor"},
    {"tyto inspect out.safetensors", "names, shapes and numbers of the tensors in a file"},
    {0},
};

const command cmd_inspect = {
    .name = "inspect",
    .summary = "look at a checkpoint, or at the tensors in a file",
    .synopsis = "[-m MODEL | FILE...] [option...]",
    .operands = "FILE",
    .description =
        "Shows a checkpoint's architecture, parameters, types, sizes and config.json, and compares "
        "the tensors in its files with those that the config asks for. No weights are read. The "
        "exit status is 1 when the checkpoint can't be used as it is.\n"
        "\n"
        "Of files of tensors, .safetensors or torch's, it shows each tensor's type, shape, least, "
        "largest and mean number, of those that are finite; in JSON as an array of files.",
    .options = options,
    .examples = examples,
    .files = COMPLETES_FILES,
    .args_bytes = sizeof(inspect_args),
    .run = run,
};
