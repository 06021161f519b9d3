#include "evaluation.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "memory.h"
#include "messages.h"

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
static void print_number(FILE *to, double value, int width)
{
    if (value < 0.0) {
        fprintf(to, "%*s", width, "-");
    } else {
        fprintf(to, "%*.3f", width, value);
    }
}

/* Columns that a UTF-8 text takes, one per character. */
static int columns(const char *text)
{
    int count = 0;
    for (; *text; text++) {
        count += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return count;
}

static char *plain(const char *text)
{
    const size_t bytes = plain_text(NULL, 0, text) + 1;
    char *to = take(bytes, 1);
    plain_text(to, bytes, text);
    return to;
}

static size_t count_objects(const tyto_coco_scores *scores)
{
    size_t objects = 0;
    for (size_t i = 0; i < scores->n_classes; i++) {
        objects += scores->classes[i].objects;
    }
    return objects;
}

static void write_classes(const evaluation *of, FILE *to)
{
    int widest = columns("class");
    for (size_t i = 0; i < of->scores->n_classes; i++) {
        char *name = plain(of->truth->categories[i].name);
        widest = columns(name) > widest ? columns(name) : widest;
        free(name);
    }
    fprintf(to, "\n%-*s  objects     AP   AP50   AP75  AR100\n", widest, "class");
    for (size_t i = 0; i < of->scores->n_classes; i++) {
        const tyto_coco_class_scores *class = &of->scores->classes[i];
        char *name = plain(of->truth->categories[i].name);
        fprintf(to, "%s%*s  %7zu", name, widest - columns(name), "", class->objects);
        print_number(to, class->summary.ap, 7);
        print_number(to, class->summary.ap50, 7);
        print_number(to, class->summary.ap75, 7);
        print_number(to, class->summary.ar100, 7);
        fputc('\n', to);
        free(name);
    }
}

void evaluation_write_text(const evaluation *of, FILE *to)
{
    fprintf(to, "%zu photos, %zu classes, %zu objects\n\n", of->truth->n_images,
            of->scores->n_classes, count_objects(of->scores));
    for (size_t i = 0; i < NUMBERS; i++) {
        fprintf(to, "%-9s ", numbers[i].name);
        print_number(to, number(&of->scores->summary, i), 6);
        fprintf(to, "   %s\n", numbers[i].what);
    }
    write_classes(of, to);
}

static void put_numbers(json_t *object, const tyto_coco_summary *summary)
{
    for (size_t i = 0; i < NUMBERS; i++) {
        json_put(object, numbers[i].name, json_real(number(summary, i)));
    }
}

void evaluation_write_json(const evaluation *of, FILE *to)
{
    json_t *root = json_made(json_object()), *classes = json_made(json_array());
    json_put(root, "images", json_integer((json_int_t)of->truth->n_images));
    json_put(root, "objects", json_integer((json_int_t)count_objects(of->scores)));
    put_numbers(root, &of->scores->summary);
    for (size_t i = 0; i < of->scores->n_classes; i++) {
        const tyto_coco_class_scores *class = &of->scores->classes[i];
        json_t *item = json_made(json_object());
        json_put(item, "category_id", json_integer((json_int_t) class->category_id));
        json_put(item, "name", json_text(of->truth->categories[i].name));
        json_put(item, "objects", json_integer((json_int_t) class->objects));
        put_numbers(item, &class->summary);
        json_push(classes, item);
    }
    json_put(root, "classes", classes);
    char *text = json_dumps(root, JSON_REAL_PRECISION(DIGITS) | JSON_INDENT(2));
    if (!text) {
        out_of_memory();
    }
    fprintf(to, "%s\n", text);
    free(text);
    json_decref(root);
}
