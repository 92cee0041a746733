# Tests, all run by ctest. Names are paths, so `./dev test core/containers` selects a room:
#   unit/...          doctest, one test a source file
#   scenarios, differential, integration/..., clients/...   real servers on free ports
#
# Tests that start servers learn of them through the environment: TARN_SERVER and REDIS_SERVER are
# executables, TARN_TEST_SCALE is full or small.

# Debian's Python, because that one has Debian's python3-redis.
find_program(PYTHON3 python3 PATHS /usr/bin NO_DEFAULT_PATH)

# Debian puts redis-server's binary into redis-tools too, as redis-check-rdb; it takes its role from
# the name that it is called by. A link gives us the server without the service.
set(redis_server ${CMAKE_BINARY_DIR}/tools/redis-server)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/tools)
file(CREATE_LINK /usr/bin/redis-check-rdb ${redis_server} SYMBOLIC)

set(test_environment
  TARN_SERVER=${CMAKE_BINARY_DIR}/tarn-server
  REDIS_SERVER=${redis_server}
  TARN_TEST_SCALE=${TARN_TEST_SCALE}
  ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1
  UBSAN_OPTIONS=print_stacktrace=1
  PYTHONDONTWRITEBYTECODE=1)

# --- Units -------------------------------------------------------------------------------------

# tarn_unit_tests(<executable> ROOMS <room>... DEPENDS <target>...)
#
# Builds one executable of tests/<room>/**, and registers one ctest for each *_test.cc in it.
function(tarn_unit_tests executable)
  cmake_parse_arguments(UNIT "" "" "ROOMS;DEPENDS" ${ARGN})
  list(TRANSFORM UNIT_ROOMS REPLACE "(.+)" "${CMAKE_SOURCE_DIR}/tests/\\1/*.cc" OUTPUT_VARIABLE globs)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${globs})
  if(NOT sources)
    return()
  endif()
  add_executable(${executable} ${sources})
  target_link_libraries(${executable} PRIVATE tarn_flags ${UNIT_DEPENDS} tarn_test_main)
  # A fifth less to compile; all it costs is the report of an exception within an assertion.
  target_compile_definitions(${executable} PRIVATE DOCTEST_CONFIG_SUPER_FAST_ASSERTS)

  list(FILTER sources INCLUDE REGEX "_test\\.cc$")
  foreach(source ${sources})
    file(RELATIVE_PATH path ${CMAKE_SOURCE_DIR}/tests ${source})
    string(REGEX REPLACE "_test\\.cc$" "" name ${path})
    add_test(NAME unit/${name} COMMAND ${executable} --source-file=*tests/${path})
    set_tests_properties(unit/${name} PROPERTIES
      LABELS unit TIMEOUT 120 ENVIRONMENT "${test_environment}")
  endforeach()
endfunction()

find_package(doctest QUIET)
if(doctest_FOUND)
  # doctest itself, which takes as long to compile as two tests.
  add_library(tarn_test_main OBJECT ${CMAKE_SOURCE_DIR}/tests/main.cc)
  target_link_libraries(tarn_test_main PUBLIC tarn_flags doctest::doctest)
  tarn_unit_tests(tarn_core_tests ROOMS core persistence DEPENDS tarn_persistence)
  tarn_unit_tests(tarn_server_tests ROOMS server DEPENDS tarn_server)
  if(TARN_SANITIZE)
    # A third less to compile. What they test is optimized all the same.
    target_compile_options(tarn_server_tests PRIVATE -O0)
  endif()
endif()

# --- Scripts against the real server -------------------------------------------------------------

# tarn_script_test(<name> <label> <timeout_s> <command>...)
function(tarn_script_test name label timeout_s)
  add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES
    LABELS ${label} TIMEOUT ${timeout_s} ENVIRONMENT "${test_environment}")
endfunction()

