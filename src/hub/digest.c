/* Hashes of files, from the library whose TLS curl uses already. */
#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "hub/hub.h"

/* git hashes "blob SIZE" and a NUL before the bytes. */
static bool begin(EVP_MD_CTX *hash, bool git, uint64_t bytes)
{
    char front[32];
    if (EVP_DigestInit_ex(hash, git ? EVP_sha1() : EVP_sha256(), NULL) != 1) {
        return false;
    }
    const int length = snprintf(front, sizeof(front), "blob %" PRIu64, bytes);
    return !git || EVP_DigestUpdate(hash, front, (size_t)length + 1) == 1;
}

/* Reads from the file's begin, wherever it stands. */
static bool add_file(EVP_MD_CTX *hash, int descriptor, uint64_t bytes)
{
    unsigned char block[1 << 16];
    for (uint64_t at = 0; at < bytes;) {
        const ssize_t got = pread(descriptor, block, sizeof(block), (off_t)at);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0 || EVP_DigestUpdate(hash, block, (size_t)got) != 1) {
            return false;
        }
        at += (uint64_t)got;
    }
    return true;
}

tyto_status tyto_hub_hash(int descriptor, uint64_t bytes, const char *known, char *out,
                          const char *name, tyto_error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    if (!hash) {
        return tyto_fail_memory(err, name);
    }
    const bool good = begin(hash, strlen(known) < TYTO_HUB_SHA256_DIGITS, bytes) &&
                      add_file(hash, descriptor, bytes) &&
                      EVP_DigestFinal_ex(hash, digest, &length) == 1 &&
                      length <= TYTO_HUB_SHA256_DIGITS / 2;
    EVP_MD_CTX_free(hash);
    if (!good) {
        return tyto_fail(err, TYTO_E_IO, "%s: can't be read again to check it", name);
    }
    for (unsigned int i = 0; i < length; i++) {
        snprintf(out + 2 * (size_t)i, 3, "%02x", digest[i]);
    }
    return TYTO_OK;
}
