# The one place that knows how MLIR is found, linked and configured.
#
# Everything links the shared libMLIR.so and libLLVM.so, as Debian's mlir-opt
# does: a second, static copy of the MLIR core in a plugin gives every type a
# second identity, and nothing matches any more.

find_package(MLIR 22.1 REQUIRED CONFIG)
set(MLIR_LINK_MLIR_DYLIB ON)
set(LLVM_LINK_LLVM_DYLIB ON)

option(QUANTX_ENABLE_ASSERTIONS "Keep our assertions in every build type" OFF)
if(QUANTX_ENABLE_ASSERTIONS)
  set(LLVM_ENABLE_ASSERTIONS ON)
endif()

# What LLVM_USE_SANITIZER=Undefined means is said in upstream's own build alone.
# Upstream's libraries have no RTTI, which vptr needs.
set(LLVM_UBSAN_FLAGS
  "-fsanitize=undefined -fno-sanitize=vptr -fno-sanitize-recover=all")

list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)
include(HandleLLVMOptions)
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(QUANTX_LLVM_TOOLS_DIR "${LLVM_TOOLS_BINARY_DIR}")
set(QUANTX_SOURCE_DIR "${PROJECT_SOURCE_DIR}")
set(QUANTX_BINARY_DIR "${PROJECT_BINARY_DIR}")
# Installed tools find libMLIR.so where it was found here.
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")

# Properties that every target of ours has: include paths (upstream's as system
# headers, so that our warnings stay ours) and warnings as errors.
function(quantx_configure_target target)
  target_include_directories(${target} SYSTEM PUBLIC
    "$<BUILD_INTERFACE:${LLVM_INCLUDE_DIRS}>"
    "$<BUILD_INTERFACE:${MLIR_INCLUDE_DIRS}>")
  target_include_directories(${target} PUBLIC
    "$<BUILD_INTERFACE:${QUANTX_SOURCE_DIR}/include>"
    "$<BUILD_INTERFACE:${QUANTX_BINARY_DIR}/include>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  separate_arguments(definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
  target_compile_options(${target} PUBLIC
    "$<BUILD_INTERFACE:${definitions}>")
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Werror -Wno-unused-parameter)
endfunction()

# Most of the time to compile a file goes into MLIR's headers, which are the same
# for all targets: they are compiled once. It hides that a source lacks an include,
# which users' builds do not forgive: test/Docs/includes.test looks for that.
option(QUANTX_PRECOMPILE_HEADERS "Compile upstream's headers once" OFF)
if(QUANTX_PRECOMPILE_HEADERS)
  # Written once: everything is compiled again after it changes.
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/precompiled-headers.cpp"
    CONTENT "")
  add_library(quantx_precompiled_headers OBJECT
    "${PROJECT_BINARY_DIR}/precompiled-headers.cpp")
  quantx_configure_target(quantx_precompiled_headers)
  target_precompile_headers(quantx_precompiled_headers PRIVATE
    "${QUANTX_SOURCE_DIR}/cmake/PrecompiledHeaders.h")
endif()

# For targets of sources that include MLIR. Executables are compiled as libraries
# are, since compiled headers suit one kind of code only.
function(quantx_use_precompiled_headers target)
  if(QUANTX_PRECOMPILE_HEADERS)
    target_compile_options(${target} PRIVATE -fPIC)
    target_precompile_headers(${target} REUSE_FROM quantx_precompiled_headers)
  endif()
endfunction()

