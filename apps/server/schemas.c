#include "schemas.h"

#include <stdlib.h>
#include <string.h>

/* A text of a schema has ' where JSON has ", so that it can be read here. */
typedef struct text {
    const char *name, *json;
} text;

#define REF(name) "{'$ref': '#/components/schemas/" name "'}"
#define TEXT "{'type': 'string', 'minLength': 1}"
#define TEXTS "{'type': 'array', 'items': " TEXT "}"
#define SHARE "{'type': 'number', 'minimum': 0, 'maximum': 1}"
#define COUNT "{'type': 'integer', 'minimum': 0, 'maximum': 2147483647}"
#define POSITIVE "{'type': 'integer', 'minimum': 1, 'maximum': 2147483647}"
#define PICTURE_NOTE "'description': 'a picture: base64, or a data: URI of it'"
#define BASE64 "(" QUAD "{4})*(" QUAD "{4}|" QUAD "{2}[AEIMQUYcgkosw048]=|" QUAD "[AQgw]==)"
#define QUAD "[A-Za-z0-9+/]"
#define ID "{'type': 'string', 'pattern': '^[0-9a-f]{32}$'}"
/* 8 by 8 pixels, for examples. */
#define PNG                                                                                        \
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mP436CAFTEMLQkAweBnwZxNPz4AAAAASUVO" \
    "RK5CYII="

