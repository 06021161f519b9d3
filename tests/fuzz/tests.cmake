# Every fuzz/fuzz_NAME.c is one parser under fire.
#   replay_NAME  runs over the committed inputs of fuzz/corpus/NAME, in every build
#   fuzz_NAME    searches for new ones, with clang and -DTYTO_FUZZ=ON
if(TYTO_FUZZ)
  target_compile_options(tyto_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

file(GLOB FUZZ_TARGETS CONFIGURE_DEPENDS fuzz/fuzz_*.c)
foreach(source IN LISTS FUZZ_TARGETS)
  get_filename_component(fuzz ${source} NAME_WE)
  string(REPLACE fuzz_ "" name ${fuzz})
  add_executable(replay_${name} ${source} fuzz/files.c fuzz/memory.c fuzz/replay.c)
  set(programs replay_${name})
  if(TYTO_FUZZ)
    add_executable(${fuzz} ${source} fuzz/files.c)
    target_link_options(${fuzz} PRIVATE -fsanitize=fuzzer)
    list(APPEND programs ${fuzz})
  endif()
  foreach(program IN LISTS programs)
    target_include_directories(${program} PRIVATE ${PROJECT_SOURCE_DIR}/src fuzz)
    target_link_libraries(${program} PRIVATE tyto_static tyto_options)
  endforeach()
  add_test(NAME replay_${name}
           COMMAND replay_${name} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name})
  set_tests_properties(replay_${name} PROPERTIES ENVIRONMENT "${TEST_ENVIRONMENT}")
endforeach()