# quantx_add_library(NAME sources... [NO_MLIR] [DEPENDS tablegen-targets...]
#                    [LINK our-libraries...])
#
# A static, position-independent library of one layer, part of the installed
# package. It links libMLIR.so, or only libLLVM.so with NO_MLIR (the layers
# that hold no IR).
function(quantx_add_library name)
  cmake_parse_arguments(ARG "NO_MLIR" "" "DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  quantx_configure_target(${name})
  target_link_libraries(${name} PUBLIC ${ARG_LINK} LLVM)
  if(NOT ARG_NO_MLIR)
    target_link_libraries(${name} PUBLIC MLIR)
    quantx_use_precompiled_headers(${name})
  endif()
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  set_property(GLOBAL APPEND PROPERTY QUANTX_LIBS ${name})
  install(TARGETS ${name} EXPORT QuantXTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
endfunction()

# quantx_add_tool(NAME sources... [LINK our-libraries...])
function(quantx_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  quantx_configure_target(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM)
  quantx_use_precompiled_headers(${name})
  install(TARGETS ${name} EXPORT QuantXTargets
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# quantx_add_plugin(NAME sources... [LINK our-libraries...])
#
# A module for `mlir-opt-22 --load-dialect-plugin= --load-pass-plugin=`.
function(quantx_add_plugin name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_library(${name} MODULE ${ARG_UNPARSED_ARGUMENTS})
  quantx_configure_target(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} MLIR LLVM)
  install(TARGETS ${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endfunction()

# quantx_add_unittest(NAME sources... [NO_MLIR] [LINK our-libraries...])
#
# A GoogleTest program; check-quantx-unit runs them all.
function(quantx_add_unittest name)
  cmake_parse_arguments(ARG "NO_MLIR" "" "LINK" ${ARGN})
  add_executable(${name} EXCLUDE_FROM_ALL ${ARG_UNPARSED_ARGUMENTS})
  quantx_configure_target(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gtest_main)
  if(NOT ARG_NO_MLIR)
    quantx_use_precompiled_headers(${name})
  endif()
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${QUANTX_BINARY_DIR}/test/unit")
  set_property(GLOBAL APPEND PROPERTY QUANTX_UNITTESTS ${name})
  add_test(NAME ${name} COMMAND ${name})
endfunction()

# quantx_tablegen(TARGET td [mlir-tblgen-action output]...)
#
# Runs mlir-tblgen for each pair and gathers the results behind one target.
function(quantx_tablegen target td)
  # mlir_tablegen reads the directory's include path.
  include_directories(SYSTEM ${MLIR_INCLUDE_DIRS})
  include_directories("${QUANTX_SOURCE_DIR}/include")
  set(LLVM_TARGET_DEFINITIONS ${td})
  list(LENGTH ARGN length)
  math(EXPR last "${length} - 1")
  foreach(i RANGE 0 ${last} 2)
    math(EXPR next "${i} + 1")
    list(GET ARGN ${i} action)
    list(GET ARGN ${next} output)
    string(REPLACE " " ";" action "${action}")
    mlir_tablegen(${output} ${action})
  endforeach()
  add_public_tablegen_target(${target})
endfunction()

# The installed package: headers, generated headers, libraries, tools, and what
# find_package(QuantX) needs.
function(quantx_install_package)
  install(DIRECTORY "${QUANTX_SOURCE_DIR}/include/quantx"
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    FILES_MATCHING PATTERN "*.h" PATTERN "*.td" PATTERN "Mutants.h" EXCLUDE)
  install(DIRECTORY "${QUANTX_BINARY_DIR}/include/quantx"
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    FILES_MATCHING PATTERN "*.inc" PATTERN "CMakeFiles" EXCLUDE)
  set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/QuantX")
  get_property(QUANTX_LIBS GLOBAL PROPERTY QUANTX_LIBS)
  install(EXPORT QuantXTargets NAMESPACE QuantX:: DESTINATION ${package_dir})
  configure_package_config_file(
    "${QUANTX_SOURCE_DIR}/cmake/QuantXConfig.cmake.in"
    "${QUANTX_BINARY_DIR}/cmake/QuantXConfig.cmake"
    INSTALL_DESTINATION ${package_dir}
    PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
  write_basic_package_version_file(
    "${QUANTX_BINARY_DIR}/cmake/QuantXConfigVersion.cmake"
    COMPATIBILITY SameMinorVersion)
  install(FILES
    "${QUANTX_BINARY_DIR}/cmake/QuantXConfig.cmake"
    "${QUANTX_BINARY_DIR}/cmake/QuantXConfigVersion.cmake"
    DESTINATION ${package_dir})
endfunction()
