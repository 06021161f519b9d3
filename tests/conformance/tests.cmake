# What the documentation prints of published checkpoints. They aren't here: TYTO_PUBLISHED_WEIGHTS
# names a folder with them when the tests run, and without it the first test is skipped.
add_executable(published conformance/published.c)
target_link_libraries(published PRIVATE tyto_static tyto_options PkgConfig::DEPS m)
set(CONFORMANCE ${CMAKE_CURRENT_LIST_DIR})
set(SEEDED ${CONFORMANCE}/../golden/data)
add_test(NAME conformance_published COMMAND published ${CONFORMANCE}/published.json)
add_test(NAME conformance_seeded COMMAND published ${CONFORMANCE}/seeded.json ${SEEDED})
add_test(NAME conformance_altered COMMAND published --altered ${CONFORMANCE}/seeded.json ${SEEDED})
set_tests_properties(conformance_published conformance_seeded conformance_altered PROPERTIES
  ENVIRONMENT "${TEST_ENVIRONMENT}")
set_tests_properties(conformance_published PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 3600)
