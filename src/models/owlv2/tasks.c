#include "models/owlv2/tasks.h"

#include "models/owlv2/window.h"

static const tyto_family_search search = {
    .head = "Owlv2ForObjectDetection",
    .guided_head = "Owlv2ForObjectDetection.image_guided_detection",
    .query_head = "Owlv2ForObjectDetection.embed_image_query",
    .window_grid_max = TYTO_OWLV2_GRID_MAX,
};
static const tyto_family_embed embed = {
    .text_head = "Owlv2Model.get_text_features",
    .image_head = "Owlv2Model.get_image_features",
};
static const tyto_family_similarity similarity = {.head = "Owlv2Model"};

const tyto_family_tasks tyto_owlv2_detection_tasks = {
    .search = &search, .embed = &embed, .similarity = &similarity};
const tyto_family_tasks tyto_owlv2_base_tasks = {.embed = &embed, .similarity = &similarity};
const tyto_family_tasks tyto_owlv2_text_tasks = {0};
const tyto_family_tasks tyto_owlv2_vision_tasks = {0};
