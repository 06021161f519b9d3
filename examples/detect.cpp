/* The same as detect.c, from C++: handles in unique_ptr, errors as exceptions.
 *
 *     detect_cpp MODEL_FOLDER PHOTO TEXT... */
#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <tyto/tyto.h>

namespace
{

/* Releases any handle. */
struct release {
    void operator()(tyto_engine *engine) const
    {
        tyto_engine_destroy(engine);
    }
    void operator()(tyto_model *model) const
    {
        tyto_model_destroy(model);
    }
    void operator()(tyto_session *session) const
    {
        tyto_session_destroy(session);
    }
    void operator()(tyto_vocabulary *vocabulary) const
    {
        tyto_vocabulary_destroy(vocabulary);
    }
    void operator()(tyto_image *image) const
    {
        tyto_image_clear(image);
    }
    void operator()(tyto_detections *detections) const
    {
        tyto_detections_clear(detections);
    }
};
template <typename T> using owned = std::unique_ptr<T, release>;

/* An error whose text goes into an exception. */
class error
{
  public:
    error() = default;
    error(const error &) = delete;
    error &operator=(const error &) = delete;
    ~error()
    {
        tyto_error_clear(&value);
    }
    tyto_error *out()
    {
        return &value;
    }
    void check(tyto_status status) const
    {
        if (status != TYTO_OK) {
            throw std::runtime_error(tyto_error_message(&value));
        }
    }

  private:
    tyto_error value = TYTO_ERROR_INIT;
};

void detect(const char *folder, const char *path, const char *const *texts, std::int64_t count)
{
    error err;
    tyto_engine *engine = nullptr;
    err.check(tyto_engine_create(nullptr, &engine, err.out()));
    const owned<tyto_engine> own_engine(engine);

    tyto_model *model = nullptr;
    err.check(tyto_model_open(engine, folder, NULL, &model, err.out()));
    const owned<tyto_model> own_model(model);

    tyto_session *session = nullptr;
    err.check(tyto_session_create(model, nullptr, &session, err.out()));
    const owned<tyto_session> own_session(session);

    tyto_vocabulary *vocabulary = nullptr;
    err.check(tyto_vocabulary_create(session, texts, count, nullptr, &vocabulary, err.out()));
    const owned<tyto_vocabulary> own_vocabulary(vocabulary);

    tyto_image image = {};
    const owned<tyto_image> own_image(&image);
    err.check(tyto_image_load(path, NULL, &image, err.out()));

    tyto_detections found = {};
    const owned<tyto_detections> own_found(&found);
    tyto_search_source source = {};
    source.image = &image;
    err.check(tyto_search(session, &source, 1, vocabulary, nullptr, &found, err.out()));
    for (std::int64_t i = 0; i < found.count; i++) {
        const tyto_detection &d = found.items[i];
        std::printf("%.3f  %.1f %.1f %.1f %.1f  %s\n", static_cast<double>(d.score),
                    static_cast<double>(d.box.xmin), static_cast<double>(d.box.ymin),
                    static_cast<double>(d.box.xmax), static_cast<double>(d.box.ymax),
                    texts[d.label_index]);
    }
}

} // namespace

int main(int argc, char **argv)
{
    if (argc < 4) {
        std::fprintf(stderr, "required: MODEL_FOLDER PHOTO TEXT...\n");
        return 2;
    }
    try {
        detect(argv[1], argv[2], argv + 3, argc - 3);
    } catch (const std::exception &thrown) {
        std::fprintf(stderr, "%s\n", thrown.what());
        return 1;
    }
    return 0;
}
