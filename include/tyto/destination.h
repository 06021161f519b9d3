/** Where the files go that are made of many inputs: one file, or a folder with a file for each. */
#ifndef TYTO_DESTINATION_H
#define TYTO_DESTINATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/status.h>

TYTO_BEGIN_DECLS

typedef struct tyto_destination_options {
    size_t struct_bytes; /**< set by tyto_destination_options_init */
    const char *name;    /**< messages begin with it, such as "--draw"; NULL: "destination" */
    const char *endings; /**< those that a file may have, such as ".mp4|.mov"; NULL: those of
                              tyto_image_save */
    const char *ending;  /**< of a file in a folder, in place of its input's; NULL: the input's name
                              stays, with the first of `endings` behind it when it ends in none */
    bool folder;         /**< several files are made, of however many inputs */
    const char *input;   /**< what messages call an input, such as "photo"; NULL: "input" */
    const char *made; /**< of two inputs with one file, messages say "both would be MADE 'a.png'";
                              NULL: "written to" */
    const char *const *spared; /**< [n_spared] files that must not be replaced */
    int64_t n_spared;
    int64_t n_files;      /**< only the first inputs, so many, have a file; 0: all have */
    const char *mirrored; /**< the folder whose folders within are made in that of the files too, as
                               tyto_file_list.folder: of "shots" the input "shots/a/x.jpg" has
                               "a/x.jpg"; NULL: all files lie in one folder */
} tyto_destination_options;

/** Pictures, which keep their inputs' names; nothing is spared. */
TYTO_API void tyto_destination_options_init(tyto_destination_options *options, size_t struct_bytes);

/** Videos, .mp4 in a folder, of videos, all of which are spared.
 *  videos  [n_videos], borrowed */
TYTO_API void tyto_destination_options_init_videos(tyto_destination_options *options,
                                                   size_t struct_bytes, const char *const *videos,
                                                   int64_t n_videos);

/** A place that was checked by tyto_destination_open.
 *  memory  the texts are borrowed from that call's arguments, which must outlive it */
typedef struct tyto_destination {
    const char *path; /**< NULL: nothing is to be written */
    bool in_folder;
    const char *endings, *ending; /**< as the options */
    const char *mirrored;         /**< as the options */
    uint64_t reserved[3];         /**< 0 */
} tyto_destination;

/** Finds out, before any work, whether each input can have a file of its own at `path`, which none
 *  of the spared ones is. It is a folder when it ends in '/', is one already, or has to be, as for
 *  two inputs, unless it is called like a file; and is made when it isn't there.
 *  path     NULL: *out has none
 *  inputs   [n_inputs] paths; "-", standard input, is called "stdin" where inputs keep their names
 *  options  NULL: the defaults
 *  errors   E_ARGUMENT (a name that can't be meant, inputs of one name, a file to spare); E_IO,
 *           E_NOT_FOUND (a place that can't be written), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_destination_open(const char *path,
                                                          const char *const *inputs,
                                                          int64_t n_inputs,
                                                          const tyto_destination_options *options,
                                                          tyto_destination *out, tyto_error *err);

/** The file for an input, or for a frame of it, "NAME_000012", counted from 0.
 *  frame   −1: the input as a whole
 *  memory  release with tyto_free; NULL when memory is out, or the destination has no path */
TYTO_API char *tyto_destination_path(const tyto_destination *destination, const char *input,
                                     int64_t frame);

/** Whether the file for an input is there. */
TYTO_API bool tyto_destination_has(const tyto_destination *destination, const char *input);

/** Refuses a file to write that is one of those to read, by whatever name: no output replaces an
 *  input. A file that isn't there, a device and a pipe are fine.
 *  name    messages begin with it, such as "-o"; NULL: "output"
 *  path    NULL or "-", standard output: fine
 *  inputs  [n_inputs] as people name them: files; folders, whose photos and videos are read, in
 *          folders inside too; examples, "cup.jpg@0,0,9,9=cup". NULLs are passed over
 *  errors  E_ARGUMENT (it is read), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_inputs_spare(const char *name, const char *path,
                                                      const char *const *inputs, int64_t n_inputs,
                                                      tyto_error *err);

TYTO_END_DECLS

#endif
