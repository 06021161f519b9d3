/* How detections compare with annotations, as people and programs want it written. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/eval.h>
#include <tyto/memory.h>

#include "base/error.h"
#include "base/memory.h"
#include "results/writer.h"

/* Decimal digits of a number in JSON: what a double keeps. */
#define DIGITS 15

/* The numbers of a summary, by their names. */
static const struct {
    const char *name;
    size_t offset;
    const char *what;
} numbers[] = {
#define NUMBER(field, text)                                                                        \
    {                                                                                              \
#field, offsetof(tyto_coco_summary, field), text                                           \
    }
    NUMBER(ap, "average precision, IoU 0.50 to 0.95"),
    NUMBER(ap50, "IoU 0.50"),
    NUMBER(ap75, "IoU 0.75"),
    NUMBER(ap_small, "areas up to 32² pixels"),
    NUMBER(ap_medium, "areas of 32² to 96² pixels"),
    NUMBER(ap_large, "areas from 96² pixels on"),
    NUMBER(ar1, "average recall, the best box of a photo and class"),
    NUMBER(ar10, "the 10 best"),
    NUMBER(ar100, "the 100 best"),
    NUMBER(ar_small, "areas up to 32² pixels"),
    NUMBER(ar_medium, "areas of 32² to 96² pixels"),
    NUMBER(ar_large, "areas from 96² pixels on"),
#undef NUMBER
};
enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };

static double number(const tyto_coco_summary *summary, size_t i)
{
    double value;
    memcpy(&value, (const char *)summary + numbers[i].offset, sizeof(value));
    return value;
}

/* "0.417", or "-" where nothing is to be found. */
static void print_number(tyto_writer *writer, double value, int width)
{
    if (value < 0.0) {
        tyto_writer_format(writer, "%*s", width, "-");
    } else {
        tyto_writer_format(writer, "%*.3f", width, value);
    }
}

/* Columns that UTF-8 takes, one per character. */
static int columns(const char *text, size_t length)
{
    int count = 0;
    for (size_t i = 0; i < length; i++) {
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    }
    return count;
}

/* Writes a name, and gives how many columns it took. */
static int print_name(tyto_writer *writer, const char *name)
{
    const size_t begin = writer->buffer.length;
    tyto_writer_plain(writer, name ? name : "", 0);
    const size_t length = writer->buffer.length - begin;
    return length > 0 ? columns(writer->buffer.data + begin, length) : 0;
}

static int widest_name(const tyto_coco *truth, int64_t classes, tyto_writer *scratch)
{
    int widest = columns("class", strlen("class"));
    for (int64_t i = 0; i < classes; i++) {
        const int width = print_name(scratch, truth->categories[i].name);
        widest = width > widest ? width : widest;
    }
    return widest;
}

static int64_t count_objects(const tyto_coco_scores *scores)
{
    int64_t objects = 0;
    for (int64_t i = 0; i < scores->n_classes; i++) {
        objects += scores->classes[i].objects;
    }
    return objects;
}

static void print_classes(tyto_writer *writer, const tyto_coco *truth,
                          const tyto_coco_scores *scores, int widest)
{
    tyto_writer_format(writer, "\n%-*s  objects     AP   AP50   AP75  AR100\n", widest, "class");
    for (int64_t i = 0; i < scores->n_classes; i++) {
        const tyto_coco_class_scores *class = &scores->classes[i];
        const int width = print_name(writer, truth->categories[i].name);
        tyto_writer_format(writer, "%*s  %7lld", widest - width, "", (long long)class->objects);
        print_number(writer, class->summary.ap, 7);
        print_number(writer, class->summary.ap50, 7);
        print_number(writer, class->summary.ap75, 7);
        print_number(writer, class->summary.ar100, 7);
        tyto_writer_text(writer, "\n");
    }
}

static tyto_status check(const tyto_coco *truth, const tyto_coco_scores *scores, tyto_error *err)
{
    return scores->n_classes == truth->n_categories
               ? TYTO_OK
               : tyto_fail(err, TYTO_E_ARGUMENT,
                           "scores: got %lld classes, required the %lld of the annotations",
                           (long long)scores->n_classes, (long long)truth->n_categories);
}

