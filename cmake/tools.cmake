# The tools that look after files on disk, without a server: one executable for each tools/tarn_*.cc;
# what they share is in the other sources there.

set(tarn_tools tarn-check-aof tarn-check-rdb tarn-restore)
file(GLOB shared CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tools/*.cc)
list(FILTER shared EXCLUDE REGEX "/tarn_[^/]*\\.cc$")
add_library(tarn_tools_shared STATIC ${shared})
target_link_libraries(tarn_tools_shared PUBLIC tarn_persistence)
foreach(tool ${tarn_tools})
  string(REPLACE "-" "_" source ${tool})
  add_executable(${tool} ${CMAKE_SOURCE_DIR}/tools/${source}.cc)
  target_link_libraries(${tool} PRIVATE tarn_tools_shared)
endforeach()
