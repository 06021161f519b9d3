/* Requests, by curl: redirects, retries, and what each failure means. */
#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tyto/version.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "hub/hub.h"

/* Tries in a row that bring nothing. */
#define TRIES_MAX 5
#define RETRY_MS 1000
/* Longest wait that a server may ask for. */
#define RETRY_AFTER_MAX_S 120
#define REDIRECTS_MAX 5L
#define CONNECT_SECONDS 20L
/* A connection that brings nothing for so long is given up. */
#define SILENCE_SECONDS 60L

struct tyto_hub_connection {
    CURL *curl;
    struct curl_slist *headers;
    const tyto_hub_place *place;
    bool reached; /* an answer came: later silence passes */
};

/* One request, and what its answer brought. */
typedef struct request {
    tyto_hub_connection *over;
    const char *path;  /* after the endpoint */
    const char *what;  /* for messages */
    tyto_buffer *text; /* NULL: bytes go to `descriptor` */
    int descriptor;
    const tyto_hub_file *file;
    uint64_t at;          /* bytes of the file that are there */
    uint64_t range_begin; /* as the answer says */
    tyto_hub_bytes_fn on_bytes;
    void *user;
    long code;
    int write_errno;
    bool stopped, too_long, misplaced;
    tyto_error *err;
} request;

static bool is_stopped(request *r)
{
    const tyto_hub_options *options = r->over->place->options;
    if (!r->stopped) {
        r->stopped = r->on_bytes ? !r->on_bytes(r->user, r->what, 0)
                                 : !tyto_hub_progress(options, r->what, 0, 0);
    }
    return r->stopped;
}

static int on_transfer(void *user, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    return is_stopped(user);
}

static size_t on_header(char *line, size_t size, size_t count, void *user)
{
    static const char range[] = "content-range: bytes ";
    request *r = user;
    const size_t length = size * count;
    if (length > sizeof(range) && strncasecmp(line, range, sizeof(range) - 1) == 0) {
        uint64_t begin = 0;
        for (size_t i = sizeof(range) - 1; i < length && line[i] >= '0' && line[i] <= '9'; i++) {
            begin = 10 * begin + (uint64_t)(line[i] - '0');
        }
        r->range_begin = begin;
    }
    return length;
}

/* Whether the bytes of this answer belong where the file ends. */
static bool begin_body(request *r)
{
    if (r->code == 200 && r->at > 0) { /* the server doesn't resume: all of it comes again */
        if (ftruncate(r->descriptor, 0) != 0) {
            r->write_errno = errno;
            return false;
        }
        r->at = 0;
    }
    r->misplaced = r->code == 206 && r->range_begin != r->at;
    return !r->misplaced;
}

static bool append(request *r, const char *bytes, size_t length)
{
    r->too_long = length > r->file->bytes - r->at;
    for (size_t done = 0; !r->too_long && done < length;) {
        const ssize_t wrote =
            pwrite(r->descriptor, bytes + done, length - done, (off_t)(r->at + done));
        if (wrote < 0 && errno != EINTR) {
            r->write_errno = errno;
            return false;
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    r->at += r->too_long ? 0 : length;
    return !r->too_long;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *user)
{
    request *r = user;
    const size_t length = size * count;
    if (r->code == 0) {
        curl_easy_getinfo(r->over->curl, CURLINFO_RESPONSE_CODE, &r->code);
        if (r->code < 300 && !r->text && !begin_body(r)) {
            return 0;
        }
    }
    if (r->code >= 300) {
        return length; /* what an error page says isn't shown */
    }
    if (r->text) {
        return tyto_buffer_add(r->text, bytes, length) ? length : 0;
    }
    if (!append(r, bytes, length)) {
        return 0;
    }
    r->stopped = r->on_bytes && !r->on_bytes(r->user, r->what, length);
    return r->stopped ? 0 : length;
}

/* Certificates from where the user's other programs take them. */
static void set_certificates(CURL *curl)
{
    const char *bundle = getenv("CURL_CA_BUNDLE"), *folder = getenv("SSL_CERT_DIR");
    bundle = bundle && *bundle ? bundle : getenv("SSL_CERT_FILE");
    if (bundle && *bundle) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, bundle);
    }
    if (folder && *folder) {
        curl_easy_setopt(curl, CURLOPT_CAPATH, folder);
    }
}

