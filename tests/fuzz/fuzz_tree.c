/* Trees as people write them: what is read is complete, and its text is read as the same tree. */
#include <stdlib.h>
#include <string.h>
#include <tyto/memory.h>
#include <tyto/tree.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tree *tree = NULL, *again = NULL;
    char *text = malloc(size + 1), *spelled = NULL, *spelled_again = NULL;
    if (!text) {
        return 0;
    }
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    if (tyto_tree_parse(text, &tree, &err) == TYTO_OK) {
        if (tyto_tree_check(tree, &err) != TYTO_OK ||
            tyto_tree_text(tree, &spelled, &err) != TYTO_OK ||
            tyto_tree_parse(spelled, &again, &err) != TYTO_OK ||
            tyto_tree_text(again, &spelled_again, &err) != TYTO_OK ||
            strcmp(spelled, spelled_again) != 0 ||
            tyto_tree_node_count(tree) != tyto_tree_node_count(again)) {
            __builtin_trap();
        }
    }
    tyto_error_clear(&err);
    tyto_free(spelled);
    tyto_free(spelled_again);
    tyto_tree_destroy(tree);
    tyto_tree_destroy(again);
    free(text);
    return 0;
}
