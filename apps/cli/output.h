/** Where results go: standard output, or a file that appears whole or not at all. */
#ifndef TYTO_CLI_OUTPUT_H
#define TYTO_CLI_OUTPUT_H

#include <stdbool.h>
#include <tyto/destination.h>
#include <tyto/output.h>

#include "memory.h"

typedef struct output {
    tyto_output *file;
    bool to_file; /**< else standard output */
    bool complained;
} output;

/* Each complains in one line and returns false when it fails. A reader that has gone away is no
 * reason to complain: the failure alone ends the run. */

/** path NULL or "-": standard output. */
bool output_open(output *out, const char *path);
/** Appends bytes. */
bool output_bytes(output *out, const tyto_bytes *bytes);
/** A whole file of these bytes; path NULL or "-": standard output. */
bool output_file(const char *path, const tyto_bytes *bytes);
/** Hands what was written so far on to its reader. */
bool output_flush(output *out);
/** Ends the writing and puts the file in its place. Closed in any case. */
bool output_commit(output *out);
/** Removes what was written. Fine after commit. */
void output_abandon(output *out);

/** Flushes standard output and checks all that was written. */
bool output_flush_stdout(void);

/** Whether a file can be written there, found out by making and removing one beside it. */
bool output_check_file(const char *path);
/** *format, where it isn't given: text or JSON, as the path's ending says. */
bool output_choose_format(const char *path, int *format);
/** Whether a file of tensors may have that name: .safetensors, no ending, or what is no file. */
bool output_holds_tensors(const char *name, const char *path);
/** Makes the folder if it is not there (its parent must be), and checks that files can be made. */
bool output_make_folder(const char *path);

/** Where files go that are made of inputs (tyto_destination_open). Returns the exit code so far,
 *  after a complaint when it isn't EXIT_DONE. */
int output_place(const char *path, const text_list *inputs, const tyto_destination_options *options,
                 tyto_destination *out);
/** Name of the file for an input (tyto_destination_path), or NULL where nothing is to be written;
 *  release it with tyto_free. */
char *output_path(const tyto_destination *place, const char *input, int64_t frame);

/** folder/name, newly allocated. */
char *path_join(const char *folder, const char *name);
/** The part after the last '/'. */
const char *path_base(const char *path);
/** The ending with its dot, such as ".png", or "". */
const char *path_ending(const char *path);
bool path_is_folder(const char *path);

#endif
