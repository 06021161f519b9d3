/* tyto pull: checkpoints from the hub into the cache. */
#include <stdio.h>
#include <tyto/hub.h>
#include <tyto/memory.h>

#include "commands.h"
#include "messages.h"
#include "output.h"
#include "signals.h"

typedef struct pull_args {
    common_args common;
    const char *revision;
} pull_args;

static bool check_ids(const text_list *ids)
{
    for (size_t i = 0; i < ids->count; i++) {
        if (!tyto_hub_is_id(ids->items[i])) {
            say_error("'%s': required a hub id, OWNER/NAME or OWNER/NAME@REVISION", ids->items[i]);
            return false;
        }
    }
    if (ids->count == 0) {
        say_error("no hub id; required OWNER/NAME");
    }
    return ids->count > 0;
}

static int run(void *given)
{
    const pull_args *args = given;
    const text_list *ids = &args->common.operands;
    tyto_hub_options options;
    int code = EXIT_DONE;
    if (!check_ids(ids)) {
        return EXIT_USAGE;
    }
    tyto_hub_options_init(&options, sizeof(options));
    options.revision = args->revision;
    options.progress = show_bytes;
    options.log = say_log;
    for (size_t i = 0; i < ids->count && !interrupted(); i++) {
        tyto_error err = TYTO_ERROR_INIT;
        char *folder = NULL;
        const tyto_status status = tyto_hub_pull(ids->items[i], &options, &folder, &err);
        progress_hide();
        if (went_well(status, &err)) {
            printf("%s\n", folder);
        } else {
            code = EXIT_FAILED;
        }
        tyto_free(folder);
    }
    return output_flush_stdout() ? code : EXIT_FAILED;
}

#define AT(field) offsetof(pull_args, field)
static const option options[] = {
    {"revision", 0, OPTION_TEXT, "REVISION",
     "a branch, a tag or a commit (default: the id's own, or main)", AT(revision)},
    {0},
};

static const example examples[] = {
    {"tyto pull google/owlv2-base-patch16-ensemble",
     "download it, and print the folder where it lies"},
    {"tyto detect -m google/owlv2-base-patch16-ensemble photo.jpg -t \"a cat\"",
     "every command takes a hub id; what is not in the cache is downloaded first"},
    {"HF_HUB_OFFLINE=1 tyto inspect -m google/owlv2-base-patch16-ensemble",
     "only what is in the cache"},
    {0},
};

const command cmd_pull = {
    .name = "pull",
    .summary = "download a checkpoint from the hub",
    .synopsis = "[--revision REVISION] OWNER/NAME[@REVISION]...",
    .operands = "OWNER/NAME",
    .description =
        "Downloads the files that tyto needs of a checkpoint into the cache that other programs of "
        "the hub share, and prints the folder. What is there already is not fetched again; what "
        "was cut goes on where it ended. Each file is checked by size and hash before it takes its "
        "name. Busy and failing servers are tried again, after the time that they ask for.\n\n"
        "The environment says where the cache is, which token to use, and more: see ENVIRONMENT "
        "in tyto(1). A token is sent to the hub's own host alone, and never shown.",
    .options = options,
    .idle = "model|threads|precision",
    .examples = examples,
    .args_bytes = sizeof(pull_args),
    .run = run,
};
