# Third-party libraries, all from the distribution's packages. Targets named tarn::* wrap those
# that come without a CMake package.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)

pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
add_library(tarn::xxhash ALIAS PkgConfig::xxhash)

pkg_check_modules(lz4 REQUIRED IMPORTED_TARGET liblz4)
add_library(tarn::lz4 ALIAS PkgConfig::lz4)

# For strings of RDB files in Redis's own compression.
find_path(LZF_INCLUDE_DIR lzf.h PATH_SUFFIXES liblzf REQUIRED)
find_library(LZF_LIBRARY lzf REQUIRED)
add_library(tarn_lzf INTERFACE)
add_library(tarn::lzf ALIAS tarn_lzf)
target_include_directories(tarn_lzf SYSTEM INTERFACE ${LZF_INCLUDE_DIR})
target_link_libraries(tarn_lzf INTERFACE ${LZF_LIBRARY})

pkg_check_modules(crypto REQUIRED IMPORTED_TARGET libcrypto)
add_library(tarn::crypto ALIAS PkgConfig::crypto)

# The client's side of RESP, for commands that talk to another server.
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis)
add_library(tarn::hiredis ALIAS PkgConfig::hiredis)

pkg_check_modules(systemd REQUIRED IMPORTED_TARGET libsystemd)
add_library(tarn::systemd ALIAS PkgConfig::systemd)

# The allocator of everything but entries. TARN_JEMALLOC tells code that mallctl() exists. It must stay
# linked even where no object of ours names malloc(), hence --no-as-needed.
add_library(tarn_malloc INTERFACE)
add_library(tarn::malloc ALIAS tarn_malloc)
if(TARN_JEMALLOC)
  pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc)
  target_include_directories(tarn_malloc INTERFACE ${jemalloc_INCLUDE_DIRS})
  target_link_libraries(tarn_malloc INTERFACE
    -Wl,--push-state,--no-as-needed,${jemalloc_LINK_LIBRARIES},--pop-state)
  target_compile_definitions(tarn_malloc INTERFACE TARN_JEMALLOC)
endif()

# Standalone Asio is headers only.
find_path(ASIO_INCLUDE_DIR asio.hpp REQUIRED)
add_library(tarn_asio INTERFACE)
add_library(tarn::asio ALIAS tarn_asio)
target_include_directories(tarn_asio SYSTEM INTERFACE ${ASIO_INCLUDE_DIR})
# Whether Asio 1.22 allocates with aligned_alloc() depends on which headers precede it, so that one
# source file could free what another allocated differently: one way for all.
target_compile_definitions(tarn_asio INTERFACE
  ASIO_STANDALONE ASIO_NO_DEPRECATED ASIO_DISABLE_STD_ALIGNED_ALLOC)
target_link_libraries(tarn_asio INTERFACE Threads::Threads)
