/** Folders of files that appear whole or not at all. */
#ifndef TYTO_BASE_FOLDER_H
#define TYTO_BASE_FOLDER_H

#include <stdbool.h>
#include <tyto/status.h>

/** Whether a file of that name may be replaced. */
typedef bool (*tyto_may_replace_fn)(const char *name);

/** A folder being filled beside its place, or inside it where nothing else can take that place: a
 *  mount point, a folder in one that may not be written. Files are written into `temporary`. */
typedef struct tyto_folder_writer {
    char *path;
    char *temporary;
    bool inside; /**< files are moved into the folder, instead of it being replaced */
    tyto_may_replace_fn may_replace;
} tyto_folder_writer;

/** may_replace  NULL: there may be nothing at `path`, an empty folder excepted; else a folder may
 *               lie there of which it accepts every entry, and no entry is a folder
 *  errors       E_EXISTS (something else is there), E_NOT_FOUND (the folder above), E_IO,
 *               E_MEMORY */
TYTO_NODISCARD tyto_status tyto_folder_writer_open(const char *path,
                                                   tyto_may_replace_fn may_replace,
                                                   tyto_folder_writer *out, tyto_error *err);
/** Puts the folder in its place, and removes what was there; config.json comes last where files are
 *  moved one by one. Closed in any case. */
TYTO_NODISCARD tyto_status tyto_folder_writer_commit(tyto_folder_writer *writer, tyto_error *err);
/** Removes what was written so far. Fine after commit. */
void tyto_folder_writer_abandon(tyto_folder_writer *writer);

/** Makes the folders within `folder` that the file `name`, such as "a/b/x.txt", lies in.
 *  errors  E_IO, E_NOT_FOUND, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_folder_make_within(const char *folder, const char *name,
                                                   tyto_error *err);

#endif
