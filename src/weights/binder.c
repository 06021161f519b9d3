#include "weights/binder.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "formats/safetensors.h"
#include "tensor/convert.h"
#include "weights/choices.h"

/* Longest message about tensors: a checkpoint of another model can lack thousands. */
#define REPORT_BYTES_MAX ((size_t)1 << 20)
/* Longest full name of a parameter. */
#define NAME_BYTES 256

/* Least bytes of a block. What of it nobody takes is never touched, so it costs no memory. */
#define BLOCK_BYTES ((size_t)32 << 20)

struct tyto_weight_block {
    struct tyto_weight_block *next;
    char *pages;
    size_t bytes, used;
};

typedef enum request_kind { FLOATS, ROWS, TABLE, IGNORED } request_kind;

typedef struct request {
    char *name;
    request_kind kind;
    int rank;
    int64_t shape[4];
    const char *why;
    void *slot;   /* float ** of FLOATS, tyto_packed_matrix * of ROWS, tyto_table_weights * */
    int64_t row;  /* first row (ROWS) or element (FLOATS) of the slot that the tensor fills */
    int64_t rows; /* of the whole slot; the slot is made with its first part */
    int64_t columns;
    bool exact; /* ROWS: floats whatever the precision */
    const tyto_tensor *tensor;
} request;

struct tyto_binder {
    const tyto_tensor_file *file;
    const char *file_name;
    tyto_weight_store *store;
    const tyto_kernels *kernels;
    tyto_pool *pool;
    char prefix[NAME_BYTES];
    request *requests;
    size_t count, capacity;
    bool failed; /* memory was out while requests came in */
};

void tyto_weight_store_clear(tyto_weight_store *store)
{
    while (store->blocks) {
        struct tyto_weight_block *block = store->blocks;
        store->blocks = block->next;
        tyto_pages_free(block->pages, block->bytes);
        free(block);
    }
    for (size_t i = 0; i < store->products_count; i++) {
        free(store->products[i].name);
    }
    free(store->products);
    *store = (tyto_weight_store){0};
}

/* `bytes` of zeroed memory that the store frees; NULL when memory is out. Huge pages hold many
 * tensors each: a bias of its own would waste most of one. */
static void *store_take(tyto_weight_store *store, size_t bytes)
{
    struct tyto_weight_block *block = store->blocks;
    size_t rounded;
    if (!tyto_add_size(bytes, TYTO_ALIGN - 1, &rounded)) {
        return NULL;
    }
    rounded &= ~(size_t)(TYTO_ALIGN - 1);
    if (!block || block->bytes - block->used < rounded) {
        const size_t room = rounded > BLOCK_BYTES ? rounded : BLOCK_BYTES;
        block = tyto_alloc(1, sizeof(*block));
        void *pages = block ? tyto_pages_alloc(room) : NULL;
        if (!pages) {
            free(block);
            return NULL;
        }
        *block = (struct tyto_weight_block){store->blocks, pages, room, 0};
        store->blocks = block;
    }
    void *taken = block->pages + block->used;
    block->used += rounded;
    store->bytes += bytes;
    return taken;
}

float *tyto_weight_store_floats(tyto_weight_store *store, int64_t count)
{
    size_t bytes;
    return tyto_mul_size((size_t)count, sizeof(float), &bytes) ? store_take(store, bytes) : NULL;
}

bool tyto_weight_store_pack(tyto_weight_store *store, const tyto_kernels *kernels, tyto_pool *pool,
                            int64_t n, int64_t k, const float *source, tyto_packed_matrix *out)
{
    const tyto_dtype dtype = tyto_packed_dtype(store->precision);
    const size_t bytes = tyto_packed_bytes(kernels, dtype, n, k);
    void *data = bytes ? store_take(store, bytes) : NULL;
    if (data) {
        *out = tyto_packed_over(kernels, dtype, n, k, data);
        tyto_packed_fill(out, 0, n, source, k, TYTO_F32, pool);
    }
    return data != NULL;
}

tyto_binder *tyto_binder_create(const tyto_tensor_file *file, const char *file_name,
                                tyto_weight_store *store, const tyto_kernels *kernels,
                                tyto_pool *pool)
{
    tyto_binder *binder = tyto_alloc_zeroed(1, sizeof(*binder));
    if (binder) {
        binder->file = file;
        binder->file_name = file_name;
        binder->store = store;
        binder->kernels = kernels;
        binder->pool = pool;
    }
    return binder;
}

void tyto_binder_destroy(tyto_binder *binder)
{
    if (!binder) {
        return;
    }
    for (size_t i = 0; i < binder->count; i++) {
        free(binder->requests[i].name);
    }
    free(binder->requests);
    free(binder);
}

