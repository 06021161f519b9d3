# Where everything goes: library, headers, files for pkg-config and CMake, command, manual, shell
# completion.
include(CMakePackageConfigHelpers)

set_target_properties(tyto_shared PROPERTIES EXPORT_NAME tyto)
install(TARGETS tyto_shared EXPORT tyto-targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS tyto_static ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/tyto DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
if(TARGET tyto)
  install(TARGETS tyto RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

# The prefix is found from where the .pc file lies, so an installed tree may be moved.
file(RELATIVE_PATH PC_TO_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file(cmake/tyto.pc.in tyto.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/tyto.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/tyto)
install(EXPORT tyto-targets NAMESPACE tyto:: DESTINATION ${package})
configure_package_config_file(cmake/tyto-config.cmake.in tyto-config.cmake
  INSTALL_DESTINATION ${package} PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(tyto-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/tyto-config.cmake
        ${CMAKE_CURRENT_BINARY_DIR}/tyto-config-version.cmake DESTINATION ${package})

install(FILES docs/tyto.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 OPTIONAL)
install(FILES apps/cli/completion/tyto.bash
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME tyto OPTIONAL)
install(FILES apps/cli/completion/_tyto
        DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions OPTIONAL)
install(FILES apps/cli/completion/tyto.fish
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d OPTIONAL)
install(DIRECTORY models/ DESTINATION ${CMAKE_INSTALL_DATADIR}/tyto/models OPTIONAL)
