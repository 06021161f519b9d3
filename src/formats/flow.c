#include <stdlib.h>
#include <string.h>
#include <tyto/flow_field.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/image.h"

/* A .flo file: 202021.25 as a float, width and height as int32, then the vectors; little-endian. */
#define MAGIC 202021.25f
#define HEADER_BYTES 12
#define VECTOR_BYTES 8
#define BYTES_MAX (HEADER_BYTES + VECTOR_BYTES * (size_t)TYTO_IMAGE_PIXELS_MAX)
/* Vectors that are encoded together. */
#define CHUNK_VECTORS 4096

static float float_of(uint64_t bits)
{
    const uint32_t low = (uint32_t)bits;
    float value;
    memcpy(&value, &low, sizeof(value));
    return value;
}

static void put_little(uint8_t *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

static void put_float(uint8_t *bytes, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    put_little(bytes, bits);
}

tyto_status tyto_flow_field_make(int64_t width_px, int64_t height_px, tyto_flow_field *out,
                                 tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = (tyto_flow_field){0};
    TYTO_TRY(tyto_image_check_size("flow", (uint64_t)tyto_max_i64(width_px, 0),
                                   (uint64_t)tyto_max_i64(height_px, 0), err));
    float *data = tyto_alloc_zeroed((size_t)(width_px * height_px), 2 * sizeof(float));
    if (!data) {
        return tyto_fail_memory(err, "flow");
    }
    *out = (tyto_flow_field){.width_px = width_px, .height_px = height_px, .data = data};
    return TYTO_OK;
}

void tyto_flow_field_clear(tyto_flow_field *flow)
{
    if (flow) {
        free(flow->data);
        *flow = (tyto_flow_field){0};
    }
}

tyto_status tyto_flow_field_decode(const void *bytes, size_t length_bytes, const char *name,
                                   tyto_flow_field *out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, bytes);
    TYTO_REQUIRE(err, name);
    TYTO_REQUIRE(err, out);
    tyto_cursor cursor = tyto_cursor_over(bytes, length_bytes);
    const float magic = float_of(tyto_cursor_little(&cursor, 4));
    const uint32_t width = (uint32_t)tyto_cursor_little(&cursor, 4),
                   height = (uint32_t)tyto_cursor_little(&cursor, 4);
    if (cursor.failed || magic != MAGIC) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: not a .flo file, required one that begins with %s", name, "PIEH");
    }
    TYTO_TRY(tyto_image_check_size(name, width, height, err));
    const size_t values = 2 * (size_t)width * height;
    const size_t required = HEADER_BYTES + values * sizeof(float);
    if (length_bytes != required) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: got %zu bytes, required %zu for a flow of %u x %u", name,
                         length_bytes, required, (unsigned)width, (unsigned)height);
    }
    TYTO_TRY(tyto_flow_field_make(width, height, out, err));
    for (size_t i = 0; i < values; i++) {
        out->data[i] = float_of(tyto_cursor_little(&cursor, 4));
    }
    return TYTO_OK;
}

tyto_status tyto_flow_field_load(const char *path, tyto_flow_field *out, tyto_error *err)
{
    char *bytes;
    size_t length;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    TYTO_TRY(tyto_file_read(path, BYTES_MAX, &bytes, &length, err));
    tyto_status status = tyto_flow_field_decode(bytes, length, path, out, err);
    free(bytes);
    return status;
}

tyto_status tyto_flow_field_save(const char *path, const tyto_flow_field *flow, tyto_error *err)
{
    tyto_file_writer writer;
    uint8_t chunk[CHUNK_VECTORS * VECTOR_BYTES];
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, flow);
    TYTO_TRY(tyto_image_check_size(path, (uint64_t)tyto_max_i64(flow->width_px, 0),
                                   (uint64_t)tyto_max_i64(flow->height_px, 0), err));
    TYTO_TRY(tyto_file_writer_open(path, &writer, err));
    put_float(chunk, MAGIC);
    put_little(chunk + 4, (uint32_t)flow->width_px);
    put_little(chunk + 8, (uint32_t)flow->height_px);
    fwrite(chunk, 1, HEADER_BYTES, writer.stream);
    const int64_t count = flow->width_px * flow->height_px;
    for (int64_t first = 0; first < count; first += CHUNK_VECTORS) {
        const int64_t n = tyto_min_i64(CHUNK_VECTORS, count - first);
        for (int64_t i = 0; i < 2 * n; i++) {
            put_float(chunk + 4 * i, flow->data[2 * first + i]);
        }
        fwrite(chunk, VECTOR_BYTES, (size_t)n, writer.stream);
    }
    return tyto_file_writer_commit(&writer, err);
}
