/* A server of detections over plain sockets: POST a photo, get the JSON of `tyto detect`.
 *     server MODEL_FOLDER [PORT]
 *     curl --data-binary @photo.jpg 'http://127.0.0.1:8080/?label=a+cat&label=a+dog&name=photo.jpg'
 * In the query, `label` (repeat it) is what to look for, `threshold` keeps scores above it, and
 * `name` is what the document calls the photo. Requests are answered one after the other. */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <tyto/tyto.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 64 << 10, LABELS_MAX = 1000, BODY_MAX = 64 << 20 };

typedef struct request {
    char line[LINE_MAX_BYTES]; /* such as "POST /?label=a+cat HTTP/1.1" */
    char *body;
    size_t body_bytes;
    const char *labels[LABELS_MAX]; /* these and the name point into the line */
    int64_t n_labels;
    const char *name;
    float threshold;
} request;

/* Replaces %41 and + in place. */
static void decode_url(char *text)
{
    char *out = text;
    for (; *text; text++, out++) {
        char digits[3] = {0};
        *out = *text == '+' ? ' ' : *text;
        if (*text == '%' && text[1] && text[2]) {
            memcpy(digits, text + 1, 2);
            *out = (char)strtol(digits, NULL, 16);
            text += 2;
        }
    }
    *out = '\0';
}

/* "label=a+cat&threshold=0.2" */
static void read_query(request *r, char *query)
{
    char *rest = NULL;
    for (char *word = strtok_r(query, "&", &rest); word; word = strtok_r(NULL, "&", &rest)) {
        char *value = strchr(word, '=');
        if (!value) {
            continue;
        }
        *value++ = '\0';
        decode_url(value);
        if (strcmp(word, "label") == 0 && r->n_labels < LABELS_MAX) {
            r->labels[r->n_labels++] = value;
        } else if (strcmp(word, "name") == 0) {
            r->name = value;
        } else if (strcmp(word, "threshold") == 0) {
            r->threshold = strtof(value, NULL);
        }
    }
}

/* NULL, or what is wrong. Long header lines are read in pieces. */
static const char *read_request(FILE *in, FILE *out, request *r)
{
    char header[1024];
    if (!fgets(r->line, sizeof(r->line), in) || !strchr(r->line, '\n')) {
        return "required: a request line of at most 64 KB";
    }
    for (bool begins = true; fgets(header, sizeof(header), in) && (!begins || *header > '\r');
         begins = strchr(header, '\n') != NULL) {
        if (begins && strncasecmp(header, "content-length:", 15) == 0) {
            r->body_bytes = strtoul(header + 15, NULL, 10);
        } else if (begins && strncasecmp(header, "expect: 100", 11) == 0) {
            fputs("HTTP/1.1 100 Continue\r\n\r\n", out);
            fflush(out);
        }
    }
    char *query = strchr(r->line, '?');
    if (query) {
        query[strcspn(query, " \r\n")] = '\0';
        read_query(r, query + 1);
    }
    if (r->body_bytes < 1 || r->body_bytes > BODY_MAX || !(r->body = malloc(r->body_bytes)) ||
        fread(r->body, 1, r->body_bytes, in) != r->body_bytes) {
        return "required: a photo of at most 64 MB as the request's body";
    }
    return r->n_labels > 0 ? NULL : "required: ?label=TEXT";
}

/* The photo's document, as `tyto detect --format json` prints it. */
static tyto_status detect(tyto_session *session, const request *r, tyto_bytes *out, tyto_error *err)
{
    tyto_vocabulary *vocabulary = NULL;
    tyto_image image = {0};
    tyto_detections found = {0};
    const tyto_search_source source = {.image = &image};
    tyto_search_options search;
    tyto_detection_document_options document;
    tyto_search_options_init(&search, sizeof(search));
    search.threshold = r->threshold;
    tyto_status status = tyto_image_decode(r->body, r->body_bytes, r->name, NULL, &image, err);
    if (status == TYTO_OK) {
        status = tyto_vocabulary_create(session, r->labels, r->n_labels, NULL, &vocabulary, err);
    }
    if (status == TYTO_OK) {
        status = tyto_search(session, &source, 1, vocabulary, &search, &found, err);
    }
    if (status == TYTO_OK) {
        tyto_detection_document_options_init(&document, sizeof(document));
        document.format = TYTO_FORMAT_JSON;
        document.labels = r->labels;
        document.n_labels = r->n_labels;
        document.threshold = tyto_search_threshold(session, vocabulary, &search);
        const tyto_photo_detections photo = {.photo = r->name,
                                             .width_px = image.width_px,
                                             .height_px = image.height_px,
                                             .detections = &found};
        status = tyto_detection_document_write(&document, &photo, out, err);
    }
    tyto_detections_clear(&found);
    tyto_vocabulary_destroy(vocabulary);
    tyto_image_clear(&image);
    return status;
}

static void answer(tyto_session *session, FILE *in, FILE *out)
{
    static request r;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    r = (request){.name = "photo", .threshold = TYTO_THRESHOLD_MODEL};
    const char *wrong = read_request(in, out, &r);
    if (!wrong && detect(session, &r, &bytes, &err) != TYTO_OK) {
        wrong = tyto_error_message(&err);
    }
    const size_t length = wrong ? strlen(wrong) : bytes.length_bytes;
    fprintf(out,
            "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
            wrong ? "400 Bad Request" : "200 OK",
            wrong ? "text/plain; charset=utf-8" : "application/json", length);
    fwrite(wrong ? wrong : bytes.data, 1, length, out);
    free(r.body);
    tyto_bytes_clear(&bytes);
    tyto_error_clear(&err);
}

/* A socket that this machine alone reaches; says which port it has. */
static int listen_on(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t bytes = sizeof(address);
    const int yes = 1, server = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (server < 0 || setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        bind(server, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(server, 16) != 0 || getsockname(server, (struct sockaddr *)&address, &bytes) != 0) {
        perror("server");
        return -1;
    }
    printf("http://127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return server;
}

int main(int argc, char **argv)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine *engine = NULL;
    tyto_model *model = NULL;
    tyto_session *session = NULL;
    const struct timeval patience = {.tv_sec = 10};
    if (argc < 2 || tyto_engine_create(NULL, &engine, &err) != TYTO_OK ||
        tyto_model_open(engine, argv[1], NULL, &model, &err) != TYTO_OK ||
        tyto_session_create(model, NULL, &session, &err) != TYTO_OK) {
        fprintf(stderr, "server: %s\n",
                argc < 2 ? "MODEL_FOLDER [PORT]" : tyto_error_message(&err));
        return 1;
    }
    signal(SIGPIPE, SIG_IGN); /* a client that goes away ends its own request alone */
    const int server = listen_on(argc > 2 ? (int)strtol(argv[2], NULL, 10) : 8080);
    while (server >= 0) {
        const int client = accept(server, NULL, NULL);
        FILE *in = fdopen(client, "rb"), *out = in ? fdopen(dup(client), "wb") : NULL;
        if (out) {
            setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
            answer(session, in, out);
            fclose(out);
        }
        (void)(in ? fclose(in) : close(client));
    }
    tyto_session_destroy(session);
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
    return 1;
}
