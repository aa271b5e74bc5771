# Compiles the kernels ahead of time: one bare cubin per architecture and one PTX per compiler,
# embedded by .incbin (a fatbin carries a host tag and would not serve other operating systems). All
# images of a kernel are compressed as one archive: they have much in common.
# Sets AXIOM_CUDA_IMAGE_SOURCES.
enable_language(ASM)
find_program(axiom_xz xz)
set(axiom_cuda_kernels block_kernel measure_kernel team_kernel)
set(axiom_cuda_headers block_layout.h correlation.h direct_product.h double_product.h jobs.h matrix.h measure_jobs.h
                       passes.h permutation.h linear_probe.h score.h staged_product.h team.h team_layout.h training.h tridiagonal.h)
list(TRANSFORM axiom_cuda_headers PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/kernels/)
foreach(header IN ITEMS cross_entropy.h functions.h functions64.h ops.h philox.h platform.h software_fma.h streams.h tridiagonal_ql.h)
  list(APPEND axiom_cuda_headers ${PROJECT_SOURCE_DIR}/client/arithmetic/${header})
endforeach()
list(APPEND axiom_cuda_headers ${CMAKE_CURRENT_SOURCE_DIR}/nvidia/device.h)

set(axiom_image_directory ${CMAKE_CURRENT_BINARY_DIR}/images)
file(MAKE_DIRECTORY ${axiom_image_directory} ${CMAKE_CURRENT_BINARY_DIR}/generated)
set(axiom_image_assembly "")
set(axiom_image_declarations "")
set(axiom_image_entries "")
foreach(kernel IN LISTS axiom_cuda_kernels)
  set(axiom_${kernel}_images "")
endforeach()

# The PTX of one kernel, for a virtual architecture. All binaries of a compiler are made from it: the tests run that text
# (tests/ptx_device), and compiling the source once is half the time.
function(axiom_cuda_ptx compiler standard version kernel virtual)
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/kernels/${kernel}.cu)
  set(file ${axiom_image_directory}/${kernel}.compute_${virtual}.${version}.ptx)
  add_custom_command(OUTPUT ${file}
    COMMAND ${compiler} -std=${standard} -O3 -arch=compute_${virtual} --ptx -fmad=false -Werror all-warnings
            -I ${PROJECT_SOURCE_DIR} -I ${CMAKE_CURRENT_SOURCE_DIR}/nvidia -o ${file} ${source}
    DEPENDS ${source} ${axiom_cuda_headers} ${compiler}
    COMMENT "CUDA ${kernel} for compute_${virtual}" VERBATIM)
endfunction()

# Adds an image to the archive of its kernel and to the table.
function(axiom_embed_image kernel file architecture portable driver)
  list(LENGTH axiom_${kernel}_images number)
  string(APPEND axiom_image_entries
    "    {\"${kernel}\", ${architecture}, ${portable}, ${driver}, axiom_${kernel}_archive,\n"
    "     static_cast<std::size_t>(axiom_${kernel}_archive_end - axiom_${kernel}_archive), ${number}},\n")
  set(axiom_image_entries "${axiom_image_entries}" PARENT_SCOPE)
  set(axiom_${kernel}_images ${axiom_${kernel}_images} ${file} PARENT_SCOPE)
endfunction()

# The images of all kernels that one compiler makes: a binary for each architecture, of the PTX of the latest of `virtuals`
# (ascending) that it has, and the PTX of the first, which serves every newer device.
function(axiom_cuda_images compiler standard version virtuals architectures)
  list(GET virtuals 0 first)
  math(EXPR driver "${version} / 1000 * 1000")  # a cubin needs a driver of its toolkit's major version only
  foreach(kernel IN LISTS axiom_cuda_kernels)
    foreach(virtual IN LISTS virtuals)
      axiom_cuda_ptx(${compiler} ${standard} ${version} ${kernel} ${virtual})
    endforeach()
    foreach(architecture IN LISTS architectures)
      foreach(virtual IN LISTS virtuals)
        if(architecture GREATER_EQUAL virtual)
          set(base ${virtual})
        endif()
      endforeach()
      set(ptx ${axiom_image_directory}/${kernel}.compute_${base}.${version}.ptx)
      set(file ${axiom_image_directory}/${kernel}.sm_${architecture}.${version}.cubin)
      add_custom_command(OUTPUT ${file}
        COMMAND ${compiler} -O3 -gencode arch=compute_${base},code=sm_${architecture} --cubin -fmad=false -o ${file} ${ptx}
        DEPENDS ${ptx} COMMENT "CUDA ${kernel} for sm_${architecture}" VERBATIM)
      axiom_embed_image(${kernel} ${file} ${architecture} false ${driver})
    endforeach()
    set(ptx ${axiom_image_directory}/${kernel}.compute_${first}.${version}.ptx)
    axiom_embed_image(${kernel} ${ptx} ${first} true ${version})
    list(APPEND axiom_ptx_files ${ptx})
    set(axiom_${kernel}_images ${axiom_${kernel}_images} PARENT_SCOPE)
  endforeach()
  set(axiom_image_entries "${axiom_image_entries}" PARENT_SCOPE)
  set(axiom_ptx_files ${axiom_ptx_files} PARENT_SCOPE)
