/* Checkpoints written anew, with each allocation failing in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "out_of_memory.h"

static char folder[] = "/tmp/tyto-memory-convert-XXXXXX";
static char written[64];

static tyto_status convert(tyto_error *err)
{
    char path[512];
    const tyto_convert_options options = {
        .to_dtype = true, .dtype = TYTO_F16, .max_shard_bytes = 15000, .force = true};
    snprintf(path, sizeof(path), "%s/golden/data/owlv2/vision_tower/model",
             getenv("TYTO_TEST_DATA"));
    return tyto_model_convert(path, written, &options, err);
}

void checkpoints_are_converted(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(written, sizeof(written), "%s/x", folder);
    fail_each_once_and_forever(convert);
    /* Only what is whole is there. */
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s && rmdir %s", written, folder);
    assert_int_equal(system(command), 0);
}
