# Out of memory: an allocator that fails on demand is linked in front of the real one.
add_executable(bad_inputs_memory bad_inputs/out_of_memory.c bad_inputs/out_of_memory_model.c
               bad_inputs/out_of_memory_convert.c bad_inputs/out_of_memory_media.c
               bad_inputs/out_of_memory_tasks.c bad_inputs/out_of_memory_files.c
               bad_inputs/out_of_memory_documents.c bad_inputs/out_of_memory_trees.c
               bad_inputs/out_of_memory_videos.c
               bad_inputs/out_of_memory_sequences.c
               bad_inputs/failing_memory.c)
target_include_directories(bad_inputs_memory PRIVATE bad_inputs ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(bad_inputs_memory PRIVATE tyto_static tyto_options PkgConfig::CMOCKA)
target_link_options(bad_inputs_memory PRIVATE -Wl,--wrap=mmap,--wrap=mprotect)
if(TYTO_SANITIZE)
  target_compile_definitions(bad_inputs_memory PRIVATE FAILING_MEMORY_WRAPS)
  target_link_options(bad_inputs_memory PRIVATE
    -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free)
endif()
add_test(NAME bad_inputs_memory COMMAND bad_inputs_memory)
set_tests_properties(bad_inputs_memory PROPERTIES ENVIRONMENT "${TEST_ENVIRONMENT}")

# Hostile files and options, through the real command.
add_test(NAME bad_inputs_hostile COMMAND bash ${CMAKE_CURRENT_LIST_DIR}/hostile.sh)
set_tests_properties(bad_inputs_hostile PROPERTIES ENVIRONMENT
  "${TEST_ENVIRONMENT};TYTO_EMULATOR=${CMAKE_CROSSCOMPILING_EMULATOR};TYTO_SANITIZED=${TYTO_SANITIZE}")