endfunction()

# The archive of one kernel: a line with the sizes of its images, then the images (cuda/images.h).
function(axiom_cuda_archive kernel)
  set(images ${axiom_${kernel}_images})
  set(archive ${axiom_image_directory}/${kernel})
  list(JOIN images "|" joined)
  add_custom_command(OUTPUT ${archive}.xz
    COMMAND ${CMAKE_COMMAND} -DIMAGES=${joined} -DINDEX=${archive}.index -P ${CMAKE_CURRENT_SOURCE_DIR}/image_index.cmake
    COMMAND ${CMAKE_COMMAND} -E cat ${archive}.index ${images} > ${archive}
    COMMAND ${axiom_xz} --force --lzma2=preset=9e,dict=8MiB ${archive}
    DEPENDS ${images} ${CMAKE_CURRENT_SOURCE_DIR}/image_index.cmake COMMENT "CUDA ${kernel} archive" VERBATIM)
  set(name axiom_${kernel}_archive)
  string(APPEND axiom_image_assembly
    "  .balign 64\n  .globl ${name}\n${name}:\n  .incbin \"${archive}.xz\"\n"
    "  .globl ${name}_end\n${name}_end:\n")
  string(APPEND axiom_image_declarations
    "extern const unsigned char ${name}[];\nextern const unsigned char ${name}_end[];\n")
  set(axiom_image_assembly "${axiom_image_assembly}" PARENT_SCOPE)
  set(axiom_image_declarations "${axiom_image_declarations}" PARENT_SCOPE)
  set(axiom_image_archives ${axiom_image_archives} ${archive}.xz PARENT_SCOPE)
endfunction()

# Version (12040 = 12.4) and architectures ("75;80;…") of a compiler; version 0 if it is none.
function(axiom_cuda_abilities compiler version architectures)
  execute_process(COMMAND ${compiler} --version OUTPUT_VARIABLE text RESULT_VARIABLE failed)
  if(failed OR NOT text MATCHES "release ([0-9]+)\\.([0-9]+)")
    set(${version} 0 PARENT_SCOPE)
    set(${architectures} "" PARENT_SCOPE)
    return()
  endif()
  math(EXPR number "${CMAKE_MATCH_1} * 1000 + ${CMAKE_MATCH_2} * 10")
  execute_process(COMMAND ${compiler} --list-gpu-code OUTPUT_VARIABLE codes)
  string(REGEX MATCHALL "sm_[0-9]+" codes "${codes}")
  list(TRANSFORM codes REPLACE "sm_" "")
  list(SORT codes COMPARE NATURAL)  # nvcc 13.0 lists 110 before 103
  set(${version} ${number} PARENT_SCOPE)
  set(${architectures} "${codes}" PARENT_SCOPE)
endfunction()

function(axiom_require_nvcc compiler version architectures)
  if(version EQUAL 0)
    message(FATAL_ERROR "'${compiler} --version' does not answer like nvcc")
  endif()
  if(NOT architectures)
    message(FATAL_ERROR "'${compiler} --list-gpu-code' names no architecture: give the nvcc of CUDA 11 or newer, or set AXIOM_CUDA to off")
  endif()
endfunction()

if(NOT AXIOM_CUDA MATCHES "^(auto|on|off)$")
  message(FATAL_ERROR "AXIOM_CUDA is \"${AXIOM_CUDA}\": expected auto, on or off")
endif()
if(NOT AXIOM_CUDA_OLDEST MATCHES "^[0-9]+$")
  message(FATAL_ERROR "AXIOM_CUDA_OLDEST is \"${AXIOM_CUDA_OLDEST}\": expected a number, 75 for sm_75")
