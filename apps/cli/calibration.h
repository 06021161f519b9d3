/** A model run on a user's photos and texts, to see what its products are given. */
#ifndef TYTO_CLI_CALIBRATION_H
#define TYTO_CLI_CALIBRATION_H

#include <tyto/calibrate.h>

#include "memory.h"
#include "model.h"

/** A checkpoint in fp32, and the notes. */
typedef struct calibration {
    opened with;
    tyto_calibration *notes;
} calibration;

/** Runs the model that the options name on all `inputs`: photos and folders of them, and files
 *  that end in .txt, a text in each line. Complains and returns false on failure; close in any
 *  case. */
bool calibration_run(const common_args *args, const text_list *inputs, calibration *out);
void calibration_close(calibration *to);

/** Shows what is chosen, when anybody asks; for tyto_calibration_save. */
bool calibration_tell(void *user, const tyto_choice *choice);

#endif
