# The real command on real files: each test_NAME.c runs it and looks at what it says and writes.
file(GLOB CLI_TESTS CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/test_*.c)
set(CLI_ENVIRONMENT ${TEST_ENVIRONMENT} "TYTO_EMULATOR=${CMAKE_CROSSCOMPILING_EMULATOR}")
foreach(source IN LISTS CLI_TESTS)
  get_filename_component(name ${source} NAME_WE)
  string(REPLACE test_ cli_ name ${name})
  add_executable(${name} ${source} ${CMAKE_CURRENT_LIST_DIR}/run.c)
  target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE tyto_static tyto_options PkgConfig::DEPS PkgConfig::CMOCKA)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "${CLI_ENVIRONMENT}")
endforeach()

# Manual and completion are what the command's tables make them.
add_test(NAME cli_docs
         COMMAND ${PROJECT_SOURCE_DIR}/tools/make_cli_docs.sh $<TARGET_FILE:tyto> --check)
add_test(NAME cli_completion
         COMMAND bash ${CMAKE_CURRENT_LIST_DIR}/completion.sh
                 ${PROJECT_SOURCE_DIR}/apps/cli/completion/tyto.bash)

# The commands that all pages show; needs pictures and videos of every kind.
if(TYTO_MEDIA)
  add_test(NAME docs_pages COMMAND ${PROJECT_SOURCE_DIR}/tools/check_pages.sh ${CMAKE_BINARY_DIR})
  set_tests_properties(docs_pages PROPERTIES TIMEOUT 900 ENVIRONMENT "${CLI_ENVIRONMENT}")
endif()
set_tests_properties(cli_docs PROPERTIES ENVIRONMENT "${CLI_ENVIRONMENT}")
