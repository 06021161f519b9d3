#include "schemas.h"

extern const char schemas_json[], schemas_json_end[];

static json_t *part(const char *name)
{
    json_t *all = json_loadb(schemas_json, (size_t)(schemas_json_end - schemas_json), 0, NULL);
    json_t *found = json_incref(json_object_get(all, name));
    json_decref(all);
    return found;
}

json_t *schemas_make(void)
{
    return part("schemas");
}

json_t *schemas_example(const char *name)
{
    json_t *examples = part("examples");
    json_t *found = name ? json_incref(json_object_get(examples, name)) : NULL;
    json_decref(examples);
    return found;
}
