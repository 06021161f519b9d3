/** Pieces of work whose allocations fail in turn. */
#ifndef TYTO_TESTS_OUT_OF_MEMORY_H
#define TYTO_TESTS_OUT_OF_MEMORY_H

#include <tyto/tyto.h>

/** Does something, and releases what it made. */
typedef tyto_status (*work_fn)(tyto_error *err);

/** Does the work with its first allocation failing, then its second, until all succeed; and the
 * same with all later ones failing too. Each time it must say so, or do without, and give all back.
 */
void fail_each_once_and_forever(work_fn work);

/** cmocka tests of out_of_memory_model.c. */
void checkpoints_are_opened(void **state);
void networks_are_run(void **state);
void objects_are_detected(void **state);
void vocabularies_are_built(void **state);
void examples_are_matched(void **state);
void texts_are_encoded(void **state);
void warm_runs_take_no_memory(void **state);

/** cmocka test of out_of_memory_convert.c. */
void checkpoints_are_converted(void **state);
/** cmocka test of out_of_memory_media.c. */
void flows_are_found(void **state);
/** The same of out_of_memory_tasks.c. */
void texts_and_pictures_are_understood(void **state);
/** The same of out_of_memory_files.c. */
void files_and_checkpoints_are_looked_at(void **state);
/** The same of out_of_memory_documents.c. */
void documents_are_written(void **state);
/** The same of out_of_memory_videos.c. */
void videos_are_searched(void **state);

/** The same of out_of_memory_trees.c. */
void trees_are_searched_by(void **state);

/** Tests of out_of_memory_sequences.c, with what comes before and after each of them. */
void frames_follow_each_other(void **state);
void inputs_are_classified(void **state);
void files_have_places(void **state);
void pairs_and_rows_are_tokenized(void **state);
int make_frames(void **state);
int remove_frames(void **state);

#endif
