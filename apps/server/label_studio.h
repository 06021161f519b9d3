/** A backend of Label Studio: boxes for what a project's labels name. */
#ifndef TYTO_SERVER_LABEL_STUDIO_H
#define TYTO_SERVER_LABEL_STUDIO_H

#include "work.h"

/** POST /setup: {"schema": a labeling configuration} → {"model_version"}. */
void label_studio_setup(exchange *x, worker *w);
/** POST /webhook: nothing is learnt from what people draw. */
void label_studio_event(exchange *x, worker *w);
/** POST /predict with tasks: {"tasks", "label_config", "context"} → {"results"}, one for each task. A
 *  task whose picture is a URL has an empty result, and the log says so. Returns how many tasks there
 *  were. */
int64_t label_studio_predict(work *job);

#endif
