/** Symbol visibility of the public interface. */
#ifndef TYTO_EXPORT_H
#define TYTO_EXPORT_H

#if defined(__GNUC__)
#define TYTO_API __attribute__((visibility("default")))
#define TYTO_NODISCARD __attribute__((warn_unused_result))
#else
#define TYTO_API
#define TYTO_NODISCARD
#endif

#ifdef __cplusplus
#define TYTO_BEGIN_DECLS extern "C" {
#define TYTO_END_DECLS }
#else
#define TYTO_BEGIN_DECLS
#define TYTO_END_DECLS
#endif

#endif
