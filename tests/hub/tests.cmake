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
endif()
