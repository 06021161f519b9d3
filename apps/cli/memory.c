#include "memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "messages.h"

_Noreturn void out_of_memory(void)
{
    say_error("out of memory");
    exit(EXIT_FAILED);
}

void *take(size_t count, size_t size)
{
    void *block = calloc(count ? count : 1, size ? size : 1);
    if (!block) {
        out_of_memory();
    }
    return block;
}

void *take_more(void *block, size_t count, size_t size)
{
    void *more = size > 0 && count > SIZE_MAX / size ? NULL : realloc(block, count * size);
    if (!more) {
        out_of_memory();
    }
    return more;
}

char *take_text(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0) {
        out_of_memory();
    }
    return text;
}

void text_list_add(text_list *list, const char *text, size_t length)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 16;
        list->items = take_more(list->items, list->capacity, sizeof(*list->items));
    }
    char *copy = take(length + 1, 1);
    memcpy(copy, text, length);
    list->items[list->count++] = copy;
}

void text_list_append(text_list *list, const text_list *more)
{
    for (size_t i = 0; i < more->count; i++) {
        text_list_add(list, more->items[i], strlen(more->items[i]));
    }
}

void text_list_clear(text_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i]);
    }
    free(list->items);
    free(list->folder);
    *list = (text_list){0};
}
