/* post_process_object_detection against the reference. */
#include "support/golden.h"

static const tyto_tensor *find(const tyto_tensor_file *file, int number, const char *what)
{
    char name[64];
    snprintf(name, sizeof(name), "%d.%s", number, what);
    return tyto_tensor_file_find(file, name);
}

static float *floats_of(const tyto_tensor *tensor)
{
    const int64_t count = tyto_tensor_elements(tensor);
    float *values = malloc((size_t)(count ? count : 1) * sizeof(float));
    assert_non_null(values);
    for (int64_t i = 0; i < count; i++) {
        values[i] = (float)golden_value(tensor, i);
    }
    return values;
}

static int64_t integer_of(const tyto_tensor *tensor, int64_t i)
{
    int64_t value;
    memcpy(&value, (const char *)tensor->data + (size_t)i * sizeof(value), sizeof(value));
    return value;
}

/* The reference keeps the order of the boxes; tyto sorts by score. Each of its detections is found
 * among the reference's, once. */
static void compare(const tyto_tensor_file *file, int number, const tyto_detections *found,
                    double side)
{
    const tyto_tensor *scores = find(file, number, "scores"),
                      *labels = find(file, number, "labels"), *boxes = find(file, number, "boxes");
    const int64_t count = scores->shape[0];
    bool *seen = calloc((size_t)count + 1, sizeof(*seen));
    assert_non_null(seen);
    assert_int_equal(found->count, count);
    for (size_t i = 0; i < found->count; i++) {
        const tyto_detection *item = &found->items[i];
        const double box[] = {(double)item->box.xmin, (double)item->box.ymin,
                              (double)item->box.xmax, (double)item->box.ymax};
        bool there = false;
        for (int64_t k = 0; k < count && !there; k++) {
            there = !seen[k] && item->label == integer_of(labels, k) &&
                    is_close((double)item->score, golden_value(scores, k), 2e-7);
            for (int c = 0; c < 4; c++) {
                there = there && is_close(box[c], golden_value(boxes, 4 * k + c), 2e-7 * side);
            }
            seen[k] = seen[k] || there;
        }
        if (!there) {
            fail_msg("case %d: detection %zu is not the reference's", number, i);
        }
        assert_true(i == 0 || item->score <= found->items[i - 1].score);
    }
    free(seen);
}

static void detections_are_the_reference_s(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    tyto_tensor_file *file = golden_tensors(golden_path(path, "postprocess/cases.safetensors"));
    int number = 0;
    size_t kept = 0;
    for (; find(file, number, "logits"); number++) {
        tyto_error err = TYTO_ERROR_INIT;
        tyto_postprocess_options options;
        tyto_detections found;
        const tyto_tensor *size = find(file, number, "size"),
                          *logits = find(file, number, "logits");
        const int64_t height = integer_of(size, 0), width = integer_of(size, 1);
        float *values = floats_of(logits), *boxes = floats_of(find(file, number, "pred_boxes"));
        tyto_postprocess_options_init(&options);
        options.boxes = TYTO_BOXES_REFERENCE;
        options.threshold = (float)golden_value(find(file, number, "threshold"), 0);
        ASSERT_DONE(tyto_postprocess_object_detection(values, boxes, NULL, logits->shape[0],
                                                      logits->shape[1], width, height, &options,
                                                      &found, &err),
                    &err);
        compare(file, number, &found, fmax(1.0, (double)(height > width ? height : width)));
        kept += found.count;
        tyto_detections_clear(&found);
        free(values);
        free(boxes);
    }
    assert_true(number >= 7 && kept >= 100);
    tyto_tensor_file_close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(detections_are_the_reference_s)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
