/** A temporary folder for the tests of a program. */
#ifndef TYTO_TESTS_ROOM_H
#define TYTO_TESTS_ROOM_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static inline int room_remove_entry(const char *path, const struct stat *info, int kind,
                                    struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

/** Removes a folder and all in it; 0 when done. */
static inline int room_remove(const char *folder)
{
    return nftw(folder, room_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/** Makes the folder of a template that ends with XXXXXX, and enters it; 0 when done. */
static inline int room_enter(char *folder)
{
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

/** Leaves the folder and removes it; 0 when done. */
static inline int room_leave(const char *folder)
{
    return chdir("/") == 0 ? room_remove(folder) : -1;
}

/** The program's own folder: set-up and teardown of its tests, which run inside it. */
static char room_folder[] = "/tmp/tyto-room-XXXXXX";

static inline int room_begin(void **state)
{
    (void)state;
    return room_enter(room_folder);
}

static inline int room_end(void **state)
{
    (void)state;
    return room_leave(room_folder);
}

#endif
