# The library tarn_version: version, commit and build id behind "tarn_version.h".
#
# The header changes only with project(VERSION); the commit is in a source file that a build
# rewrites when it differs. So a new commit recompiles one small file and links, nothing else.

set(version_dir ${CMAKE_BINARY_DIR}/generated)
configure_file(cmake/tarn_version.h.in ${version_dir}/tarn_version.h @ONLY)

add_custom_target(tarn_commit
  BYPRODUCTS ${version_dir}/tarn_version.cc
  COMMAND ${CMAKE_COMMAND}
    -DSOURCE_DIR=${CMAKE_SOURCE_DIR}
    -DTEMPLATE=${CMAKE_SOURCE_DIR}/cmake/tarn_version.cc.in
    -DOUTPUT=${version_dir}/tarn_version.cc
    -DVERSION=${PROJECT_VERSION}
    "-DCOMPILER=${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}"
    "-DBUILD=${CMAKE_BUILD_TYPE} ${TARN_SANITIZE}"
    -P ${CMAKE_SOURCE_DIR}/cmake/write_commit.cmake
  COMMENT "Looking up the commit"
  VERBATIM)

add_library(tarn_version STATIC ${version_dir}/tarn_version.cc)
add_dependencies(tarn_version tarn_commit)
target_include_directories(tarn_version PUBLIC ${version_dir})
target_link_libraries(tarn_version PRIVATE tarn_flags)
