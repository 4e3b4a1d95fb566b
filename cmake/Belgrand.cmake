# The five ways a target is declared in this project, and nothing else.
#
#   belgrand_library(NAME LAYER layer SOURCES ... [DEPS belgrand targets...] [THIRD_PARTY ...])
#   belgrand_proto(NAME [GRPC_NAME name] FILES ...)
#   belgrand_test(NAME SOURCES ... [DEPS ...] [LABEL unit|integration|system|lint|docs] [THIRD_PARTY ...])
#   belgrand_bench(NAME SOURCES ... [DEPS ...])
#   belgrand_fuzz(NAME SOURCES ... CORPUS dir [DEPS ...])
#
# A library names its layer; configuring fails when a dependency's layer is not lower (or is not the
# same layer's declared exception). That is the linker's half of the dependency rule drawn in
# docs/ARCHITECTURE.md; tests/lint/layers_test.py checks the include lines.
include_guard(GLOBAL)

# rank of each layer; a dependency must have a lower rank.
set(BELGRAND_LAYERS generated base platform rpc sample domain shared service tool)

function(_belgrand_rank layer out)
  list(FIND BELGRAND_LAYERS "${layer}" rank)
  if(rank EQUAL -1)
    message(FATAL_ERROR "unknown layer '${layer}'; known: ${BELGRAND_LAYERS}")
  endif()
  set(${out} ${rank} PARENT_SCOPE)
endfunction()

function(belgrand_library name)
  cmake_parse_arguments(ARG "" "LAYER" "SOURCES;DEPS;THIRD_PARTY" ${ARGN})
  if(NOT ARG_LAYER OR NOT ARG_SOURCES)
    message(FATAL_ERROR "belgrand_library(${name}) needs LAYER and SOURCES")
  endif()
  _belgrand_rank(${ARG_LAYER} rank)
  add_library(belgrand_${name} STATIC ${ARG_SOURCES})
  add_library(belgrand::${name} ALIAS belgrand_${name})
  set_target_properties(belgrand_${name} PROPERTIES BELGRAND_LAYER ${ARG_LAYER})
  foreach(dep IN LISTS ARG_DEPS)
    get_target_property(real belgrand::${dep} ALIASED_TARGET)
    get_target_property(dep_layer ${real} BELGRAND_LAYER)
    _belgrand_rank(${dep_layer} dep_rank)
    if(NOT dep_rank LESS rank)
      message(FATAL_ERROR "${name} (${ARG_LAYER}) may not depend on ${dep} (${dep_layer}): arrows point down only")
    endif()
    target_link_libraries(belgrand_${name} PUBLIC belgrand::${dep})
  endforeach()
  target_include_directories(belgrand_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(belgrand_${name} PUBLIC ${ARG_THIRD_PARTY} PRIVATE belgrand_warnings)
endfunction()

# Generated code: one static library of messages and, where GRPC_NAME is given, one of stubs, so that
# code which only handles messages cannot reach gRPC. Each rule depends on the files its proto imports
# (CMake 3.25's own protobuf_generate does not). Call it from proto/, the import root.
function(belgrand_proto name)
  cmake_parse_arguments(ARG "" "GRPC_NAME" "FILES" ${ARGN})
  set(gen ${CMAKE_CURRENT_BINARY_DIR})
  set(message_sources)
  set(stub_sources)
  foreach(file IN LISTS ARG_FILES)
    string(REGEX REPLACE "\\.proto$" "" stem ${file})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(STRINGS ${file} imports REGEX "^import \"belgrand/")
    list(TRANSFORM imports REPLACE "^import \"([^\"]+)\".*" "${CMAKE_CURRENT_SOURCE_DIR}/\\1")
    add_custom_command(
      OUTPUT ${gen}/${stem}.pb.h ${gen}/${stem}.pb.cc
      COMMAND protobuf::protoc -I ${CMAKE_CURRENT_SOURCE_DIR} --cpp_out=${gen} ${file}
      DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file} ${imports}
      WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
      COMMENT "protoc ${file}" VERBATIM)
    list(APPEND message_sources ${gen}/${stem}.pb.cc)
    file(STRINGS ${file} services REGEX "^service ")
    if(services)
      add_custom_command(
        OUTPUT ${gen}/${stem}.grpc.pb.h ${gen}/${stem}.grpc.pb.cc
        COMMAND protobuf::protoc -I ${CMAKE_CURRENT_SOURCE_DIR} --grpc_out=${gen}
                --plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin> ${file}
        DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file} ${imports}
        WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
        COMMENT "grpc ${file}" VERBATIM)
      list(APPEND stub_sources ${gen}/${stem}.grpc.pb.cc)
    endif()
  endforeach()
  add_library(belgrand_${name} STATIC ${message_sources})
  add_library(belgrand::${name} ALIAS belgrand_${name})
  set_target_properties(belgrand_${name} PROPERTIES BELGRAND_LAYER generated)
  target_include_directories(belgrand_${name} SYSTEM PUBLIC ${gen})
  target_link_libraries(belgrand_${name} PUBLIC protobuf::libprotobuf)
  if(ARG_GRPC_NAME)
    add_library(belgrand_${ARG_GRPC_NAME} STATIC ${stub_sources})
    add_library(belgrand::${ARG_GRPC_NAME} ALIAS belgrand_${ARG_GRPC_NAME})
    set_target_properties(belgrand_${ARG_GRPC_NAME} PROPERTIES BELGRAND_LAYER generated)
    target_link_libraries(belgrand_${ARG_GRPC_NAME} PUBLIC belgrand_${name} gRPC::grpc++)
  endif()
