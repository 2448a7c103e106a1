# Leads find_package(CCCL), CUB, Thrust and libcudacxx to the toolkit of the project's nvcc.
#
# "cuda-shims install" and the start-up hook link this folder as PREFIX/lib/NAME-cuda-shims. There CMake looks for NAME
# where PREFIX/bin is on PATH, after it has looked in PREFIX/lib/cmake: a package that somebody else installed wins.
#
# It decides nothing: nvcc says which toolkit it is of, and a shim lets the nvcc say so that it runs. So a build does not get
# the compiler of one toolkit and the headers of another. Where that toolkit has no such package, CMake looks further.

if(CMAKE_CUDA_COMPILER_ID STREQUAL "NVIDIA")
  set(_cuda_shims_nvcc "${CMAKE_CUDA_COMPILER}")
elseif(CUDAToolkit_NVCC_EXECUTABLE)
  set(_cuda_shims_nvcc "${CUDAToolkit_NVCC_EXECUTABLE}")
else()
  find_program(_cuda_shims_nvcc nvcc)
endif()
# as CMake asks it, and CUDA 12's nvcc of ours answers
execute_process(
  COMMAND "${_cuda_shims_nvcc}" -v __cmake_determine_cuda
  OUTPUT_VARIABLE _cuda_shims_said
  ERROR_VARIABLE _cuda_shims_said
)
set(_cuda_shims_file "")
if(_cuda_shims_said MATCHES "TOP=([^\r\n]*)")
  get_filename_component(_cuda_shims_top "${CMAKE_MATCH_1}" ABSOLUTE)
  get_filename_component(_cuda_shims_file "${CMAKE_PARENT_LIST_FILE}" NAME)
  string(REGEX REPLACE "-config.*" "" _cuda_shims_name "${_cuda_shims_file}")
  set(_cuda_shims_file "${_cuda_shims_top}/lib64/cmake/${_cuda_shims_name}/${_cuda_shims_file}")
endif()
unset(_cuda_shims_nvcc CACHE)
unset(_cuda_shims_nvcc)
unset(_cuda_shims_said)
unset(_cuda_shims_top)
unset(_cuda_shims_name)

if(EXISTS "${_cuda_shims_file}")
  include("${_cuda_shims_file}")
else()
  set(PACKAGE_VERSION_UNSUITABLE TRUE)
endif()
unset(_cuda_shims_file)
