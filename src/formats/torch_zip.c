/* The zip form: NAME/data.pkl and NAME/data/KEY for each storage. */
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "formats/torch.h"
#include "formats/zip.h"

#define PICKLE_NAME "data.pkl"

typedef struct folder {
    tyto_zip zip;
    const char *name; /* that of the archive's folder, not NUL-terminated */
    size_t name_length;
    const char *path;
} folder;

static const tyto_zip_entry *find_entry(const folder *archive, const char *name)
{
    return tyto_zip_find(&archive->zip, archive->name, archive->name_length, name, strlen(name));
}

/* The archive's folder is the one that holds the pickle. */
static const tyto_zip_entry *find_pickle(folder *archive)
{
    const size_t ending = strlen("/" PICKLE_NAME);
    for (size_t i = 0; i < archive->zip.count; i++) {
        const tyto_zip_entry *entry = &archive->zip.entries[i];
        if (entry->name_length > ending &&
            memcmp(entry->name + entry->name_length - ending, "/" PICKLE_NAME, ending) == 0) {
            archive->name = entry->name;
            archive->name_length = entry->name_length - ending;
            return entry;
        }
    }
    return NULL;
}

static tyto_status check_stored(const folder *archive, const tyto_zip_entry *entry, tyto_error *err)
{
    if (!entry->stored) {
        return tyto_fail(
            err, TYTO_E_UNSUPPORTED, "%s: '%.*s': compressed, required stored as torch.save does",
            archive->path, (int)(entry->name_length < 200 ? entry->name_length : 200), entry->name);
    }
    return TYTO_OK;
}

/* The pickle's checksum is looked at; those of the storages would cost a reading of the file, and
 * torch itself neither compares nor always writes them. */
static tyto_status check_pickle(const folder *archive, const tyto_zip_entry *entry, tyto_error *err)
{
    TYTO_TRY(check_stored(archive, entry, err));
    if (entry->bytes > TYTO_PICKLE_BYTES_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT,
                         "%s: " PICKLE_NAME ": got %zu bytes, required at most %zu", archive->path,
                         entry->bytes, TYTO_PICKLE_BYTES_MAX);
    }
    const uint32_t crc = (uint32_t)crc32(0, entry->data, (uInt)entry->bytes);
    if (crc != entry->crc) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: " PICKLE_NAME ": got the checksum %08x, required %08x (the file is "
                         "damaged)",
                         archive->path, (unsigned)crc, (unsigned)entry->crc);
    }
    return TYTO_OK;
}

static tyto_status check_archive(const folder *archive, tyto_error *err)
{
    if (find_entry(archive, "constants.pkl")) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED,
                         "%s: got a TorchScript program, required a file of tensors as torch.save "
                         "writes it",
                         archive->path);
    }
    const tyto_zip_entry *order = find_entry(archive, "byteorder");
    if (order && (order->bytes != 6 || memcmp(order->data, "little", 6) != 0)) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED, "%s: byteorder: required 'little'",
                         archive->path);
    }
    return TYTO_OK;
}

static tyto_status find_storage(void *user, const tyto_pickle_value *key, const uint8_t **data,
                                size_t *bytes, tyto_error *err)
{
    static const char in[] = "data/";
    const folder *archive = user;
    char name[256];
    const size_t prefix = strlen(in);
    const tyto_zip_entry *entry = NULL;
    if (key->count < sizeof(name) - prefix) {
        memcpy(name, in, prefix);
        memcpy(name + prefix, key->text, key->count);
        entry = tyto_zip_find(&archive->zip, archive->name, archive->name_length, name,
                              prefix + key->count);
    }
    if (!entry) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: storage '%.*s': not in the archive",
                         archive->path, (int)(key->count < 80 ? key->count : 80),
                         (const char *)key->text);
    }
    TYTO_TRY(check_stored(archive, entry, err));
    *data = entry->data;
    *bytes = entry->bytes;
    return TYTO_OK;
}

tyto_status tyto_torch_zip_parse(tyto_tensor_file *file, tyto_shard *shard, const uint8_t *bytes,
                                 size_t length, tyto_error *err)
{
    folder archive = {.path = shard->path};
    tyto_pickle pickle = {0};
    tyto_status status;
    TYTO_TRY(tyto_zip_open(bytes, length, shard->path, &archive.zip, err));
    const tyto_zip_entry *entry = find_pickle(&archive);
    if (!entry) {
        status = tyto_fail(err, TYTO_E_FORMAT,
                           "%s: got a zip archive without " PICKLE_NAME
                           ", required a file of tensors as torch.save writes it",
                           shard->path);
        goto cleanup;
    }
    TYTO_CHECK(check_pickle(&archive, entry, err));
    TYTO_CHECK(check_archive(&archive, err));
    TYTO_CHECK(tyto_pickle_read(entry->data, entry->bytes, shard->path, &pickle, err));
    const tyto_torch_source source = {&pickle, find_storage, &archive, length, shard->path};
    TYTO_CHECK(tyto_torch_collect(&source, file, shard, err));
cleanup:
    tyto_pickle_clear(&pickle);
    tyto_zip_close(&archive.zip);
    return status;
}
