/* Trees as people name them: the text itself, or a file of it. */
#include <string.h>
#include <tyto/files.h>
#include <tyto/tree.h>

#include "base/buffer.h"
#include "base/error.h"
#include "processors/text/unicode.h"

/* A tree whose texts a tokenizer takes. */
static tyto_status parse(const char *text, tyto_tree **out, tyto_error *err)
{
    size_t at;
    if (!tyto_utf8_check(text, strlen(text), &at)) {
        return tyto_fail(err, TYTO_E_FORMAT, "tree: byte %zu: got 0x%02X, required UTF-8", at,
                         (unsigned)(unsigned char)text[at]);
    }
    return tyto_tree_parse(text, out, err);
}

/* The lines, joined again. */
static tyto_status parse_lines(const char *path, const tyto_file_list *lines, tyto_tree **out,
                               tyto_error *err)
{
    tyto_buffer text;
    tyto_buffer_init(&text, 2 * TYTO_TREE_BYTES_MAX);
    for (int64_t i = 0; i < lines->count && text.length <= TYTO_TREE_BYTES_MAX; i++) {
        tyto_buffer_text(&text, lines->items[i]);
        tyto_buffer_text(&text, "\n");
    }
    tyto_status status = text.failed && text.length <= TYTO_TREE_BYTES_MAX
                             ? tyto_fail_memory(err, path)
                             : parse(text.data ? text.data : "", out, err);
    tyto_buffer_clear(&text);
    if (status != TYTO_OK && status != TYTO_E_MEMORY) {
        tyto_error_prefix(err, path);
    }
    return status;
}

tyto_status tyto_tree_read(const char *words, tyto_tree **out, tyto_error *err)
{
    tyto_file_list lines;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, words);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    if (*words != '@') {
        return parse(words, out, err);
    }
    if (!words[1]) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "tree: got '@', required the name of a file behind it");
    }
    TYTO_TRY(tyto_file_lines_read(words + 1, true, &lines, err));
    const tyto_status status = parse_lines(words + 1, &lines, out, err);
    tyto_file_list_clear(&lines);
    return status;
}
