#include "results/documents/inspection.h"

#include <string.h>

static void print_row(tyto_writer *writer, const char *name, const char *value)
{
    tyto_writer_format(writer, "  %-16s", name);
    tyto_writer_plain(writer, value, 0);
    tyto_writer_text(writer, "\n");
}

/* A value on one line. */
static void print_value(tyto_writer *writer, const json_t *value)
{
    if (json_is_string(value)) {
        tyto_writer_plain(writer, json_string_value(value), 0);
    } else {
        tyto_writer_json(writer, value, false);
    }
}

/* Nested objects as "text_config.hidden_size". `names` are those around this one. */
typedef struct outer {
    const struct outer *around;
    const char *name;
} outer;

static void print_names(tyto_writer *writer, const outer *names)
{
    if (names) {
        print_names(writer, names->around);
        tyto_writer_plain(writer, names->name, 0);
        tyto_writer_text(writer, ".");
    }
}

static void print_config(tyto_writer *writer, const outer *names, json_t *config)
{
    const char *key;
    json_t *value;
    json_object_foreach(config, key, value)
    {
        if (json_is_object(value)) {
            print_config(writer, &(outer){names, key}, value);
            continue;
        }
        tyto_writer_text(writer, "    ");
        print_names(writer, names);
        tyto_writer_plain(writer, key, 0);
        tyto_writer_text(writer, "  ");
        print_value(writer, value);
        tyto_writer_text(writer, "\n");
    }
}

static void print_list(tyto_writer *writer, const char *title, const json_t *list)
{
    const size_t count = json_array_size(list);
    if (count == 0) {
        return;
    }
    tyto_writer_format(writer, "  %s (%zu)\n", title, count);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        const char *const keys[] = {"dtype", "shape", "required"};
        tyto_writer_text(writer, "    ");
        print_value(writer, json_is_object(item) ? json_object_get(item, "name") : item);
        for (int k = 0; k < 3; k++) {
            const json_t *value = json_object_get(item, keys[k]);
            if (value) {
                tyto_writer_text(writer, k == 2 ? "  required " : "  ");
                print_value(writer, value);
            }
        }
        tyto_writer_text(writer, "\n");
    }
}