if(TARGET tarn-server AND PYTHON3)
  foreach(suite scenarios differential)
    if(EXISTS ${CMAKE_SOURCE_DIR}/tests/${suite}/run.py)
      tarn_script_test(${suite} ${suite} 600
        ${PYTHON3} ${CMAKE_SOURCE_DIR}/tests/${suite}/run.py)
    endif()
  endforeach()

  tarn_script_test(differential/memcached differential 300
    ${PYTHON3} ${CMAKE_SOURCE_DIR}/tests/differential/memcached_run.py)
  set_tests_properties(differential/memcached PROPERTIES SKIP_RETURN_CODE 77)

  file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/integration/*_test.py)
  foreach(script ${scripts})
    get_filename_component(name ${script} NAME_WE)
    string(REGEX REPLACE "_test$" "" name ${name})
    tarn_script_test(integration/${name} integration 300 ${PYTHON3} ${script})
  endforeach()
endif()

# --- Crashes -------------------------------------------------------------------------------------

if(TARGET tarn-server AND PYTHON3)
  # Preloaded into servers whose system calls are to fail. Sanitizers would call what it replaces.
  enable_language(C)
  add_library(tarn_faults MODULE ${CMAKE_SOURCE_DIR}/tests/crash/faults.c)
  target_compile_options(tarn_faults PRIVATE -fno-sanitize=all)
  target_link_options(tarn_faults PRIVATE -fno-sanitize=all)

  file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/crash/*_test.py)
  foreach(script ${scripts})
    get_filename_component(name ${script} NAME_WE)
    string(REGEX REPLACE "_test$" "" name ${name})
    tarn_script_test(crash/${name} crash 600 ${PYTHON3} ${script})
    set_tests_properties(crash/${name} PROPERTIES SKIP_RETURN_CODE 77
      ENVIRONMENT "${test_environment};TARN_FAULTS=$<TARGET_FILE:tarn_faults>")
  endforeach()
  set_tests_properties(integration/migrate PROPERTIES
    ENVIRONMENT "${test_environment};TARN_FAULTS=$<TARGET_FILE:tarn_faults>")
endif()

# --- Real clients --------------------------------------------------------------------------------

set(clients ${CMAKE_SOURCE_DIR}/tests/clients)
if(TARGET tarn-server AND PYTHON3)
  foreach(client redis_cli redis_benchmark redis_py redis_py_collections redis_py_pubsub
          rq sidekiq celery memcached_capable memcached_pymemcache memcached_python_memcache
          memcached_pylibmc memcached_nutcracker)
    tarn_script_test(clients/${client} clients 300 ${PYTHON3} ${clients}/${client}_test.py)
    set_tests_properties(clients/${client} PROPERTIES SKIP_RETURN_CODE 77)
  endforeach()

  # npm installs all that these need, or nothing.
  foreach(client ioredis node_redis node_pubsub connect_redis rate_limiters)
    tarn_script_test(clients/${client} clients 300
      ${PYTHON3} ${clients}/with_server.py --needs ${clients}/node/node_modules/connect-redis
      node ${clients}/node/${client}_test.mjs)
    set_tests_properties(clients/${client} PROPERTIES SKIP_RETURN_CODE 77)
  endforeach()

  foreach(password "" "a pass word")
    set(name clients/memjs)
    set(options --memcached)
    if(password)
      string(APPEND name _sasl)
      list(APPEND options --password ${password})
    endif()
    tarn_script_test(${name} clients 300
      ${PYTHON3} ${clients}/with_server.py --needs ${clients}/node/node_modules/memjs ${options}
      node ${clients}/node/memjs_test.mjs)
    set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77)
  endforeach()

  add_executable(hiredis_test ${clients}/hiredis_test.c)
  target_link_libraries(hiredis_test PRIVATE tarn_flags tarn::hiredis)
  target_compile_definitions(hiredis_test PRIVATE _GNU_SOURCE)
  tarn_script_test(clients/hiredis clients 300
    ${PYTHON3} ${clients}/with_server.py $<TARGET_FILE:hiredis_test>)

  tarn_script_test(examples/debian-packages clients 120
    ${PYTHON3} ${clients}/debian_packages_test.py)
  foreach(language python node)
    tarn_script_test(examples/leases_${language} clients 120
      ${PYTHON3} ${clients}/leases_test.py ${language})
    set_tests_properties(examples/leases_${language} PROPERTIES SKIP_RETURN_CODE 77)
  endforeach()
endif()