static void set_options(tyto_hub_connection *over)
{
    CURL *curl = over->curl;
    const bool secure = strncmp(over->place->endpoint, "https://", 8) == 0;
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "tyto/" TYTO_VERSION);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
    /* A redirect to another host loses the token, as curl does unless asked otherwise. */
    curl_easy_setopt(curl, CURLOPT_UNRESTRICTED_AUTH, 0L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, SILENCE_SECONDS);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, over->headers);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_transfer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    set_certificates(curl);
}

tyto_status tyto_hub_connect(const tyto_hub_place *place, tyto_hub_connection **out,
                             tyto_error *err)
{
    tyto_status status = TYTO_OK;
    tyto_hub_connection *over = tyto_alloc_zeroed(1, sizeof(*over));
    char *token = place->token ? tyto_hub_text("Authorization: Bearer %s", place->token) : NULL;
    if (over) {
        over->place = place;
        over->curl = curl_easy_init();
        over->headers = token ? curl_slist_append(NULL, token) : NULL;
    }
    if (!over || !over->curl || (place->token && !over->headers)) {
        tyto_hub_disconnect(over);
        status = tyto_fail_memory(err, place->repo);
    } else {
        set_options(over);
        *out = over;
    }
    free(token);
    return status;
}

void tyto_hub_disconnect(tyto_hub_connection *connection)
{
    if (connection) {
        curl_easy_cleanup(connection->curl);
        curl_slist_free_all(connection->headers);
        free(connection);
    }
}

char *tyto_hub_escape(const char *text)
{
    char *copy = NULL, *escaped = curl_easy_escape(NULL, text, 0);
    if (escaped) {
        copy = tyto_copy_text(escaped, strlen(escaped));
    }
    curl_free(escaped);
    return copy;
}

static bool passes(const tyto_hub_connection *over, CURLcode result, long code)
{
    switch (result) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
        return over->reached;
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return true;
    case CURLE_OK:
        return code == 408 || code == 416 || code == 429 || code == 500 || code == 502 ||
               code == 503 || code == 504;
    default:
        return false;
    }
}

static tyto_status fail_code(const request *r)
{
    const tyto_hub_place *place = r->over->place;
    if (r->code == 401 || r->code == 403) {
        return tyto_fail(r->err, TYTO_E_NOT_FOUND,
                         "%s: %s: the hub answers %ld: there is no such thing, or it needs %s",
                         place->repo, r->what, r->code,
                         place->token ? "another token" : "a token (HF_TOKEN)");
    }
    if (r->code == 404) {
        return tyto_fail(r->err, TYTO_E_NOT_FOUND, "%s: %s: not on the hub at revision '%s'",
                         place->repo, r->what, place->revision);
    }
    return tyto_fail(r->err, TYTO_E_IO, "%s: %s: the hub answers %ld, required 200", place->repo,
                     r->what, r->code);
}

/* What the end of a request means when no other try is made. */
static tyto_status conclude(const request *r, CURLcode result)
{
    const char *repo = r->over->place->repo;
    if (r->stopped) {
        return tyto_fail(r->err, TYTO_E_CANCELLED,
                         "%s: %s: stopped; another pull goes on from here", repo, r->what);
    }
    if (r->write_errno) {
        return tyto_fail(r->err, TYTO_E_IO, "%s: %s", r->file->blob, strerror(r->write_errno));
    }
    if (r->too_long || (r->text && r->text->failed)) {
        return tyto_fail(r->err, r->text ? TYTO_E_LIMIT : TYTO_E_FORMAT,
                         "%s: %s: got more bytes, required %s%" PRIu64, repo, r->what,
                         r->text ? "at most " : "",
                         r->text ? (uint64_t)r->text->maximum : r->file->bytes);
    }
    if (r->misplaced) {
        return tyto_fail(r->err, TYTO_E_FORMAT,
                         "%s: %s: got bytes from %" PRIu64 " on, required from %" PRIu64, repo,
                         r->what, r->range_begin, r->at);
    }
    if (result == CURLE_OUT_OF_MEMORY) {
        return tyto_fail_memory(r->err, r->what);
    }
    if (result != CURLE_OK) {
        return tyto_fail(r->err, TYTO_E_IO, "%s: %s: %s", repo, r->what,
                         curl_easy_strerror(result));
    }
    if (r->code != 200 && r->code != 206) {
        return fail_code(r);
    }
    if (!r->text && r->at != r->file->bytes) {
        return tyto_fail(r->err, TYTO_E_FORMAT, "%s: %s: got %" PRIu64 " bytes, required %" PRIu64,
                         repo, r->what, r->at, r->file->bytes);
    }
    return TYTO_OK;
}