endif()
set(AXIOM_CUDA_PTX "")
set(AXIOM_CUDA_LEGACY_PTX "")
if(NOT AXIOM_CUDA STREQUAL "off")
  set(axiom_ptx_files "")
  if(AXIOM_CUDA_COMPILER)
    set(axiom_nvcc ${AXIOM_CUDA_COMPILER})
  else()
    find_program(axiom_nvcc nvcc HINTS /usr/local/cuda/bin)
  endif()
  set(legacy ${AXIOM_CUDA_LEGACY})
  set(version 0)
  if(axiom_nvcc)
    axiom_cuda_abilities(${axiom_nvcc} version architectures)
    axiom_require_nvcc(${axiom_nvcc} ${version} "${architectures}")
  elseif(AXIOM_CUDA STREQUAL "on")
    message(FATAL_ERROR "AXIOM_CUDA is on, but there is no nvcc (AXIOM_CUDA_COMPILER names one)")
  else()
    message(STATUS "CUDA kernels: none (no nvcc)")
  endif()
  if(version GREATER_EQUAL 12000)
    set(served "")
    foreach(architecture IN LISTS architectures)
      if(architecture GREATER_EQUAL AXIOM_CUDA_OLDEST)
        list(APPEND served ${architecture})
      endif()
    endforeach()
    if(NOT served)
      message(FATAL_ERROR "AXIOM_CUDA_OLDEST is \"${AXIOM_CUDA_OLDEST}\": ${axiom_nvcc} compiles for ${architectures}")
    endif()
    list(GET served 0 oldest)
    axiom_cuda_images(${axiom_nvcc} c++20 ${version} "${oldest}" "${served}")
    message(STATUS "CUDA kernels: ${axiom_nvcc}, architectures ${served}")
    # Debian's (nvidia-cuda-toolkit), beside NVIDIA's own.
    find_program(axiom_second_nvcc nvcc PATHS /usr/bin NO_DEFAULT_PATH)
    if(axiom_second_nvcc AND "${AXIOM_CUDA_LEGACY}" STREQUAL "")
      axiom_cuda_abilities(${axiom_second_nvcc} second architectures)
      if(second GREATER 0 AND second LESS version AND 50 IN_LIST architectures)
        set(legacy ${axiom_second_nvcc})
      endif()
    endif()
  elseif(version GREATER 0 AND NOT AXIOM_CUDA_LEGACY)
    set(legacy ${axiom_nvcc})  # the older one is all there is; it knows no C++20
  endif()
  set(AXIOM_CUDA_PTX ${axiom_ptx_files})
  set(axiom_ptx_files "")
  if(legacy)
    axiom_cuda_abilities(${legacy} second architectures)
    axiom_require_nvcc(${legacy} ${second} "${architectures}")
    if(NOT 50 IN_LIST architectures OR (second EQUAL version AND version GREATER_EQUAL 12000))
      message(FATAL_ERROR "AXIOM_CUDA_LEGACY is ${legacy}, which serves no older devices than ${axiom_nvcc}: give an older one, or off")
    endif()
    # All that it has: an older driver may not load the images of the newer compiler. From sm_70 on a block that waits can
    # sleep (cuda/nvidia/device.h).
    list(FILTER architectures EXCLUDE REGEX "^[0-4]?[0-9]$")
    axiom_cuda_images(${legacy} c++17 ${second} "50;70" "${architectures}")
    set(AXIOM_CUDA_LEGACY_PTX ${axiom_ptx_files})
    message(STATUS "CUDA kernels for older devices: ${legacy}")
  endif()
endif()

set(axiom_image_archives "")
foreach(kernel IN LISTS axiom_cuda_kernels)
  if(axiom_${kernel}_images)
    axiom_cuda_archive(${kernel})
  endif()
endforeach()
configure_file(image_table.cpp.in ${CMAKE_CURRENT_BINARY_DIR}/generated/image_table.cpp @ONLY)
list(LENGTH axiom_image_archives count)
set(AXIOM_CUDA_IMAGES ${count} CACHE INTERNAL "Archives of embedded images")
set(AXIOM_CUDA_PTX ${AXIOM_CUDA_PTX} CACHE INTERNAL "Those of them that are PTX")
set(AXIOM_CUDA_LEGACY_PTX ${AXIOM_CUDA_LEGACY_PTX} CACHE INTERNAL "Likewise, of the older compiler")
set(AXIOM_CUDA_IMAGE_SOURCES ${CMAKE_CURRENT_BINARY_DIR}/generated/image_table.cpp)
if(axiom_image_archives)
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/generated/images.S @ONLY
       CONTENT "  .section .rodata\n${axiom_image_assembly}  .section .note.GNU-stack,\"\",%progbits\n")
  set_source_files_properties(${CMAKE_CURRENT_BINARY_DIR}/generated/images.S
    PROPERTIES OBJECT_DEPENDS "${axiom_image_archives}")
  list(APPEND AXIOM_CUDA_IMAGE_SOURCES ${CMAKE_CURRENT_BINARY_DIR}/generated/images.S)
endif()