void tyto_binder_prefix(tyto_binder *binder, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(binder->prefix, sizeof(binder->prefix), format, args);
    va_end(args);
}

static void add_request(tyto_binder *binder, const char *name, const char *suffix, request want)
{
    char full[2 * NAME_BYTES];
    int length = snprintf(full, sizeof(full), "%s%s%s", binder->prefix, name, suffix);
    if (binder->count == binder->capacity) {
        size_t capacity = binder->capacity ? 2 * binder->capacity : 256;
        request *requests = tyto_realloc(binder->requests, capacity, sizeof(*requests));
        if (!requests) {
            binder->failed = true;
            return;
        }
        binder->requests = requests;
        binder->capacity = capacity;
    }
    want.name = tyto_copy_text(full, (size_t)length);
    if (!want.name) {
        binder->failed = true;
        return;
    }
    binder->requests[binder->count++] = want;
}

void tyto_binder_floats(tyto_binder *binder, float **slot, const char *name, const int64_t shape[4],
                        const char *why)
{
    request want = {.kind = FLOATS, .why = why, .slot = slot, .rows = 1};
    while (want.rank < 4 && shape[want.rank] > 0) {
        want.shape[want.rank] = shape[want.rank];
        want.rows *= shape[want.rank];
        want.rank++;
    }
    add_request(binder, name, "", want);
}

static void add_linear(tyto_binder *binder, bool exact, tyto_linear_weights *slot,
                       const char *const *names, const int64_t *outs, int64_t in, int64_t kernel,
                       bool bias, const char *why)
{
    int64_t total = 0, row = 0;
    for (int i = 0; names[i]; i++) {
        total += outs[i];
    }
    for (int i = 0; names[i]; i++) {
        request want = {.kind = ROWS,
                        .rank = kernel ? 4 : 2,
                        .shape = {outs[i], in},
                        .why = why,
                        .slot = &slot->weight,
                        .row = row,
                        .rows = total,
                        .columns = in,
                        .exact = exact};
        if (kernel) {
            want.shape[1] = in / (kernel * kernel);
            want.shape[2] = want.shape[3] = kernel;
        }
        add_request(binder, names[i], ".weight", want);
        if (bias) {
            add_request(binder, names[i], ".bias",
                        (request){.kind = FLOATS,
                                  .rank = 1,
                                  .shape = {outs[i]},
                                  .why = why,
                                  .slot = &slot->bias,
                                  .row = row,
                                  .rows = total});
        }
        row += outs[i];
    }
}

void tyto_binder_linear(tyto_binder *binder, tyto_linear_weights *slot, const char *const *names,
                        const int64_t *outs, int64_t in, int64_t kernel, bool bias, const char *why)
{
    add_linear(binder, false, slot, names, outs, in, kernel, bias, why);
}

void tyto_binder_exact(tyto_binder *binder, tyto_linear_weights *slot, const char *name,
                       int64_t out, int64_t in, const char *why)
{
    add_linear(binder, true, slot, (const char *const[]){name, NULL}, &out, in, 0, true, why);
}

void tyto_binder_norm(tyto_binder *binder, tyto_norm_weights *slot, const char *name, int64_t cols,
                      const char *why)
{
    request want = {.kind = FLOATS, .rank = 1, .shape = {cols}, .why = why, .rows = cols};
    want.slot = &slot->gamma;
    add_request(binder, name, ".weight", want);
    want.slot = &slot->beta;
    add_request(binder, name, ".bias", want);
}

void tyto_binder_table(tyto_binder *binder, tyto_table_weights *slot, const char *name, int64_t n,
                       int64_t k, const char *why)
{
    add_request(
        binder, name, "",
        (request){.kind = TABLE, .rank = 2, .shape = {n, k}, .why = why, .slot = slot, .rows = n});
}

void tyto_binder_ignore(tyto_binder *binder, const char *name)
{
    add_request(binder, name, "", (request){.kind = IGNORED});
}

static void add_shape(tyto_buffer *report, int rank, const int64_t *shape)
{
    tyto_buffer_text(report, "[");
    for (int i = 0; i < rank; i++) {
        tyto_buffer_format(report, "%s%lld", i ? "," : "", (long long)shape[i]);
    }
    tyto_buffer_text(report, "]");
}

