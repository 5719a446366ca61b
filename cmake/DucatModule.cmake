# One call a folder: ducat_module(name DEPS ... LIBS ...) makes a static library of the folder's sources
# and a test binary of its *_test.cc. The suffix of a file says what it needs:
#   *_test.cc nothing, *_pgtest.cc a PostgreSQL server, *_bench.cc Google Benchmark, *_fuzz.cc libFuzzer.
find_package(Threads REQUIRED)

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Werror
                    -fno-omit-frame-pointer)
# GCC 12 reports these wrongly inside its own std::expected, std::variant and std::string at -O2.
add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized> $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
                    $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds> $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow>
                    $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overread>)
add_compile_options($<$<CONFIG:Release>:-O2> $<$<CONFIG:Release>:-g1>)
add_compile_definitions(BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
include_directories(${PROJECT_SOURCE_DIR}/src)
if(DUCAT_SANITIZE)
  add_compile_options(-fsanitize=${DUCAT_SANITIZE} -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${DUCAT_SANITIZE})
  # GCC's sanitizers make its own false warnings worse.
  add_compile_options(-Wno-error=maybe-uninitialized -Wno-tsan)
endif()
# Fuzzers need clang: everything is compiled with its coverage, so that a fuzzer sees into the libraries.
option(DUCAT_FUZZ "Build the *_fuzz.cc with libFuzzer and AddressSanitizer" OFF)
if(DUCAT_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -Wno-error)
  add_link_options(-fsanitize=address,undefined)
endif()
if(EXISTS /usr/bin/mold)
  add_link_options(-fuse-ld=mold)
endif()

find_program(DUCAT_CCACHE ccache)
if(DUCAT_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${DUCAT_CCACHE})
endif()

# The standard library's costly headers, compiled once for everybody.
file(WRITE ${CMAKE_BINARY_DIR}/pch.cc.in "// Exists so that the precompiled header has a target.\n")
configure_file(${CMAKE_BINARY_DIR}/pch.cc.in ${CMAKE_BINARY_DIR}/pch.cc COPYONLY)
add_library(ducat_pch STATIC ${CMAKE_BINARY_DIR}/pch.cc)
target_precompile_headers(ducat_pch PRIVATE <algorithm> <array> <atomic> <bit> <chrono> <condition_variable> <coroutine>
  <cstdint> <cstring> <deque> <expected> <functional> <map> <memory> <mutex> <optional> <span> <string> <string_view>
  <thread> <unordered_map> <utility> <variant> <vector>)
target_compile_options(ducat_pch PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)

function(ducat_module name)
  cmake_parse_arguments(M "" "" "DEPS;LIBS;TEST_LIBS" ${ARGN})
  file(GLOB all CONFIGURE_DEPENDS *.cc)
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "_(test|pgtest|bench|fuzz)\\.cc$")
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC ${M_DEPS} PRIVATE ${M_LIBS} Threads::Threads)
    target_precompile_headers(${name} REUSE_FROM ducat_pch)
    target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${M_DEPS})
  endif()
  if(DUCAT_TESTS)
    ducat_tests(${name}_tests "_test\\.cc$" ${name} ${M_LIBS} ${M_TEST_LIBS})
    ducat_tests(${name}_pgtests "_pgtest\\.cc$" ${name} ${M_LIBS} ${M_TEST_LIBS})
    if(DUCAT_FUZZ)
      ducat_fuzzers(${name} ${M_LIBS})
    endif()
  endif()
endfunction()

# A GoogleTest binary of this folder's files that match `pattern`, registered with CTest under its own name. With
# FOLDER name: of a folder below this one that is no library of its own. Everything else is what it links.
function(ducat_tests binary pattern)
  cmake_parse_arguments(T "" "FOLDER" "" ${ARGN})
  if(T_FOLDER)
    string(APPEND T_FOLDER "/")
  endif()
  file(GLOB files CONFIGURE_DEPENDS ${T_FOLDER}*.cc)
  list(FILTER files INCLUDE REGEX ${pattern})
  if(files)
    add_executable(${binary} ${files})
    target_link_libraries(${binary} PRIVATE ${T_UNPARSED_ARGUMENTS} gtest gmock gtest_main Threads::Threads)
    target_precompile_headers(${binary} REUSE_FROM ducat_pch)
    target_compile_options(${binary} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
    add_test(NAME ${binary} COMMAND ${binary})
    set_tests_properties(${binary} PROPERTIES TIMEOUT 600)
  endif()
endfunction()

# One binary for each *_fuzz.cc of this folder, named after its file. ./dev fuzz runs them.
function(ducat_fuzzers library)
  file(GLOB files CONFIGURE_DEPENDS *_fuzz.cc)
  foreach(file IN LISTS files)
    get_filename_component(binary ${file} NAME_WE)
    add_executable(${binary} ${file})
    target_link_libraries(${binary} PRIVATE ${library} ${ARGN} Threads::Threads)
    target_link_options(${binary} PRIVATE -fsanitize=fuzzer)
  endforeach()
endfunction()
