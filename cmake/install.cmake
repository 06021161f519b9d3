# Where everything goes: library, headers, pkg-config file, command, manual, shell completion.
install(TARGETS tyto_static tyto_shared
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/tyto DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
if(TARGET tyto)
  install(TARGETS tyto RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

# The prefix is found from where the .pc file lies, so an installed tree may be moved.
file(RELATIVE_PATH PC_TO_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file(cmake/tyto.pc.in tyto.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/tyto.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(FILES docs/tyto.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 OPTIONAL)
install(FILES apps/cli/completion/tyto.bash
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME tyto OPTIONAL)
install(FILES apps/cli/completion/_tyto
        DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions OPTIONAL)
install(FILES apps/cli/completion/tyto.fish
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d OPTIONAL)
install(DIRECTORY models/ DESTINATION ${CMAKE_INSTALL_DATADIR}/tyto/models OPTIONAL)
