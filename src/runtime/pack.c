#include <stdlib.h>
#include <tyto/convert.h>

#include "base/error.h"
#include "base/file.h"
#include "formats/checkpoint_files.h"
#include "runtime/conversion.h"
#include "runtime/model.h"

/* Reports the bytes of the packed file that are written to the progress function of the options. */
static bool show(void *user, uint64_t done, uint64_t total)
{
    return tyto_convert_progress(user, TYTO_PACKED_FILE, done, total);
}

/* Writes into the folder what a packed checkpoint consists of: the weights as they lie in memory,
 * config.json, and the processors' files. */
static tyto_status fill(const tyto_model *model, const tyto_convert_options *options,
                        const char *folder, tyto_error *err)
{
    const tyto_kernels *kernels = model->engine->kernels;
    const tyto_packed_layout layout = {
        .columns = kernels->gemm_columns, .precision = model->precision, .digits = kernels->digits};
    /* show() takes the options as its user, which is no pointer to const; it only reads them. */
    void *user = (void *)(uintptr_t)options;
    char *path = tyto_path_join(folder, TYTO_PACKED_FILE);
    tyto_status status = path ? tyto_packed_file_write(path, &model->store.fields, &layout,
                                                       kernels->name, show, user, err)
                              : tyto_fail_memory(err, folder);
    free(path);
    TYTO_TRY(status);
    TYTO_TRY(tyto_copy_config(model->folder, folder, NULL, err));
    return tyto_copy_processors(model->folder, folder, err);
}

tyto_status tyto_model_pack(const tyto_model *model, const char *out,
                            const tyto_convert_options *options, tyto_error *err)
{
    tyto_convert_options own_options;
    tyto_folder_writer folder;
    tyto_error own = TYTO_ERROR_INIT;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, model);
    TYTO_REQUIRE(err, out);
    TYTO_TRY(tyto_convert_options_take(options, &own_options, err));
    if (!model->folder) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED,
                         "%s: got a model made in memory, required one of a folder: save its "
                         "parameters, and open that",
                         out);
    }
    TYTO_TRY(tyto_folder_writer_open(out, own_options.force ? tyto_checkpoint_has_file : NULL,
                                     &folder, err));
    tyto_status status = fill(model, &own_options, folder.temporary, &own);
    status = tyto_fail_in_place(&folder, status, &own, err);
    if (status == TYTO_OK) {
        status = tyto_folder_writer_commit(&folder, err);
    }
    tyto_folder_writer_abandon(&folder);
    return status;
}
