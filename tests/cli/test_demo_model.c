/* The model that comes with tyto, found without -m: its average precision on the committed scenes
 * of its test set. */
#include "run.h"

#include <stdlib.h>

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

/* 0.844 and 1.000 by pycocotools and the reference; less than this is a loss of quality. */
static void precision_holds(void **state)
{
    (void)state;
    ran run = tyto("eval", "detect", "--annotations", test_path("data/scenes/coco.json"),
                   "--images", test_path("data/scenes"), "--format", "json", NULL);
    assert_done(&run);
    json_t *object = parsed(run.out);
    assert_int_equal(json_integer_value(json_object_get(object, "images")), 24);
    assert_int_equal(json_integer_value(json_object_get(object, "objects")), 76);
    double ap = number(object, "ap"), ap50 = number(object, "ap50");
    if (ap < 0.835 || ap50 < 0.99) {
        fail_msg("AP %.3f, AP50 %.3f", ap, ap50);
    }
    json_decref(object);
    ran_clear(&run);
}

int main(void)
{
    unsetenv("TYTO_MODEL");
    const struct CMUnitTest tests[] = {cmocka_unit_test(precision_holds)};
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
