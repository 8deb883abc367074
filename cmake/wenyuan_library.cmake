# Helpers, so that each folder's CMakeLists.txt says only what is special about it.

add_library(wenyuan_options INTERFACE)
target_compile_options(wenyuan_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Werror)
target_include_directories(wenyuan_options INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(wenyuan_options INTERFACE Threads::Threads)

# wenyuan_library(name [EXCLUDE file.cc…] [LINKS lib…]): the folder src/<name>, all its .cc files, as
# one static library. It links only what tests/architecture/layers.txt allows.
function(wenyuan_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "EXCLUDE;LINKS;PRIVATE_LINKS")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.h)
  foreach(excluded IN LISTS arg_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "/${excluded}$")
  endforeach()
  add_library(wenyuan_${name} STATIC ${sources})
  target_sources(wenyuan_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/src
                 FILES ${headers})
  target_link_libraries(wenyuan_${name} PUBLIC wenyuan_options ${arg_LINKS}
                        PRIVATE ${arg_PRIVATE_LINKS})
  set_target_properties(wenyuan_${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
endfunction()

# wenyuan_test(name [LINKS lib…]): tests/<name>, all its *_test.cc files, as one GoogleTest program.
function(wenyuan_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LINKS;LABELS")
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  add_executable(${name}_test ${sources})
  target_link_libraries(${name}_test PRIVATE ${arg_LINKS} wenyuan_options test_paths
                        GTest::gtest_main GTest::gmock)
  target_include_directories(${name}_test PRIVATE ${PROJECT_SOURCE_DIR})
  gtest_discover_tests(${name}_test TEST_PREFIX ${name}. DISCOVERY_MODE PRE_TEST
                       DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600)
endfunction()
