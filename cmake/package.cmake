# Installation, and the Debian package (`./dev package`).
#
# The target "executables" builds all that is installed. `cmake --install` puts the server and its
# documents below the prefix. The component "system" holds what belongs to fixed places, the
# configuration and the service; only the package installs it.

set(docdir ${CMAKE_INSTALL_DATAROOTDIR}/doc/tarn)
set(installed_executables tarn-server tarn-memcached ${tarn_tools})
add_custom_target(executables DEPENDS ${installed_executables})
install(TARGETS ${installed_executables}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT server)
install(FILES LICENSE DESTINATION ${docdir} RENAME copyright COMPONENT server)
foreach(document README.md redis.conf.example)
  if(EXISTS ${CMAKE_SOURCE_DIR}/${document})
    install(FILES ${document} DESTINATION ${docdir} COMPONENT server)
  endif()
endforeach()

if(NOT EXISTS ${CMAKE_SOURCE_DIR}/redis.conf.example)
  return()
endif()

install(FILES redis.conf.example DESTINATION /etc/tarn RENAME tarn.conf
  COMPONENT system EXCLUDE_FROM_ALL)
install(FILES packaging/tarn.service DESTINATION /lib/systemd/system
  COMPONENT system EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tarn)
set(CPACK_PACKAGE_VENDOR "The Tarn authors")
set(CPACK_PACKAGE_CONTACT "The Tarn authors <tarn@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_DESCRIPTION
"Tarn speaks the Redis protocol (RESP2 and RESP3) and the memcached protocol
over one keyspace, keeps it in compact memory, and makes it durable with
snapshots and an append-only file that redis-server can read.")
set(CPACK_INSTALL_CMAKE_PROJECTS
  ${CMAKE_BINARY_DIR} tarn server / ${CMAKE_BINARY_DIR} tarn system /)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_DEPENDS passwd)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_SOURCE_DIR}/packaging/postinst
  ${CMAKE_SOURCE_DIR}/packaging/prerm
  ${CMAKE_SOURCE_DIR}/packaging/postrm
  ${CMAKE_SOURCE_DIR}/packaging/conffiles)
include(CPack)
