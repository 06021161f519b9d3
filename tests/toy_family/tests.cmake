# A family that only the tests have: its own folder, and one line more for the registry.
set(TOY_SOURCES ${CMAKE_CURRENT_LIST_DIR}/toy.c ${PROJECT_SOURCE_DIR}/src/runtime/registry.c)
add_library(toy_objects OBJECT ${TOY_SOURCES})
target_include_directories(toy_objects PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include
                           ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(toy_objects PRIVATE tyto_options PkgConfig::DEPS)
target_compile_definitions(toy_objects PRIVATE "TYTO_FAMILIES=\"toy_family/families.def\"")

# The whole command with it, and a test that opens its checkpoints by public calls and by the command.
add_executable(tyto_toy $<TARGET_OBJECTS:toy_objects> $<TARGET_OBJECTS:tyto> $<$<BOOL:${TYTO_SERVER}>:$<TARGET_OBJECTS:tyto_server_files>>)
target_link_libraries(tyto_toy PRIVATE tyto_static tyto_options PkgConfig::DEPS)
if(TYTO_SERVER)
  target_link_libraries(tyto_toy PRIVATE PkgConfig::SERVER Threads::Threads)
endif()
add_executable(test_toy_family ${CMAKE_CURRENT_LIST_DIR}/test_toy_family.c
               ${PROJECT_SOURCE_DIR}/tests/cli/run.c $<TARGET_OBJECTS:toy_objects>)
target_include_directories(test_toy_family PRIVATE ${PROJECT_SOURCE_DIR}/src
                           ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(test_toy_family PRIVATE tyto_static tyto_options PkgConfig::DEPS
                      PkgConfig::CMOCKA)
add_test(NAME toy_family COMMAND test_toy_family)
set_tests_properties(toy_family PROPERTIES
                     ENVIRONMENT "${TEST_ENVIRONMENT};TYTO_COMMAND=$<TARGET_FILE:tyto_toy>;TYTO_EMULATOR=${CMAKE_CROSSCOMPILING_EMULATOR}")
