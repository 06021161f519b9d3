# Every kernel of every table that this CPU has, against its definition.
file(GLOB CHECKKERNELS CONFIGURE_DEPENDS checkkernels/*.c)
add_executable(checkkernels ${CHECKKERNELS})
target_include_directories(checkkernels PRIVATE ${PROJECT_SOURCE_DIR}/src
                           ${CMAKE_CURRENT_SOURCE_DIR} checkkernels)
target_link_libraries(checkkernels PRIVATE tyto_static tyto_options PkgConfig::CMOCKA m)
tyto_add_program_test(checkkernels)