static const text texts[] = {
    {"error",
     "{'type': 'object', 'required': ['error'], 'additionalProperties': false, 'properties': "
     "{'error': {'type': 'string', 'description': 'a sentence'}}}"},
    {"picture",
     "{'type': 'string', 'minLength': 4, 'pattern': '^(data:[a-z]+/[a-z]+;base64,)?" BASE64
     "$', " PICTURE_NOTE "}"},
    {"box", "{'type': 'object', 'required': ['xmin', 'ymin', 'xmax', 'ymax'], "
            "'additionalProperties': false, 'description': 'in pixels of the photo', 'properties': "
            "{'xmin': {'type': "
            "'number'}, 'ymin': {'type': 'number'}, 'xmax': {'type': 'number'}, 'ymax': {'type': "
            "'number'}}}"},

    /* own routes */
    {"photo", "{'type': 'object', 'required': ['image'], 'additionalProperties': false, "
              "'properties': {'image': " REF("picture") ", 'model': " REF("model_name") "}}"},
    {"photo_held",
     "{'type': 'object', 'required': ['id', 'width', 'height'], 'properties': {'id': " ID
     ", 'width': " COUNT ", 'height': " COUNT "}}"},
    {"held", "{'type': 'object', 'required': ['id'], 'properties': {'id': " ID "}}"},
    {"exemplar",
     "{'type': 'object', 'additionalProperties': false, 'oneOf': [{'required': ['photo']}, "
     "{'required': ['image']}], 'properties': {'photo': " ID
     ", 'image': " REF("picture") ", 'box': " REF("box") ", 'label': " TEXT "}}"},
    {"vocabulary",
     "{'type': 'object', 'additionalProperties': false, 'anyOf': [{'required': ['texts'], "
     "'properties': {'texts': {'minItems': 1}}}, {'required': ['exemplars'], 'properties': "
     "{'exemplars': {'minItems': 1}}}], 'properties': {'texts': " TEXTS
     ", 'exemplars': {'type': 'array', 'items': " REF(
         "exemplar") "}, 'negatives': " TEXTS
                     ", 'templates': {'type': 'boolean'}, 'model': " REF("model_name") "}}"},
    {"detect",
     "{'type': 'object', 'additionalProperties': false, 'allOf': [{'oneOf': [{'required': "
     "['photo']}, {'required': ['image']}]}, {'oneOf': [{'required': ['vocabulary']}, "
     "{'required': ['labels']}]}], 'properties': {'photo': " ID ", 'image': " REF(
         "picture") ", 'vocabulary': " ID
                    ", 'labels': {'type': 'array', 'minItems': 1, 'items': " TEXT
                    "}, 'templates': {'type': 'boolean'}, 'threshold': " SHARE
                    ", 'nms': {'enum': ['off', "
                    "'class', 'all']}, 'iou': " SHARE ", 'top_k': " COUNT
                    ", 'multi_label': {'type': 'boolean'}, 'boxes': {'enum': ['image', "
                    "'reference']}, 'model': " REF("model_name") "}}"},
    {"detections",
     "{'type': 'object', 'required': ['image', 'width', 'height', 'threshold', 'detections'], "
     "'properties': {'image': {'type': ['string', 'null']}, 'width': " COUNT ", 'height': " COUNT
     ", 'threshold': {'type': ['number', 'object']}, 'detections': {'type': 'array', 'items': "
     "{'type': 'object', 'required': ['label', 'label_index', 'score', 'box'], 'properties': "
     "{'label': {'type': 'string'}, 'label_index': " COUNT ", 'score': " SHARE
     ", 'box': " REF("box") "}}}}}"},
    {"models",
     "{'type': 'object', 'required': ['models'], 'properties': {'models': {'type': 'array', "
     "'items': {'type': 'object', 'required': ['name', 'tasks', 'threshold'], 'properties': "
     "{'name': " TEXT ", 'tasks': " TEXTS ", 'threshold': " SHARE ", 'note': {'type': ['string', "
     "'null']}}}}}}"},
    {"flow", "{'type': 'object', 'required': ['first', 'second'], 'additionalProperties': false, "
             "'properties': {'first': " REF("picture") ", 'second': " REF(
                 "picture") ", 'model': " REF("model_name") "}}"},
    {"clip", "{'type': 'object', 'required': ['video'], 'additionalProperties': false, "
             "'properties': {'video': " REF("picture") ", 'model': " REF("model_name") "}}"},
    {"clip_made",
     "{'type': 'object', 'required': ['classes', 'frames'], 'properties': {'classes': " REF(
         "answers") ", 'frames': {'type': 'array', 'items': {'type': 'object', "
                    "'required': ['original', 'made'], 'properties': {'original': " REF(
                        "picture") ", 'made': " REF("picture") "}}}}}"},
    {"flowed",
     "{'type': 'object', 'required': ['width', 'height', 'mean_px', 'longest_px', 'image', "
     "'key'], 'properties': {'width': " COUNT ", 'height': " COUNT ", 'mean_px': {'type': "
     "'number'}, 'longest_px': {'type': 'number'}, 'image': " REF("picture") ", 'key': " REF(
         "picture") "}}"},

    {"video",
     "{'type': 'object', 'additionalProperties': false, 'required': ['video'], 'oneOf': "
     "[{'required': ['vocabulary']}, {'required': ['labels']}], 'properties': {'video': {'type': "
     "'string', 'minLength': 4, 'pattern': '^" BASE64
     "$', 'description': 'the bytes of a file, as base64'}, 'every': " POSITIVE
     ", 'track': {'type': 'boolean'}, 'vocabulary': " ID
     ", 'labels': {'type': 'array', 'minItems': 1, 'items': " TEXT
     "}, 'templates': {'type': 'boolean'}, 'threshold': " SHARE
     ", 'nms': {'enum': ['off', 'class', 'all']}, 'iou': " SHARE ", 'top_k': " COUNT
     ", 'multi_label': {'type': 'boolean'}, 'boxes': {'enum': ['image', 'reference']}, "
     "'model': " REF("model_name") "}}"},

    /* Label Studio */
    {"studio_setup",
     "{'type': 'object', 'required': ['schema'], 'properties': {'schema': {'type': 'string', "
     "'description': 'a labeling configuration'}}}"},
    {"studio_version",
     "{'type': 'object', 'required': ['model_version'], 'properties': {'model_version': {'type': "
     "'string'}}}"},
    {"studio_event", "{'type': 'object'}"},
    {"studio_heard",
     "{'type': 'object', 'required': ['status'], 'properties': {'status': {'const': 'ok'}}}"},

    /* Hugging Face's API */
    {"pipeline_parameters",
     "{'type': 'object', 'additionalProperties': false, 'description': 'which of them are taken "
     "follows from the task', 'properties': {'candidate_labels': {'oneOf': [{'type': 'array', "
     "'minItems': 1, 'items': " TEXT "}, {'type': 'string', 'minLength': 1, 'description': 'with "
     "commas between'}]}, 'threshold': " SHARE ", 'top_k': " COUNT ", 'targets': {'oneOf': [" TEXT
     ", {'type': 'array', 'minItems': 1, 'items': " TEXT
     "}]}, 'function_to_apply': {'enum': ['default', 'softmax', 'sigmoid', 'none']}, "
     "'hypothesis_template': {'type': 'string'}}}"},
    {"pipeline",
     "{'type': 'object', 'required': ['inputs'], 'properties': {'inputs': {'type': 'string', "
     "'description': 'a text, or a picture as base64'}, 'parameters': " REF(
         "pipeline_parameters") "}}"},
    {"instances",
     "{'anyOf': [" REF(
         "pipeline") ", {'type': 'object', 'required': ['instances'], 'properties': "
                     "{'instances': {'type': 'array', 'minItems': 1, 'items': " REF(
                         "pipeline") "}, 'parameters': " REF("pipeline_parameters") "}}, {'type': "
                                                                                    "'object', "
                                                                                    "'required': "
                                                                                    "['tasks', "
                                                                                    "'label_config'"
                                                                                    "], "
                                                                                    "'properties': "
                                                                                    "{'tasks': "
                                                                                    "{'type': "
                                                                                    "'array'}, "
                                                                                    "'label_config'"
                                                                                    ": {'type': "
                                                                                    "'string'}}}]"
                                                                                    "}"},
    {"answer",
     "{'type': 'object', 'required': ['score'], 'properties': {'score': {'type': 'number'}, "
     "'label': {'type': 'string'}, 'box': " REF(
         "box") ", 'token': {'type': 'integer'}, 'token_str': {'type': 'string'}, 'sequence': "
                "{'type': 'string'}}}"},
    {"answers", "{'type': 'array', 'description': 'best first; of text-classification, and of "
                "several masks, a list of lists', 'items': {'anyOf': [" REF(
                    "answer") ", {'type': 'array', 'items': " REF("answer") "}]}}"},
    {"predictions",
     "{'anyOf': [" REF("answers") ", {'type': 'object', 'required': ['predictions'], "
                                  "'properties': {'predictions': {'type': 'array', 'items': " REF(
                                      "answers") "}}}, {'type': 'object', 'required': ['results'], "
                                                 "'properties': {'results': {'type': 'array', "
                                                 "'items': {'type': 'object', 'required': "
                                                 "['result', 'score', 'model_version']}}}}]}"},

    /* Open Inference Protocol */
    {"datatype", "{'enum': ['BOOL', 'UINT8', 'UINT16', 'UINT32', 'UINT64', 'INT8', 'INT16', "
                 "'INT32', 'INT64', 'FP16', 'BF16', 'FP32', 'FP64', 'BYTES'], 'description': "
                 "'BYTES are texts, or files of pictures, in place of the tensors made of them'}"},
    {"tensor_parameters",
     "{'type': 'object', 'properties': {'binary_data_size': {'type': 'integer', 'minimum': 0}}}"},
    {"tensor_in",
     "{'type': 'object', 'required': ['name', 'datatype', 'shape'], 'additionalProperties': false, "
     "'properties': {'name': " TEXT ", 'datatype': " REF(
         "datatype") ", 'shape': {'type': 'array', 'maxItems': 8, 'items': " COUNT
                     "}, 'data': {'type': 'array'}, 'parameters': " REF("tensor_parameters") "}}"},
    {"tensor_out",
     "{'type': 'object', 'required': ['name', 'datatype', 'shape'], 'properties': {'name': " TEXT
     ", 'datatype': " REF("datatype") ", 'shape': {'type': 'array', 'items': " COUNT
                                      "}, 'data': {'type': 'array', 'items': {'type': ['number', "
                                      "'null']}}, 'parameters': " REF("tensor_parameters") "}}"},
    {"infer",
     "{'type': 'object', 'required': ['inputs'], 'additionalProperties': false, 'properties': "
     "{'id': {'type': 'string'}, 'inputs': {'type': 'array', 'minItems': 1, 'maxItems': 64, "
     "'items': " REF(
         "tensor_in") "}, 'outputs': {'type': 'array', 'maxItems': 64, 'items': {'type': 'object', "
                      "'required': ['name'], 'additionalProperties': false, 'properties': "
                      "{'name': " TEXT ", 'parameters': {'type': 'object', 'properties': "
                      "{'binary_data': {'type': 'boolean'}}}}}}, "
                      "'parameters': {'type': 'object', 'additionalProperties': false, "
                      "'properties': {'head': {'type': "
                      "'string', 'description': 'as tyto forward --head'}, 'timeout': {'type': "
                      "'integer', 'minimum': 0, 'maximum': 9007199254740991, 'description': "
                      "'microseconds'}, 'priority': {'type': 'integer', 'minimum': 0, 'maximum': "
                      "9007199254740991, 'description': 'taken, and without effect: "
                      "requests are answered in their order'}, 'binary_data_output': {'type': "
                      "'boolean'}}}}}"},
    {"inferred",
     "{'type': 'object', 'required': ['model_name', 'model_version', 'outputs'], 'properties': "
     "{'id': {'type': 'string'}, 'model_name': {'type': 'string'}, 'model_version': {'const': "
     "'1'}, 'outputs': {'type': 'array', 'items': " REF("tensor_out") "}}}"},
    {"server",
     "{'type': 'object', 'required': ['name', 'version', 'extensions'], 'properties': "
     "{'name': {'const': 'tyto'}, 'version': {'type': 'string'}, 'extensions': " TEXTS "}}"},
    {"tensor_about",
     "{'type': 'object', 'required': ['name', 'datatype', 'shape'], 'properties': {'name': " TEXT
     ", 'datatype': " REF("datatype") ", 'shape': {'type': 'array', 'description': '-1: any size', "
                                      "'items': {'type': "
                                      "'integer', 'minimum': -1}}}}"},
    {"model",
     "{'type': 'object', 'required': ['name', 'versions', 'platform', 'inputs', 'outputs'], "
     "'properties': {'name': " TEXT ", 'versions': {'type': 'array', 'items': {'const': '1'}}, "
     "'platform': {'const': 'tyto'}, 'inputs': {'type': 'array', 'items': " REF(
         "tensor_about") "}, 'outputs': {'type': 'array', 'items': " REF("tensor_about") "}, "
                                                                                         "'paramete"
                                                                                         "rs': "
                                                                                         "{'type': "
                                                                                         "'object',"
                                                                                         " '"
                                                                                         "propertie"
                                                                                         "s': "
                                                                                         "{'head': "
                                                                                         "{'type': "
                                                                                         "'string'}"
                                                                                         ", "
                                                                                         "'heads':"
                                                                                         " " TEXTS
                                                                                         "}}}}"},
    {"stats", "{'type': 'object', 'required': ['model_stats'], 'properties': {'model_stats': "
              "{'type': 'array', 'items': {'type': 'object', 'required': ['name', 'version', "
              "'inference_count', 'execution_count', 'inference_stats']}}}}"},
    {"index", "{'type': 'array', 'items': {'type': 'object', 'required': ['name', 'version', "
              "'state'], 'properties': {'name': " TEXT "}}}"},
    {"load",
     "{'type': 'object', 'required': ['parameters'], 'additionalProperties': false, 'properties': "
     "{'parameters': {'type': 'object', 'required': ['folder'], 'additionalProperties': false, "
     "'properties': {'folder': " TEXT "}}}}"},
    {"document", "{'type': 'object', 'required': ['openapi', 'info', 'paths']}"},
    {"health",
     "{'type': 'object', 'required': ['status'], 'properties': {'status': {'const': 'UP'}}}"},

    /* arguments of queries */
    {"head_argument",
     "{'type': 'object', 'properties': {'head': {'type': 'string', 'minLength': 1, 'description': "
     "'of the heads that the model has'}}}"},
    {"pipeline_arguments", "{'type': 'object', 'description': 'of a picture as it is', "
                           "'properties': {'candidate_labels': {'type': 'array', 'items': " TEXT
                           "}, 'threshold': " SHARE ", 'top_k': " COUNT "}}"},
};

