# Run as a script by every build: writes OUTPUT from TEMPLATE where the commit changed.

set(commit unknown)
set(dirty false)
find_program(GIT git)
if(GIT AND EXISTS ${SOURCE_DIR}/.git)
  execute_process(
    COMMAND ${GIT} -C ${SOURCE_DIR} rev-parse --short=8 --verify HEAD
    OUTPUT_VARIABLE head OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    set(commit ${head})
    execute_process(COMMAND ${GIT} -C ${SOURCE_DIR} diff --quiet HEAD
      OUTPUT_QUIET ERROR_QUIET RESULT_VARIABLE differs)
    if(differs)
      set(dirty true)
    endif()
  endif()
endif()

# Two servers with the same build id were built from the same commit in the same way.
string(SHA256 digest "${VERSION} ${commit} ${dirty} ${COMPILER} ${BUILD}")
string(SUBSTRING ${digest} 0 16 build_id)

configure_file(${TEMPLATE} ${OUTPUT} @ONLY)
