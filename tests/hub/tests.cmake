# Downloads, from a server on the loopback that behaves and misbehaves like the hub.
if(TYTO_HUB)
  pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd)
  foreach(name test_hub test_hub_command)
    add_executable(${name} hub/${name}.c hub/server.c cli/run.c)
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${CMAKE_CURRENT_SOURCE_DIR}
                               hub cli)
    target_link_libraries(${name} PRIVATE tyto_static tyto_options PkgConfig::DEPS PkgConfig::CMOCKA
                          PkgConfig::MICROHTTPD Threads::Threads)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT 120 ENVIRONMENT
      "${TEST_ENVIRONMENT};TYTO_EMULATOR=${CMAKE_CROSSCOMPILING_EMULATOR}")
  endforeach()

  # Documents show what commands print; one of them downloads.
  add_executable(hub_server hub/hub_server.c hub/server.c cli/run.c)
  target_include_directories(hub_server PRIVATE ${PROJECT_SOURCE_DIR}/src ${CMAKE_CURRENT_SOURCE_DIR}
                             hub cli)
  target_link_libraries(hub_server PRIVATE tyto_static tyto_options PkgConfig::DEPS PkgConfig::CMOCKA
                        PkgConfig::MICROHTTPD Threads::Threads)
  add_test(NAME docs_owlv2
           COMMAND hub_server ${PROJECT_SOURCE_DIR}/models/tyto-small
                   ${PROJECT_SOURCE_DIR}/tools/make_examples.sh $<TARGET_FILE:tyto>
                   ${PROJECT_SOURCE_DIR}/docs/owlv2.md --check)
  set_tests_properties(docs_owlv2 PROPERTIES TIMEOUT 900 ENVIRONMENT
    "${TEST_ENVIRONMENT};TYTO_EMULATOR=${CMAKE_CROSSCOMPILING_EMULATOR}")
endif()
