# tyto serve, asked by Python's own library: each test_NAME.py is a test. What needs packages is under clients/
# (tools/test_server.sh).
find_program(TYTO_SYSTEM_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
if(TYTO_SERVER AND NOT CMAKE_CROSSCOMPILING AND TYTO_SYSTEM_PYTHON)
  file(GLOB SERVER_TESTS CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/test_*.py)
  foreach(source IN LISTS SERVER_TESTS)
    get_filename_component(name ${source} NAME_WE)
    string(REPLACE test_ server_ name ${name})
    add_test(NAME ${name} COMMAND ${TYTO_SYSTEM_PYTHON} -m pytest -q -p no:cacheprovider ${source})
    set_tests_properties(${name} PROPERTIES TIMEOUT 300
      ENVIRONMENT "${TEST_ENVIRONMENT};TYTO=$<TARGET_FILE:tyto>;PYTHONDONTWRITEBYTECODE=1")
  endforeach()
endif()
