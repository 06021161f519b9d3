/** Memory that is there, or the command ends with one line and exit code 1. */
#ifndef TYTO_CLI_MEMORY_H
#define TYTO_CLI_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/** count·size zeroed bytes; release with free. */
void *take(size_t count, size_t size);
/** Grows a block, or makes the first when it is NULL; new bytes are not set. */
void *take_more(void *block, size_t count, size_t size);
/** A formatted text; release with free. */
char *take_text(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Ends the command: something that needs memory got none. */
_Noreturn void out_of_memory(void);

/** A growing list of texts. */
typedef struct text_list {
    char **items;
    size_t count, capacity;
    bool many;    /**< of operands that stand for any number, such as a folder */
    char *folder; /**< whose folders within hold them, as tyto_file_list; NULL: none */
} text_list;

/** A list as two arguments of the library's calls: its texts, and how many. */
#define TEXTS(list) (const char *const *)(list)->items, (int64_t)(list)->count
/** Adds a copy of `length` bytes. */
void text_list_add(text_list *list, const char *text, size_t length);
/** Adds copies of all that another list has. */
void text_list_append(text_list *list, const text_list *more);
void text_list_clear(text_list *list);

#endif