endfunction()

function(_belgrand_executable target)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;THIRD_PARTY" ${ARGN})
  add_executable(${target} ${ARG_SOURCES})
  list(TRANSFORM ARG_DEPS PREPEND "belgrand::")
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${target} PRIVATE ${ARG_DEPS} ${ARG_THIRD_PARTY} belgrand_warnings)
endfunction()

function(belgrand_test name)
  cmake_parse_arguments(ARG "" "LABEL" "SOURCES;DEPS;THIRD_PARTY" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  _belgrand_executable(${name} SOURCES ${ARG_SOURCES} DEPS ${ARG_DEPS}
                       THIRD_PARTY ${ARG_THIRD_PARTY} GTest::gtest_main GTest::gmock)
  # Test code is compiled far more often than it runs; what it tests stays optimised.
  target_compile_options(${name} PRIVATE -O0)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT 900
    ENVIRONMENT "BELGRAND_SOURCE_DIR=${PROJECT_SOURCE_DIR};BELGRAND_BINARY_DIR=${PROJECT_BINARY_DIR}")
endfunction()

function(belgrand_bench name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;THIRD_PARTY" ${ARGN})
  _belgrand_executable(${name} SOURCES ${ARG_SOURCES} DEPS ${ARG_DEPS}
                       THIRD_PARTY ${ARG_THIRD_PARTY} benchmark::benchmark)
  # The smoke run proves that the benchmark still works; ./dev bench measures.
  add_test(NAME ${name}_smoke COMMAND ${name} --benchmark_min_time=0.001)
  set_tests_properties(${name}_smoke PROPERTIES LABELS bench TIMEOUT 300)
endfunction()

# Under clang with BELGRAND_FUZZ the target is a libFuzzer binary; otherwise a plain program replays the
# committed corpus, so that every past finding stays a test.
function(belgrand_fuzz name)
  cmake_parse_arguments(ARG "" "CORPUS" "SOURCES;DEPS" ${ARGN})
  if(BELGRAND_FUZZ)
    _belgrand_executable(${name} SOURCES ${ARG_SOURCES} DEPS ${ARG_DEPS})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    if(NOT TARGET fuzzers)
      add_custom_target(fuzzers)
    endif()
    add_dependencies(fuzzers ${name})
  else()
    _belgrand_executable(${name} SOURCES ${ARG_SOURCES} ${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.cc
                         DEPS ${ARG_DEPS})
    add_test(NAME ${name}_replay COMMAND ${name} ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_CORPUS})
    set_tests_properties(${name}_replay PROPERTIES LABELS fuzz TIMEOUT 300)
  endif()
endfunction()