static CURLcode perform(request *r)
{
    CURL *curl = r->over->curl;
    char range[32] = "";
    char *url = tyto_hub_text("%s/%s", r->over->place->endpoint, r->path);
    if (!url) {
        return CURLE_OUT_OF_MEMORY;
    }
    r->code = 0;
    r->range_begin = 0;
    if (r->at) {
        snprintf(range, sizeof(range), "%" PRIu64 "-", r->at);
    }
    CURLcode result = curl_easy_setopt(curl, CURLOPT_URL, url);
    free(url);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, r);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, r);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, r);
    if (result == CURLE_OK) {
        result = curl_easy_setopt(curl, CURLOPT_RANGE, r->at ? range : NULL);
    }
    if (result == CURLE_OK) {
        result = curl_easy_perform(curl);
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &r->code);
    r->over->reached = r->over->reached || r->code != 0;
    return result;
}

/* Sleeps in short steps, so that a stop is heard. */
static void sleep_ms(request *r, int64_t wait)
{
    enum { STEP_MS = 50 };
    for (; wait > 0 && !is_stopped(r); wait -= STEP_MS) {
        const int64_t step = wait < STEP_MS ? wait : STEP_MS;
        nanosleep(&(struct timespec){.tv_nsec = (long)step * 1000000}, NULL);
    }
}

static void log_retry(const request *r, CURLcode result, int64_t wait)
{
    const tyto_hub_options *options = r->over->place->options;
    char line[256];
    if (options->log) {
        char answer[32];
        snprintf(answer, sizeof(answer), "the hub answers %ld", r->code);
        snprintf(line, sizeof(line), "%s: %s; trying again in %.1f s", r->what,
                 result == CURLE_OK ? answer : curl_easy_strerror(result), 1e-3 * (double)wait);
        options->log(options->log_user, TYTO_LOG_LEVEL_WARNING, line);
    }
}

/* The wait before another try, or −1 when the server wants more patience than we have. */
static int64_t wait_of(const request *r, int64_t backoff)
{
    curl_off_t asked = 0;
    curl_easy_getinfo(r->over->curl, CURLINFO_RETRY_AFTER, &asked);
    if (asked > RETRY_AFTER_MAX_S) {
        return -1;
    }
    return asked * 1000 > backoff ? asked * 1000 : backoff;
}

static tyto_status run(request *r)
{
    const int first = r->over->place->options->retry_ms;
    int64_t backoff = first > 0 ? first : RETRY_MS;
    for (int tries = 1;; tries++) {
        const uint64_t before = r->at;
        const CURLcode result = perform(r);
        if (r->at > before) {
            tries = 1;
            backoff = first > 0 ? first : RETRY_MS;
        }
        const int64_t wait = wait_of(r, backoff);
        if (r->stopped || r->write_errno || tries >= TRIES_MAX || wait < 0 ||
            !passes(r->over, result, r->code)) {
            return conclude(r, result);
        }
        if (r->code == 416 && ftruncate(r->descriptor, 0) == 0) {
            r->at = 0; /* what is there is no part of the file */
        }
        if (r->text) {
            r->text->length = 0;
        }
        log_retry(r, result, wait);
        sleep_ms(r, wait);
        backoff *= 2;
    }
}

tyto_status tyto_hub_get_text(tyto_hub_connection *connection, const char *path, const char *what,
                              tyto_buffer *out, tyto_error *err)
{
    request r = {.over = connection, .path = path, .what = what, .text = out, .err = err};
    return run(&r);
}

tyto_status tyto_hub_get_file(tyto_hub_connection *connection, const char *path,
                              const tyto_hub_file *file, int descriptor, tyto_hub_bytes_fn on_bytes,
                              void *user, tyto_error *err)
{
    const off_t end = lseek(descriptor, 0, SEEK_END);
    request r = {.over = connection,
                 .path = path,
                 .what = file->name,
                 .descriptor = descriptor,
                 .file = file,
                 .at = end > 0 ? (uint64_t)end : 0,
                 .on_bytes = on_bytes,
                 .user = user,
                 .err = err};
    if (r.at == file->bytes) {
        return TYTO_OK;
    }
    tyto_status status = run(&r);
    /* A full disk is not helped by what can't be finished; nor is a file that is another. */
    if ((r.write_errno || status == TYTO_E_FORMAT) && ftruncate(descriptor, 0) != 0) {
        return status;
    }
    return status;
}