static const text examples[] = {
    {"photo", "{'image': '" PNG "'}"},
    {"vocabulary", "{'texts': ['a cat', 'a cup of coffee'], 'negatives': ['a dog']}"},
    {"detect", "{'image': '" PNG "', 'labels': ['a cat', 'a cup of coffee'], 'threshold': 0.2}"},
    {"pipeline", "{'inputs': '" PNG "', 'parameters': {'candidate_labels': ['a cat', 'a dog']}}"},
    {"instances",
     "{'instances': [{'inputs': '" PNG "'}], 'parameters': {'candidate_labels': ['a cat']}}"},
};

static json_t *parse(const char *json)
{
    char *copy = strdup(json);
    for (char *c = copy; c && *c; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    json_t *value = copy ? json_loads(copy, 0, NULL) : NULL;
    free(copy);
    return value;
}

json_t *schemas_make(void)
{
    json_t *all = json_object();
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        if (json_object_set_new(all, texts[i].name, parse(texts[i].json)) != 0) {
            json_decref(all);
            return NULL;
        }
    }
    return all;
}

json_t *schemas_example(const char *name)
{
    for (size_t i = 0; name && i < sizeof(examples) / sizeof(*examples); i++) {
        if (strcmp(examples[i].name, name) == 0) {
            return parse(examples[i].json);
        }
    }
    return NULL;
}
