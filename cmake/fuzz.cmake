# One executable per tests/fuzz/<name>_fuzz.cc; ./dev fuzz runs them with tests/fuzz/corpus/<name>.

file(GLOB fuzz_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/*_fuzz.cc)
foreach(source ${fuzz_sources})
  get_filename_component(target ${source} NAME_WE)
  add_executable(${target} ${source})
  target_link_libraries(${target} PRIVATE tarn_server)
  target_link_options(${target} PRIVATE -fsanitize=fuzzer)
endforeach()
