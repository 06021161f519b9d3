/** Searches of one photo, for tests. */
#ifndef TYTO_TESTS_SEARCH_H
#define TYTO_TESTS_SEARCH_H

#include <tyto/search.h>

static inline tyto_search_options search_defaults(bool guided)
{
    tyto_search_options options;
    if (guided) {
        tyto_search_options_init_guided(&options, sizeof(options));
        options.threshold = 0.0F; /* the reference's */
    } else {
        tyto_search_options_init(&options, sizeof(options));
    }
    return options;
}

static inline tyto_status search_image(tyto_session *session, const tyto_image *image,
                                       const tyto_vocabulary *vocabulary,
                                       const tyto_search_options *options, tyto_detections *out,
                                       tyto_error *err)
{
    const tyto_search_source source = {.image = image};
    return tyto_search(session, &source, 1, vocabulary, options, out, err);
}

static inline tyto_status search_encoded(tyto_session *session, const tyto_photo *photo,
                                         const tyto_vocabulary *vocabulary,
                                         const tyto_search_options *options, tyto_detections *out,
                                         tyto_error *err)
{
    const tyto_search_source source = {.photo = photo};
    return tyto_search(session, &source, 1, vocabulary, options, out, err);
}

#endif
