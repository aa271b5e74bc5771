# Compiles the kernels ahead of time: one bare cubin per architecture and one PTX per compiler,
# embedded by .incbin (a fatbin carries a host tag and would not serve other operating systems). All
# images of a kernel are compressed as one archive: they have much in common.
# Sets AXIOM_CUDA_IMAGE_SOURCES.
enable_language(ASM)
find_program(axiom_xz xz)
set(axiom_cuda_kernels block_kernel measure_kernel team_kernel)
set(axiom_cuda_headers block_layout.h correlation.h direct_product.h double_product.h jobs.h matrix.h measure_jobs.h
                       passes.h permutation.h read_out.h score.h staged_product.h team.h team_layout.h training.h tridiagonal.h)
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

# One image of one kernel: kind "cubin" or "ptx".
function(axiom_cuda_image compiler standard version kernel kind architecture)
  set(file ${axiom_image_directory}/${kernel}.sm_${architecture}.${version}.${kind})
  if(kind STREQUAL "cubin")
    set(target -arch=sm_${architecture} --cubin)
    # A cubin needs a driver of its toolkit's major version only.
    math(EXPR driver "${version} / 1000 * 1000")
    set(portable false)
  else()
    set(target -arch=compute_${architecture} --ptx)
    set(driver ${version})
    set(portable true)
    set(axiom_ptx_files ${axiom_ptx_files} ${file} PARENT_SCOPE)
  endif()
  set(source ${CMAKE_CURRENT_SOURCE_DIR}/kernels/${kernel}.cu)
  add_custom_command(OUTPUT ${file}
    COMMAND ${compiler} -std=${standard} -O3 ${target} -fmad=false -Werror all-warnings
            -I ${PROJECT_SOURCE_DIR} -I ${CMAKE_CURRENT_SOURCE_DIR}/nvidia -o ${file} ${source}
    DEPENDS ${source} ${axiom_cuda_headers} ${compiler}
    COMMENT "CUDA ${kernel} for ${kind} ${architecture}" VERBATIM)
  list(LENGTH axiom_${kernel}_images number)
  string(APPEND axiom_image_entries
    "    {\"${kernel}\", ${architecture}, ${portable}, ${driver}, axiom_${kernel}_archive,\n"
    "     static_cast<std::size_t>(axiom_${kernel}_archive_end - axiom_${kernel}_archive), ${number}},\n")
  set(axiom_image_entries "${axiom_image_entries}" PARENT_SCOPE)
  set(axiom_${kernel}_images ${axiom_${kernel}_images} ${file} PARENT_SCOPE)
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

# Version (12040 = 12.4) and architectures ("75;80;…") of a compiler.
function(axiom_cuda_abilities compiler version architectures)
  execute_process(COMMAND ${compiler} --version OUTPUT_VARIABLE text RESULT_VARIABLE failed)
  if(failed OR NOT text MATCHES "release ([0-9]+)\\.([0-9]+)")
    message(FATAL_ERROR "'${compiler} --version' does not answer like nvcc")
  endif()
  math(EXPR number "${CMAKE_MATCH_1} * 1000 + ${CMAKE_MATCH_2} * 10")
  execute_process(COMMAND ${compiler} --list-gpu-code OUTPUT_VARIABLE codes)
  string(REGEX MATCHALL "sm_[0-9]+" codes "${codes}")
  list(TRANSFORM codes REPLACE "sm_" "")
  set(${version} ${number} PARENT_SCOPE)
  set(${architectures} ${codes} PARENT_SCOPE)
endfunction()

if(NOT AXIOM_CUDA MATCHES "^(auto|on|off)$")
  message(FATAL_ERROR "AXIOM_CUDA is \"${AXIOM_CUDA}\": expected auto, on or off")
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
  if(axiom_nvcc)
    axiom_cuda_abilities(${axiom_nvcc} version architectures)
    set(served "")
    foreach(architecture IN LISTS architectures)
      if(architecture GREATER_EQUAL AXIOM_CUDA_OLDEST)
        list(APPEND served ${architecture})
      endif()
    endforeach()
    set(newest 0)
    foreach(kernel IN LISTS axiom_cuda_kernels)
      foreach(architecture IN LISTS served)
        axiom_cuda_image(${axiom_nvcc} c++20 ${version} ${kernel} cubin ${architecture})
        if(architecture GREATER newest)
          set(newest ${architecture})
        endif()
      endforeach()
      # PTX of the oldest architecture serves every newer device.
      list(GET served 0 oldest)
      axiom_cuda_image(${axiom_nvcc} c++20 ${version} ${kernel} ptx ${oldest})
    endforeach()
    message(STATUS "CUDA kernels: ${axiom_nvcc}, architectures ${served}")
  elseif(AXIOM_CUDA STREQUAL "on")
    message(FATAL_ERROR "AXIOM_CUDA is on, but there is no nvcc (AXIOM_CUDA_COMPILER names one)")
  else()
    message(STATUS "CUDA kernels: none (no nvcc)")
  endif()
  set(AXIOM_CUDA_PTX ${axiom_ptx_files})
  set(axiom_ptx_files "")
  if(AXIOM_CUDA_LEGACY)
    axiom_cuda_abilities(${AXIOM_CUDA_LEGACY} version architectures)
    foreach(kernel IN LISTS axiom_cuda_kernels)
      foreach(architecture IN LISTS architectures)
        # All of them: an older driver may not load the images of the newer compiler.
        if(architecture GREATER_EQUAL 50)
          axiom_cuda_image(${AXIOM_CUDA_LEGACY} c++17 ${version} ${kernel} cubin ${architecture})
        endif()
      endforeach()
      axiom_cuda_image(${AXIOM_CUDA_LEGACY} c++17 ${version} ${kernel} ptx 50)
    endforeach()
    set(AXIOM_CUDA_LEGACY_PTX ${axiom_ptx_files})
    message(STATUS "CUDA kernels for older devices: ${AXIOM_CUDA_LEGACY}")
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
