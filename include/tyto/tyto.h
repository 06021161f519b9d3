/** The whole public interface of tyto. */
#ifndef TYTO_TYTO_H
#define TYTO_TYTO_H

#include <tyto/autoencode.h>
#include <tyto/bench.h>
#include <tyto/bytes.h>
#include <tyto/calibrate.h>
#include <tyto/checkpoint.h>
#include <tyto/classify.h>
#include <tyto/clip.h>
#include <tyto/convert.h>
#include <tyto/detect.h>
#include <tyto/detection_document.h>
#include <tyto/document.h>
#include <tyto/draw.h>
#include <tyto/embed.h>
#include <tyto/engine.h>
#include <tyto/eval.h>
#include <tyto/fill_mask.h>
#include <tyto/flow.h>
#include <tyto/hub.h>
#include <tyto/image.h>
#include <tyto/inputs.h>
#include <tyto/inspect.h>
#include <tyto/match.h>
#include <tyto/memory.h>
#include <tyto/model.h>
#include <tyto/npy.h>
#include <tyto/perceiver.h>
#include <tyto/photo.h>
#include <tyto/photo_reader.h>
#include <tyto/postprocess.h>
#include <tyto/precision.h>
#include <tyto/processor.h>
#include <tyto/progress.h>
#include <tyto/session.h>
#include <tyto/shortcuts.h>
#include <tyto/status.h>
#include <tyto/tasks.h>
#include <tyto/tensor.h>
#include <tyto/tiles.h>
#include <tyto/tokenizer.h>
#include <tyto/version.h>
#include <tyto/video.h>
#include <tyto/vocabulary.h>

#endif
