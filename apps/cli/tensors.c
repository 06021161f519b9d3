#include "tensors.h"

#include <math.h>
#include <stdint.h>
#include <string.h>
#include <tyto/tensor.h>

#include "json.h"
#include "messages.h"

static float half(uint16_t bits)
{
    const int exponent = bits >> 10 & 31, fraction = bits & 1023;
    const float size = exponent == 0    ? ldexpf((float)fraction, -24)
                       : exponent == 31 ? (fraction ? NAN : INFINITY)
                                        : ldexpf((float)(fraction + 1024), exponent - 25);
    return bits & 0x8000 ? -size : size;
}

/* Element i, which may lie at any address. */
static double element(const tyto_tensor *tensor, int64_t i)
{
    const size_t bytes = tyto_dtype_bytes(tensor->dtype);
    const unsigned char *at = (const unsigned char *)tensor->data + (size_t)i * bytes;
    uint64_t bits = 0;
    memcpy(&bits, at, bytes); /* little-endian, as the file is */
    double wide;
    float single;
    const uint32_t low = (uint32_t)bits, high = (uint32_t)bits << 16;
    switch (tensor->dtype) {
    case TYTO_F64:
        memcpy(&wide, &bits, sizeof(wide));
        return wide;
    case TYTO_F32:
        memcpy(&single, &low, sizeof(single));
        return (double)single;
    case TYTO_BF16:
        memcpy(&single, &high, sizeof(single));
        return (double)single;
    case TYTO_F16:
        return (double)half((uint16_t)bits);
    case TYTO_I64:
        return (double)(int64_t)bits;
    case TYTO_I32:
        return (double)(int32_t)low;
    case TYTO_I16:
        return (double)(int16_t)low;
    case TYTO_I8:
        return (double)(int8_t)low;
    default:
        return (double)bits;
    }
}

static void put_numbers(json_t *object, const tyto_tensor *tensor)
{
    double least = INFINITY, most = -INFINITY, sum = 0.0;
    int64_t counted = 0;
    for (int64_t i = 0; i < tyto_tensor_elements(tensor); i++) {
        const double value = element(tensor, i);
        if (isfinite(value)) {
            least = value < least ? value : least;
            most = value > most ? value : most;
            sum += value;
            counted++;
        }
    }
    const char *const names[] = {"least", "most", "mean"};
    const double values[] = {least, most, counted > 0 ? sum / (double)counted : 0.0};
    for (int i = 0; i < 3; i++) {
        json_put(object, names[i],
                 counted > 0 ? json_float((float)values[i]) : json_made(json_null()));
    }
}

static json_t *tensor_object(const tyto_tensor *tensor)
{
    json_t *object = json_made(json_object()), *shape = json_made(json_array());
    for (int d = 0; d < tensor->rank; d++) {
        json_push(shape, json_made(json_integer((json_int_t)tensor->shape[d])));
    }
    json_put(object, "name", json_text(tensor->name));
    json_put(object, "dtype", json_text(tyto_dtype_name(tensor->dtype)));
    json_put(object, "shape", shape);
    put_numbers(object, tensor);
    return object;
}

json_t *tensors_look(const char *path)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tensor_file *file = NULL;
    if (tyto_tensor_file_open(path, &file, &err) != TYTO_OK) {
        say_tyto_error(&err);
        return NULL;
    }
    json_t *root = json_made(json_object()), *list = json_made(json_array());
    for (int64_t i = 0; i < tyto_tensor_file_count(file); i++) {
        json_push(list, tensor_object(tyto_tensor_file_at(file, i)));
    }
    tyto_tensor_file_close(file);
    json_put(root, "file", json_text(path));
    json_put(root, "tensors", list);
    return root;
}

static void print_number(FILE *to, const json_t *value)
{
    if (json_is_number(value)) {
        fprintf(to, " %10.4g", json_number_value(value));
    } else {
        fputs("          -", to);
    }
}

void tensors_print(FILE *to, const json_t *file)
{
    const json_t *list = json_object_get(file, "tensors"), *tensor;
    char text[512];
    size_t i;
    plain_text(text, sizeof(text), json_string_value(json_object_get(file, "file")));
    fprintf(to, "%s: %zu tensor%s\n  type  %-18s      least       most       mean  name\n", text,
            json_array_size(list), json_array_size(list) == 1 ? "" : "s", "shape");
    json_array_foreach(list, i, tensor)
    {
        const json_t *shape = json_object_get(tensor, "shape");
        size_t at = 0;
        text[at++] = '[';
        for (size_t d = 0; d < json_array_size(shape); d++) {
            at += (size_t)snprintf(text + at, sizeof(text) - at, d ? ",%lld" : "%lld",
                                   (long long)json_integer_value(json_array_get(shape, d)));
        }
        snprintf(text + at, sizeof(text) - at, "]");
        fprintf(to, "  %-5s %-18s", json_string_value(json_object_get(tensor, "dtype")), text);
        print_number(to, json_object_get(tensor, "least"));
        print_number(to, json_object_get(tensor, "most"));
        print_number(to, json_object_get(tensor, "mean"));
        plain_text(text, sizeof(text), json_string_value(json_object_get(tensor, "name")));
        fprintf(to, "  %s\n", text);
    }
}
