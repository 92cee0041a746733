# tarn_room(<name> DEPENDS <target>...)
#
# Declares the static library tarn_<name> of every source under <name>/. A room that has no source
# yet is an interface library, so that what depends on it still links.
function(tarn_room name)
  cmake_parse_arguments(ROOM "" "" "DEPENDS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${name}/*.cc)
  if(sources)
    add_library(tarn_${name} STATIC ${sources})
    target_link_libraries(tarn_${name} PUBLIC tarn_flags ${ROOM_DEPENDS})
  else()
    add_library(tarn_${name} INTERFACE)
    target_link_libraries(tarn_${name} INTERFACE tarn_flags ${ROOM_DEPENDS})
  endif()
endfunction()
