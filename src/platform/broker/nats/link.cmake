# libnats-dev has no package file that Debian's CMake finds by itself.
find_library(NATS_LIBRARY nats REQUIRED)
set(nats_libraries ${NATS_LIBRARY})
