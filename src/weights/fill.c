#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "formats/safetensors.h"
#include "tensor/convert.h"
#include "weights/choices.h"
#include "weights/request.h"

bool tyto_request_record(tyto_binder *binder, const tyto_request *want, tyto_dtype dtype,
                         const void *data)
{
    const size_t bytes = tyto_request_bytes(want, binder->kernels, dtype);
    return tyto_packed_fields_add(&binder->store->fields, want->kind == TYTO_REQUEST_ROWS, dtype,
                                  want->name, data, bytes);
}

static bool fill_floats(tyto_binder *binder, const tyto_request *want)
{
    float **slot = want->slot;
    if (want->row == 0) {
        *slot = tyto_weight_store_take(binder->store, (size_t)want->rows * sizeof(float));
        if (*slot && !tyto_request_record(binder, want, TYTO_F32, *slot)) {
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
static bool record_product(tyto_weight_store *store, const tyto_request *want)
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
static tyto_dtype choose_dtype(const tyto_binder *binder, const tyto_request *want)
{
    const tyto_weight_store *store = binder->store;
    return want->exact
               ? TYTO_F32
               : tyto_choice_dtype(store->choices, want->name, store->precision, want->columns);
}

/* Records a matrix that is made: for packed files, and, when it follows the precision, for
 * calibrations. */
static bool record_matrix(tyto_binder *binder, const tyto_request *want)
{
    const tyto_packed_matrix *slot = want->slot;
    return tyto_request_record(binder, want, slot->dtype, slot->data) &&
           (want->exact || binder->derived || record_product(binder->store, want));
}

/* Memory for the slot's matrix of `dtype`; false when it is out. */
static bool make_matrix(tyto_binder *binder, const tyto_request *want, tyto_dtype dtype)
{
    tyto_weight_store *store = binder->store;
    tyto_packed_matrix *slot = want->slot;
    const size_t bytes = tyto_request_bytes(want, binder->kernels, dtype);
    void *data = bytes ? tyto_weight_store_take(store, bytes) : NULL;
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
    return record_matrix(binder, want);
}

static bool fill_rows(tyto_binder *binder, const tyto_request *want)
{
    if (want->row == 0 && !make_matrix(binder, want, choose_dtype(binder, want))) {
        return false;
    }
    tyto_packed_fill(want->slot, want->row, want->shape[0], want->tensor->data, want->columns,
                     want->tensor->dtype, binder->pool);
    return true;
}

/* Binds a table as it lies in the file, or a copy of it. */
static bool fill_table(tyto_binder *binder, const tyto_request *want, tyto_dtype dtype)
{
    const void *rows = want->tensor->data;
    if (binder->store->owns_tables) {
        const size_t bytes = tyto_request_bytes(want, binder->kernels, dtype);
        void *copy = bytes ? tyto_weight_store_take(binder->store, bytes) : NULL;
        if (!copy) {
            return false;
        }
        memcpy(copy, rows, bytes);
        rows = copy;
    }
    *(tyto_table_weights *)want->slot =
        (tyto_table_weights){rows, dtype, want->shape[0], want->shape[1]};
    return tyto_request_record(binder, want, dtype, rows);
}

/* Packs a matrix of the file anew, some rows at a time unless it only changes places. */
static bool repack(tyto_binder *binder, const tyto_request *want)
{
    const tyto_kernels kernels = tyto_binder_file_kernels(binder);
    const bool same = binder->layout.precision == binder->store->precision;
    const tyto_dtype dtype = same ? want->dtype : choose_dtype(binder, want);
    tyto_packed_matrix packed =
        tyto_packed_over(&kernels, want->dtype, want->rows, want->columns, want->tensor->data);
    tyto_packed_resume(&packed);
    if (!make_matrix(binder, want, dtype)) {
        return false;
    }
    const tyto_packed_matrix *slot = want->slot;
    if (dtype == want->dtype && !packed.digits && !slot->digits) {
        tyto_packed_move(&packed, want->slot);
        tyto_tensor_file_release(binder->file, want->tensor);
        return true;
    }
    float *rows = tyto_alloc((size_t)packed.columns, (size_t)packed.k * sizeof(float));
    for (int64_t n = 0; rows && n < packed.n; n += packed.columns) {
        const int64_t count = tyto_min_i64(packed.columns, packed.n - n);
        tyto_packed_read(&packed, n, count, rows);
        tyto_packed_fill(want->slot, n, count, rows, packed.k, TYTO_F32, binder->pool);
    }
    free(rows);
    tyto_tensor_file_release(binder->file, want->tensor);
    return rows != NULL;
}

/* Binds a slot of a packed file, as it lies there when that can be. */
static bool fill_field(tyto_binder *binder, const tyto_request *want)
{
    void *data = want->tensor->data;
    if (want->kind == TYTO_REQUEST_TABLE) {
        return fill_table(binder, want, want->dtype);
    }
    const tyto_kernels kernels = tyto_binder_file_kernels(binder);
    const bool otherwise =
        want->kind == TYTO_REQUEST_ROWS && want->dtype == TYTO_F32 &&
        !tyto_packed_over(&kernels, TYTO_F32, want->rows, want->columns, data).digits !=
            !tyto_packed_over(binder->kernels, TYTO_F32, want->rows, want->columns, data).digits;
    if (want->kind == TYTO_REQUEST_ROWS &&
        (binder->layout.columns != binder->kernels->gemm_columns ||
         binder->layout.precision != binder->store->precision || otherwise)) {
        return repack(binder, want);
    }
    binder->store->bytes += tyto_request_bytes(want, binder->kernels, want->dtype);
    if (want->kind == TYTO_REQUEST_FLOATS) {
        *(float **)want->slot = data;
        return tyto_request_record(binder, want, want->dtype, data);
    }
    tyto_packed_matrix *matrix = want->slot;
    *matrix = tyto_packed_over(binder->kernels, want->dtype, want->rows, want->columns, data);
    tyto_packed_resume(matrix);
    return record_matrix(binder, want);
}

static int64_t elements_of(const tyto_request *want)
{
    int64_t elements = 1;
    for (int i = 0; i < want->rank; i++) {
        elements *= want->shape[i];
    }
    return elements;
}

bool tyto_request_fill(tyto_binder *binder, const tyto_request *want)
{
    if (want->kind == TYTO_REQUEST_IGNORED || want->kind == TYTO_REQUEST_UNUSED) {
        return true;
    }
    binder->store->parameters += binder->derived ? 0 : elements_of(want);
    if (binder->layout.columns) {
        return want->row > 0 || fill_field(binder, want);
    }
    if (want->kind == TYTO_REQUEST_TABLE) {
        return fill_table(binder, want, want->tensor->dtype);
    }
    bool filled =
        want->kind == TYTO_REQUEST_FLOATS ? fill_floats(binder, want) : fill_rows(binder, want);
    tyto_tensor_file_release(binder->file, want->tensor);
    return filled;
}
