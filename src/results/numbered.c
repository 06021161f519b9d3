#include <stdlib.h>
#include <tyto/draw.h>

#include "base/buffer.h"
#include "base/error.h"
#include "results/label.h"

/* Letters of this size are asked for; which font has them doesn't depend on it. */
#define SIZE_PX 16
/* More of a list is no longer read: the numbers are places in the list of labels. */
#define LIST_BYTES_MAX 4096
#define ALL_BYTES_MAX (LIST_BYTES_MAX + 4 * TYTO_LABEL_BYTES)

static tyto_status add(tyto_lettering *lettering, const char *label, int64_t number,
                       tyto_buffer *list, int64_t *left_out, tyto_error *err)
{
    int32_t codes[TYTO_LABEL_CODES_MAX];
    char words[TYTO_LABEL_BYTES];
    bool numbered;
    TYTO_TRY(tyto_lettering_numbers(lettering, label, &numbered, err));
    if (numbered && list->length > LIST_BYTES_MAX) {
        (*left_out)++;
    } else if (numbered) {
        tyto_label_words(codes, tyto_label_codes(label, codes), words);
        tyto_buffer_format(list, "%s[%lld] %s", list->length ? ", " : "", (long long)number, words);
    }
    return list->failed ? tyto_fail_memory(err, "labels") : TYTO_OK;
}

tyto_status tyto_draw_numbered(const char *const *labels, int64_t n_labels, char **out,
                               tyto_error *err)
{
    tyto_lettering lettering = {0};
    tyto_status status = TYTO_OK;
    tyto_buffer list;
    int64_t left_out = 0;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    TYTO_TRY(tyto_check_list(labels, n_labels, "labels", err));
    tyto_buffer_init(&list, ALL_BYTES_MAX);
    TYTO_CHECK(tyto_lettering_open(SIZE_PX, &lettering, err));
    for (int64_t i = 0; i < n_labels; i++) {
        if (!labels[i]) {
            status = tyto_fail_null(err, "labels");
            goto cleanup;
        }
        TYTO_CHECK(add(&lettering, labels[i], i + 1, &list, &left_out, err));
    }
    if (left_out) {
        tyto_buffer_format(&list, ", and %lld more", (long long)left_out);
    }
    if (list.length) {
        *out = tyto_buffer_take(&list);
        status = *out ? TYTO_OK : tyto_fail_memory(err, "labels");
    }
cleanup:
    tyto_buffer_clear(&list);
    tyto_lettering_close(&lettering);
    return status;
}