/* Finds the request's tensor, and whether it can be used. */
static tyto_fit find_tensor(request *want, const tyto_tensor_file *file)
{
    const tyto_tensor *tensor = tyto_tensor_file_find(file, want->name);
    want->tensor = tensor;
    if (want->kind == IGNORED) {
        return TYTO_FIT_IGNORED;
    }
    if (!tensor) {
        return TYTO_FIT_MISSING;
    }
    if (tensor->rank != want->rank ||
        memcmp(tensor->shape, want->shape, (size_t)want->rank * sizeof(int64_t)) != 0) {
        return TYTO_FIT_SHAPE;
    }
    return tyto_convert_possible(tensor->dtype, TYTO_F32) ? TYTO_FIT_GOOD : TYTO_FIT_TYPE;
}

/* Adds to the report when the tensor is missing, misshapen or of a type that can't be used. */
static void check_request(request *want, const tyto_tensor_file *file, tyto_buffer *report)
{
    const tyto_fit fit = find_tensor(want, file);
    const char *separator = report->length ? "; " : "";
    if (fit == TYTO_FIT_GOOD || fit == TYTO_FIT_IGNORED) {
        return;
    }
    if (fit == TYTO_FIT_TYPE) {
        tyto_buffer_format(report, "%s'%s': type %s, required a float type", separator, want->name,
                           tyto_dtype_name(want->tensor->dtype));
        return;
    }
    if (fit == TYTO_FIT_MISSING) {
        tyto_buffer_format(report, "%s'%s': missing, required shape ", separator, want->name);
    } else {
        tyto_buffer_format(report, "%s'%s': shape ", separator, want->name);
        add_shape(report, want->tensor->rank, want->tensor->shape);
        tyto_buffer_text(report, ", required ");
    }
    add_shape(report, want->rank, want->shape);
    tyto_buffer_format(report, " (%s)", want->why);
}

static tyto_status check_all(tyto_binder *binder, tyto_error *err)
{
    tyto_buffer report;
    tyto_buffer_init(&report, REPORT_BYTES_MAX);
    for (size_t i = 0; i < binder->count; i++) {
        check_request(&binder->requests[i], binder->file, &report);
    }
    tyto_status status = TYTO_OK;
    if (report.failed) {
        status = tyto_fail_memory(err, binder->file_name);
    } else if (report.length) {
        status = tyto_fail(err, TYTO_E_FORMAT, "%s: tensors that do not fit config.json: %s",
                           binder->file_name, report.data);
    }
    tyto_buffer_clear(&report);
    return status;
}

static bool fill_floats(tyto_binder *binder, const request *want)
{
    float **slot = want->slot;
    if (!*slot) {
        *slot = store_take(binder->store, (size_t)want->rows * sizeof(float));
    }
    if (*slot) {
        tyto_convert(*slot + want->row, TYTO_F32, want->tensor->data, want->tensor->dtype,
                     tyto_tensor_elements(want->tensor));
    }
    return *slot != NULL;
}

/* Adds to the products that follow the store's precision. */
static bool note_product(tyto_weight_store *store, const request *want)
{
    tyto_product *products =
        tyto_realloc(store->products, store->products_count + 1, sizeof(*products));
    char *name = tyto_copy_text(want->name, strlen(want->name));
    if (products) {
        store->products = products;
    }
    if (!products || !name) {
        free(name);
        return false;
    }
    products[store->products_count++] = (tyto_product){name, want->slot};
    return true;
}

/* Makes the slot of a product, with its first part. */
static bool make_matrix(tyto_binder *binder, const request *want)
{
    tyto_weight_store *store = binder->store;
    tyto_packed_matrix *slot = want->slot;
    const tyto_dtype dtype = want->exact ? TYTO_F32
                                         : tyto_choice_dtype(store->choices, want->name,
                                                             store->precision, want->columns);
    const size_t bytes = tyto_packed_bytes(binder->kernels, dtype, want->rows, want->columns);
    void *data = bytes ? store_take(store, bytes) : NULL;
    if (!data || (!want->exact && !note_product(store, want))) {
        return false;
    }
    *slot = tyto_packed_over(binder->kernels, dtype, want->rows, want->columns, data);
    const tyto_tensor *smooth =
        store->choices && dtype == TYTO_I8
            ? tyto_choice_find(store->choices, want->name, TYTO_CHOICES_SMOOTH)
            : NULL;
    if (smooth) {
        tyto_packed_smooth(slot, smooth->data);
    }
    return true;
}

static bool fill_rows(tyto_binder *binder, const request *want)
{
    tyto_packed_matrix *slot = want->slot;
    if (!slot->data && !make_matrix(binder, want)) {
        return false;
    }
    tyto_packed_fill(slot, want->row, want->shape[0], want->tensor->data, want->columns,
                     want->tensor->dtype, binder->pool);
    return true;
}

