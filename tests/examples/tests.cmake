# The programs of examples/ beside the command.
if(TARGET example_server)
  add_test(NAME examples COMMAND bash ${CMAKE_CURRENT_LIST_DIR}/examples.sh)
  set_tests_properties(examples PROPERTIES TIMEOUT 300 ENVIRONMENT
    "${TEST_ENVIRONMENT};TYTO_EMULATOR=${CMAKE_CROSSCOMPILING_EMULATOR};TYTO_EXAMPLES=$<TARGET_FILE_DIR:example_server>")
endif()
