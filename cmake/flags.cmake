# Compiler and linker flags of every target of ours: link tarn_flags.

add_library(tarn_flags INTERFACE)
target_include_directories(tarn_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(tarn_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  # GCC 12 sees overlaps in std::string's operator+ that cannot be (its bug 105651), and judges copies
  # of a checked length by the length's upper bound.
  "$<$<CXX_COMPILER_ID:GNU>:-Wno-restrict;-Wno-array-bounds;-Wno-stringop-overread>"
  $<$<BOOL:${TARN_WERROR}>:-Werror>
  # Frame pointers make profiles and crash traces exact; they cost nothing measurable.
  -fno-omit-frame-pointer)
target_link_options(tarn_flags INTERFACE -Wl,--build-id -Wl,-z,relro,-z,now -Wl,--as-needed)

# Line tables (-g1) are enough for stack traces and keep builds and binaries small.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-Og -g -D_GLIBCXX_ASSERTIONS")

if(TARN_SANITIZE)
  set(TARN_JEMALLOC OFF)
  set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1 -D_GLIBCXX_ASSERTIONS")
  add_compile_options(-fsanitize=${TARN_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TARN_SANITIZE})
endif()

if(TARN_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "TARN_FUZZ needs Clang; use the preset 'fuzz'")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