static bool fill(tyto_binder *binder, const request *want)
{
    if (want->kind == IGNORED) {
        return true;
    }
    binder->store->parameters += tyto_tensor_elements(want->tensor);
    if (want->kind == TABLE) {
        *(tyto_table_weights *)want->slot = (tyto_table_weights){
            want->tensor->data, want->tensor->dtype, want->shape[0], want->shape[1]};
        return true;
    }
    bool filled = want->kind == FLOATS ? fill_floats(binder, want) : fill_rows(binder, want);
    tyto_tensor_file_release(binder->file, want->tensor);
    return filled;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const request *)a)->name, ((const request *)b)->name);
}

/* Whether a request has that name; the requests are sorted. */
static bool is_requested(const tyto_binder *binder, const char *name)
{
    const request key = {.name = (char *)(uintptr_t)name};
    return bsearch(&key, binder->requests, binder->count, sizeof(request), by_name) != NULL;
}

/* Names in the file that no request has; leaves the requests sorted by name. */
static bool list_unexpected(tyto_binder *binder, char **out)
{
    *out = NULL;
    tyto_buffer names;
    tyto_buffer_init(&names, REPORT_BYTES_MAX);
    qsort(binder->requests, binder->count, sizeof(request), by_name);
    for (size_t i = 0; i < tyto_tensor_file_count(binder->file); i++) {
        const char *name = tyto_tensor_file_at(binder->file, i)->name;
        if (!is_requested(binder, name)) {
            tyto_buffer_format(&names, "%s%s", names.length ? ", " : "", name);
        }
    }
    if (names.length == 0 && !names.failed) {
        return true;
    }
    *out = tyto_buffer_take(&names);
    return *out != NULL;
}

/* Tells of every request, and of every tensor that has none; leaves the requests sorted. */
static void tell_all(tyto_binder *binder)
{
    const tyto_weight_store *store = binder->store;
    for (size_t i = 0; i < binder->count; i++) {
        request *want = &binder->requests[i];
        const tyto_fit fit = find_tensor(want, binder->file);
        tyto_parameter told = {.name = want->name, .fit = fit, .tensor = want->tensor};
        told.rank = fit == TYTO_FIT_IGNORED ? -1 : want->rank;
        memcpy(told.shape, want->shape, sizeof(want->shape));
        if (fit != TYTO_FIT_IGNORED || want->tensor) {
            store->tell(store->tell_user, &told);
        }
    }
    qsort(binder->requests, binder->count, sizeof(request), by_name);
    for (size_t i = 0; i < tyto_tensor_file_count(binder->file); i++) {
        const tyto_tensor *tensor = tyto_tensor_file_at(binder->file, i);
        if (!is_requested(binder, tensor->name)) {
            const tyto_parameter told = {
                .name = tensor->name, .fit = TYTO_FIT_UNEXPECTED, .tensor = tensor, .rank = -1};
            store->tell(store->tell_user, &told);
        }
    }
}

/* Every choice must be one for a product, and possible. */
static tyto_status check_choices(const tyto_binder *binder, tyto_error *err)
{
    const tyto_tensor_file *choices = binder->store->choices;
    const char *file = binder->store->choices_name;
    for (size_t i = 0; choices && i < tyto_tensor_file_count(choices); i++) {
        const tyto_tensor *choice = tyto_tensor_file_at(choices, i);
        const request *found = NULL;
        for (size_t j = 0; j < binder->count && !found; j++) {
            const request *want = &binder->requests[j];
            const bool first = want->kind == ROWS && !want->exact && want->row == 0;
            found = first && tyto_choice_is_of(choice, want->name) ? want : NULL;
        }
        if (!found) {
            return tyto_fail(err, TYTO_E_FORMAT, "%s: '%s': of no product of this model", file,
                             choice->name);
        }
        TYTO_TRY(tyto_choice_check(choice, found->columns, file, err));
    }
    return TYTO_OK;
}

tyto_status tyto_binder_finish(tyto_binder *binder, char **unexpected, tyto_error *err)
{
    *unexpected = NULL;
    if (binder->failed) {
        return tyto_fail_memory(err, binder->file_name);
    }
    if (binder->store->tell) {
        tell_all(binder);
        return TYTO_OK;
    }
    TYTO_TRY(check_all(binder, err));
    TYTO_TRY(check_choices(binder, err));
    for (size_t i = 0; i < binder->count; i++) {
        if (!fill(binder, &binder->requests[i])) {
            return tyto_fail_memory(err, binder->file_name);
        }
    }
    return list_unexpected(binder, unexpected) ? TYTO_OK : tyto_fail_memory(err, binder->file_name);
}
