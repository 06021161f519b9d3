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
    bool exact;                /* ROWS: floats whatever the precision */
    const tyto_tensor *tensor; /* of a packed file: the whole slot's bytes, for its first part */
    tyto_dtype dtype;          /* of a packed file: what these are */
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
    tyto_packed_layout layout; /* of the file; columns 0: it is a plain one */
    bool folded;
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
    tyto_packed_fields_clear(&store->fields);
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

void tyto_binder_matrix(tyto_binder *binder, tyto_packed_matrix *slot, const char *name,
                        int64_t out, int64_t in, const char *why)
{
    add_request(binder, name, ".weight",
                (request){.kind = ROWS,
                          .rank = 2,
                          .shape = {out, in},
                          .why = why,
                          .slot = slot,
                          .rows = out,
                          .columns = in});
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

/* Bytes of the slot that the request fills or helps to fill, `dtype` being what it is made of; 0
 * when they overflow. */
static size_t slot_bytes(const request *want, const tyto_kernels *kernels, tyto_dtype dtype)
{
    size_t count = (size_t)want->rows, bytes;
    if (want->kind == ROWS) {
        return tyto_packed_bytes(kernels, dtype, want->rows, want->columns);
    }
    if (want->kind == TABLE && !tyto_mul_size(count, (size_t)want->shape[1], &count)) {
        return 0;
    }
    return tyto_mul_size(count, tyto_dtype_bytes(dtype), &bytes) ? bytes : 0;
}

/* Kernels of which only the width of a tile is looked at, and whether floats are in digits: the
 * file's. */
static const tyto_digits_kernels digits_of_a_file;
static tyto_kernels kernels_of(const tyto_binder *binder)
{
    tyto_kernels kernels = *binder->kernels;
    kernels.gemm_columns = (int)binder->layout.columns;
    kernels.digits = binder->layout.digits ? &digits_of_a_file : NULL;
    return kernels;
}

/* The same of a packed file. Parts of a slot come with its first one. */
static tyto_fit find_field(request *want, const tyto_binder *binder)
{
    const tyto_kernels kernels = kernels_of(binder);
    want->tensor = NULL;
    if (want->kind == IGNORED) {
        return TYTO_FIT_IGNORED;
    }
    if (want->row > 0) {
        const request *first = want - 1;
        while (first->slot != want->slot || first->row > 0) {
            first--;
        }
        want->dtype = first->dtype;
        return TYTO_FIT_GOOD;
    }
    const tyto_packed_field field = tyto_packed_find(binder->file, want->kind == ROWS, want->name);
    if (!field.tensor) {
        return TYTO_FIT_MISSING;
    }
    want->tensor = field.tensor;
    want->dtype = field.dtype;
    if (want->kind == FLOATS && field.dtype != TYTO_F32) {
        return TYTO_FIT_TYPE;
    }
    const size_t bytes = slot_bytes(want, &kernels, field.dtype);
    return bytes && tyto_packed_fits(&field, bytes) ? TYTO_FIT_GOOD : TYTO_FIT_SHAPE;
}

/* Finds the request's tensor, and whether it can be used. */
static tyto_fit find_tensor(request *want, const tyto_binder *binder)
{
    if (binder->layout.columns) {
        return find_field(want, binder);
    }
    const tyto_tensor *tensor = tyto_tensor_file_find(binder->file, want->name);
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
static void check_request(request *want, const tyto_binder *binder, tyto_buffer *report)
{
    const tyto_fit fit = find_tensor(want, binder);
    const char *separator = report->length ? "; " : "";
    if (fit == TYTO_FIT_GOOD || fit == TYTO_FIT_IGNORED) {
        return;
    }
    if (fit == TYTO_FIT_TYPE) {
        tyto_buffer_format(report, "%s'%s': type %s, required a float type", separator, want->name,
                           tyto_dtype_name(want->tensor->dtype));
        return;
    }
    if (binder->layout.columns && fit == TYTO_FIT_SHAPE) {
        const tyto_kernels kernels = kernels_of(binder);
        tyto_buffer_format(
            report, "%s'%s': %lld bytes of %s, required %zu, filled up to a line of the cache",
            separator, want->name, (long long)want->tensor->shape[0], tyto_dtype_name(want->dtype),
            slot_bytes(want, &kernels, want->dtype));
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
        check_request(&binder->requests[i], binder, &report);
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

/* Remembers a slot that was made, for a packed file. */
static bool note(tyto_binder *binder, const request *want, tyto_dtype dtype, const void *data)
{
    const size_t bytes = slot_bytes(want, binder->kernels, dtype);
    return tyto_packed_fields_add(&binder->store->fields, want->kind == ROWS, dtype, want->name,
                                  data, bytes);
}

static bool fill_floats(tyto_binder *binder, const request *want)
{
    float **slot = want->slot;
    if (want->row == 0) {
        *slot = store_take(binder->store, (size_t)want->rows * sizeof(float));
        if (*slot && !note(binder, want, TYTO_F32, *slot)) {
            return false;
        }
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

/* What the slot's matrix is packed in. */
static tyto_dtype choose_dtype(const tyto_binder *binder, const request *want)
{
    const tyto_weight_store *store = binder->store;
    return want->exact
               ? TYTO_F32
               : tyto_choice_dtype(store->choices, want->name, store->precision, want->columns);
}

/* Tells of a matrix that is made: to packed files, and, when it follows the precision, to
 * calibrations. */
static bool tell_matrix(tyto_binder *binder, const request *want)
{
    const tyto_packed_matrix *slot = want->slot;
    return note(binder, want, slot->dtype, slot->data) &&
           (want->exact || binder->folded || note_product(binder->store, want));
}

/* Memory for the slot's matrix of `dtype`; false when it is out. */
static bool make_matrix(tyto_binder *binder, const request *want, tyto_dtype dtype)
{
    tyto_weight_store *store = binder->store;
    tyto_packed_matrix *slot = want->slot;
    const size_t bytes = slot_bytes(want, binder->kernels, dtype);
    void *data = bytes ? store_take(store, bytes) : NULL;
    if (!data) {
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
    return tell_matrix(binder, want);
}

static bool fill_rows(tyto_binder *binder, const request *want)
{
    if (want->row == 0 && !make_matrix(binder, want, choose_dtype(binder, want))) {
        return false;
    }
    tyto_packed_fill(want->slot, want->row, want->shape[0], want->tensor->data, want->columns,
                     want->tensor->dtype, binder->pool);
    return true;
}

static bool fill_table(tyto_binder *binder, const request *want, tyto_dtype dtype)
{
    *(tyto_table_weights *)want->slot =
        (tyto_table_weights){want->tensor->data, dtype, want->shape[0], want->shape[1]};
    return note(binder, want, dtype, want->tensor->data);
}

/* Packs a matrix of the file anew, some rows at a time unless it only changes places. */
static bool repack(tyto_binder *binder, const request *want)
{
    const tyto_kernels kernels = kernels_of(binder);
    const bool same = binder->layout.precision == binder->store->precision;
    const tyto_dtype dtype = same ? want->dtype : choose_dtype(binder, want);
    tyto_packed_matrix from =
        tyto_packed_over(&kernels, want->dtype, want->rows, want->columns, want->tensor->data);
    tyto_packed_resume(&from);
    if (!make_matrix(binder, want, dtype)) {
        return false;
    }
    const tyto_packed_matrix *slot = want->slot;
    if (dtype == want->dtype && !from.digits && !slot->digits) {
        tyto_packed_move(&from, want->slot);
        tyto_tensor_file_release(binder->file, want->tensor);
        return true;
    }
    float *rows = tyto_alloc((size_t)from.columns, (size_t)from.k * sizeof(float));
    for (int64_t n = 0; rows && n < from.n; n += from.columns) {
        const int64_t count = tyto_min_i64(from.columns, from.n - n);
        tyto_packed_read(&from, n, count, rows);
        tyto_packed_fill(want->slot, n, count, rows, from.k, TYTO_F32, binder->pool);
    }
    free(rows);
    tyto_tensor_file_release(binder->file, want->tensor);
    return rows != NULL;
}

/* Binds a slot of a packed file, as it lies there when that can be. */
static bool fill_field(tyto_binder *binder, const request *want)
{
    void *data = want->tensor->data;
    if (want->kind == TABLE) {
        return fill_table(binder, want, want->dtype);
    }
    const tyto_kernels kernels = kernels_of(binder);
    const bool otherwise =
        want->kind == ROWS && want->dtype == TYTO_F32 &&
        !tyto_packed_over(&kernels, TYTO_F32, want->rows, want->columns, data).digits !=
            !tyto_packed_over(binder->kernels, TYTO_F32, want->rows, want->columns, data).digits;
    if (want->kind == ROWS && (binder->layout.columns != binder->kernels->gemm_columns ||
                               binder->layout.precision != binder->store->precision || otherwise)) {
        return repack(binder, want);
    }
    binder->store->bytes += slot_bytes(want, binder->kernels, want->dtype);
    if (want->kind == FLOATS) {
        *(float **)want->slot = data;
        return note(binder, want, want->dtype, data);
    }
    tyto_packed_matrix *matrix = want->slot;
    *matrix = tyto_packed_over(binder->kernels, want->dtype, want->rows, want->columns, data);
    tyto_packed_resume(matrix);
    return tell_matrix(binder, want);
}

static int64_t elements_of(const request *want)
{
    int64_t elements = 1;
    for (int i = 0; i < want->rank; i++) {
        elements *= want->shape[i];
    }
    return elements;
}

static bool fill(tyto_binder *binder, const request *want)
{
    if (want->kind == IGNORED) {
        return true;
    }
    binder->store->parameters += binder->folded ? 0 : elements_of(want);
    if (binder->layout.columns) {
        return want->row > 0 || fill_field(binder, want);
    }
    if (want->kind == TABLE) {
        return fill_table(binder, want, want->tensor->dtype);
    }
    bool filled = want->kind == FLOATS ? fill_floats(binder, want) : fill_rows(binder, want);
    tyto_tensor_file_release(binder->file, want->tensor);
    return filled;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const request *)a)->name, ((const request *)b)->name);
}

/* With nothing asked for there is no array, which neither call may be given. */
static void sort_requests(tyto_binder *binder)
{
    if (binder->count > 0) {
        qsort(binder->requests, binder->count, sizeof(request), by_name);
    }
}

/* Whether a request has that name; the requests are sorted. */
static bool is_requested(const tyto_binder *binder, const char *name)
{
    const request key = {.name = (char *)(uintptr_t)name};
    return binder->count > 0 &&
           bsearch(&key, binder->requests, binder->count, sizeof(request), by_name) != NULL;
}

/* Names in the file that no request has; leaves the requests sorted by name. */
static bool list_unexpected(tyto_binder *binder, char **out)
{
    *out = NULL;
    tyto_buffer names;
    tyto_buffer_init(&names, REPORT_BYTES_MAX);
    sort_requests(binder);
    for (size_t i = 0; !binder->layout.columns && i < tyto_tensor_file_count(binder->file); i++) {
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

/* What a request of a packed file gets, as a tensor of its own. */
static tyto_tensor field_of(const request *want)
{
    tyto_tensor field = {.name = want->name, .dtype = want->dtype, .rank = want->rank};
    memcpy(field.shape, want->shape, sizeof(want->shape));
    return field;
}

/* Tells of every request, and of every tensor that has none; leaves the requests sorted. */
static void tell_all(tyto_binder *binder)
{
    const tyto_weight_store *store = binder->store;
    for (size_t i = 0; i < binder->count; i++) {
        request *want = &binder->requests[i];
        const tyto_fit fit = find_tensor(want, binder);
        const tyto_tensor field = field_of(want);
        const bool whole = binder->layout.columns && fit == TYTO_FIT_GOOD;
        tyto_parameter told = {
            .name = want->name, .fit = fit, .tensor = whole ? &field : want->tensor};
        told.rank = fit == TYTO_FIT_IGNORED ? -1 : want->rank;
        memcpy(told.shape, want->shape, sizeof(want->shape));
        if (fit != TYTO_FIT_IGNORED || want->tensor) {
            store->tell(store->tell_user, &told);
        }
    }
    sort_requests(binder);
    for (size_t i = 0; !binder->layout.columns && i < tyto_tensor_file_count(binder->file); i++) {
        const tyto_tensor *tensor = tyto_tensor_file_at(binder->file, i);
        if (!is_requested(binder, tensor->name)) {
            const tyto_parameter told = {
                .name = tensor->name, .fit = TYTO_FIT_UNEXPECTED, .tensor = tensor, .rank = -1};
            store->tell(store->tell_user, &told);
        }
    }
}

void tyto_binder_folded(tyto_binder *binder)
{
    binder->folded = true;
}

bool tyto_binder_packed(const tyto_binder *binder)
{
    tyto_packed_layout layout;
    return tyto_packed_layout_read(binder->file, binder->file_name, &layout, NULL) == TYTO_OK &&
           layout.columns;
}

bool tyto_binder_note(tyto_binder *binder)
{
    for (size_t i = 0; i < binder->count && !binder->failed; i++) {
        const request *want = &binder->requests[i];
        const tyto_packed_matrix *matrix = want->slot;
        float *const *floats = want->slot;
        if (want->row == 0) {
            binder->failed = want->kind == ROWS ? !note(binder, want, matrix->dtype, matrix->data)
                                                : !note(binder, want, TYTO_F32, *floats);
        }
    }
    return !binder->failed;
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
    TYTO_TRY(tyto_packed_layout_read(binder->file, binder->file_name, &binder->layout, err));
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
