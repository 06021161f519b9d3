/** Zip archives of stored entries, read in place.
 *
 *  Archives of tensors are never compressed, so that they can be mapped. Libraries for zip files
 *  hand out copies and don't say where an entry lies; this reader says nothing else. It unpacks
 *  and writes nothing: a name is only ever compared.
 *
 *  source  PKWARE's APPNOTE.TXT, 4.3; zip64 included */
#ifndef TYTO_FORMATS_ZIP_H
#define TYTO_FORMATS_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/status.h>

/** Most entries of an archive. */
#define TYTO_ZIP_ENTRIES_MAX ((size_t)1000 * 1000)

typedef struct tyto_zip_entry {
    const char *name; /**< bytes of the archive, not NUL-terminated */
    size_t name_length;
    const uint8_t *data;
    size_t bytes;
    size_t begin; /**< where the entry's own header begins */
    uint32_t crc;
    bool stored; /**< neither compressed nor encrypted */
} tyto_zip_entry;

/** An archive's entries, sorted by name. */
typedef struct tyto_zip {
    tyto_zip_entry *entries;
    size_t count;
} tyto_zip;

/** Whether the bytes begin as an archive does. */
bool tyto_zip_begins(const uint8_t *bytes, size_t length);
/** Lists the archive's entries. All lie within the bytes, none in another, each under a name of its
 *  own.
 *  memory  entries point into `bytes`; release with tyto_zip_close
 *  errors  E_FORMAT, E_LIMIT, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_zip_open(const uint8_t *bytes, size_t length, const char *path,
                                         tyto_zip *out, tyto_error *err);
void tyto_zip_close(tyto_zip *zip);

/** The entry folder/name, or NULL. Lengths in bytes; folder_length 0: name alone. */
const tyto_zip_entry *tyto_zip_find(const tyto_zip *zip, const char *folder, size_t folder_length,
                                    const char *name, size_t name_length);

#endif
