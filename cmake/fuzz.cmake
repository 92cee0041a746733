# One executable per tests/fuzz/<name>_fuzz.cc; ./dev fuzz runs them with tests/fuzz/corpus/<name>.

# The servers without sockets that some of them feed are those of the unit tests.
file(GLOB_RECURSE fixtures CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/server/*.cc)
list(FILTER fixtures EXCLUDE REGEX "_test\\.cc$")
add_library(tarn_test_fixtures STATIC ${fixtures})
target_link_libraries(tarn_test_fixtures PUBLIC tarn_server)

file(GLOB fuzz_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/*_fuzz.cc)
foreach(source ${fuzz_sources})
  get_filename_component(target ${source} NAME_WE)
  add_executable(${target} ${source})
  target_link_libraries(${target} PRIVATE tarn_test_fixtures)
  target_link_options(${target} PRIVATE -fsanitize=fuzzer)
endforeach()