tyto_status tyto_coco_scores_text(const tyto_coco *truth, const tyto_coco_scores *scores,
                                  tyto_bytes *out, tyto_error *err)
{
    tyto_writer writer, scratch;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, truth);
    TYTO_REQUIRE(err, scores);
    TYTO_REQUIRE(err, out);
    *out = (tyto_bytes){0};
    TYTO_TRY(check(truth, scores, err));
    tyto_writer_init(&writer);
    tyto_writer_init(&scratch);
    tyto_writer_format(&writer, "%lld photos, %lld classes, %lld objects\n\n",
                       (long long)truth->n_images, (long long)scores->n_classes,
                       (long long)count_objects(scores));
    for (size_t i = 0; i < NUMBERS; i++) {
        tyto_writer_format(&writer, "%-9s ", numbers[i].name);
        print_number(&writer, number(&scores->summary, i), 6);
        tyto_writer_format(&writer, "   %s\n", numbers[i].what);
    }
    print_classes(&writer, truth, scores, widest_name(truth, scores->n_classes, &scratch));
    writer.no_memory = writer.no_memory || scratch.no_memory;
    tyto_writer_clear(&scratch);
    return tyto_writer_end(&writer, out, err);
}

static void put_numbers(tyto_writer *writer, json_t *object, const tyto_coco_summary *summary)
{
    for (size_t i = 0; i < NUMBERS; i++) {
        tyto_json_put(writer, object, numbers[i].name, json_real(number(summary, i)));
    }
}

/* The text that JSON writes so, with the escapes that tyto_coco_parse makes. */
static json_t *unquoted(const char *quoted)
{
    const size_t length = strlen(quoted);
    char *text = tyto_alloc(length, 1), *out = text;
    for (const char *at = quoted + 1; text && at < quoted + length - 1; at++) {
        if (strncmp(at, "\\u00", 4) == 0 && strlen(at) > 6) {
            const char digits[] = {at[4], at[5], '\0'};
            *out++ = (char)strtol(digits, NULL, 16);
            at += 5;
        } else {
            at += *at == '\\';
            *out++ = *at;
        }
    }
    json_t *value = text ? tyto_json_string_bytes(text, (size_t)(out - text)) : NULL;
    tyto_free(text);
    return value;
}

/* The id as the annotations have it; a number beyond 64 bits as its nearest double. */
static json_t *category_id(const tyto_coco_category *category)
{
    const char *text = category->id_text;
    return !text          ? json_integer((json_int_t)category->id)
           : *text == '"' ? unquoted(text)
                          : json_real(strtod(text, NULL));
}

static int append(const char *bytes, size_t length, void *user)
{
    tyto_writer_bytes(user, bytes, length);
    return 0;
}

tyto_status tyto_coco_scores_json(const tyto_coco *truth, const tyto_coco_scores *scores,
                                  tyto_bytes *out, tyto_error *err)
{
    tyto_writer writer;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, truth);
    TYTO_REQUIRE(err, scores);
    TYTO_REQUIRE(err, out);
    *out = (tyto_bytes){0};
    TYTO_TRY(check(truth, scores, err));
    tyto_writer_init(&writer);
    json_t *root = json_object(), *classes = json_array();
    tyto_json_put(&writer, root, "images", json_integer((json_int_t)truth->n_images));
    tyto_json_put(&writer, root, "objects", json_integer((json_int_t)count_objects(scores)));
    put_numbers(&writer, root, &scores->summary);
    for (int64_t i = 0; i < scores->n_classes; i++) {
        const tyto_coco_class_scores *class = &scores->classes[i];
        json_t *item = json_object();
        tyto_json_put(&writer, item, "category_id", category_id(&truth->categories[i]));
        tyto_json_put(&writer, item, "name", tyto_json_string(truth->categories[i].name));
        tyto_json_put(&writer, item, "objects", json_integer((json_int_t) class->objects));
        put_numbers(&writer, item, &class->summary);
        tyto_json_push(&writer, classes, item);
    }
    tyto_json_put(&writer, root, "classes", classes);
    if (json_dump_callback(root, append, &writer, JSON_REAL_PRECISION(DIGITS) | JSON_INDENT(2)) !=
        0) {
        writer.no_memory = true;
    }
    tyto_writer_text(&writer, "\n");
    json_decref(root);
    return tyto_writer_end(&writer, out, err);
}