static long long number(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

static void print_dtypes(tyto_writer *writer, json_t *dtypes)
{
    const char *name;
    json_t *entry;
    json_object_foreach(dtypes, name, entry)
    {
        tyto_writer_format(writer, "  %-16s%lld tensors, %.2f million elements, %.2f MB\n", name,
                           number(entry, "tensors"), 1e-6 * (double)number(entry, "elements"),
                           1e-6 * (double)number(entry, "bytes"));
    }
}

/* The precision, and what opening does to the weights for it. */
static void print_precision(tyto_writer *writer, const json_t *root)
{
    const char *precision = json_string_value(json_object_get(root, "computes_in"));
    const char *packed = json_string_value(json_object_get(root, "packed_for"));
    const char *choices = json_string_value(json_object_get(root, "choices"));
    tyto_writer_format(writer, "  %-16s%s", "computes in", precision ? precision : "-");
    if (packed && !json_is_true(json_object_get(root, "packed_anew"))) {
        tyto_writer_text(writer, ", as its weights are packed");
    } else if (packed && precision && strcmp(packed, precision) == 0) {
        tyto_writer_text(writer, ", packed anew: its weights are packed for another CPU");
    } else if (packed) {
        tyto_writer_format(writer, ", packed anew: its weights are packed for %s", packed);
    }
    if (choices) {
        tyto_writer_format(writer, ", by the choices in %s", choices);
    }
    tyto_writer_text(writer, "\n");
}

static void print_tasks(tyto_writer *writer, const json_t *tasks)
{
    const json_t *task;
    size_t i;
    if (json_array_size(tasks) == 0) {
        return;
    }
    tyto_writer_format(writer, "  %-16s", "tasks");
    json_array_foreach(tasks, i, task)
    {
        tyto_writer_format(writer, "%s%s", i ? ", " : "", json_string_value(task));
    }
    tyto_writer_text(writer, "\n");
}

void tyto_inspection_print(tyto_writer *writer, const json_t *root, bool tensors)
{
    const json_t *tokenizer = json_object_get(root, "tokenizer");
    const json_t *processor = json_object_get(root, "image_processor");
    const json_t *head = json_array_get(json_object_get(root, "architectures"), 0);
    const char *type = json_string_value(json_object_get(root, "model_type"));
    const char *model = json_string_value(json_object_get(root, "model"));
    tyto_writer_plain(writer, model ? model : "-", 0);
    tyto_writer_text(writer, "\n");
    print_row(writer, "model type", type ? type : "-");
    print_row(writer, "architecture", json_is_string(head) ? json_string_value(head) : "-");
    print_precision(writer, root);
    if (number(root, "parameters") > 0) {
        tyto_writer_format(writer, "  %-16s%.2f million\n", "parameters",
                           1e-6 * (double)number(root, "parameters"));
    }
    print_dtypes(writer, json_object_get(root, "dtypes"));
    if (json_is_object(tokenizer)) {
        tyto_writer_format(writer, "  %-16s%lld tokens; a text has up to %lld\n", "tokenizer",
                           number(tokenizer, "vocab_size"), number(tokenizer, "max_length"));
    }
    if (json_is_object(processor)) {
        tyto_writer_format(writer, "  %-16sbecome %lld x %lld\n", "photos",
                           number(processor, "width"), number(processor, "height"));
    }
    print_tasks(writer, json_object_get(root, "tasks"));
    print_list(writer, "lacks", json_object_get(root, "lacks"));
    print_list(writer, "problems", json_object_get(root, "problems"));
    print_list(writer, "missing", json_object_get(root, "missing"));
    print_list(writer, "of another shape", json_object_get(root, "misshapen"));
    print_list(writer, "of a type that can't be used", json_object_get(root, "unusable"));
    print_list(writer, "not used", json_object_get(root, "unexpected"));
    print_list(writer, "buffers that are ignored", json_object_get(root, "ignored"));
    tyto_writer_text(writer, "  config.json\n");
    print_config(writer, NULL, json_object_get(root, "config"));
    if (tensors) {
        print_list(writer, "tensors", json_object_get(root, "tensors"));
    }
}

static void print_number(tyto_writer *writer, const json_t *value)
{
    if (json_is_number(value)) {
        tyto_writer_format(writer, " %10.4g", json_number_value(value));
    } else {
        tyto_writer_text(writer, "          -");
    }
}

/* "[2,3]", and spaces up to the width of a column. */
static void print_shape(tyto_writer *writer, const json_t *shape)
{
    const size_t begin = writer->buffer.length;
    tyto_writer_text(writer, "[");
    for (size_t d = 0; d < json_array_size(shape); d++) {
        tyto_writer_format(writer, d ? ",%lld" : "%lld",
                           (long long)json_integer_value(json_array_get(shape, d)));
    }
    tyto_writer_text(writer, "]");
    const size_t length = writer->buffer.length - begin;
    tyto_writer_format(writer, "%*s", length < 18 ? (int)(18 - length) : 0, "");
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "-";
}

void tyto_tensors_print(tyto_writer *writer, const json_t *file)
{
    const json_t *list = json_object_get(file, "tensors"), *tensor;
    size_t i;
    tyto_writer_plain(writer, text_of(file, "file"), TYTO_TABLE_NAME_BYTES);
    tyto_writer_format(writer,
                       ": %zu tensor%s\n  type  %-18s      least       most       mean  name\n",
                       json_array_size(list), json_array_size(list) == 1 ? "" : "s", "shape");
    json_array_foreach(list, i, tensor)
    {
        tyto_writer_format(writer, "  %-5s ", text_of(tensor, "dtype"));
        print_shape(writer, json_object_get(tensor, "shape"));
        print_number(writer, json_object_get(tensor, "least"));
        print_number(writer, json_object_get(tensor, "most"));
        print_number(writer, json_object_get(tensor, "mean"));
        tyto_writer_text(writer, "  ");
        tyto_writer_plain(writer, text_of(tensor, "name"), TYTO_TABLE_NAME_BYTES);
        tyto_writer_text(writer, "\n");
    }
}
